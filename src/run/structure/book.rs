//! The ledger's part about structure of one store, in memory, with what a run changes in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::connectors::{Session, Store, StoreError};
use crate::ledger::{ChangeRecord, Declared, Ledger, StructureKey, StructureKind, StructureRecord};
use crate::plan::evolve::{self, Names};
use crate::value::structure::{
    ColumnPlace, ColumnType, EnumDefinition, StructureChange, TableDefinition,
};

/// What specs made in one store.
#[derive(Debug)]
pub struct Book {
    pub(super) store: Arc<dyn Store>,
    pub(super) ledger: Ledger,
    /// By kind and name.
    pub(super) records: BTreeMap<StructureKey, StructureRecord>,
    /// Changes that were under way when a run was killed.
    pub(super) open: Vec<ChangeRecord>,
    /// Whether enums are types of their own there.
    pub(super) enum_types: bool,
    /// What differs from the ledger.
    stale: BTreeSet<StructureKey>,
    gone: BTreeSet<StructureKey>,
}

impl Book {
    /// Reads a store's ledger.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn open(store: &Arc<dyn Store>, ledger: Ledger) -> Result<Self, StoreError> {
        let records = ledger.structures().await?;
        let changes = ledger.changes(None).await?;
        let probe = EnumDefinition { name: "probe".to_owned(), values: vec!["a".to_owned()] };
        let rendered = store.render(&StructureChange::CreateEnum(probe));
        Ok(Self {
            store: Arc::clone(store),
            ledger,
            records,
            open: changes.into_iter().filter(|change| !change.done).collect(),
            enum_types: rendered.is_ok_and(|rendered| !rendered.statements.is_empty()),
            stale: BTreeSet::new(),
            gone: BTreeSet::new(),
        })
    }

    /// What is known of something.
    pub fn record(&self, kind: StructureKind, name: &str) -> Option<&StructureRecord> {
        self.records.get(&(kind, name.to_owned()))
    }

    /// A table as it was declared.
    pub(super) fn table(&self, name: &str) -> Option<(&StructureRecord, &TableDefinition)> {
        let record = self.record(StructureKind::Table, name)?;
        Some((record, record.declared.table()?))
    }

    /// An enum as it was declared.
    pub(super) fn enumeration(&self, name: &str) -> Option<&EnumDefinition> {
        match &self.record(StructureKind::Enum, name)?.declared {
            Declared::Enum(definition) => Some(definition),
            _ => None,
        }
    }

    /// Whether a change of it was under way when a run was killed.
    pub(super) fn is_interrupted(&self, key: &StructureKey) -> bool {
        self.open.iter().any(|change| change.about == *key)
    }

    /// The columns whose type is an enum.
    pub(super) fn users_of(&self, name: &str) -> Vec<ColumnPlace> {
        self.tables()
            .flat_map(|table| {
                table.columns.iter().filter(|column| uses(&column.column_type, name)).map(
                    |column| ColumnPlace { table: table.name.clone(), column: column.name.clone() },
                )
            })
            .collect()
    }

    fn tables(&self) -> impl Iterator<Item = &TableDefinition> {
        self.records.values().filter_map(|record| record.declared.table())
    }

    /// Brings a change that was made into the book.
    pub(super) fn note(&mut self, change: &StructureChange, spec: &str, run: &str) {
        use StructureChange as C;
        let (before, after) = keys(change);
        match change {
            C::CreateExtension { name } => {
                self.insert(Declared::Extension(name.clone()), spec, run);
            }
            C::CreateEnum(definition) => {
                self.insert(Declared::Enum(definition.clone()), spec, run);
            }
            C::CreateTable(definition) => {
                self.insert(Declared::Table(evolve::bare(definition)), spec, run);
            }
            C::DropExtension { .. } | C::DropEnum(_) | C::DropTable(_) => self.remove(&before),
            _ => {
                let Some(mut record) = self.records.remove(&before) else { return };
                let own = with_declared_names(change, &record.names);
                match &mut record.declared {
                    Declared::Table(table) => evolve::apply(&own, table),
                    Declared::Enum(definition) => evolve::apply_to_enum(&own, definition),
                    Declared::Extension(_) => {}
                }
                run.clone_into(&mut record.run);
                if before != after {
                    self.stale.remove(&before);
                    self.gone.insert(before.clone());
                }
                self.gone.remove(&after);
                self.stale.insert(after.clone());
                self.records.insert(after.clone(), record);
            }
        }
        for (key, record) in &mut self.records {
            let Declared::Table(table) = &mut record.declared else { continue };
            let names_it = before.0 == StructureKind::Enum
                && table.columns.iter().any(|column| {
                    uses(&column.column_type, &before.1) || uses(&column.column_type, &after.1)
                });
            if *key != after && (evolve::apply_elsewhere(change, table) || names_it) {
                self.stale.insert(key.clone());
            }
        }
    }

    fn insert(&mut self, declared: Declared, spec: &str, run: &str) {
        let key = declared.key();
        let record = StructureRecord {
            spec: spec.to_owned(),
            run: run.to_owned(),
            declared,
            catalog: None,
            names: Names::new(),
        };
        self.gone.remove(&key);
        self.stale.insert(key.clone());
        self.records.insert(key, record);
    }

    /// Puts a record in place as it is.
    pub(super) fn put(&mut self, record: StructureRecord) {
        let key = record.declared.key();
        self.gone.remove(&key);
        self.stale.insert(key.clone());
        self.records.insert(key, record);
    }

    /// Forgets something.
    pub(super) fn remove(&mut self, key: &StructureKey) {
        self.records.remove(key);
        self.stale.remove(key);
        self.gone.insert(key.clone());
    }

    /// Says how a table is declared now that all its changes are made.
    pub(super) fn settle(&mut self, declared: &TableDefinition, names: Names, spec: &str) {
        let key = (StructureKind::Table, declared.name.clone());
        let Some(record) = self.records.get_mut(&key) else { return };
        let declared = Declared::Table(declared.clone());
        if record.declared != declared || record.names != names || record.spec != spec {
            record.declared = declared;
            record.names = names;
            spec.clone_into(&mut record.spec);
            self.stale.insert(key);
        }
    }

    /// Writes what differs from the ledger, with what the catalog says of tables now.
    pub(super) async fn flush(&mut self, session: &mut dyn Session) -> Result<(), StoreError> {
        for key in std::mem::take(&mut self.gone) {
            self.ledger.forget_structure(session, &key).await?;
        }
        for key in std::mem::take(&mut self.stale) {
            let Some(record) = self.records.get_mut(&key) else { continue };
            if key.0 == StructureKind::Table {
                record.catalog = session.structure(&key.1).await?;
            }
            self.ledger.save_structure(session, record).await?;
        }
        Ok(())
    }
}

