//! What is to be done about one spec's structure in one store, and what stands in the way.

use super::adopt::{self, Compared, Same};
use super::book::{Book, keys};
use crate::connectors::StoreError;
use crate::ledger::{Declared, StructureKey, StructureKind, StructureRecord};
use crate::plan::evolve::{self, Names, Refusal};
use crate::plan::{EnumTask, Plan, StructureTask, TableTask};
use crate::value::structure::{EnumDefinition, RenderedChange, StructureChange, TableDefinition};

/// What is to be done.
#[derive(Debug, Default)]
pub struct Pending {
    /// The changes, in order.
    pub steps: Vec<Step>,
    /// What is there already in the same shape, and is taken over.
    pub adopted: Vec<StructureRecord>,
    /// What is there already, and can only be compared when the run is.
    pub to_compare: Vec<String>,
    /// What is not as the last run left it.
    pub drift: Vec<Drift>,
    /// Edits that are refused.
    pub refused: Vec<Refusal>,
    /// Changes that were under way when a run was killed, in words.
    pub interrupted: Vec<String>,
    /// How tables are declared when all is done, with the names that constraints keep.
    pub(super) settled: Vec<(TableDefinition, Names)>,
    /// What is no longer the spec's own.
    pub(super) released: Vec<StructureKey>,
}

/// One change.
#[derive(Debug)]
pub struct Step {
    /// What it is about, as it is called afterwards.
    pub about: StructureKey,
    /// What changes.
    pub change: StructureChange,
    /// How the store does it.
    pub rendered: RenderedChange,
}

/// Something that was changed by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What it is.
    pub about: StructureKey,
    /// How it differs from what the last run left, one phrase each.
    pub differences: Vec<String>,
}

impl Pending {
    /// Whether nothing is to be done, and nothing is in the way.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
            && self.adopted.is_empty()
            && self.to_compare.is_empty()
            && self.drift.is_empty()
            && self.refused.is_empty()
            && self.interrupted.is_empty()
    }
}

/// Tables and enums that a spec made and that no spec of the plan declares any more.
///
/// # Errors
/// When a ledger can't be read.
pub async fn vanished(
    plan: &Plan,
    stores: &super::super::Stores,
) -> Result<Vec<Refusal>, StoreError> {
    let mut all = Vec::new();
    for connection in stores.distinct(plan.target_connections()) {
        let records = stores.ledger(connection).structures().await?;
        let here = |task: &&StructureTask| {
            std::sync::Arc::ptr_eq(stores.get(task.connection), stores.get(connection))
        };
        for ((kind, name), record) in records {
            let is_declared = plan.structures.iter().filter(here).any(|task| match kind {
                StructureKind::Extension => true,
                StructureKind::Enum => task.enums.iter().any(|one| {
                    one.definition.name == name || one.renamed_from.as_ref() == Some(&name)
                }),
                StructureKind::Table => {
                    task.existing.contains(&name)
                        || task.tables.iter().any(|one| {
                            one.definition.name == name || one.renamed_from.as_ref() == Some(&name)
                        })
                }
            });
            let own = plan.specs.iter().any(|spec| spec.name == record.spec);
            if own && !is_declared && kind != StructureKind::Extension {
                let kind = kind.name();
                all.push(Refusal::new(
                    format!(
                        "spec `{}` made {kind} `{name}` and no longer declares it",
                        record.spec
                    ),
                    format!(
                        "put it back; or `renamed_from = \"{name}\"` in what it became; or leave \
                         `[{kind}.{name}]` with `connection` and `allow_drop = true` alone, which \
                         drops it{}",
                        if kind == "table" {
                            "; or with `existing = true`, which lets it be"
                        } else {
                            ""
                        }
                    ),
                ));
            }
        }
    }
    Ok(all)
}

