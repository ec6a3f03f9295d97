//! What the stores say about every table and collection that the plan names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::check::Checked;
use crate::connectors::{Model, ScanSource, Store};
use crate::diagnostics::{Diagnostic, Diagnostics, codes};
use crate::plan::{CheckKind, LookupKind};
use crate::value::Schema;
use crate::value::declared::schema_of;

/// Shapes by connection and name. Absent: the store could not be asked, which is reported.
pub(in crate::check) struct Catalog {
    schemas: HashMap<(usize, String), Option<Schema>>,
    /// The names that there are, per connection, to suggest from.
    names: HashMap<usize, Vec<String>>,
}

impl Catalog {
    /// Asks every store about what the plan names there.
    pub(super) async fn read(
        checked: &Checked,
        stores: &[Arc<dyn Store>],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut wanted = entities(checked);
        wanted.sort();
        wanted.dedup();
        let mut catalog = Self { schemas: HashMap::new(), names: HashMap::new() };
        for (connection, entity) in wanted {
            // What a spec declares will be as it says, whatever is there now.
            if let Some(table) = checked.plan.declared_table(connection, &entity)
                && !documents(checked, connection)
            {
                let schema = schema_of(&table.definition);
                catalog.schemas.insert((connection, entity), Some(schema));
                continue;
            }
            let Some(store) = stores.get(connection) else { continue };
            match store.profile(&entity).await {
                Ok(schema) => {
                    catalog.schemas.insert((connection, entity), schema);
                }
                Err(error) => {
                    let span = checked.origins.connections[connection];
                    let name = &checked.plan.connections[connection].name;
                    diagnostics.push(
                        Diagnostic::new(
                            &codes::STORE_FAILED,
                            format!("`{name}` can't be looked at: {error}"),
                        )
                        .at(span, "this one"),
                    );
                }
            }
            if let std::collections::hash_map::Entry::Vacant(free) = catalog.names.entry(connection)
            {
                free.insert(store.entities().await.unwrap_or_default());
            }
        }
        catalog
    }

    /// What is known without asking any store: the tables that specs declare.
    pub(super) fn declared(checked: &Checked) -> Self {
        let mut catalog = Self { schemas: HashMap::new(), names: HashMap::new() };
        for (connection, entity) in entities(checked) {
            if let Some(table) = checked.plan.declared_table(connection, &entity)
                && !documents(checked, connection)
            {
                let schema = schema_of(&table.definition);
                catalog.schemas.insert((connection, entity), Some(schema));
            }
        }
        catalog
    }

    /// The shape, when it is known and there.
    pub(in crate::check) fn schema(&self, connection: usize, entity: &str) -> Option<&Schema> {
        self.schemas.get(&(connection, entity.to_owned()))?.as_ref()
    }

    /// Whether the store said that it has no such table or collection.
    pub(super) fn is_missing(&self, connection: usize, entity: &str) -> bool {
        matches!(self.schemas.get(&(connection, entity.to_owned())), Some(None))
    }

    /// The names that there are.
    pub(super) fn names(&self, connection: usize) -> Vec<&str> {
        self.names
            .get(&connection)
            .map(|names| names.iter().map(String::as_str).collect())
            .unwrap_or_default()
    }
}

fn documents(checked: &Checked, connection: usize) -> bool {
    checked.plan.connections[connection].config.model == Model::Documents
}

/// Every table and collection that a plan names; files are the nameless entity of their connection.
fn entities(checked: &Checked) -> Vec<(usize, String)> {
    let plan = &checked.plan;
    let mut all: Vec<(usize, String)> =
        plan.prerequisites.iter().map(|needed| (needed.connection, needed.table.clone())).collect();
    for phase in &plan.phases {
        match &phase.source.scan {
            ScanSource::Entity(entity) | ScanSource::Pipeline { entity, .. } => {
                all.push((phase.source.connection, entity.clone()));
            }
            ScanSource::Files => all.push((phase.source.connection, String::new())),
            ScanSource::Query(_) => {}
        }
        all.push((phase.target.connection, phase.target.entity.clone()));
        for lookup in &phase.lookups {
            if let LookupKind::Entity { connection, entity, .. } = &lookup.kind {
                all.push((*connection, entity.clone()));
            }
        }
    }
    for index in &plan.indexes {
        all.push((index.connection, index.entity.clone()));
    }
    for check in &plan.checks {
        all.extend(columns_of(&check.kind).into_iter().map(|(on, entity, _)| (on, entity)));
    }
    all
}

/// The columns that a check names, with their table.
pub(super) fn columns_of(kind: &CheckKind) -> Vec<(usize, String, Vec<String>)> {
    match kind {
        CheckKind::Query { .. } | CheckKind::Phase { .. } => Vec::new(),
        CheckKind::Filter { connection, entity, .. }
        | CheckKind::Stats { connection, entity, .. } => {
            vec![(*connection, entity.clone(), Vec::new())]
        }
        CheckKind::References { connection, from, path, to, key, back } => {
            let there = [Some(key.clone()), back.clone()].into_iter().flatten().collect();
            vec![(*connection, from.clone(), vec![path.clone()]), (*connection, to.clone(), there)]
        }
        CheckKind::Compare { connection, left, right, on, equal } => {
            let lefts = on.iter().map(|(left, _)| left).chain(equal).cloned().collect();
            let rights = on.iter().map(|(_, right)| right).chain(equal).cloned().collect();
            vec![(*connection, left.clone(), lefts), (*connection, right.clone(), rights)]
        }
        CheckKind::Latency { connection, entity, sort, .. } => {
            let keys = sort.iter().map(|key| key.path.clone()).collect();
            vec![(*connection, entity.clone(), keys)]
        }
        CheckKind::Unique { connection, entity, keys } => {
            vec![(*connection, entity.clone(), keys.clone())]
        }
        CheckKind::Sum { sum, .. } => {
            vec![(sum.connection, sum.entity.clone(), vec![sum.of.clone()])]
        }
    }
}
