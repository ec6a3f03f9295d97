//! What a task of its own reads, piece by piece. The end is told: a reader that breaks down is never
//! taken for one that is done.

use tokio::sync::mpsc;

use super::{StoreError, StoreErrorKind};

/// Where a reader puts its pieces.
pub(crate) type Feeder<T> = mpsc::Sender<Result<Option<T>, StoreError>>;

/// What comes of a reader.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    pieces: mpsc::Receiver<Result<Option<T>, StoreError>>,
    ended: bool,
}

/// A feed in which so many pieces may wait.
pub(crate) fn feed<T>(waiting: usize) -> (Feeder<T>, Feed<T>) {
    let (feeder, pieces) = mpsc::channel(waiting);
    (feeder, Feed { pieces, ended: false })
}

/// Tells that a reader is done, or why it can't go on; nobody may be left to hear it.
pub(crate) async fn end<T>(feeder: &Feeder<T>, done: Result<(), StoreError>) {
    let _ = feeder.send(done.map(|()| None)).await;
}

impl<T> Feed<T> {
    /// The next piece; `None` at the end, from then on.
    ///
    /// # Errors
    /// When the reader failed, or is gone without a word.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let piece = self.pieces.recv().await.unwrap_or_else(|| {
            Err(StoreError::new(StoreErrorKind::Internal, "reading ahead was stopped"))
        });
        self.ended = !matches!(piece, Ok(Some(_)));
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_is_told_or_is_a_failure() {
        let (feeder, mut whole) = feed(3);
        feeder.send(Ok(Some(1))).await.unwrap();
        end(&feeder, Ok(())).await;
        assert_eq!(whole.next().await.unwrap(), Some(1));
        assert_eq!(whole.next().await.unwrap(), None);
        assert_eq!(whole.next().await.unwrap(), None);

        let (feeder, mut broken) = feed(3);
        feeder.send(Ok(Some(1))).await.unwrap();
        drop(feeder);
        assert_eq!(broken.next().await.unwrap(), Some(1));
        assert_eq!(broken.next().await.unwrap_err().kind, StoreErrorKind::Internal);
    }
}