/// What is to be done about a task. With `compare` a table that is there already is compared with
/// the declared one, which is made under another name for that and taken back.
///
/// # Errors
/// When the store or its ledger can't be read.
pub async fn pending(
    plan: &Plan,
    task: &StructureTask,
    book: &Book,
    compare: bool,
) -> Result<Pending, StoreError> {
    let spec = plan.specs.get(task.spec).map_or("", |spec| spec.name.as_str());
    let closes = task.closes;
    let (found, changes) = (Pending::default(), Vec::new());
    let mut finder = Finder { book, spec, compare, closes, found, changes };
    for open in &book.open {
        if concerns(task, &open.about)
            && let Some(change) = &open.change
        {
            finder.found.interrupted.push(evolve::describe(change));
        }
    }
    finder.extensions(task).await?;
    finder.enums(task).await?;
    for table in &task.tables {
        finder.table(table).await?;
    }
    for name in &task.existing {
        let key = (StructureKind::Table, name.clone());
        if book.records.get(&key).is_some_and(|record| record.spec == spec) {
            finder.found.released.push(key);
        }
    }
    finder.render(task);
    Ok(finder.found)
}

/// Whether a spec declares this, or renames it.
fn concerns(task: &StructureTask, (kind, name): &StructureKey) -> bool {
    match kind {
        StructureKind::Extension => task.extensions.contains(name),
        StructureKind::Enum => task
            .enums
            .iter()
            .any(|one| one.definition.name == *name || one.renamed_from.as_ref() == Some(name)),
        StructureKind::Table => task
            .tables
            .iter()
            .any(|one| one.definition.name == *name || one.renamed_from.as_ref() == Some(name)),
    }
}

struct Finder<'b> {
    book: &'b Book,
    spec: &'b str,
    compare: bool,
    /// Whether only foreign keys are left.
    closes: bool,
    found: Pending,
    changes: Vec<StructureChange>,
}

