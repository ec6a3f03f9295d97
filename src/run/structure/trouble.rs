//! Why a change of structure fails: the rows that stand in its way, by their keys.

use std::collections::HashSet;

use crate::connectors::{Session, StoreError, StoreErrorKind};
use crate::plan::evolve;
use crate::run::{RunError, RunErrorKind};
use crate::value::query::{Filter, Select};
use crate::value::structure::{
    ColumnPlace, ColumnType, EnumDefinition, ForeignKeyDefinition, StructureChange, TableDefinition,
};
use crate::value::{IndexKey, Key, Row, Value};

/// How many rows are named.
const NAMED: usize = 10;

/// Rows per read.
const PAGE: u64 = 1000;

/// Reads a table by its key, page by page.
pub(super) struct Pager {
    select: Select,
    key: Vec<String>,
    filter: Filter,
    done: bool,
}

impl Pager {
    /// The rows give the key's values, then those of the columns.
    pub(super) fn new(table: &str, key: &[String], columns: &[String]) -> Self {
        let order =
            key.iter().map(|path| IndexKey { path: path.clone(), descending: false }).collect();
        let select = Select {
            entity: table.to_owned(),
            columns: Some(key.iter().chain(columns).cloned().collect()),
            filter: Filter::All,
            order,
            limit: (!key.is_empty()).then_some(PAGE),
        };
        Self { select, key: key.to_vec(), filter: Filter::All, done: false }
    }

    /// Reads only these.
    pub(super) fn only(mut self, filter: Filter) -> Self {
        self.select.filter = filter.clone();
        self.filter = filter;
        self
    }

    /// The next rows; `None` at the end.
    pub(super) async fn next(
        &mut self,
        session: &mut dyn Session,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let rows = session.select(&self.select).await?.rows;
        self.done = self.key.is_empty() || (rows.len() as u64) < PAGE;
        let Some(last) = rows.last() else { return Ok(None) };
        let after =
            Filter::After { paths: self.key.clone(), tuple: last[..self.key.len()].to_vec() };
        self.select.filter = self.filter.clone().and(after);
        Ok(Some(rows))
    }
}

/// What a change failed with, and which rows are the reason, as far as that can be found out.
/// The session is in no transaction.
pub(super) async fn explain(
    session: &mut dyn Session,
    change: &StructureChange,
    table: Option<&TableDefinition>,
    error: StoreError,
    show_values: bool,
) -> RunError {
    let what = evolve::describe(change);
    if error.is_transient() || matches!(error.kind, StoreErrorKind::Unavailable) {
        return named(error, &what);
    }
    if error.kind == StoreErrorKind::Denied {
        let help = match change {
            StructureChange::CreateExtension { name } => format!(
                "an administrator of the database creates it: CREATE EXTENSION \"{name}\"; the \
                 default `uuid` needs no extension"
            ),
            _ => "the user of the connection needs the right to create and change tables in this \
                  schema: GRANT CREATE, USAGE ON SCHEMA, and REFERENCES on the tables that foreign \
                  keys refer to; what is altered must be the user's own"
                .to_owned(),
        };
        return named(error, &what).help(help);
    }
    if let StructureChange::CreateExtension { name } = change {
        return named(error, &what).help(format!(
            "the server must have the extension's files; or take `{name}` out: the default `uuid` \
             needs none"
        ));
    }
    let found = match table {
        Some(table) => culprits(session, change, table, show_values).await.unwrap_or(None),
        None => None,
    };
    match found {
        Some((why, help)) => {
            RunError::new(RunErrorKind::Refused, format!("{what}: {why}")).help(help)
        }
        None => named(error, &what),
    }
}

fn named(error: StoreError, what: &str) -> RunError {
    let mut made = RunError::from(error);
    made.message = format!("{what}: {}", made.message);
    made
}

async fn culprits(
    session: &mut dyn Session,
    change: &StructureChange,
    table: &TableDefinition,
    show_values: bool,
) -> Result<Option<(String, String)>, StoreError> {
    let key = &table.primary_key;
    Ok(match change {
        StructureChange::AddForeignKey { key: foreign, .. } => {
            let lost = dangling(session, table, foreign, show_values).await?;
            (!lost.is_empty()).then(|| {
                (
                    format!(
                        "rows refer to what `{}` does not hold: {}",
                        foreign.table,
                        list(&lost)
                    ),
                    format!(
                        "mend the rows, or bring what they refer to into `{}`; then run again",
                        foreign.table
                    ),
                )
            })
        }
        StructureChange::AlterColumn { before, after, .. }
            if before.nullable && !after.nullable =>
        {
            let name = [after.name.clone()];
            let filter = Filter::Exists { path: after.name.clone(), exists: false };
            let mut pager = Pager::new(&table.name, key, &name).only(filter);
            let rows = pager.next(session).await?.unwrap_or_default();
            let keys: Vec<String> =
                rows.iter().take(NAMED + 1).map(|row| shown(row, key, show_values)).collect();
            (!keys.is_empty()).then(|| {
                (
                    format!("column `{}` is null in rows {}", after.name, list(&keys)),
                    "fill them first; a phase can".to_owned(),
                )
            })
        }
        StructureChange::AddUnique { unique, .. } => {
            twice(session, table, &unique.columns, show_values).await?
        }
        StructureChange::CreateIndex { index, .. } if index.unique && index.condition.is_none() => {
            let columns: Vec<String> = index.keys.iter().map(|key| key.path.clone()).collect();
            twice(session, table, &columns, show_values).await?
        }
        _ => None,
    })
}

