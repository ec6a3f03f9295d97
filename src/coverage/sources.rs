//! What becomes of the tables, collections and files of the sources.

use std::collections::HashSet;
use std::sync::Arc;

use super::ignore::{is_column, is_entity};
use super::place::{covers, is_in, text};
use super::survey::{Leaf, read};
use super::uses::{LookupUse, PhaseReads, Said, Use};
use super::words::Words;
use super::{Absent, ColumnState, Coverage, SourceColumn, SourceCoverage, SourceState, place_of};
use crate::connectors::{Model, ScanSource, Store};
use crate::expr::Part;
use crate::plan::{Lookup, LookupKind, Phase, Plan, WriteMode};
use crate::run::{RunError, Stores};
use crate::value::Schema;
use crate::value::query::Filter;

/// Why a view is not forgotten.
const VIEW: &str = "a view, which holds nothing of its own";

/// Looks at every store that phases read from.
pub(super) async fn survey(
    plan: &Plan,
    stores: &Stores,
    found: &mut Coverage,
) -> Result<(), RunError> {
    let reads: Vec<PhaseReads<'_>> = plan
        .phases
        .iter()
        .map(|phase| PhaseReads {
            phase,
            reads: phase.mapping.reads(),
            words: match &phase.source.scan {
                ScanSource::Query(text) => Some(Words::of_query(text)),
                ScanSource::Pipeline { stages, .. } => Some(Words::of_pipeline(stages)),
                ScanSource::Entity(_) | ScanSource::Files => None,
            },
        })
        .collect();
    let mut done: Vec<(&str, Model)> = Vec::new();
    for PhaseReads { phase, .. } in &reads {
        let connection = phase.source.connection;
        let place = place_of(plan, connection);
        if done.contains(&place) {
            continue;
        }
        done.push(place);
        let store = Arc::clone(stores.get(connection));
        let mut survey = Survey {
            plan,
            reads: &reads,
            connection,
            name: plan.connections[connection].name.clone(),
            store,
            matched: HashSet::new(),
            found,
        };
        survey.all().await?;
    }
    Ok(())
}

/// What is known of one store.
struct Survey<'p> {
    plan: &'p Plan,
    reads: &'p [PhaseReads<'p>],
    connection: usize,
    name: String,
    store: Arc<dyn Store>,
    /// The names that connections ignore and that something has.
    matched: HashSet<&'p str>,
    found: &'p mut Coverage,
}

impl<'p> Survey<'p> {
    async fn all(&mut self) -> Result<(), RunError> {
        if self.plan.connections[self.connection].config.files.is_some() {
            return self.files().await;
        }
        let mut entities = self.store.entities().await?;
        for (name, by) in self.named() {
            if resolve(&entities, &name).is_some() {
                continue;
            }
            if self.store.describe(&name).await?.is_some() {
                entities.push(name);
            } else if !self.is_written(std::slice::from_ref(&name), &name) {
                let connection = self.name.clone();
                self.found.absent.push(Absent { connection, name, column: None, by });
            }
        }
        for entity in &entities {
            self.entity(&entities, entity).await?;
        }
        let patterns: Vec<&'p str> = self.ignores().map(|(pattern, _)| pattern).collect();
        for pattern in patterns.into_iter().filter(|pattern| !self.matched.contains(pattern)) {
            self.found.absent.push(Absent {
                connection: self.name.clone(),
                name: pattern.to_owned(),
                column: None,
                by: vec![format!("ignored by connection `{}`", self.name)],
            });
        }
        Ok(())
    }

    fn is_here(&self, connection: usize) -> bool {
        place_of(self.plan, connection) == place_of(self.plan, self.connection)
    }

    /// The tables and collections that specs read here, each with who does.
    fn named(&self) -> Vec<(String, Vec<String>)> {
        let mut named: Vec<(String, Vec<String>)> = Vec::new();
        let mut add = |name: &str, by: String| match named.iter_mut().find(|(n, _)| n == name) {
            Some((_, all)) if all.contains(&by) => {}
            Some((_, all)) => all.push(by),
            None => named.push((name.to_owned(), vec![by])),
        };
        for PhaseReads { phase, .. } in self.reads {
            if let Some(entity) = entity_of(phase).filter(|_| self.is_here(phase.source.connection))
            {
                add(entity, phase.full_name());
            }
            for (entity, _) in self.lookups(phase) {
                add(entity, phase.full_name());
            }
        }
        named
    }