impl Finder<'_> {
    fn drifted(&mut self, kind: StructureKind, name: &str, differences: Vec<String>) {
        self.found.drift.push(Drift { about: (kind, name.to_owned()), differences });
    }

    async fn extensions(&mut self, task: &StructureTask) -> Result<(), StoreError> {
        if task.extensions.is_empty() {
            return Ok(());
        }
        let there = self.book.store.extensions().await?;
        for name in &task.extensions {
            let known = self.book.record(StructureKind::Extension, name).is_some();
            let is_there = there.iter().any(|other| other.eq_ignore_ascii_case(name));
            let interrupted = self.book.is_interrupted(&(StructureKind::Extension, name.clone()));
            match (known, is_there) {
                _ if interrupted => {}
                (true, true) => {}
                (true, false) => {
                    self.drifted(StructureKind::Extension, name, vec!["it is gone".to_owned()]);
                }
                (false, true) => self.adopt(Declared::Extension(name.clone()), None, Names::new()),
                (false, false) => {
                    self.changes.push(StructureChange::CreateExtension { name: name.clone() });
                }
            }
        }
        Ok(())
    }

    fn adopt(&mut self, declared: Declared, catalog: Option<TableDefinition>, names: Names) {
        self.found.adopted.push(StructureRecord {
            spec: self.spec.to_owned(),
            run: String::new(),
            declared,
            catalog,
            names,
        });
    }

    async fn enums(&mut self, task: &StructureTask) -> Result<(), StoreError> {
        if task.enums.is_empty() {
            return Ok(());
        }
        let live = if self.book.enum_types { self.book.store.enums().await? } else { Vec::new() };
        for one in &task.enums {
            let name = &one.definition.name;
            if self.book.is_interrupted(&(StructureKind::Enum, name.clone())) {
                continue;
            }
            let known = self
                .book
                .enumeration(name)
                .or_else(|| one.renamed_from.as_ref().and_then(|from| self.book.enumeration(from)));
            match known.cloned() {
                Some(known) => self.known_enum(one, &known, &live),
                None => self.new_enum(one, &live),
            }
        }
        Ok(())
    }

    fn known_enum(&mut self, task: &EnumTask, known: &EnumDefinition, live: &[EnumDefinition]) {
        if self.book.enum_types {
            let found = live.iter().find(|other| other.name == known.name);
            if let Some(differences) = enum_differences(known, found) {
                self.drifted(StructureKind::Enum, &known.name, differences);
                return;
            }
        }
        if task.definition.values.is_empty() {
            self.changes.push(StructureChange::DropEnum(known.clone()));
            return;
        }
        let users = self.book.users_of(&known.name);
        match evolve::enumeration(known, task, &users) {
            Ok(changes) => self.changes.extend(changes),
            Err(refused) => self.found.refused.extend(refused),
        }
    }

    fn new_enum(&mut self, task: &EnumTask, live: &[EnumDefinition]) {
        let definition = &task.definition;
        if definition.values.is_empty() {
            return;
        }
        match live.iter().find(|other| other.name == definition.name) {
            None => self.changes.push(StructureChange::CreateEnum(definition.clone())),
            Some(found) => match enum_differences(definition, Some(found)) {
                None => self.adopt(Declared::Enum(definition.clone()), None, Names::new()),
                Some(differences) => self.found.refused.push(Refusal::new(
                    format!(
                        "there is an enum `{}` already, and it is another one: {}",
                        definition.name,
                        differences.join("; ")
                    ),
                    "declare it as it is, or under another name",
                )),
            },
        }
    }

    async fn table(&mut self, task: &TableTask) -> Result<(), StoreError> {
        let name = &task.definition.name;
        let key = (StructureKind::Table, name.clone());
        let interrupted = self.book.is_interrupted(&key)
            || task.renamed_from.as_ref().is_some_and(|from| {
                self.book.is_interrupted(&(StructureKind::Table, from.clone()))
            });
        if interrupted {
            return Ok(());
        }
        let known = self
            .book
            .table(name)
            .or_else(|| task.renamed_from.as_ref().and_then(|from| self.book.table(from)));
        let Some((record, before)) = known else { return self.new_table(task).await };
        let live = self.book.store.structure(&before.name).await?;
        if let Some(differences) = table_differences(record, live.as_ref()) {
            let name = before.name.clone();
            self.drifted(StructureKind::Table, &name, differences);
            return Ok(());
        }
        if task.definition.columns.is_empty() {
            for key in &before.foreign_keys {
                let table = before.name.clone();
                self.changes.push(StructureChange::DropForeignKey { table, key: key.clone() });
            }
            let rest = TableDefinition { foreign_keys: Vec::new(), ..before.clone() };
            self.changes.push(StructureChange::DropTable(rest));
            return Ok(());
        }
        let wanted = self.wanted(task, Some(before));
        match evolve::table(before, &wanted, &record.names, self.book.enum_types) {
            Ok((changes, names)) => {
                self.changes.extend(changes);
                self.found.settled.push((wanted.definition, names));
            }
            Err(refused) => self.found.refused.extend(refused),
        }
        Ok(())
    }

    /// A task with those of its foreign keys left out that wait for another spec's tables, unless
    /// they are there already.
    fn wanted(&self, task: &TableTask, before: Option<&TableDefinition>) -> TableTask {
        let mut wanted = task.clone();
        let is_there = |name: &str| {
            before.is_some_and(|table| table.foreign_keys.iter().any(|key| key.name == name))
        };
        wanted
            .definition
            .foreign_keys
            .retain(|key| self.closes || !task.later.contains(&key.name) || is_there(&key.name));
        wanted
    }

    async fn new_table(&mut self, task: &TableTask) -> Result<(), StoreError> {
        if self.closes {
            // The table comes with the task before.
            let table = &task.definition.name;
            let keys = task.definition.foreign_keys.iter();
            self.changes.extend(keys.filter(|key| task.later.contains(&key.name)).map(|key| {
                StructureChange::AddForeignKey { table: table.clone(), key: key.clone() }
            }));
            return Ok(());
        }
        let wanted = self.wanted(task, None);
        let definition = &wanted.definition;
        let name = &definition.name;
        if definition.columns.is_empty() {
            return Ok(());
        }
        if self.book.store.describe(name).await?.is_none() {
            self.changes.extend(evolve::create(definition));
            self.found.settled.push((definition.clone(), Names::new()));
            return Ok(());
        }
        if !self.compare {
            self.found.to_compare.push(name.clone());
            return Ok(());
        }
        match adopt::compare(&self.book.store, definition).await? {
            Compared::Same(same) => {
                let Same { catalog, declared, names } = *same;
                let (changes, names) =
                    match evolve::table(&declared, &wanted, &names, self.book.enum_types) {
                        Ok(found) => found,
                        Err(refused) => {
                            self.found.refused.extend(refused);
                            return Ok(());
                        }
                    };
                self.changes.extend(changes);
                self.found.settled.push((definition.clone(), names.clone()));
                self.adopt(Declared::Table(declared), Some(catalog), names);
            }
            Compared::Differs(differences) => self.found.refused.push(Refusal::new(
                format!(
                    "there is a table `{name}` already, and it is another one: {}",
                    differences.join("; ")
                ),
                "declare it as it is, then change it by the spec; or declare `existing = true`, \
                 which leaves it alone; or give the new one another name",
            )),
        }
        Ok(())
    }

    /// Orders the changes and asks the store how it does them.
    fn render(&mut self, task: &StructureTask) {
        let mut changes = std::mem::take(&mut self.changes);
        changes.sort_by_key(stage);
        for change in changes {
            let (_, about) = keys(&change);
            match self.book.store.render(&change) {
                Ok(rendered) => {
                    if let Some(loses) = &rendered.loses
                        && !allows_loss(task, &about, &change)
                    {
                        self.found.refused.push(Refusal::new(
                            format!("{} would lose {loses}", evolve::describe(&change)),
                            format!(
                                "`allow_drop = true` in [{}.{}] allows it",
                                about.0.name(),
                                about.1
                            ),
                        ));
                    }
                    self.found.steps.push(Step { about, change, rendered });
                }
                Err(why) => self.found.refused.push(Refusal::new(
                    format!(
                        "`{}` can't do this: {}: {why}",
                        self.book.store.capabilities().connector,
                        evolve::describe(&change)
                    ),
                    "declare it otherwise for this store",
                )),
            }
        }
    }
}

