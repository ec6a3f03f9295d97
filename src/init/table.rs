//! Tables as the language says them.

use super::text::{key, list, literal, pair, quoted};
use crate::value::constraint::Constraint as _;
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnType, DefaultValue, ForeignKeyDefinition,
    IndexDefinition, IndexMethod, ReferentialAction, TableDefinition,
};
use crate::value::{DataType, Index, IndexKey};

/// The most bytes that the language takes for a name.
const MOST_BYTES: usize = 63;

/// Whether the language says all of a table; if not, what it does not say.
pub(super) fn whole(table: &TableDefinition) -> Result<(), Vec<String>> {
    let mut reasons = Vec::new();
    let columns = table.columns.iter().map(|column| &column.name);
    for name in columns.chain([&table.name]) {
        if name.len() > MOST_BYTES {
            reasons.push(format!("the name `{name}` has more than {MOST_BYTES} bytes"));
        }
    }
    if table.columns.is_empty() {
        reasons.push(format!("`{}` has no columns", table.name));
    }
    for column in &table.columns {
        if let ColumnType::Enum(definition) = &column.column_type
            && definition.values.iter().any(|value| value.trim().is_empty())
        {
            reasons.push(format!("enum `{}` has a value that is empty", definition.name));
        }
        if column.nullable && table.primary_key.contains(&column.name) {
            reasons.push(format!("`{}` is of the primary key, and may be null", column.name));
        }
    }
    for (at, unique) in table.unique.iter().enumerate() {
        let twice = table.unique[..at].iter().any(|other| other.columns == unique.columns);
        if twice || unique.columns == table.primary_key {
            reasons
                .push(format!("unique constraint `{}` says again what another does", unique.name));
        }
    }
    for (at, index) in table.indexes.iter().enumerate() {
        let named =
            |key: &IndexKey| table.column(&key.path).is_some() && !key.path.starts_with('-');
        if !index.keys.iter().all(named) {
            reasons.push(format!("index `{}` is of an expression", index.name));
        }
        if table.indexes[..at].iter().any(|other| other.means_the_same(index)) {
            reasons.push(format!("index `{}` is the same as another one", index.name));
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// A table that the spec makes.
pub(super) fn made(table: &TableDefinition, connection: &str, store: &str) -> String {
    let mut text = head(table, connection);
    if let Some(comment) = &table.comment {
        line(&mut text, "comment", &quoted(comment));
    }
    if !table.primary_key.is_empty() {
        line(&mut text, "primary_key", &list(&table.primary_key));
    }
    for column in &table.columns {
        text.push_str(&column_line(column, table, store));
    }
    let name = key(&table.name);
    for unique in table.unique.iter().filter(|unique| !is_short(table, unique)) {
        text.push_str(&format!("\n[[table.{name}.unique]]\n"));
        name_line(&mut text, &unique.name);
        line(&mut text, "columns", &list(&unique.columns));
    }
    for foreign_key in table.foreign_keys.iter().filter(|key| !is_inline(table, key)) {
        text.push_str(&format!("\n[[table.{name}.foreign_key]]\n"));
        name_line(&mut text, &foreign_key.name);
        line(&mut text, "columns", &list(&foreign_key.columns));
        line(&mut text, "table", &quoted(&foreign_key.table));
        line(&mut text, "references", &list(&foreign_key.references));
        for (event, action) in actions(foreign_key) {
            line(&mut text, event, &quoted(action));
        }
    }
    for check in &table.checks {
        text.push_str(&format!("\n[[table.{name}.check]]\n"));
        let CheckDefinition { name, expression } = check;
        name_line(&mut text, name);
        line(&mut text, "expr", &literal(expression));
    }
    for index in &table.indexes {
        text.push_str(&format!("\n[[table.{name}.index]]\n"));
        index_lines(&mut text, index);
    }
    text
}

/// A table that is there and stays as it is, since the language does not say all of it.
pub(super) fn existing(table: &TableDefinition, connection: &str, reasons: &[String]) -> String {
    let mut text = String::from("\n");
    for reason in reasons {
        text.push_str(&format!("# {}\n", reason.replace(['\n', '\r'], " ")));
    }
    text.push_str(head(table, connection).trim_start());
    line(&mut text, "existing", "true");
    text
}

/// An index of a collection.
pub(super) fn index_of_collection(collection: &str, index: &Index, connection: &str) -> String {
    let mut text = String::from("\n[[index]]\n");
    line(&mut text, "connection", &quoted(connection));
    line(&mut text, "collection", &quoted(collection));
    line(&mut text, "keys", &list(&keys(&index.keys)));
    if index.unique {
        line(&mut text, "unique", "true");
    }
    name_line(&mut text, &index.name);
    text
}

fn head(table: &TableDefinition, connection: &str) -> String {
    let mut text = format!("\n[table.{}]\n", key(&table.name));
    line(&mut text, "connection", &quoted(connection));
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(&pair(name, value));
    text.push('\n');
}

/// A name in the store, where the language can say it; what it means is the same without.
fn name_line(text: &mut String, name: &str) {
    if is_name(name) {
        line(text, "name", &quoted(name));
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MOST_BYTES
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn keys(keys: &[IndexKey]) -> Vec<String> {
    let key = |key: &IndexKey| format!("{}{}", if key.descending { "-" } else { "" }, key.path);
    keys.iter().map(key).collect()
}

fn index_lines(text: &mut String, index: &IndexDefinition) {
    name_line(text, &index.name);
    line(text, "keys", &list(&keys(&index.keys)));
    if index.unique {
        line(text, "unique", "true");
    }
    if let Some(condition) = &index.condition {
        line(text, "where", &literal(condition));
    }
    match &index.method {
        IndexMethod::Ordered => {}
        IndexMethod::Contents => line(text, "method", "\"gin\""),
        IndexMethod::Native(method) => line(text, "method", &quoted(method)),
    }
}

/// Whether a unique constraint is said in its column.
fn is_short(table: &TableDefinition, unique: &crate::value::structure::UniqueDefinition) -> bool {
    matches!(unique.columns.as_slice(), [column]
        if unique.name == format!("{}_{column}_key", last_part(&table.name)))
}

/// Whether a foreign key is said in its column.
fn is_inline(table: &TableDefinition, key: &ForeignKeyDefinition) -> bool {
    match (key.columns.as_slice(), key.references.as_slice()) {
        ([column], [other]) => {
            let only =
                table.foreign_keys.iter().filter(|it| it.columns == key.columns).count() == 1;
            only && !other.contains('.')
                && key.name == format!("{}_{column}_fkey", last_part(&table.name))
        }
        _ => false,
    }
}

fn last_part(table: &str) -> &str {
    table.rsplit('.').next().unwrap_or(table)
}

fn actions(key: &ForeignKeyDefinition) -> Vec<(&'static str, &'static str)> {
    let word = |action| match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("restrict"),
        ReferentialAction::Cascade => Some("cascade"),
        ReferentialAction::SetNull => Some("set_null"),
        ReferentialAction::SetDefault => Some("set_default"),
    };
    [("on_delete", word(key.on_delete)), ("on_update", word(key.on_update))]
        .into_iter()
        .filter_map(|(event, action)| Some((event, action?)))
        .collect()
}

fn column_line(column: &ColumnDefinition, table: &TableDefinition, store: &str) -> String {
    let mut parts = vec![pair("type", &type_of(&column.column_type, store))];
    if column.nullable {
        parts.push("null = true".to_owned());
    }
    if let Some(default) = &column.default {
        parts.push(pair("default", &default_of(default, &column.column_type)));
    }
    if let Some(expression) = &column.generated {
        parts.push(pair("generated", &literal(expression)));
    }
    let mine = |columns: &[String]| *columns == [column.name.clone()];
    if table.unique.iter().any(|it| mine(&it.columns) && is_short(table, it)) {
        parts.push("unique = true".to_owned());
    }
    let inline = |key: &&ForeignKeyDefinition| mine(&key.columns) && is_inline(table, key);
    if let Some(key) = table.foreign_keys.iter().find(inline) {
        let other = format!("{}.{}", key.table, key.references.join("."));
        parts.push(pair("references", &quoted(&other)));
        for (event, action) in actions(key) {
            parts.push(pair(event, &quoted(action)));
        }
    }
    if let Some(comment) = &column.comment {
        parts.push(pair("comment", &quoted(comment)));
    }
    format!("columns.{} = {{ {} }}\n", key(&column.name), parts.join(", "))
}

fn type_of(column_type: &ColumnType, store: &str) -> String {
    match column_type {
        ColumnType::Portable(data_type) => quoted(&data_type.to_string()),
        ColumnType::Enum(definition) => quoted(&definition.name),
        ColumnType::Native(text) => format!("{{ {store} = {} }}", literal(text)),
    }
}

fn default_of(default: &DefaultValue, column_type: &ColumnType) -> String {
    let expression = |text: &str| format!("{{ expr = {} }}", literal(text));
    match default {
        DefaultValue::Uuid => "\"uuid\"".to_owned(),
        DefaultValue::Now => "\"now\"".to_owned(),
        DefaultValue::Identity => "\"identity\"".to_owned(),
        DefaultValue::Boolean(value) => value.to_string(),
        DefaultValue::Expression(text) => expression(text),
        DefaultValue::Json(text) => expression(&format!("'{}'", text.replace('\'', "''"))),
        DefaultValue::Number(digits) => match column_type {
            ColumnType::Portable(DataType::Int { .. })
                if digits.parse::<i64>().is_ok_and(|number| number.to_string() == *digits) =>
            {
                digits.clone()
            }
            _ => expression(digits),
        },
        DefaultValue::Text(text) => match column_type {
            ColumnType::Portable(DataType::Text { .. }) | ColumnType::Enum(_) => literal(text),
            _ => expression(&format!("'{}'", text.replace('\'', "''"))),
        },
    }
}
