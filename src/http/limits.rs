//! Rates that several users of one service share.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// A limiter per service and rate, for all that ask it.
#[derive(Debug, Default)]
pub struct Limits {
    of: Mutex<HashMap<(String, NonZeroU32, Duration), Arc<DefaultDirectRateLimiter>>>,
}

impl Limits {
    /// The limiter of a service. Requests start evenly: no window of time sees a burst.
    pub(super) fn limiter(
        &self,
        url: &str,
        (count, time): (NonZeroU32, Duration),
    ) -> Option<Arc<DefaultDirectRateLimiter>> {
        let quota = Quota::with_period(time / count.get())?.allow_burst(NonZeroU32::MIN);
        let mut known = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = known
            .entry((url.to_owned(), count, time))
            .or_insert_with(|| Arc::new(RateLimiter::direct(quota)));
        Some(Arc::clone(limiter))
    }
}
