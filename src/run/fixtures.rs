//! Fixtures: a folder that fills a database when it is absent or empty.
//!
//! The folder holds `schema.sql` (for tables) and one `<table or collection>.jsonl` or `.csv` each.
//! All of it is loaded in one transaction together with a marker, so that a killed load leaves
//! nothing. In a store without transactions the marker says first that the load is under way, and a
//! load that was killed begins anew.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Event, Observer, RunError, RunErrorKind, Stores, failpoint};
use crate::connectors::{
    self, ConnectionConfig, Definition, FileSource, Insert, Layout, Model, Policies, ScanRequest,
    ScanSource, Session, Store, StoreError, StoreErrorKind, Violation, WriteError,
};
use crate::ledger::Ledger;
use crate::plan::{Connection, Plan};
use crate::value::query::Filter;
use crate::value::{Column, Row, Schema, Value};

/// The fact that marks a database as filled.
const MARKER: &str = "fixtures";

/// What the marker says while a store without transactions is filled.
const LOADING: &str = "loading";

/// Records per insert.
const BATCH: usize = 1000;

/// Which absent or empty databases are filled from their fixtures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Those in files. A server's database that is empty may be the one that is to be filled for
    /// good, so it is filled only when asked for.
    Embedded,
    /// Temporary copies of those in files, which leaves everything as it is.
    Copies,
    /// All.
    All,
}

/// Opens the stores of a plan, after filling from fixtures what is absent or empty. Copies live as
/// long as the returned folder.
///
/// # Errors
/// When a connection can't be opened, or a fixture can't be loaded.
pub async fn open(
    plan: &Plan,
    which: Fill,
    observer: &dyn Observer,
) -> Result<(Stores, Option<TempDir>), RunError> {
    let mut plan = plan.clone();
    let mut temporary = None;
    for index in 0..plan.connections.len() {
        let connection = &plan.connections[index];
        let embedded = connectors::is_embedded(&connection.config);
        let fills = connection.fixtures.is_some() && (embedded || which == Fill::All);
        // A file that tables are to be made in, and that is not there, is stood in for.
        let stands_in = which == Fill::Copies && embedded && connection.config.create;
        if !(fills || stands_in) {
            continue;
        }
        let needs = if fills {
            needs_fixtures(&plan.connections[index]).await?
        } else {
            is_absent(&plan.connections[index]).await?
        };
        if !needs {
            continue;
        }
        if which == Fill::Copies {
            let folder = match &temporary {
                Some(folder) => folder,
                None => temporary.insert(TempDir::new().map_err(|error| {
                    RunError::new(RunErrorKind::Refused, format!("no temporary folder: {error}"))
                })?),
            };
            let path = folder.path().join(format!("{index}.db"));
            let url = plan.connections[index].config.url.clone();
            for connection in &mut plan.connections {
                if connection.config.url == url {
                    connection.config.url = format!("sqlite:{}", path.display());
                }
            }
        }
        if fills {
            fill(&plan.connections[index], observer).await?;
        }
    }
    Ok((Stores::open(&plan).await?, temporary))
}

