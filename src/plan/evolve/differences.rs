//! How a table differs from another.

use super::{foreign_key_text, index_text};
use crate::value::declared::type_text;
use crate::value::structure::{ColumnDefinition, TableDefinition};

/// How two tables differ, one phrase each; constraints and indexes by what they mean.
pub fn differences(wanted: &TableDefinition, found: &TableDefinition) -> Vec<String> {
    let mut all = Vec::new();
    for column in &wanted.columns {
        match found.columns.iter().find(|other| other.name == column.name) {
            None => all.push(format!("column `{}` is not there", column.name)),
            Some(other) => column_differences(column, other, &mut all),
        }
    }
    for column in &found.columns {
        if wanted.columns.iter().all(|other| other.name != column.name) {
            all.push(format!("column `{}` is there besides", column.name));
        }
    }
    if wanted.primary_key != found.primary_key {
        let key = |key: &[String]| {
            if key.is_empty() { "none".to_owned() } else { format!("({})", key.join(", ")) }
        };
        all.push(format!(
            "its primary key is {}, not {}",
            key(&found.primary_key),
            key(&wanted.primary_key)
        ));
    }
    let mut compare = |what: &str, wanted: Vec<String>, found: Vec<String>| {
        for one in &wanted {
            if !found.contains(one) {
                all.push(format!("{what} {one} is not there"));
            }
        }
        for one in &found {
            if !wanted.contains(one) {
                all.push(format!("{what} {one} is there besides"));
            }
        }
    };
    let unique = |table: &TableDefinition| -> Vec<String> {
        table.unique.iter().map(|unique| format!("({})", unique.columns.join(", "))).collect()
    };
    compare("unique", unique(wanted), unique(found));
    let keys = |table: &TableDefinition| table.foreign_keys.iter().map(foreign_key_text).collect();
    compare("foreign key", keys(wanted), keys(found));
    let checks = |table: &TableDefinition| -> Vec<String> {
        table.checks.iter().map(|check| format!("`{}`", check.expression)).collect()
    };
    compare("check", checks(wanted), checks(found));
    let indexes = |table: &TableDefinition| table.indexes.iter().map(index_text).collect();
    compare("index", indexes(wanted), indexes(found));
    if wanted.comment != found.comment {
        all.push("its comment is another one".to_owned());
    }
    all
}

fn column_differences(wanted: &ColumnDefinition, found: &ColumnDefinition, all: &mut Vec<String>) {
    let name = &wanted.name;
    if wanted.column_type != found.column_type {
        let (is, not) = (type_text(&found.column_type), type_text(&wanted.column_type));
        if is == not {
            all.push(format!("column `{name}` is of `{is}` with other values"));
        } else {
            all.push(format!("column `{name}` is {is}, not {not}"));
        }
    }
    if wanted.nullable != found.nullable {
        let is = if found.nullable { "may be null" } else { "must not be null" };
        all.push(format!("column `{name}` {is}"));
    }
    if wanted.default != found.default {
        let text = |column: &ColumnDefinition| match &column.default {
            None => "no default".to_owned(),
            Some(default) => format!("the default {default:?}"),
        };
        all.push(format!("column `{name}` has {}, not {}", text(found), text(wanted)));
    }
    if wanted.generated != found.generated {
        all.push(format!("column `{name}` is computed otherwise"));
    }
    if wanted.comment != found.comment {
        all.push(format!("column `{name}` has another comment"));
    }
}
