//! Reading one batch ahead, so that reading overlaps with what is done with the batch before.

use async_trait::async_trait;

use super::feed::{Feed, feed};
use super::{Scan, SourceBatch, StoreError};

/// A scan that reads at most one batch ahead, on a thread on which it may also block: the same from
/// its first batch to its last, so that one thread alone keeps room for its records.
pub(crate) struct Prefetch {
    batches: Feed<SourceBatch>,
}

impl Prefetch {
    /// Starts reading.
    pub(crate) fn new(mut scan: Box<dyn Scan>) -> Self {
        let (sender, batches) = feed(1);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            runtime.block_on(async {
                // Not read before the batch before is taken; until nobody wants one any more.
                while let Ok(room) = sender.reserve().await {
                    let batch = scan.next().await;
                    let goes_on = matches!(batch, Ok(Some(_)));
                    room.send(batch);
                    if !goes_on {
                        break;
                    }
                }
            });
        });
        Self { batches }
    }
}

#[async_trait]
impl Scan for Prefetch {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        self.batches.next().await
    }
}