/// Values that the spec says may go; what is computed or empty is never lost.
fn allows_loss(
    task: &StructureTask,
    (kind, name): &StructureKey,
    change: &StructureChange,
) -> bool {
    if matches!(change, StructureChange::DropColumn { column, .. } if column.generated.is_some()) {
        return true;
    }
    match kind {
        StructureKind::Extension => false,
        StructureKind::Enum => {
            task.enums.iter().any(|one| one.allow_drop && one.definition.name == *name)
        }
        StructureKind::Table => {
            task.tables.iter().any(|one| one.allow_drop && one.definition.name == *name)
        }
    }
}

/// What comes before what, over all tables of a task.
fn stage(change: &StructureChange) -> u8 {
    use StructureChange as C;
    match change {
        C::CreateExtension { .. } | C::RenameEnum { .. } | C::CreateEnum(_) => 0,
        C::AddEnumValue { .. } => 1,
        C::DropForeignKey { .. } => 2,
        C::AddForeignKey { .. } => 4,
        C::DropTable(_) => 5,
        C::RemoveEnumValues { .. } => 6,
        C::DropEnum(_) => 7,
        C::DropExtension { .. } => 8,
        _ => 3,
    }
}

fn enum_differences(
    wanted: &EnumDefinition,
    found: Option<&EnumDefinition>,
) -> Option<Vec<String>> {
    let Some(found) = found else { return Some(vec!["it is gone".to_owned()]) };
    if wanted.values == found.values {
        return None;
    }
    let mut differences = Vec::new();
    for value in &wanted.values {
        if !found.values.contains(value) {
            differences.push(format!("`{value}` is not among its values"));
        }
    }
    for value in &found.values {
        if !wanted.values.contains(value) {
            differences.push(format!("`{value}` is among its values besides"));
        }
    }
    if differences.is_empty() {
        differences.push("its values are in another order".to_owned());
    }
    Some(differences)
}

/// How a table is not as the last run left it.
fn table_differences(
    record: &StructureRecord,
    live: Option<&TableDefinition>,
) -> Option<Vec<String>> {
    let Some(live) = live else { return Some(vec!["it is gone".to_owned()]) };
    let then = record.catalog.as_ref()?;
    if then == live {
        return None;
    }
    let mut differences = evolve::differences(then, live);
    if differences.is_empty() {
        differences
            .push("a constraint or index has another name, or columns another order".to_owned());
    }
    Some(differences)
}
