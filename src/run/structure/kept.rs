//! Values that a change takes away: into the ledger before, and back from it.

use super::trouble::Pager;
use crate::connectors::{Insert, Layout, Session, StoreError, Update, WriteError};
use crate::ledger::{ChangeRecord, Ledger};
use crate::value::structure::{StructureChange, TableDefinition};
use crate::value::{Row, Value};

/// What of a table a change takes away: its columns, and the key by which they come back.
struct Taken {
    key: Vec<String>,
    columns: Vec<String>,
}

impl Taken {
    /// `None` when nothing can be kept: nothing is lost, or there is no key.
    fn of(change: &StructureChange, table: &TableDefinition) -> Option<Self> {
        let key = table.primary_key.clone();
        let columns = match change {
            StructureChange::DropTable(dropped) => dropped
                .columns
                .iter()
                .filter(|column| column.generated.is_none())
                .map(|column| column.name.clone())
                .collect(),
            StructureChange::DropColumn { column, .. } if column.generated.is_none() => {
                vec![column.name.clone()]
            }
            StructureChange::AlterColumn { before, .. } => vec![before.name.clone()],
            _ => return None,
        };
        let in_key = |column: &String| key.contains(column);
        let usable = !key.is_empty()
            && (matches!(change, StructureChange::DropTable(_)) || !columns.iter().any(in_key));
        usable.then_some(Self { key, columns })
    }
}

/// Puts what a change takes away into the ledger. Tells whether it could.
pub(super) async fn keep(
    session: &mut dyn Session,
    ledger: &Ledger,
    (run, seq): (&str, u64),
    change: &StructureChange,
    table: &TableDefinition,
) -> Result<bool, StoreError> {
    let Some(taken) = Taken::of(change, table) else { return Ok(false) };
    let whole = matches!(change, StructureChange::DropTable(_));
    let mut pager = Pager::new(&table.name, &taken.key, &taken.columns);
    let mut part = 0;
    while let Some(rows) = pager.next(session).await? {
        let width = taken.key.len();
        let rows: Vec<Row> = rows
            .into_iter()
            .filter(|row| whole || !row[width..].iter().all(Value::is_absent))
            .collect();
        if !rows.is_empty() {
            ledger.keep_rows(session, (run, seq, part), &rows).await?;
            part += 1;
        }
    }
    Ok(true)
}

/// Puts back what a change took away.
pub(super) async fn restore(
    session: &mut dyn Session,
    ledger: &Ledger,
    record: &ChangeRecord,
    change: &StructureChange,
    table: &TableDefinition,
) -> Result<(), StoreError> {
    let Some(taken) = Taken::of(change, table) else { return Ok(()) };
    let width = taken.key.len();
    let mut part = 0;
    while let Some(rows) = ledger.kept_rows((&record.run, record.seq, part)).await? {
        part += 1;
        let done = if matches!(change, StructureChange::DropTable(_)) {
            let rows: Vec<Row> = rows.into_iter().map(|row| row[width..].to_vec()).collect();
            let layout = Layout::Columns(taken.columns.clone().into());
            let insert =
                Insert { entity: &table.name, layout: &layout, rows: &rows, returning: &[] };
            session.insert(insert).await.map(|_| ())
        } else {
            let update =
                Update { entity: &table.name, key: &taken.key, set: &taken.columns, rows: &rows };
            session.update(update).await.map(|_| ())
        };
        done.map_err(|error| match error {
            WriteError::Store(error) => error,
            WriteError::Record(violation) => StoreError::new(
                crate::connectors::StoreErrorKind::Query,
                format!("the store refuses what was kept ({})", violation.kind.reason()),
            ),
        })?;
    }
    Ok(())
}
