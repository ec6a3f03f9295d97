//! Reading one batch ahead, so that reading overlaps with what is done with the batch before.

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::{Scan, SourceBatch, StoreError, StoreErrorKind};

type Ahead = JoinHandle<(Box<dyn Scan>, Result<Option<SourceBatch>, StoreError>)>;

/// A scan that reads at most one batch ahead, on a thread on which it may also block.
pub(crate) struct Prefetch {
    ahead: Option<Ahead>,
}

impl Prefetch {
    /// Starts reading.
    pub(crate) fn new(scan: Box<dyn Scan>) -> Self {
        Self { ahead: Some(start(scan)) }
    }
}

fn start(mut scan: Box<dyn Scan>) -> Ahead {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let batch = runtime.block_on(scan.next());
        (scan, batch)
    })
}

#[async_trait]
impl Scan for Prefetch {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        let Some(ahead) = self.ahead.as_mut() else { return Ok(None) };
        let done = ahead.await;
        self.ahead = None;
        let (scan, batch) = done
            .map_err(|_| StoreError::new(StoreErrorKind::Internal, "reading ahead was stopped"))?;
        if matches!(batch, Ok(Some(_))) {
            self.ahead = Some(start(scan));
        }
        batch
    }
}
