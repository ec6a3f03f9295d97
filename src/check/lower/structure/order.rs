//! Tasks: one for each spec and store, tables in the order of their foreign keys. What refers to
//! each other is closed in a second step.

use std::collections::HashMap;

use super::{Known, Structures, World, enum_task, table_task};
use crate::check::Checker;
use crate::check::graph::StructureFacts;
use crate::diagnostics::{Diagnostic, codes};
use crate::plan::{Prerequisite, StructureTask};
use crate::value::structure::ColumnType;

/// Edges between tasks: the one that waits, and the one that it waits for.
#[derive(Default)]
struct Edges(Vec<(usize, usize)>);

impl Edges {
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut open = vec![from];
        let mut seen = vec![from];
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            for (_, next) in self.0.iter().filter(|(waits, _)| *waits == at) {
                if !seen.contains(next) {
                    seen.push(*next);
                    open.push(*next);
                }
            }
        }
        false
    }

    /// Adds an edge, unless it would close a circle.
    fn add(&mut self, waits: usize, for_what: usize) -> bool {
        if waits == for_what || self.0.contains(&(waits, for_what)) {
            return true;
        }
        if self.reaches(for_what, waits) {
            return false;
        }
        self.0.push((waits, for_what));
        true
    }
}

impl<'s> Checker<'s> {
    pub(super) fn tasks(
        &mut self,
        world: &World<'s>,
        prerequisites: Vec<Prerequisite>,
    ) -> Structures {
        let mut places: HashMap<(usize, usize), usize> = HashMap::new();
        let mut tasks: Vec<StructureTask> = Vec::new();
        let mut place = |spec: usize, store: usize, connection: usize| {
            *places.entry((spec, store)).or_insert_with(|| {
                tasks.push(StructureTask { spec, connection, ..StructureTask::default() });
                tasks.len() - 1
            })
        };
        let of_extensions: Vec<usize> = world
            .extensions
            .iter()
            .map(|(spec, handle, _)| place(*spec, handle.store, handle.id))
            .collect();
        let of_enums: Vec<usize> = world
            .enums
            .iter()
            .map(|known| place(known.spec, known.handle.store, known.handle.id))
            .collect();
        let made: Vec<&Known<'s>> = world.tables.iter().filter(|known| known.is_made()).collect();
        let of_tables: Vec<usize> = made
            .iter()
            .map(|known| place(known.spec, known.handle.store, known.handle.id))
            .collect();
        for ((_, _, name), at) in world.extensions.iter().zip(&of_extensions) {
            tasks[*at].extensions.push(name.to_string());
        }
        for (known, at) in world.enums.iter().zip(&of_enums) {
            tasks[*at].enums.push(enum_task(known.declared));
        }
        let mut edges = self.hard_edges(world, &places, &made, &of_tables);
        // What refers to another task's table waits for it, unless that one waits already.
        let mut later: Vec<Vec<String>> = vec![Vec::new(); made.len()];
        let mut closing: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
        let owner: HashMap<_, usize> =
            made.iter().enumerate().map(|(at, known)| (known.key(), at)).collect();
        for (at, known) in made.iter().enumerate() {
            for key in &known.definition.foreign_keys {
                let Some(other) = owner.get(&(known.handle.store, key.table.clone())) else {
                    continue;
                };
                if !edges.add(of_tables[at], of_tables[*other]) {
                    later[at].push(key.name.clone());
                    closing[of_tables[at]].push(of_tables[*other]);
                }
            }
        }
        for (task, place) in tasks.iter_mut().enumerate().map(|(at, task)| (task, at)) {
            let own: Vec<usize> = (0..made.len()).filter(|at| of_tables[*at] == place).collect();
            for at in by_foreign_keys(&made, &own) {
                task.tables.push(table_task(made[at], later[at].clone()));
            }
            task.existing = world
                .tables
                .iter()
                .filter(|known| !known.is_made() && known.spec == task.spec)
                .map(|known| known.declared.name.to_string())
                .collect();
        }
        let mut facts: Vec<StructureFacts> = tasks
            .iter()
            .enumerate()
            .map(|(at, task)| StructureFacts {
                spec: task.spec,
                name: self.task_name(task),
                entities: made
                    .iter()
                    .zip(&of_tables)
                    .filter(|(_, place)| **place == at)
                    .map(|(known, _)| known.key())
                    .collect(),
                after: edges
                    .0
                    .iter()
                    .filter(|(waits, _)| *waits == at)
                    .map(|(_, on)| *on)
                    .collect(),
            })
            .collect();
        for (at, others) in closing.into_iter().enumerate() {
            if others.is_empty() {
                continue;
            }
            let mut task = StructureTask { closes: true, ..tasks[at].clone() };
            task.extensions.clear();
            task.enums.clear();
            task.tables.retain(|table| !table.later.is_empty());
            let names: Vec<&str> =
                task.tables.iter().map(|table| table.definition.name.as_str()).collect();
            let name = format!("foreign keys {}: {}", self.spec_name(task.spec), names.join(", "));
            let entities = facts[at]
                .entities
                .iter()
                .filter(|(_, name)| names.contains(&name.as_str()))
                .cloned()
                .collect();
            let mut after = others;
            after.push(at);
            facts.push(StructureFacts { spec: task.spec, name, entities, after });
            tasks.push(task);
        }
        Structures { tasks, facts, prerequisites }
    }

