//! Which backup is put back.

use std::path::Path;

use super::Request;
use crate::backup::{self, BackedTable, Backup};
use crate::connectors::Store;
use crate::diagnostics::wording::or_list;
use crate::plan::{ConnectionId, Plan};
use crate::run::{RunError, RunErrorKind};

/// A table or collection of a backup.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) backup: Backup,
    pub(super) table: BackedTable,
}

/// What is put back, by connection.
pub(super) struct Chosen {
    pub(super) run: String,
    pub(super) connections: Vec<(ConnectionId, Vec<Part>)>,
}

impl Chosen {
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.connections.iter().flat_map(|(_, parts)| parts)
    }
}

/// The backups of a plan's specs, oldest first.
///
/// # Errors
/// When a folder or a manifest can't be read.
pub fn list(plan: &Plan, root: &Path) -> Result<Vec<Backup>, RunError> {
    let mut all = Vec::new();
    for spec in &plan.specs {
        all.extend(backup::all(root, &spec.name)?);
    }
    all.sort_by(|a, b| (&a.manifest.moment, &a.folder).cmp(&(&b.manifest.moment, &b.folder)));
    Ok(all)
}

/// Chooses the backup that a request is about: of each table the oldest of its run.
pub(super) fn choose(plan: &Plan, request: &Request) -> Result<Chosen, RunError> {
    let refuse = |message: String| RunError::new(RunErrorKind::Refused, message);
    let mut backups = list(plan, &request.root)?;
    if backups.is_empty() {
        let message = format!("there is no backup in {}", request.root.display());
        return Err(refuse(message)
            .help("a connection is backed up with `backup = \"run\"` or `backup = \"phase\"`"));
    }
    if let Some(phase) = &request.phase {
        backups.retain(|backup| backup.manifest.phase.as_ref() == Some(phase));
    }
    let run = match &request.run {
        Some(run) => run.clone(),
        None => backups.last().map(|backup| backup.manifest.run.clone()).unwrap_or_default(),
    };
    backups.retain(|backup| backup.manifest.run == run);
    if backups.is_empty() {
        return Err(refuse("there is no such backup".to_owned())
            .help("`mapper restore SPEC --list` lists them"));
    }
    let mut connections: Vec<(ConnectionId, Vec<Part>)> = Vec::new();
    let mut known = Vec::new();
    for backup in backups {
        let name = &backup.manifest.connection;
        let Some(connection) = plan.connections.iter().position(|other| other.name == *name) else {
            return Err(refuse(format!(
                "the spec has no connection `{name}`, which was backed up"
            )));
        };
        for table in &backup.manifest.tables {
            known.push(table.table.clone());
            if request.table.as_ref().is_some_and(|wanted| *wanted != table.table) {
                continue;
            }
            let part = Part { backup: backup.clone(), table: table.clone() };
            match connections.iter_mut().find(|(other, _)| *other == connection) {
                None => connections.push((connection, vec![part])),
                Some((_, parts)) => {
                    if parts.iter().all(|part| part.table.table != table.table) {
                        parts.push(part);
                    }
                }
            }
        }
    }
    if connections.is_empty() {
        known.sort();
        known.dedup();
        let wanted = request.table.as_deref().unwrap_or_default();
        return Err(refuse(format!("the backup has no `{wanted}`"))
            .help(format!("it has {}", or_list(&known))));
    }
    Ok(Chosen { run, connections })
}

impl Part {
    /// Whether it was made of this store.
    pub(super) fn fits(&self, store: &dyn Store) -> Result<(), RunError> {
        let manifest = &self.backup.manifest;
        if manifest.connector == store.capabilities().connector
            && manifest.location == store.location()
        {
            return Ok(());
        }
        let message = format!(
            "the backup is of {}, and connection `{}` leads to {}",
            manifest.location,
            manifest.connection,
            store.location()
        );
        Err(RunError::new(RunErrorKind::Refused, message).help("let the connection lead there"))
    }

    /// The columns that identify a row: the primary key, or else a unique key without nulls.
    pub(super) fn key(
        &self,
        schema: Option<&crate::value::Schema>,
    ) -> Result<Vec<String>, RunError> {
        let table = &self.table.table;
        if !self.table.primary_key.is_empty() {
            return Ok(self.table.primary_key.clone());
        }
        let Some(schema) = schema else { return Ok(vec!["_id".to_owned()]) };
        if !schema.primary_key.is_empty() {
            return Ok(schema.primary_key.clone());
        }
        let whole = |name: &String| schema.column(name).is_some_and(|column| !column.nullable);
        let unique = schema.indexes.iter().filter(|index| index.unique).find_map(|index| {
            let names: Vec<String> = index.keys.iter().map(|key| key.path.clone()).collect();
            names.iter().all(whole).then_some(names)
        });
        unique.ok_or_else(|| {
            let message = format!("table `{table}` has no primary key by which its rows are found");
            RunError::new(RunErrorKind::Refused, message)
                .help("its file in the backup is JSON Lines: put the rows back by hand")
        })
    }
}