fn uses(column_type: &ColumnType, name: &str) -> bool {
    matches!(column_type, ColumnType::Enum(definition) if definition.name == name)
}

/// What a change is about: as it is called before, and afterwards.
pub(super) fn keys(change: &StructureChange) -> (StructureKey, StructureKey) {
    use StructureChange as C;
    let same = |kind: StructureKind, name: &str| ((kind, name.to_owned()), (kind, name.to_owned()));
    match change {
        C::CreateExtension { name } | C::DropExtension { name } => {
            same(StructureKind::Extension, name)
        }
        C::CreateEnum(definition) | C::DropEnum(definition) => {
            same(StructureKind::Enum, &definition.name)
        }
        C::AddEnumValue { name, .. } => same(StructureKind::Enum, name),
        C::RemoveEnumValues { after, .. } => same(StructureKind::Enum, &after.name),
        C::RenameEnum { from, to } => {
            ((StructureKind::Enum, from.clone()), (StructureKind::Enum, to.clone()))
        }
        C::RenameTable { from, to } => {
            ((StructureKind::Table, from.clone()), (StructureKind::Table, to.clone()))
        }
        C::CreateTable(table) | C::DropTable(table) => same(StructureKind::Table, &table.name),
        C::AddColumn { table, .. }
        | C::DropColumn { table, .. }
        | C::RenameColumn { table, .. }
        | C::AlterColumn { table, .. }
        | C::SetPrimaryKey { table, .. }
        | C::AddUnique { table, .. }
        | C::DropUnique { table, .. }
        | C::AddForeignKey { table, .. }
        | C::DropForeignKey { table, .. }
        | C::AddCheck { table, .. }
        | C::DropCheck { table, .. }
        | C::CreateIndex { table, .. }
        | C::DropIndex { table, .. }
        | C::CommentTable { table, .. } => same(StructureKind::Table, table),
    }
}

/// A change whose constraint is called as it is declared.
fn with_declared_names(change: &StructureChange, names: &Names) -> StructureChange {
    use StructureChange as C;
    let mut change = change.clone();
    let name = match &mut change {
        C::DropUnique { unique, .. } => &mut unique.name,
        C::DropForeignKey { key, .. } => &mut key.name,
        C::DropCheck { check, .. } => &mut check.name,
        C::DropIndex { index, .. } => &mut index.name,
        _ => return change,
    };
    if let Some((declared, _)) = names.iter().find(|(_, real)| *real == name) {
        name.clone_from(declared);
    }
    change
}
