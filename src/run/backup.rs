//! What is exported before it is touched, where a connection or a phase asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Event, Observer, Options, RunError, RunErrorKind, Stores, failpoint};
use crate::backup::{self, BackedPhase, BackupError, Writing};
use crate::connectors::{self, Policies, Store};
use crate::ledger::PhaseState;
use crate::plan::{BackupWhen, ConnectionId, Plan, TableTask, Work};

/// The folder of backups, in the working directory, where nothing else is said.
const FOLDER: &str = "backups";

impl Options {
    /// The folder of all backups.
    pub fn backup_folder(&self) -> &Path {
        self.backups.as_deref().unwrap_or(Path::new(FOLDER))
    }
}

impl From<BackupError> for RunError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Files(message) => Self::new(RunErrorKind::Refused, message),
        }
    }
}

/// The spec that a node belongs to.
pub(super) fn spec_of(plan: &Plan, work: Work) -> Option<&String> {
    match work {
        Work::Phase(index) => Some(&plan.phases[index].spec),
        Work::Structure(index) => {
            plan.specs.get(plan.structures[index].spec).map(|spec| &spec.name)
        }
        Work::Index(_) | Work::Check(_) => None,
    }
}

/// The tables or collections whose rows a node may touch, and where.
fn touched(plan: &Plan, work: Work) -> Option<(ConnectionId, Vec<String>)> {
    match work {
        Work::Phase(index) => {
            let target = &plan.phases[index].target;
            Some((target.connection, vec![target.entity.clone()]))
        }
        Work::Structure(index) => {
            let task = &plan.structures[index];
            let name = |table: &TableTask| {
                table.renamed_from.clone().unwrap_or_else(|| table.definition.name.clone())
            };
            Some((task.connection, task.tables.iter().map(name).collect()))
        }
        Work::Index(_) | Work::Check(_) => None,
    }
}

/// Backs up what a spec's nodes will touch, on the connections that ask for it before each run.
pub(super) async fn before_run(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    (spec, run): (&str, &str),
    nodes: &[Work],
) -> Result<(), RunError> {
    let mut all: BTreeMap<ConnectionId, BTreeSet<String>> = BTreeMap::new();
    for work in nodes {
        let Some((connection, tables)) = touched(plan, *work) else { continue };
        if plan.connections[connection].backup == Some(BackupWhen::Run)
            && own_word(plan, *work) != Some(false)
        {
            all.entry(connection).or_default().extend(tables);
        }
    }
    for (connection, tables) in all {
        let tables: Vec<String> = tables.into_iter().collect();
        let what = What { spec, run, phase: None, connection, tables: &tables };
        back_up(plan, stores, options, observer, what).await?;
    }
    Ok(())
}

/// What a phase says itself of a backup, whatever its connection says.
fn own_word(plan: &Plan, work: Work) -> Option<bool> {
    match work {
        Work::Phase(index) => plan.phases[index].backup,
        Work::Structure(_) | Work::Index(_) | Work::Check(_) => None,
    }
}

/// Backs up what a node will touch, when it asks for that or its connection does before each phase.
pub(super) async fn before_node(
    (plan, stores): (&Plan, &Stores),
    options: &Options,
    observer: &dyn Observer,
    run: &str,
    (work, name): (Work, &str),
) -> Result<(), RunError> {
    let (Some(spec), Some((connection, tables))) = (spec_of(plan, work), touched(plan, work))
    else {
        return Ok(());
    };
    let when = plan.connections[connection].backup;
    let wanted = own_word(plan, work).unwrap_or(when == Some(BackupWhen::Phase));
    if options.dry_run || !wanted {
        return Ok(());
    }
    let what = What { spec, run, phase: Some(name), connection, tables: &tables };
    let done = back_up(plan, stores, options, observer, what).await;
    done.map_err(|error| error.in_phase(name))
}

struct What<'w> {
    spec: &'w str,
    run: &'w str,
    phase: Option<&'w str>,
    connection: ConnectionId,
    tables: &'w [String],
}

async fn back_up(
    plan: &Plan,
    stores: &Stores,
    options: &Options,
    observer: &dyn Observer,
    what: What<'_>,
) -> Result<(), RunError> {
    let connection = &plan.connections[what.connection];
    let phases = written(stores, what.connection, what.tables).await?;
    let store = exact(plan, stores, what.connection).await?;
    let writing = Writing {
        root: options.backup_folder(),
        spec: what.spec,
        run: what.run,
        phase: what.phase,
        connection: &connection.name,
        tables: what.tables,
        phases: &phases,
    };
    let (backup, new) = backup::write(&store, writing).await.map_err(|error| {
        let error = RunError::from(error);
        let help = format!("`{}` is to be backed up first (`backup`)", connection.name);
        match error.help.clone() {
            Some(_) => error,
            None => error.help(help),
        }
    })?;
    if !Arc::ptr_eq(&store, stores.get(what.connection)) {
        store.close().await;
    }
    failpoint::pass("backup").await;
    if new {
        observer.event(&Event::Backup {
            connection: connection.name.clone(),
            tables: backup.manifest.tables.len() as u64,
            records: backup.manifest.tables.iter().map(|table| table.rows).sum(),
            folder: backup.folder.display().to_string(),
        });
    }
    Ok(())
}

/// What the ledger says of phases that have written to these tables or collections.
async fn written(
    stores: &Stores,
    connection: ConnectionId,
    tables: &[String],
) -> Result<Vec<BackedPhase>, RunError> {
    let ledger = stores.ledger(connection);
    if !ledger.exists().await? {
        return Ok(Vec::new());
    }
    let mut phases = ledger.phases(None).await?;
    phases.retain(|record| {
        record.state != PhaseState::RolledBack && tables.contains(&record.target.entity)
    });
    let backed = phases.into_iter().map(|record| BackedPhase {
        run: record.run,
        phase: record.phase,
        batches: record.batches,
    });
    Ok(backed.collect())
}

/// A connection's store, without policies that make something else of what is there.
///
/// # Errors
/// When it can't be opened.
pub async fn exact(
    plan: &Plan,
    stores: &Stores,
    connection: ConnectionId,
) -> Result<Arc<dyn Store>, RunError> {
    let config = &plan.connections[connection].config;
    if config.policies == Policies::default() {
        return Ok(Arc::clone(stores.get(connection)));
    }
    let mut config = config.clone();
    config.policies = Policies::default();
    Ok(connectors::open(&config).await?)
}
