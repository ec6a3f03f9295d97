//! A phase's source: what is read, in the order of which key.

use super::{RunError, RunErrorKind, Stores};
use crate::connectors::{Checkpoint, Scan, ScanRequest, ScanSource};
use crate::plan::Phase;
use crate::value::{Column, Row};

/// Starts reading a phase's source, from the beginning or after a checkpoint.
///
/// # Errors
/// When the source is not there, has no key, or its store fails.
pub async fn open(
    phase: &Phase,
    stores: &Stores,
    checkpoint: Option<Vec<u8>>,
) -> Result<Box<dyn Scan>, RunError> {
    let mut request = request(phase, stores).await?;
    request.after = checkpoint.map(Checkpoint);
    Ok(stores.get(phase.source.connection).scan(request).await?)
}

/// What is read of a phase's source, from the beginning.
pub(super) async fn request(phase: &Phase, stores: &Stores) -> Result<ScanRequest, RunError> {
    let key = key(phase, stores).await?;
    Ok(ScanRequest {
        source: phase.source.scan.clone(),
        columns: columns(phase, stores, &key).await?,
        key,
        filter: phase.source.filter.clone(),
        batch: phase.batch.max(1),
        after: None,
    })
}

/// Keys of the source as its store compares them.
pub(super) async fn tuples(
    phase: &Phase,
    stores: &Stores,
    key: &[String],
    rows: Vec<Row>,
) -> Result<Vec<Row>, RunError> {
    let store = stores.get(phase.source.connection);
    let schema = match &phase.source.scan {
        ScanSource::Entity(entity) if !store.capabilities().documents => {
            store.describe(entity).await?
        }
        _ => None,
    };
    let fitted = |row: Row| {
        row.into_iter()
            .zip(key)
            .map(|(value, name)| {
                let column = schema.as_ref().and_then(|schema| schema.column(name));
                let column = column.cloned().unwrap_or_else(Column::any);
                store.fit(value.clone(), &column).unwrap_or(value)
            })
            .collect()
    };
    Ok(rows.into_iter().map(fitted).collect())
}

/// The columns of a table that the phase needs, so that others are neither read nor able to spoil a
/// record; `None` is all.
pub(super) async fn columns(
    phase: &Phase,
    stores: &Stores,
    key: &[String],
) -> Result<Option<Vec<String>>, RunError> {
    let store = stores.get(phase.source.connection);
    let ScanSource::Entity(entity) = &phase.source.scan else { return Ok(None) };
    if store.capabilities().documents {
        return Ok(None);
    }
    let Some(used) = phase.mapping.columns() else { return Ok(None) };
    let Some(schema) = store.describe(entity).await? else { return Ok(None) };
    // A record without a key is known by all of its content.
    if key.iter().any(|part| schema.column(part).is_none_or(|column| column.nullable)) {
        return Ok(None);
    }
    let filtered = phase.source.filter.paths();
    let is_used = |name: &String| {
        used.contains(name) || key.contains(name) || filtered.contains(&name.as_str())
    };
    let names = schema.columns.into_iter().map(|column| column.name);
    Ok(Some(names.filter(is_used).collect()))
}

/// The source's key: as declared, or the table's primary key, or `_id`.
pub(super) async fn key(phase: &Phase, stores: &Stores) -> Result<Vec<String>, RunError> {
    let source = &phase.source;
    if !source.key.is_empty() {
        return Ok(source.key.clone());
    }
    let store = stores.get(source.connection);
    let entity = match &source.scan {
        ScanSource::Files => return Ok(Vec::new()),
        _ if store.capabilities().documents => return Ok(vec!["_id".to_owned()]),
        ScanSource::Entity(entity) => entity,
        _ => {
            return Err(RunError::new(RunErrorKind::Refused, "the source's query has no key")
                .help("name the unique columns of its answer in `source.key`"));
        }
    };
    match store.describe(entity).await? {
        Some(schema) if !schema.primary_key.is_empty() => Ok(schema.primary_key),
        Some(_) => Err(RunError::new(
            RunErrorKind::Refused,
            format!("the source's table `{entity}` has no primary key"),
        )
        .help("name its unique columns in `source.key`")),
        None => {
            Err(RunError::new(RunErrorKind::Refused, format!("the source has no table `{entity}`")))
        }
    }
}