/// What stands in a change's way that a store would not tell, or would make up values for: why, and
/// what to do.
pub(super) async fn foreseen(
    session: &mut dyn Session,
    change: &StructureChange,
    show_values: bool,
) -> Result<Option<(String, String)>, StoreError> {
    let gone = |before: &EnumDefinition, after: &EnumDefinition| -> Vec<String> {
        before.values.iter().filter(|value| !after.values.contains(value)).cloned().collect()
    };
    let (gone, used_by) = match change {
        StructureChange::RemoveEnumValues { before, after, used_by } => {
            (gone(before, after), used_by.clone())
        }
        StructureChange::AlterColumn { table, before, after } => {
            match (&before.column_type, &after.column_type) {
                (ColumnType::Enum(was), ColumnType::Enum(is)) => {
                    let place = ColumnPlace { table: table.clone(), column: after.name.clone() };
                    (gone(was, is), vec![place])
                }
                _ => return Ok(None),
            }
        }
        StructureChange::AddColumn { table, column }
            if !column.nullable && column.default.is_none() && column.generated.is_none() =>
        {
            let one = Select { entity: table.clone(), limit: Some(1), ..Select::default() };
            let holds = !session.select(&one).await?.rows.is_empty();
            return Ok(holds.then(|| {
                (
                    format!("`{table}` holds rows, which would have nothing there"),
                    "give the column a `default`; or add it with `null = true`, fill it, and take \
                     `null` out then"
                        .to_owned(),
                )
            }));
        }
        _ => return Ok(None),
    };
    if gone.is_empty() {
        return Ok(None);
    }
    let held = holders(session, &gone, &used_by, show_values).await?;
    Ok(held.map(|why| (why, "change those rows first; a phase can".to_owned())))
}

/// Rows whose foreign key finds nothing.
async fn dangling(
    session: &mut dyn Session,
    table: &TableDefinition,
    key: &ForeignKeyDefinition,
    show_values: bool,
) -> Result<Vec<String>, StoreError> {
    let width = table.primary_key.len();
    let mut pager = Pager::new(&table.name, &table.primary_key, &key.columns);
    let mut lost = Vec::new();
    while let Some(rows) = pager.next(session).await? {
        let rows: Vec<Row> =
            rows.into_iter().filter(|row| !row[width..].iter().any(Value::is_absent)).collect();
        for rows in rows.chunks(500) {
            let mut tuples: Vec<Row> = rows.iter().map(|row| row[width..].to_vec()).collect();
            tuples.dedup();
            if tuples.is_empty() {
                continue;
            }
            let select = Select {
                entity: key.table.clone(),
                columns: Some(key.references.clone()),
                filter: Filter::Tuples { paths: key.references.clone(), tuples },
                ..Select::default()
            };
            let there: HashSet<u128> = session
                .select(&select)
                .await?
                .rows
                .iter()
                .filter_map(|row| Key::new(row).ok())
                .map(|key| key.hash128())
                .collect();
            for row in rows {
                let found = Key::new(&row[width..]).is_ok_and(|key| there.contains(&key.hash128()));
                if !found {
                    lost.push(shown(row, &table.primary_key, show_values));
                }
            }
            if lost.len() > NAMED {
                return Ok(lost);
            }
        }
    }
    Ok(lost)
}

/// Rows that have what an earlier row has.
async fn twice(
    session: &mut dyn Session,
    table: &TableDefinition,
    columns: &[String],
    show_values: bool,
) -> Result<Option<(String, String)>, StoreError> {
    let width = table.primary_key.len();
    let mut pager = Pager::new(&table.name, &table.primary_key, columns);
    let mut seen: HashSet<u128> = HashSet::new();
    let mut found = Vec::new();
    'all: while let Some(rows) = pager.next(session).await? {
        for row in rows {
            let Ok(key) = Key::new(&row[width..]) else { continue };
            if !seen.insert(key.hash128()) {
                found.push(shown(&row, &table.primary_key, show_values));
                if found.len() > NAMED {
                    break 'all;
                }
            }
        }
    }
    Ok((!found.is_empty()).then(|| {
        (
            format!(
                "rows have the same ({}) as earlier ones: {}",
                columns.join(", "),
                list(&found)
            ),
            "make them differ, or delete them; then run again".to_owned(),
        )
    }))
}

/// Rows that hold values which are to go from an enum, in a phrase.
pub(super) async fn holders(
    session: &mut dyn Session,
    gone: &[String],
    used_by: &[ColumnPlace],
    show_values: bool,
) -> Result<Option<String>, StoreError> {
    for ColumnPlace { table, column } in used_by {
        let Some(schema) = session.describe(table).await? else { continue };
        let values = gone.iter().map(Value::text).collect();
        let filter = Filter::In { path: column.clone(), values };
        let columns = std::slice::from_ref(column);
        let mut pager = Pager::new(table, &schema.primary_key, columns).only(filter);
        let rows = pager.next(session).await?.unwrap_or_default();
        if rows.is_empty() {
            continue;
        }
        let keys: Vec<String> = rows
            .iter()
            .take(NAMED + 1)
            .map(|row| shown(row, &schema.primary_key, show_values))
            .collect();
        let gone = crate::diagnostics::wording::or_list(gone);
        return Ok(Some(format!("{gone} is in use: `{table}.{column}` of rows {}", list(&keys))));
    }
    Ok(None)
}

fn shown(row: &[Value], key: &[String], show_values: bool) -> String {
    if key.is_empty() {
        return "without a primary key".to_owned();
    }
    match Key::new(&row[..key.len().min(row.len())]) {
        Ok(key) => key.display(show_values),
        Err(_) => "without a key".to_owned(),
    }
}

fn list(keys: &[String]) -> String {
    let mut text = keys.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    if keys.len() > NAMED {
        text.push_str("; and more");
    }
    text
}
