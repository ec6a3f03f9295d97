//! The stores of a test, in memory: the source with what is given, the target with what is there
//! before, and one for each table that lookups ask.

use std::collections::HashMap;
use std::sync::Arc;

use crate::connectors::{
    Insert, Layout, Model, ScanSource, Store, StoreError, WriteError, capabilities_of, memory,
};
use crate::ledger::KeyMap;
use crate::plan::{LookupKind, Phase, Plan, TestCase, TestLookup};
use crate::run::{Options, PhaseIds, RunError, RunErrorKind, Stores, run_alone};
use crate::value::query::Select;
use crate::value::{Column, DataType, FieldPath, Object, Row, Schema, Value};

/// Where the source is among the connections.
const SOURCE: usize = 0;

/// Where the target is.
const TARGET: usize = 1;

/// The name of the source's collection.
const GIVEN: &str = "given";

/// A phase with stores of its own.
pub(super) struct World {
    plan: Arc<Plan>,
    stores: Stores,
    ids: PhaseIds,
    /// The phases to run: the one under test, and its second pass.
    passes: Vec<usize>,
    pub(super) documents: bool,
    columns: Vec<(String, DataType)>,
}

/// What a test's phase did.
pub(super) struct Result {
    /// The target's records.
    pub(super) rows: Vec<Object>,
    /// Reason and full text of each reject.
    pub(super) rejects: Vec<(String, String)>,
    /// The reason of each skip.
    pub(super) skips: Vec<String>,
}

impl World {
    pub(super) async fn new(plan: &Plan, test: &TestCase) -> std::result::Result<Self, RunError> {
        let phase = &plan.phases[test.phase];
        let history = phase.history_name();
        let second = plan.phases.iter().find(|other| other.follows.as_ref() == Some(&history));
        let documents = is_documents(plan, phase.target.connection);
        let columns = columns(phase, second, test);
        let mut world = Self {
            plan: Arc::default(),
            stores: Stores::from_stores(Vec::new()),
            ids: ids(test),
            passes: Vec::new(),
            documents,
            columns,
        };
        let source = memory::documents();
        let target = world.target(phase, test);
        let mut stores = vec![source, target];
        let mut own = Plan { specs: plan.specs.clone(), ..Plan::default() };
        for phase in [Some(phase), second].into_iter().flatten() {
            let phase = world.phase(plan, phase, test, &mut stores).await?;
            world.passes.push(own.phases.len());
            own.phases.push(phase);
        }
        fill(&*stores[SOURCE], GIVEN, test.given.clone(), None).await?;
        let existing = test.existing.iter().map(|record| world.held(&*stores[TARGET], record));
        let names = (!documents).then(|| world.names());
        fill(&*stores[TARGET], &phase.target.entity, existing.collect(), names.as_deref()).await?;
        world.plan = Arc::new(own);
        world.stores = Stores::from_stores(stores);
        Ok(world)
    }

    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    fn target(&self, phase: &Phase, test: &TestCase) -> Arc<dyn Store> {
        if self.documents {
            return memory::documents();
        }
        let columns = self.columns.iter().map(|(name, data_type)| Column {
            name: name.clone(),
            data_type: data_type.clone(),
            declared: String::new(),
            nullable: true,
            has_default: false,
            generated: false,
        });
        // Records that are there without the new id are found by their key.
        let id = phase.id_field().map(|(path, _)| path.to_string());
        let have_ids = id.is_some_and(|id| test.existing.iter().all(|row| row.get(&id).is_some()));
        let key = phase.target.key.iter().map(ToString::to_string);
        let primary_key = if have_ids { Vec::new() } else { key.collect() };
        let schema = Schema { columns: columns.collect(), primary_key, ..Schema::default() };
        memory::tables([(phase.target.entity.clone(), schema)])
    }