/// Whether a connection's database is absent, or empty and without the marker.
async fn needs_fixtures(connection: &Connection) -> Result<bool, RunError> {
    let config = ConnectionConfig { create: false, ..connection.config.clone() };
    match connectors::open(&config).await {
        Ok(store) => Ok(match Ledger::new(Arc::clone(&store)).fact(MARKER).await?.as_deref() {
            Some(LOADING) => true,
            Some(_) => false,
            None => store.entities().await?.is_empty(),
        }),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Whether a connection's database is absent.
async fn is_absent(connection: &Connection) -> Result<bool, RunError> {
    let config = ConnectionConfig { create: false, ..connection.config.clone() };
    match connectors::open(&config).await {
        Ok(_) => Ok(false),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Fills a connection's database from its fixtures. Gives how many records were loaded.
///
/// # Errors
/// When a file can't be read, or a record does not fit; nothing is loaded then.
pub async fn fill(connection: &Connection, observer: &dyn Observer) -> Result<u64, RunError> {
    let Some(folder) = &connection.fixtures else { return Ok(0) };
    let config = ConnectionConfig { create: true, ..connection.config.clone() };
    let store = connectors::open(&config).await?;
    let records = fill_store(&store, folder).await?;
    observer.event(&Event::Fixtures { connection: connection.name.clone(), records });
    Ok(records)
}

/// Fills an open store from a folder. Gives how many records were loaded.
///
/// # Errors
/// When a file can't be read, or a record does not fit; nothing is loaded then.
pub async fn fill_store(store: &Arc<dyn Store>, folder: &Path) -> Result<u64, RunError> {
    let files = data_files(folder)?;
    let ledger = Ledger::new(Arc::clone(store));
    let mut session = store.session().await?;
    session.begin().await?;
    ledger.create(&mut *session).await?;
    let alone = !store.capabilities().transactions;
    if ledger.fact(MARKER).await?.as_deref() == Some(LOADING) {
        drop_all(&mut *session, &files).await?;
    }
    if alone {
        ledger.set_fact(&mut *session, MARKER, LOADING).await?;
    }
    let loaded = load_all(store, &mut *session, folder, &files).await;
    if loaded.is_err() && alone {
        // The failure is the one to tell; what stays is dropped by the next load.
        let _ = drop_all(&mut *session, &files).await;
    }
    let records = loaded?;
    failpoint::pass("fixtures").await;
    ledger.set_fact(&mut *session, MARKER, &records.to_string()).await?;
    session.commit().await?;
    Ok(records)
}

/// Drops what a load that was not finished brought in.
async fn drop_all(
    session: &mut dyn Session,
    files: &[(String, PathBuf)],
) -> Result<(), StoreError> {
    for (entity, _) in files {
        session.define(&Definition::DropEntity { entity: entity.clone() }).await?;
    }
    Ok(())
}

async fn load_all(
    store: &Arc<dyn Store>,
    session: &mut dyn Session,
    folder: &Path,
    files: &[(String, PathBuf)],
) -> Result<u64, RunError> {
    // A connector's own script goes before the one for all.
    let own = folder.join(format!("schema.{}.sql", store.capabilities().connector));
    let script = if own.exists() { own } else { folder.join("schema.sql") };
    if !store.capabilities().documents && script.exists() {
        let text = std::fs::read_to_string(&script).map_err(|error| unreadable(&script, &error))?;
        session.define(&Definition::Script(text)).await?;
    }
    let mut schemas: HashMap<String, Option<Schema>> = HashMap::new();
    for (entity, _) in files {
        schemas.insert(entity.clone(), session.describe(entity).await?);
    }
    let mut records = 0;
    for (entity, path) in in_order(files.to_vec(), &schemas) {
        let schema = schemas.get(&entity).and_then(Option::as_ref);
        records += load(session, &**store, &entity, schema, &path).await?;
    }
    Ok(records)
}

fn unreadable(path: &Path, error: &std::io::Error) -> RunError {
    RunError::new(RunErrorKind::Refused, format!("can't read {}: {error}", path.display()))
}

/// The data files of a folder: entity and path, by name.
fn data_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, RunError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
        let entity = plain.strip_suffix(".jsonl").or(plain.strip_suffix(".csv"));
        if let Some(entity) = entity
            && !is_note(entity)
        {
            files.push((entity.to_owned(), path.clone()));
        }
    }
    files.sort();
    Ok(files)
}

/// Files beside the data that tell about it.
fn is_note(entity: &str) -> bool {
    entity.starts_with("expected_") || entity == "planted"
}

/// Referenced tables before those that refer to them; circles keep the order of names.
fn in_order(
    mut open: Vec<(String, PathBuf)>,
    schemas: &HashMap<String, Option<Schema>>,
) -> Vec<(String, PathBuf)> {
    let mut ordered = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let waits = |entity: &str| {
            let schema = schemas.get(entity).and_then(Option::as_ref);
            schema.is_some_and(|schema| {
                schema.foreign_keys.iter().any(|key| {
                    key.table != entity && open.iter().any(|(other, _)| *other == key.table)
                })
            })
        };
        let next = open.iter().position(|(entity, _)| !waits(entity)).unwrap_or(0);
        ordered.push(open.remove(next));
    }
    ordered
}

async fn load(
    session: &mut dyn Session,
    store: &dyn Store,
    entity: &str,
    schema: Option<&Schema>,
    path: &Path,
) -> Result<u64, RunError> {
    let documents = store.capabilities().documents;
    if documents {
        session.define(&Definition::CreateCollection { entity: entity.to_owned() }).await?;
    } else if schema.is_none() {
        let message = format!(
            "{} has no table: its schema script does not create `{entity}`",
            path.display()
        );
        return Err(RunError::new(RunErrorKind::Refused, message));
    }
    let columns = match schema {
        Some(schema) => schema
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.data_type.clone()))
            .collect(),
        None => Vec::new(),
    };
    let is_csv = path.to_string_lossy().contains(".csv");
    let config = ConnectionConfig {
        name: "fixtures".to_owned(),
        url: "file:".to_owned(),
        model: Model::Tables,
        policies: Policies::default(),
        files: Some(FileSource {
            pattern: glob::Pattern::escape(&path.to_string_lossy()).into(),
            format: None,
            encoding: None,
            delimiter: b',',
            null_values: vec![String::new()],
            columns: if is_csv { columns } else { Vec::new() },
        }),
        create: false,
    };
    let files = connectors::open(&config).await?;
    let request = ScanRequest {
        source: ScanSource::Files,
        key: Vec::new(),
        columns: None,
        filter: Filter::All,
        batch: BATCH,
        after: None,
    };
    let mut scan = files.scan(request).await?;
    let mut records = 0;
    while let Some(batch) = scan.next().await? {
        if let Some(broken) = batch.broken.first() {
            let message = broken.problem.message.clone();
            return Err(RunError::new(RunErrorKind::Refused, message));
        }
        let (layout, rows) = fit(store, schema, &batch.layout, batch.rows)
            .map_err(|problem| refused(path, records, &problem.to_string()))?;
        let insert = Insert { entity, layout: &layout, rows: &rows, returning: &[] };
        session.insert(insert).await.map_err(|error| match error {
            WriteError::Store(error) => RunError::from(error),
            WriteError::Record(violation) => refused(path, records, &broken_rule(&violation)),
        })?;
        records += rows.len() as u64;
    }
    Ok(records)
}

