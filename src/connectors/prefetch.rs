//! Reading one batch ahead, so that reading overlaps with what is done with the batch before.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Scan, SourceBatch, StoreError, StoreErrorKind};

/// A scan that reads at most one batch ahead, on a thread on which it may also block: the same from
/// its first batch to its last, so that one thread alone keeps room for its records.
pub(crate) struct Prefetch {
    /// What was read; the end is told.
    batches: mpsc::Receiver<Result<Option<SourceBatch>, StoreError>>,
    ended: bool,
}

impl Prefetch {
    /// Starts reading.
    pub(crate) fn new(mut scan: Box<dyn Scan>) -> Self {
        let (sender, batches) = mpsc::channel(1);
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
        Self { batches, ended: false }
    }
}

#[async_trait]
impl Scan for Prefetch {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let batch = self.batches.recv().await.unwrap_or_else(|| {
            Err(StoreError::new(StoreErrorKind::Internal, "reading ahead was stopped"))
        });
        self.ended = !matches!(batch, Ok(Some(_)));
        batch
    }
}