    /// The phase on the test's stores.
    async fn phase(
        &self,
        plan: &Plan,
        phase: &Phase,
        test: &TestCase,
        stores: &mut Vec<Arc<dyn Store>>,
    ) -> std::result::Result<Phase, RunError> {
        let mut own = phase.clone();
        for lookup in &mut own.lookups {
            let LookupKind::Entity { connection, entity, .. } = &mut lookup.kind else { continue };
            let records = test.lookups.iter().find_map(|lookup| match lookup {
                TestLookup::Entity { entity: name, records } if name == entity => Some(records),
                _ => None,
            });
            let is_target =
                *connection == phase.target.connection && *entity == phase.target.entity;
            let is_source = *connection == phase.source.connection
                && phase.source.scan == ScanSource::Entity(entity.clone());
            *connection = match records {
                None if is_target => TARGET,
                None if is_source => {
                    GIVEN.clone_into(entity);
                    SOURCE
                }
                records => {
                    let store = memory::documents();
                    fill(&*store, entity, records.cloned().unwrap_or_default(), None).await?;
                    stores.push(store);
                    stores.len() - 1
                }
            };
        }
        if own.source.key.is_empty() && !is_documents(plan, phase.source.connection) {
            let have_ids = test.given.iter().all(|record| record.get("id").is_some());
            own.source.key = vec![if have_ids { "id" } else { "_id" }.to_owned()];
        }
        own.source.connection = SOURCE;
        own.source.scan = ScanSource::Entity(GIVEN.to_owned());
        own.target.connection = TARGET;
        Ok(own)
    }

    /// A record as the target holds it.
    fn held(&self, store: &dyn Store, record: &Object) -> Object {
        record
            .iter()
            .map(|(name, value)| {
                let declared = self.columns.iter().find(|(column, _)| column == name);
                let data_type = declared.map_or(DataType::Any, |(_, data_type)| data_type.clone());
                let held = store.fit(value.clone(), &Column::of(data_type));
                (name.to_owned(), held.unwrap_or_else(|_| value.clone()))
            })
            .collect()
    }

    /// An expected record as the target would hold it.
    pub(super) fn expected(&self, record: &Object) -> Object {
        self.held(&**self.stores.get(TARGET), record)
    }

    /// The target's key, as paths.
    pub(super) fn key(&self) -> Vec<String> {
        let phase = self.passes.first().and_then(|index| self.plan.phases.get(*index));
        let key = phase.map_or(&[][..], |phase| &phase.target.key);
        key.iter().map(ToString::to_string).collect()
    }

    /// Runs the phase, and its second pass when it has one.
    pub(super) async fn run(
        &self,
        options: &Arc<Options>,
    ) -> std::result::Result<Result, RunError> {
        let mut result = Result { rows: Vec::new(), rejects: Vec::new(), skips: Vec::new() };
        let mut ids = self.ids.clone();
        let ledger = self.stores.ledger(TARGET);
        for index in &self.passes {
            let phase = &self.plan.phases[*index];
            let (record, done) =
                run_alone(&self.plan, *index, &self.stores, options, ids.clone()).await;
            done?;
            for reject in ledger.open_rejects(&phase.history_name()).await? {
                let place = reject.field.map(|field| format!("{field}: ")).unwrap_or_default();
                let (key, reason) = (reject.key.display(true), reject.reason);
                let text = format!("key {key}: {reason}: {place}{}", reject.message);
                result.rejects.push((reason, text));
            }
            for (reason, count) in record.counts.reasons {
                if let Some(reason) = reason.strip_prefix("skipped: ")
                    && phase.follows.is_none()
                {
                    let times = usize::try_from(count).unwrap_or(usize::MAX);
                    result.skips.extend(std::iter::repeat_n(reason.to_owned(), times));
                }
            }
            // The second pass may look up what the first one made.
            let name = phase.full_name();
            let mut map = KeyMap::open(&ledger, &phase.history_name()).await?;
            let made = made(&mut map).await?;
            ids.entry(name).or_insert(made);
        }
        let entity = self.plan.phases[self.passes[0]].target.entity.clone();
        let rows = self.stores.get(TARGET).select(&Select { entity, ..Select::default() }).await?;
        for row in rows.rows {
            result.rows.push(object(&rows.layout, row));
        }
        Ok(result)
    }
}

