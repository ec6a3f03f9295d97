//! Changes of structure as what they mean for records.

use crate::connectors::Definition;
use crate::value::declared::schema_of;
use crate::value::structure::StructureChange;
use crate::value::{Index, IndexKey};

/// What a change means for records: new tables, and what is unique in them. A table that is there
/// keeps its shape, since its rows are those of the store below.
pub(super) fn definitions(change: &StructureChange, documents: bool) -> Vec<Definition> {
    match change {
        StructureChange::CreateTable(table) if documents => {
            vec![Definition::CreateCollection { entity: table.name.clone() }]
        }
        StructureChange::CreateTable(table) => {
            vec![Definition::CreateTable { entity: table.name.clone(), schema: schema_of(table) }]
        }
        StructureChange::DropTable(table) => {
            vec![Definition::DropEntity { entity: table.name.clone() }]
        }
        StructureChange::CreateIndex { table, index } if index.condition.is_none() => {
            let made =
                Index { name: index.name.clone(), keys: index.keys.clone(), unique: index.unique };
            vec![Definition::CreateIndex { entity: table.clone(), index: made }]
        }
        StructureChange::AddUnique { table, unique } => {
            let key = |path: &String| IndexKey { path: path.clone(), descending: false };
            let made = Index {
                name: unique.name.clone(),
                keys: unique.columns.iter().map(key).collect(),
                unique: true,
            };
            vec![Definition::CreateIndex { entity: table.clone(), index: made }]
        }
        _ => Vec::new(),
    }
}
