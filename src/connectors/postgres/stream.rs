//! Rows that flow into a table while the next ones are made: one COPY, by a task that has the
//! session's connection meanwhile.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::catalog::Table;
use super::read::columns;
use super::write::{CHUNK, END, HEADER, copying, one};
use super::writer::Writer;
use crate::connectors::{StoreError, StoreErrorKind, WriteError};
use crate::value::{Row, Value};

/// Portions of rows that wait to be sent.
const QUEUE: usize = 1;

enum Message {
    Rows(Vec<Row>),
    End,
}

/// A stream that is open.
pub(super) struct Running {
    portions: mpsc::Sender<Message>,
    task: JoinHandle<(Writer, Result<(), WriteError>)>,
}

impl Running {
    /// Starts a stream into these columns.
    pub(super) fn start(mut writer: Writer, table: Arc<Table>, names: Vec<String>) -> Self {
        let (portions, receiver) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            let done = copy(&mut writer, &table, &names, receiver).await;
            let done = writer.streamed(&table, done);
            (writer, done)
        });
        Self { portions, task }
    }

    /// Hands rows over; false when the stream has failed, which its end tells.
    pub(super) async fn send(&self, rows: Vec<Row>) -> bool {
        self.portions.send(Message::Rows(rows)).await.is_ok()
    }

    /// Waits until all rows are in the table, and gives the connection back.
    pub(super) async fn end(self) -> (Option<Writer>, Result<(), WriteError>) {
        // A stream that has failed no longer listens.
        let _ = self.portions.send(Message::End).await;
        match self.task.await {
            Ok((writer, done)) => (Some(writer), done),
            Err(_) => (None, Err(stopped().into())),
        }
    }
}

fn stopped() -> StoreError {
    StoreError::new(StoreErrorKind::Internal, "the stream of rows was stopped")
}

async fn copy(
    writer: &mut Writer,
    table: &Table,
    names: &[String],
    mut portions: mpsc::Receiver<Message>,
) -> Result<(), WriteError> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let targets = columns(table, &names)?;
    let (sql, count) = copying(table, &targets)?;
    let mut numbers: Vec<Option<i64>> = vec![None; targets.len()];
    let mut buffer = std::mem::take(&mut writer.buffer);
    buffer.clear();
    buffer.reserve(CHUNK + CHUNK / 4);
    buffer.extend_from_slice(HEADER);
    let (connection, _) = writer.parts()?;
    let sent: Result<Result<(), WriteError>, sqlx::Error> = async {
        let mut stream = connection.copy_in_raw(&sql).await?;
        loop {
            let rows = match portions.recv().await {
                Some(Message::Rows(rows)) => rows,
                Some(Message::End) => break,
                // The session is gone; its connection goes with this task.
                None => return Ok(Err(stopped().into())),
            };
            for row in &rows {
                if let Err(error) = one(&mut buffer, row, &targets, count) {
                    stream.abort("a value does not fit").await?;
                    return Ok(Err(error));
                }
                if buffer.len() >= CHUNK {
                    stream.send(buffer.as_slice()).await?;
                    buffer.clear();
                }
            }
            for (index, column) in targets.iter().enumerate() {
                if column.sequence.is_some() {
                    let given = rows.iter().filter_map(|row| match row[index] {
                        Value::Int(number) => Some(number),
                        _ => None,
                    });
                    numbers[index] = numbers[index].max(given.max());
                }
            }
        }
        buffer.extend_from_slice(END);
        stream.send(buffer.as_slice()).await?;
        stream.finish().await?;
        Ok(Ok(()))
    }
    .await;
    if buffer.capacity() <= 2 * CHUNK {
        writer.buffer = buffer;
    }
    sent.map_err(|error| writer.write_error(&error))??;
    for (column, number) in targets.iter().zip(numbers) {
        if let (Some(sequence), Some(number)) = (&column.sequence, number) {
            writer.number(sequence, number);
        }
    }
    Ok(())
}