fn object(layout: &Layout, mut row: Row) -> Object {
    match layout {
        Layout::Columns(names) => names.iter().map(String::as_str).zip(row).collect(),
        Layout::Document => match row.pop() {
            Some(Value::Object(document)) => Object::clone(&document),
            _ => Object::new(),
        },
    }
}

async fn made(map: &mut KeyMap) -> std::result::Result<HashMap<String, Value>, StoreError> {
    let mut ids = HashMap::new();
    let mut at = 0;
    while let Some(entries) = map.batch(at).await? {
        for known in entries {
            if let Some(mut id) = map.identity(&known) {
                let id = if id.len() == 1 { id.remove(0) } else { Value::array(id) };
                ids.insert(known.entry.key.display(true), id);
            }
        }
        at += 1;
    }
    Ok(ids)
}

fn is_documents(plan: &Plan, connection: usize) -> bool {
    let Some(connection) = plan.connections.get(connection) else { return false };
    match capabilities_of(&connection.config) {
        Ok(capabilities) => capabilities.documents,
        Err(_) => connection.config.model == Model::Documents,
    }
}

/// The ids that lookups of phases find.
fn ids(test: &TestCase) -> PhaseIds {
    test.lookups
        .iter()
        .filter_map(|lookup| match lookup {
            TestLookup::Phase { phase, ids } => {
                Some((phase.clone(), ids.iter().cloned().collect()))
            }
            TestLookup::Entity { .. } => None,
        })
        .collect()
}

/// The target's columns: what is declared, mapped, there before or expected.
fn columns(phase: &Phase, second: Option<&Phase>, test: &TestCase) -> Vec<(String, DataType)> {
    let mut columns = test.columns.clone();
    let mapped = [Some(phase), second].into_iter().flatten();
    let mapped = mapped.flat_map(|phase| &phase.mapping.fields).map(|(path, _)| path.to_string());
    let records = test.existing.iter().chain(test.expect.iter().flatten());
    let named = records.flat_map(|record| record.iter().map(|(name, _)| name.to_owned()));
    let key = phase.target.key.iter().map(FieldPath::to_string);
    for name in mapped.chain(key).chain(named).collect::<Vec<_>>() {
        if !columns.iter().any(|(known, _)| *known == name) {
            columns.push((name, DataType::Any));
        }
    }
    columns
}

/// Puts records into a store: documents, or rows with these columns.
async fn fill(
    store: &dyn Store,
    entity: &str,
    records: Vec<Object>,
    columns: Option<&[String]>,
) -> std::result::Result<(), RunError> {
    if records.is_empty() {
        return Ok(());
    }
    let (layout, rows): (Layout, Vec<Row>) = match columns {
        Some(columns) => {
            let value =
                |record: &Object, name: &String| record.get(name).cloned().unwrap_or(Value::Null);
            let row = |record: &Object| columns.iter().map(|name| value(record, name)).collect();
            (Layout::Columns(columns.into()), records.iter().map(row).collect())
        }
        None => {
            // Documents that are given without an id have their number.
            let rows = (0i64..).zip(records).map(|(number, mut record)| {
                if record.get("_id").is_none() {
                    record.insert("_id", Value::Int(number));
                }
                vec![Value::object(record)]
            });
            (Layout::Document, rows.collect())
        }
    };
    let mut session = store.session().await?;
    session.begin().await?;
    let insert = Insert { entity, layout: &layout, rows: &rows, returning: &[] };
    session.insert(insert).await.map_err(|error| match error {
        WriteError::Store(error) => RunError::from(error),
        WriteError::Record(violation) => {
            let reason = violation.kind.reason();
            let message = format!("the records given for `{entity}` contradict ({reason})");
            RunError::new(RunErrorKind::Refused, message)
        }
    })?;
    session.commit().await?;
    Ok(())
}