fn broken_rule(violation: &Violation) -> String {
    super::apply::problem_of(violation).to_string()
}

fn refused(path: &Path, records: u64, message: &str) -> RunError {
    RunError::new(
        RunErrorKind::Refused,
        format!("{}, after record {records}: {message}", path.display()),
    )
}

/// Rows as the target holds them.
fn fit(
    store: &dyn Store,
    schema: Option<&Schema>,
    layout: &Layout,
    rows: Vec<Row>,
) -> Result<(Layout, Vec<Row>), crate::value::Problem> {
    let Some(schema) = schema.filter(|_| !store.capabilities().documents) else {
        let fitter = store.fitter(&Column::any());
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            let mut document = object_of(layout, row);
            document = fitter(document)?;
            documents.push(vec![document]);
        }
        return Ok((Layout::Document, documents));
    };
    let columns: Vec<_> = schema.columns.iter().filter(|column| !column.generated).collect();
    let fitters: Vec<_> = columns.iter().map(|column| store.fitter(column)).collect();
    let mut fitted = Vec::with_capacity(rows.len());
    for row in rows {
        let Value::Object(record) = object_of(layout, row) else { continue };
        if let Some(name) = record.names().find(|name| schema.column(name).is_none()) {
            let message = "the table has no such column";
            return Err(crate::value::Problem::new("column", message).at(name));
        }
        let mut values = Row::with_capacity(columns.len());
        for (column, fitter) in columns.iter().zip(&fitters) {
            let value = match record.get(&column.name).cloned().unwrap_or_default() {
                Value::Missing if !column.has_default => Value::Null,
                Value::Missing => Value::Missing,
                // What does not fit goes in as it is, where the store takes it: dirt is what
                // fixtures are for.
                value => fitter(value.clone()).unwrap_or(value),
            };
            values.push(value);
        }
        fitted.push(values);
    }
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    Ok((Layout::Columns(names.into()), fitted))
}

fn object_of(layout: &Layout, mut row: Row) -> Value {
    match layout {
        Layout::Document => row.pop().unwrap_or_default(),
        Layout::Columns(names) => {
            Value::object(names.iter().map(String::as_str).zip(row).collect())
        }
    }
}
