//! Types with named values.

use super::render::{NOTHING, done};
use crate::connectors::postgres::name::{Name, literal, quote};
use crate::value::structure::{ColumnPlace, EnumDefinition, RenderedChange};

pub(super) const ADD_LOCKS: &str =
    "nothing that is in use; rows and defaults can hold the value after the commit";

fn values(definition: &EnumDefinition) -> String {
    definition.values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ")
}

pub(super) fn create(definition: &EnumDefinition) -> String {
    format!("CREATE TYPE {} AS ENUM ({})", Name::parse(&definition.name), values(definition))
}

/// Adds a value. Which one is the first only the catalog knows.
pub(super) fn add(name: &str, value: &str, after: Option<&str>) -> String {
    let name = Name::parse(name).to_string();
    let value = literal(value);
    if let Some(after) = after {
        return format!(
            "ALTER TYPE {name} ADD VALUE IF NOT EXISTS {value} AFTER {}",
            literal(after)
        );
    }
    format!(
        "DO $mapper$ BEGIN EXECUTE (SELECT format('ALTER TYPE %s ADD VALUE IF NOT EXISTS %L BEFORE \
         %L', enumtypid::regtype, {value}::text, enumlabel) FROM pg_enum WHERE enumtypid = \
         {}::regtype ORDER BY enumsortorder LIMIT 1); END $mapper$",
        literal(&name)
    )
}

/// Values can't be taken out of a type: a new one takes its place, and the columns and their
/// defaults move to it.
pub(super) fn remove(
    before: &EnumDefinition,
    after: &EnumDefinition,
    used_by: &[ColumnPlace],
) -> RenderedChange {
    let name = Name::parse(&after.name);
    let next = Name { schema: name.schema.clone(), table: format!("mapper_new_{}", name.table) };
    let mut statements = vec![format!("CREATE TYPE {next} AS ENUM ({})", values(after))];
    for place in used_by {
        statements.push(move_column(place, &next.to_string()));
    }
    statements.push(format!("DROP TYPE {}", Name::parse(&before.name)));
    statements.push(format!("ALTER TYPE {next} RENAME TO {}", quote(&name.table)));
    let tables: Vec<String> = used_by.iter().map(|place| format!("`{}`", place.table)).collect();
    let locks = if tables.is_empty() {
        NOTHING.to_owned()
    } else {
        format!("{}, while each is written anew", tables.join(", "))
    };
    done(statements, &locks)
}

fn move_column(place: &ColumnPlace, next: &str) -> String {
    let table = Name::parse(&place.table).to_string();
    let column = quote(&place.column);
    let (table_text, column_text) = (literal(&table), literal(&place.column));
    format!(
        "DO $mapper$
DECLARE usual text; many text;
BEGIN
  SELECT pg_get_expr(d.adbin, d.adrelid), CASE WHEN t.typelem <> 0 THEN '[]' ELSE '' END
    INTO usual, many
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = to_regclass({table_text}) AND a.attname = {column_text};
  IF usual IS NOT NULL THEN
    EXECUTE 'SELECT (' || usual || ')::text' INTO usual;
    ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;
  END IF;
  EXECUTE {} || many || {} || many;
  IF usual IS NOT NULL THEN
    EXECUTE format({}, usual);
  END IF;
END $mapper$",
        literal(&format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {next}")),
        literal(&format!(" USING {column}::text::{next}")),
        literal(&format!(
            "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT %L",
            table.replace('%', "%%"),
            column.replace('%', "%%")
        )),
    )
}
