//! Rows that flow into a table while the next ones are made: one COPY, by a task that has the
//! session's connection meanwhile. Rows are put into binary form as they are handed over, and wait
//! as bytes.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::catalog::{Table, TableColumn};
use super::write::{CHUNK, END, HEADER, copying, one};
use super::writer::Writer;
use crate::connectors::tables::CatalogTable as _;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};
use crate::value::{Row, Value};

/// Chunks that wait to be sent: so much the server may be behind, and catches up while the stream
/// ends.
const QUEUE: usize = 16;

enum Message {
    Chunk(Vec<u8>),
    End(Vec<u8>),
    Abort,
}

/// A stream that is open.
pub(super) struct Running {
    targets: Vec<TableColumn>,
    /// How each row begins.
    count: [u8; 2],
    /// The chunk that is not full yet.
    buffer: Vec<u8>,
    /// Why a row has no binary form. With it the stream has failed.
    unfit: Option<WriteError>,
    /// The greatest number of each column.
    numbers: Vec<Option<i64>>,
    chunks: mpsc::Sender<Message>,
    /// The one task; it ends with this.
    task: JoinSet<(Writer, Result<(), WriteError>)>,
}

impl Running {
    /// Starts a stream into these columns.
    pub(super) fn start(
        mut writer: Writer,
        table: &Arc<Table>,
        names: &[String],
    ) -> Result<Self, StoreError> {
        let targets = table.named(names)?;
        let (sql, count) = copying(table, &targets)?;
        let targets: Vec<TableColumn> = targets.into_iter().cloned().collect();
        let (chunks, receiver) = mpsc::channel(QUEUE);
        let table = Arc::clone(table);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let done = copy(&mut writer, &sql, receiver).await;
            let done = writer.streamed(&table, done);
            (writer, done)
        });
        let mut buffer = empty();
        buffer.extend_from_slice(HEADER);
        let numbers = vec![None; targets.len()];
        Ok(Self { targets, count, buffer, unfit: None, numbers, chunks, task })
    }

    /// Hands rows over; false when the stream has failed, which its end tells.
    pub(super) async fn send(&mut self, rows: &[Row]) -> bool {
        let targets: Vec<&TableColumn> = self.targets.iter().collect();
        if self.unfit.is_some() {
            return false;
        }
        for row in rows {
            if let Err(error) = one(&mut self.buffer, row, &targets, self.count) {
                self.unfit = Some(error);
                return true;
            }
            if self.buffer.len() >= CHUNK {
                let full = std::mem::replace(&mut self.buffer, empty());
                if self.chunks.send(Message::Chunk(full)).await.is_err() {
                    return false;
                }
            }
        }
        for (index, column) in self.targets.iter().enumerate() {
            if column.sequence.is_some() {
                let given = rows.iter().filter_map(|row| match row[index] {
                    Value::Int(number) => Some(number),
                    _ => None,
                });
                self.numbers[index] = self.numbers[index].max(given.max());
            }
        }
        true
    }

    /// Waits until all rows are in the table, and gives the connection back.
    pub(super) async fn end(mut self) -> (Option<Writer>, Result<(), WriteError>) {
        self.buffer.extend_from_slice(END);
        let last = if self.unfit.is_none() { Message::End(self.buffer) } else { Message::Abort };
        // A stream that has failed no longer listens.
        let _ = self.chunks.send(last).await;
        let Some(Ok((mut writer, done))) = self.task.join_next().await else {
            return (None, Err(stopped().into()));
        };
        if done.is_ok() && self.unfit.is_none() {
            for (column, number) in self.targets.iter().zip(self.numbers) {
                if let (Some(sequence), Some(number)) = (&column.sequence, number) {
                    writer.number(sequence, number);
                }
            }
        }
        (Some(writer), self.unfit.map_or(done, Err))
    }
}

fn empty() -> Vec<u8> {
    Vec::with_capacity(CHUNK + CHUNK / 4)
}

fn stopped() -> StoreError {
    StoreError::new(StoreErrorKind::Internal, "the stream of rows was stopped")
}

async fn copy(
    writer: &mut Writer,
    sql: &str,
    mut chunks: mpsc::Receiver<Message>,
) -> Result<(), WriteError> {
    let (connection, _) = writer.parts()?;
    let sent: Result<Result<(), WriteError>, sqlx::Error> = async {
        let mut stream = connection.copy_in_raw(sql).await?;
        loop {
            match chunks.recv().await {
                Some(Message::Chunk(chunk)) => stream.send(chunk).await?,
                Some(Message::End(chunk)) => {
                    stream.send(chunk).await?;
                    stream.finish().await?;
                    return Ok(Ok(()));
                }
                Some(Message::Abort) => {
                    stream.abort("a value does not fit").await?;
                    return Ok(Ok(()));
                }
                // The session is gone; its connection goes with this task.
                None => return Ok(Err(stopped().into())),
            };
        }
    }
    .await;
    sent.map_err(|error| writer.write_error(&error))?
}
