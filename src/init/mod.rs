//! A spec out of a live schema: what the language can say of it, and a message for all else.

mod table;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::connectors::{Store, StoreError};
use crate::value::structure::{ColumnType, EnumDefinition, TableDefinition};
use crate::value::{Index, Schema};

use self::text::{key, list, pair, quoted};

/// What a database holds.
#[derive(Debug, Default)]
pub struct Found {
    /// Where it is, without secrets.
    pub location: String,
    /// The connector.
    pub connector: &'static str,
    /// Whether it holds documents.
    pub documents: bool,
    /// Extensions.
    pub extensions: Vec<String>,
    /// Types with named values.
    pub enums: Vec<EnumDefinition>,
    /// Its tables, by name.
    pub tables: Vec<TableDefinition>,
    /// Collections with their indexes.
    pub collections: Vec<(String, Vec<Index>)>,
    /// What is no table, or more than a table: a sentence each.
    pub others: Vec<String>,
}

/// How the spec is called.
#[derive(Clone, Debug)]
pub struct Names {
    /// The spec.
    pub spec: String,
    /// Its connection.
    pub connection: String,
    /// The variable that holds the connection's URL.
    pub variable: String,
}

/// A spec, and what it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The spec as TOML.
    pub text: String,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
    /// How many tables it makes, and how many it only takes for there.
    pub tables: (usize, usize),
}

/// Reads all that a database holds.
///
/// # Errors
/// When its catalog can't be read.
pub async fn read(store: &Arc<dyn Store>) -> Result<Found, StoreError> {
    let capabilities = store.capabilities();
    let mut found = Found {
        location: store.location().to_owned(),
        connector: capabilities.connector,
        documents: capabilities.documents,
        extensions: store.extensions().await?,
        enums: store.enums().await?,
        ..Found::default()
    };
    for entity in store.entities().await? {
        if capabilities.documents {
            let Schema { indexes, .. } = store.describe(&entity).await?.unwrap_or_default();
            found.collections.push((entity, indexes));
            continue;
        }
        match store.structure(&entity).await? {
            Some(table) => found.tables.push(table),
            None => found.others.push(format!("view `{entity}`")),
        }
    }
    found.others.extend(store.others().await?);
    Ok(found)
}

/// Writes a spec that declares what was found.
pub fn write(mut found: Found, names: &Names) -> Written {
    let mut left_out: Vec<String> =
        found.others.iter().map(|what| format!("{what} is left out")).collect();
    name_enums(&mut found);
    let mut said = String::new();
    let connection = pair("connection", &quoted(&names.connection));
    for extension in &found.extensions {
        said.push_str(&format!("\n[extension.{}]\n{connection}\n", key(extension)));
    }
    for one in &found.enums {
        said.push_str(&format!(
            "\n[enum.{}]\n{connection}\n{}\n",
            key(&one.name),
            pair("values", &list(&one.values))
        ));
    }
    let mut tables = (0, 0);
    for table in &found.tables {
        match table::whole(table) {
            Ok(()) => {
                tables.0 += 1;
                said.push_str(&table::made(table, &names.connection, found.connector));
            }
            Err(reasons) => {
                tables.1 += 1;
                left_out.extend(reasons.iter().map(|reason| {
                    format!("{reason}; table `{}` is taken for there as it is", table.name)
                }));
                said.push_str(&table::existing(table, &names.connection, &reasons));
            }
        }
    }
    for (collection, indexes) in &found.collections {
        for index in indexes {
            said.push_str(&table::index_of_collection(collection, index, &names.connection));
        }
    }
    let text = format!("{}{said}", head(&found, names, &left_out));
    Written { text, left_out, tables }
}

fn head(found: &Found, names: &Names, left_out: &[String]) -> String {
    let mut head = format!(
        "# The schema of {}, as `mapper init` found it.\n",
        found.location.replace(['\n', '\r'], " ")
    );
    if !left_out.is_empty() {
        head.push_str("#\n# The language does not say everything:\n");
        for one in left_out {
            head.push_str(&format!("# - {}\n", one.replace(['\n', '\r'], " ")));
        }
    }
    head.push_str("spec = 1\n");
    head.push_str(&format!("{}\n\n", pair("name", &quoted(&names.spec))));
    head.push_str(&format!("[connections.{}]\n", key(&names.connection)));
    head.push_str(&format!(
        "{} # {}\n",
        pair("url", &quoted(&format!("${{{}}}", names.variable))),
        "the password stays out of the spec"
    ));
    if found.documents {
        head.push_str("model = \"documents\"\n");
    }
    head
}

/// Gives each enum of a store without such types a name: its column's, or one that tells apart
/// columns of one name whose values differ.
fn name_enums(found: &mut Found) {
    if !found.enums.is_empty() || found.connector == "postgres" {
        return;
    }
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for table in &mut found.tables {
        for column in &mut table.columns {
            let ColumnType::Enum(definition) = &mut column.column_type else { continue };
            let same = named.get(&definition.name).is_none_or(|it| *it == definition.values);
            let is_type = definition.name.parse::<crate::value::DataType>().is_ok();
            if !same || is_type {
                definition.name = format!("{}_{}", table.name, column.name);
            }
            while named.get(&definition.name).is_some_and(|it| *it != definition.values) {
                definition.name.push('_');
            }
            named.insert(definition.name.clone(), definition.values.clone());
            if taken.insert(definition.name.clone()) {
                found.enums.push(definition.clone());
            }
        }
    }
    found.enums.sort_by(|a, b| a.name.cmp(&b.name));
}