    /// What a phase looks up in here, by table or collection.
    fn lookups(&self, phase: &'p Phase) -> Vec<(&'p str, LookupUse<'p>)> {
        let lookup = |(at, lookup): (usize, &'p Lookup)| match &lookup.kind {
            LookupKind::Entity { connection, entity, take, by, .. }
                if self.is_here(*connection) =>
            {
                Some((entity.as_str(), LookupUse { phase, at, take, by }))
            }
            _ => None,
        };
        phase.lookups.iter().enumerate().filter_map(lookup).collect()
    }

    /// What the connections to here ignore: names and reasons.
    fn ignores(&self) -> impl Iterator<Item = (&'p str, &'p str)> + use<'p> {
        let (plan, here) = (self.plan, self.connection);
        plan.connections
            .iter()
            .enumerate()
            .filter(move |(at, _)| place_of(plan, *at) == place_of(plan, here))
            .flat_map(|(_, connection)| &connection.ignore)
            .map(|(pattern, reason)| (pattern.as_str(), reason.as_str()))
    }

    /// Whether phases write to it, or a spec makes it.
    /// Whether phases bring the records of a table or collection.
    fn is_filled(&self, entities: &[String], entity: &str) -> bool {
        self.plan.phases.iter().any(|phase| {
            matches!(phase.target.write, WriteMode::Insert(_) | WriteMode::Append)
                && self.is_here(phase.target.connection)
                && resolve(entities, &phase.target.entity).is_some_and(|found| found == entity)
        })
    }

    fn is_written(&self, entities: &[String], entity: &str) -> bool {
        let same = |name: &String| resolve(entities, name).is_some_and(|found| found == entity);
        let written = self
            .plan
            .phases
            .iter()
            .any(|phase| self.is_here(phase.target.connection) && same(&phase.target.entity));
        written
            || self.plan.structures.iter().any(|task| {
                self.is_here(task.connection)
                    && task.tables.iter().any(|table| same(&table.definition.name))
            })
    }

    async fn uses(&self, entities: &[String], entity: &str) -> Result<Vec<Use<'p>>, RunError> {
        let same = |name: &str| resolve(entities, name).is_some_and(|found| found == entity);
        let mut uses = Vec::new();
        for reads in self.reads {
            let phase = reads.phase;
            let here = self.is_here(phase.source.connection);
            let direct = here && entity_of(phase).is_some_and(same);
            let named =
                here && reads.words.as_ref().is_some_and(|words| words.names_entity(entity));
            if direct || named {
                let mut key = phase.source.key.clone();
                if key.is_empty()
                    && let Some(schema) = self.store.describe(entity).await?
                {
                    key = schema.primary_key;
                }
                uses.push(Use::Source(reads, key));
            }
            let lookups = self.lookups(phase).into_iter().filter(|(name, _)| same(name));
            uses.extend(lookups.map(|(_, lookup)| Use::Lookup(lookup)));
        }
        Ok(uses)
    }

    async fn entity(&mut self, entities: &[String], entity: &str) -> Result<(), RunError> {
        let uses = self.uses(entities, entity).await?;
        if !uses.is_empty() {
            let stays = self.is_filled(entities, entity);
            return self.read_entity(entity, &uses, stays).await;
        }
        if self.is_written(entities, entity) {
            return Ok(());
        }
        let ignored = self.ignores().find(|(pattern, _)| is_entity(pattern, entity));
        let view = self.store.structure(entity).await.is_ok_and(|table| table.is_none());
        let (state, reason) = match ignored {
            Some((pattern, reason)) => {
                self.matched.insert(pattern);
                (SourceState::Ignored, Some(reason.to_owned()))
            }
            None if view => (SourceState::Ignored, Some(VIEW.to_owned())),
            None => (SourceState::Forgotten, None),
        };
        let records = self.store.count(entity, &Filter::All).await?;
        self.found.sources.push(SourceCoverage {
            connection: self.name.clone(),
            name: entity.to_owned(),
            state,
            reason,
            records,
            outside: None,
            by: Vec::new(),
            columns: Vec::new(),
        });
        Ok(())
    }

    /// Reads what a phase reads. What phases bring `stays` where it is, so nothing of it is left
    /// behind.
    async fn read_entity(
        &mut self,
        entity: &str,
        uses: &[Use<'p>],
        stays: bool,
    ) -> Result<(), RunError> {
        let schema = self.store.describe(entity).await?.unwrap_or_default();
        let source = || ScanSource::Entity(entity.to_owned());
        let (records, leaves) = if schema.open {
            read(&*self.store, source(), vec!["_id".to_owned()], None).await?
        } else {
            let records = self.store.count(entity, &Filter::All).await?;
            let mut leaves: Vec<Leaf> = schema.columns.iter().map(of_column).collect();
            // Only what no spec names needs a look at the records.
            let open: Vec<String> = leaves
                .iter()
                .filter(|leaf| self.said(entity, leaf, uses).is_open())
                .map(|leaf| leaf.name.clone())
                .collect();
            let key = key(&schema, uses);
            if !open.is_empty() && !key.is_empty() {
                let (_, met) = read(&*self.store, source(), key, Some(open)).await?;
                for leaf in &mut leaves {
                    if let Some(met) = met.iter().find(|met| met.name == leaf.name) {
                        leaf.records = met.records;
                        leaf.constant = met.constant;
                    }
                }
            }
            (records, leaves)
        };
        let outside = match outside(uses) {
            Some(filter) => Some(self.store.count(entity, &filter).await?),
            None => None,
        };
        self.absent(entity, &leaves, records, uses, schema.open);
        self.push(entity, (records, outside), &leaves, (uses, stays));
        Ok(())
    }

    async fn files(&mut self) -> Result<(), RunError> {
        let mut uses = Vec::new();
        for reads in self.reads.iter().filter(|reads| self.is_here(reads.phase.source.connection)) {
            uses.push(Use::Source(reads, reads.phase.source.key.clone()));
        }
        let (records, leaves) = read(&*self.store, ScanSource::Files, Vec::new(), None).await?;
        self.absent("", &leaves, records, &uses, true);
        self.push("", (records, None), &leaves, (&uses, false));
        Ok(())
    }

    fn push(
        &mut self,
        entity: &str,
        (records, outside): (u64, Option<u64>),
        leaves: &[Leaf],
        (uses, stays): (&[Use<'p>], bool),
    ) {
        let mut by: Vec<String> = uses.iter().map(Use::name).collect();
        by.sort();
        by.dedup();
        let mut columns = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let said = self.said(entity, leaf, uses);
            let state = if !said.to.is_empty() {
                ColumnState::Mapped
            } else if said.reason.is_some() && said.silent.is_none() {
                ColumnState::Ignored
            } else if !said.used.is_empty() {
                ColumnState::Used
            } else if stays {
                ColumnState::Kept
            } else if leaf.constant {
                ColumnState::Constant
            } else {
                ColumnState::Forgotten
            };
            let reason = match (state, said.silent) {
                (ColumnState::Ignored, _) => said.reason,
                (ColumnState::Forgotten, Some(phase)) if said.reason.is_some() => {
                    Some(format!("{phase} neither takes nor ignores it"))
                }
                _ => None,
            };
            columns.push(SourceColumn {
                name: leaf.name.clone(),
                holds: leaf.holds.clone(),
                records: leaf.records,
                state,
                to: said.to,
                used: said.used,
                reason,
            });
        }
        let name = if entity.is_empty() { self.name.clone() } else { entity.to_owned() };
        self.found.sources.push(SourceCoverage {
            connection: self.name.clone(),
            name,
            state: SourceState::Read,
            reason: None,
            records,
            outside,
            by,
            columns,
        });
    }

    /// What specs say of a column or path.
    fn said(&mut self, entity: &str, leaf: &Leaf, uses: &[Use<'p>]) -> Said {
        let mut said = Said::default();
        for one in uses {
            one.say(entity, &leaf.place, &leaf.name, &mut said);
        }
        let dotted = dotted(&leaf.place);
        if let Some((pattern, reason)) =
            self.ignores().find(|(pattern, _)| is_column(pattern, entity, &dotted))
        {
            self.matched.insert(pattern);
            said.reason = Some(reason.to_owned());
            said.silent = None;
        }
        said
    }

    /// Tells what specs name of a table or collection that is not there.
    fn absent(
        &mut self,
        entity: &str,
        leaves: &[Leaf],
        records: u64,
        uses: &[Use<'p>],
        open: bool,
    ) {
        // Without a document nothing is known of what documents have.
        if open && records == 0 {
            return;
        }
        // What a phase sets is there once it ran.
        let set = |place: &[Part]| {
            self.plan.phases.iter().any(|phase| {
                self.is_here(phase.target.connection)
                    && phase.target.entity == entity
                    && phase.mapping.fields.iter().any(|(path, _)| {
                        matches!(place.first(), Some(Part::Name(name)) if name == path.root())
                    })
            })
        };
        let mut absent: Vec<Absent> = Vec::new();
        for (place, by) in uses.iter().flat_map(Use::places) {
            let there = |leaf: &Leaf| {
                // What a text of a document holds is not known from here.
                is_in(&place, &leaf.place)
                    || ((!open || leaf.holds.contains("text")) && covers(&place, &leaf.place))
                    || (!open && dotted(&place) == leaf.name)
            };
            if leaves.iter().any(there) || (open && set(&place)) {
                continue;
            }
            let column = text(&place);
            if let Some(known) =
                absent.iter_mut().find(|known| known.column.as_ref() == Some(&column))
            {
                if !known.by.contains(&by) {
                    known.by.push(by);
                }
                continue;
            }
            absent.push(Absent {
                connection: self.name.clone(),
                name: if entity.is_empty() { self.name.clone() } else { entity.to_owned() },
                column: Some(column),
                by: vec![by],
            });
        }
        self.found.absent.extend(absent);
    }
}

impl Said {
    /// Whether nothing is said.
    fn is_open(&self) -> bool {
        let ignored = self.reason.is_some() && self.silent.is_none();
        self.to.is_empty() && self.used.is_empty() && !ignored
    }
}

/// The names of a place with dots between them.
fn dotted(place: &[Part]) -> String {
    let name = |part: &Part| match part {
        Part::Name(name) => Some(name.clone()),
        Part::Each | Part::Deep => None,
    };
    place.iter().filter_map(name).collect::<Vec<_>>().join(".")
}

fn of_column(column: &crate::value::Column) -> Leaf {
    Leaf {
        place: vec![Part::Name(column.name.clone())],
        name: column.name.clone(),
        holds: column.declared.clone(),
        records: None,
        constant: false,
    }
}

/// The records that no phase reads, when all that read have a filter.
fn outside(uses: &[Use<'_>]) -> Option<Filter> {
    let mut filters = Vec::new();
    for one in uses {
        match one {
            Use::Lookup(_) => {}
            Use::Source(reads, _) if reads.words.is_some() => return None,
            Use::Source(reads, _) => match &reads.phase.source.filter {
                Filter::All => return None,
                filter => filters.push(filter.clone()),
            },
        }
    }
    (!filters.is_empty()).then(|| Filter::Not(Box::new(Filter::Or(filters))))
}

/// By what a table is read in order; empty when nothing says.
fn key(schema: &Schema, uses: &[Use<'_>]) -> Vec<String> {
    if !schema.primary_key.is_empty() {
        return schema.primary_key.clone();
    }
    let of_phase = |one: &Use<'_>| match one {
        Use::Source(reads, key) if reads.words.is_none() => Some(key.clone()),
        _ => None,
    };
    uses.iter().find_map(of_phase).unwrap_or_default()
}

/// The table or collection that a phase reads, when it is one.
fn entity_of(phase: &Phase) -> Option<&str> {
    match &phase.source.scan {
        ScanSource::Entity(entity) | ScanSource::Pipeline { entity, .. } => Some(entity),
        ScanSource::Query(_) | ScanSource::Files => None,
    }
}

/// The table of the catalog that a spec's name means: specs may say the schema that goes without
/// saying, and some stores do not tell capitals apart.
fn resolve<'e>(entities: &'e [String], name: &str) -> Option<&'e str> {
    let short = |entity: &&String| {
        name.strip_suffix(entity.as_str()).is_some_and(|schema| schema.ends_with('.'))
    };
    entities
        .iter()
        .find(|entity| *entity == name)
        .or_else(|| entities.iter().find(short))
        .or_else(|| entities.iter().find(|entity| entity.eq_ignore_ascii_case(name)))
        .map(String::as_str)
}