    /// What must be there before: enums of other specs, tables that they make, what they share.
    fn hard_edges(
        &mut self,
        world: &World<'s>,
        places: &HashMap<(usize, usize), usize>,
        made: &[&Known<'s>],
        of_tables: &[usize],
    ) -> Edges {
        let mut edges = Edges::default();
        let mut wanted: Vec<(usize, usize, crate::diagnostics::Span)> = Vec::new();
        for (known, at) in made.iter().zip(of_tables) {
            for column in &known.definition.columns {
                let ColumnType::Enum(definition) = &column.column_type else { continue };
                let Some(other) = world.enumeration(known.handle.store, &definition.name) else {
                    continue;
                };
                if let Some(place) = places.get(&(other.spec, other.handle.store)) {
                    wanted.push((*at, *place, known.declared.name.span()));
                }
            }
        }
        for known in world.tables.iter().filter(|known| !known.is_made()) {
            let maker = world.table(known.handle.store, &known.declared.name);
            if let Some(maker) = maker.filter(|maker| maker.is_made())
                && let (Some(at), Some(place)) = (
                    places.get(&(known.spec, known.handle.store)),
                    places.get(&(maker.spec, maker.handle.store)),
                )
            {
                wanted.push((*at, *place, known.declared.name.span()));
            }
        }
        for (at, place, span) in wanted {
            if !edges.add(at, place) {
                self.report(
                    Diagnostic::new(&codes::CYCLE, "two specs need each other's enums or tables")
                        .at(span, "needs what waits for it")
                        .help("declare what both need in one of them, or in a file of its own"),
                );
            }
        }
        for (spec, owner) in &world.shared {
            for ((of, store), at) in places.iter().filter(|((of, _), _)| of == spec) {
                let _ = of;
                if let Some(place) = places.get(&(*owner, *store)) {
                    edges.add(*at, *place);
                }
            }
        }
        edges.0.sort_unstable();
        edges
    }

    /// `tables shop: customers, orders`.
    fn task_name(&self, task: &StructureTask) -> String {
        let spec = self.spec_name(task.spec);
        let names: Vec<&str> = if task.tables.is_empty() {
            task.enums.iter().map(|task| task.definition.name.as_str()).collect()
        } else {
            task.tables.iter().map(|task| task.definition.name.as_str()).collect()
        };
        format!("tables {spec}: {}", names.join(", "))
    }
}

/// Tables of one task, each after those that it refers to; those in a circle as in the file.
fn by_foreign_keys(made: &[&Known<'_>], own: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(own.len());
    while order.len() < own.len() {
        let open = |at: &usize| !order.contains(at);
        let ready = own.iter().copied().filter(open).find(|at| {
            made[*at].definition.foreign_keys.iter().all(|key| {
                own.iter()
                    .filter(|other| open(other) && *other != at)
                    .all(|other| made[*other].declared.name.as_str() != key.table)
            })
        });
        match ready.or_else(|| own.iter().copied().find(open)) {
            Some(at) => order.push(at),
            None => break,
        }
    }
    order
}
