//! What unique constraints, checks, foreign keys and indexes have in common.

use super::structure::{
    CheckDefinition, ForeignKeyDefinition, IndexDefinition, StructureChange, TableDefinition,
    UniqueDefinition,
};

/// A constraint or an index of a table.
pub trait Constraint: Clone + PartialEq {
    /// Those of a table.
    fn all(table: &TableDefinition) -> &[Self];
    /// The same, to be changed.
    fn all_mut(table: &mut TableDefinition) -> &mut Vec<Self>;
    /// Its name.
    fn name(&self) -> &str;
    /// The same under another name.
    #[must_use]
    fn named(self, name: String) -> Self;
    /// Whether it means what another one does, whatever their names.
    fn means_the_same(&self, other: &Self) -> bool;
    /// The change that makes it.
    fn add_to(self, table: String) -> StructureChange;
    /// The change that removes it.
    fn drop_from(self, table: String) -> StructureChange;
}

/// Adds a constraint. Told again after an interruption, it is there once.
pub fn put<C: Constraint>(table: &mut TableDefinition, constraint: &C) {
    remove(table, constraint);
    C::all_mut(table).push(constraint.clone());
}

/// Removes what has a constraint's name.
pub fn remove<C: Constraint>(table: &mut TableDefinition, constraint: &C) {
    C::all_mut(table).retain(|other| other.name() != constraint.name());
}

macro_rules! constraints {
    ($($definition:ident in $list:ident: same $($part:ident),+; $add:ident, $drop:ident $role:ident;)+) => {$(
        impl Constraint for $definition {
            fn all(table: &TableDefinition) -> &[Self] {
                &table.$list
            }

            fn all_mut(table: &mut TableDefinition) -> &mut Vec<Self> {
                &mut table.$list
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn named(self, name: String) -> Self {
                Self { name, ..self }
            }

            fn means_the_same(&self, other: &Self) -> bool {
                $(self.$part == other.$part)&&+
            }

            fn add_to(self, table: String) -> StructureChange {
                StructureChange::$add { table, $role: self }
            }

            fn drop_from(self, table: String) -> StructureChange {
                StructureChange::$drop { table, $role: self }
            }
        }
    )+};
}

constraints! {
    UniqueDefinition in unique: same columns; AddUnique, DropUnique unique;
    CheckDefinition in checks: same expression; AddCheck, DropCheck check;
    IndexDefinition in indexes: same keys, unique, condition, method; CreateIndex, DropIndex index;
    ForeignKeyDefinition in foreign_keys: same columns, table, references, on_delete, on_update;
        AddForeignKey, DropForeignKey key;
}
