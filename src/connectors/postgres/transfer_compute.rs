//! The values of a transfer as SQL, with the conditions under which they are exact.

use std::sync::LazyLock;

use super::catalog::{Table, TableColumn};
use super::name::{literal as text_literal, quote};
use crate::connectors::conditions::Conditions;
use crate::connectors::tables::CatalogTable as _;
use crate::value::cast::{Fit, can_fit};
use crate::value::statement::Compute;
use crate::value::{DataType, Schema, Value};

/// White space, as `trim` takes it off.
static WHITE_SPACE: LazyLock<String> = LazyLock::new(|| {
    let all: String = ('\0'..=char::MAX).filter(|character| character.is_whitespace()).collect();
    text_literal(&all)
});

/// Types whose values are copied as they are: what the catalog calls them.
const PLAIN: &[&str] = &[
    "bigint",
    "boolean",
    "bytea",
    "character varying",
    "date",
    "double precision",
    "integer",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
    "uuid",
];

type Rendered = Result<String, String>;

/// What computations are rendered against.
pub(super) struct Computing<'t> {
    pub(super) source: &'t Table,
    pub(super) schema: Schema,
    /// The function that makes UUIDs of version 5.
    pub(super) uuid: Option<&'t str>,
}

impl Computing<'_> {
    /// A computation. Fails with what has no exact equivalent.
    pub(super) fn compute(&self, value: &Compute, conditions: &mut Conditions) -> Rendered {
        let mut of = |value: &Compute| self.compute(value, conditions);
        Ok(match value {
            Compute::Column(name) => {
                let column = self.source.column(name).ok_or("the source has no such column")?;
                let sql = format!("s.{}", quote(name));
                if !is_plain(column) {
                    return Err(format!("columns of type {} are written anew", column.declared));
                }
                if let Some(condition) = as_decoded(&sql, column) {
                    conditions.add(condition);
                }
                sql
            }
            Compute::Literal(value) => literal(value)?,
            Compute::Text(inner) => {
                let sql = of(inner)?;
                match inner.data_type(&self.schema) {
                    Some(
                        DataType::Int { .. }
                        | DataType::Text { .. }
                        | DataType::Uuid
                        | DataType::Bool,
                    ) => format!("({sql})::text"),
                    _ => return Err("its text has no exact equivalent".into()),
                }
            }
            Compute::Concat(parts) => {
                let mut sqls = Vec::with_capacity(parts.len());
                for part in parts {
                    let sql = self.compute(part, conditions)?;
                    self.present(part, conditions)?;
                    sqls.push(sql);
                }
                if sqls.is_empty() {
                    "''::text".to_owned()
                } else {
                    format!("({})", sqls.join(" || "))
                }
            }
            Compute::Trim { of: inner, start, end } => {
                let name = match (start, end) {
                    (true, true) => "btrim",
                    (true, false) => "ltrim",
                    (false, true) => "rtrim",
                    (false, false) => return of(inner),
                };
                format!("{name}({}, {})", of(inner)?, *WHITE_SPACE)
            }
            Compute::NullIf(inner, other) => {
                let sql = of(inner)?;
                let bytes = self.by_bytes(inner);
                let other = literal(other)?;
                format!("(CASE WHEN {sql}{bytes} = {other} THEN NULL ELSE {sql} END)")
            }
            Compute::Codes { of: inner, codes, otherwise } => {
                let sql = of(inner)?;
                let bytes = self.by_bytes(inner);
                let mut known = Vec::with_capacity(codes.len());
                let mut cases = String::new();
                for (code, value) in codes {
                    let code = literal(code)?;
                    cases.push_str(&format!(" WHEN {code} THEN {}", literal(value)?));
                    known.push(code);
                }
                if otherwise.is_none() {
                    let known = if known.is_empty() {
                        "FALSE".to_owned()
                    } else {
                        format!("{sql}{bytes} IN ({})", known.join(","))
                    };
                    conditions.add(format!("({sql} IS NULL OR {known})"));
                }
                let otherwise = otherwise.as_ref().map_or(Ok("NULL".to_owned()), literal)?;
                let found = if cases.is_empty() {
                    otherwise
                } else {
                    format!("CASE {sql}{bytes}{cases} ELSE {otherwise} END")
                };
                format!("(CASE WHEN {sql} IS NULL THEN NULL ELSE {found} END)")
            }
            Compute::First(all) => {
                let is_json = |one: &Compute| one.data_type(&self.schema) == Some(DataType::Json);
                if all.iter().any(is_json) {
                    return Err("alternatives of JSON have no exact equivalent".into());
                }
                let all = all.iter().map(&mut of).collect::<Result<Vec<_>, _>>()?;
                format!("coalesce({})", all.join(","))
            }
            Compute::Present(inner) => {
                let sql = of(inner)?;
                self.present(inner, conditions)?;
                sql
            }
            Compute::Uuid { namespace, name } => {
                let Some(function) = self.uuid else {
                    let what = "the database makes no UUIDs of version 5 (extension `uuid-ossp`)";
                    return Err(what.into());
                };
                format!("{function}('{namespace}'::uuid, {})", of(name)?)
            }
        })
    }

    /// Adds the condition under which a computation is not null, unless it never is.
    fn present(&self, value: &Compute, conditions: &mut Conditions) -> Result<(), String> {
        if let Some(condition) = self.is_present(value)? {
            conditions.add(condition);
        }
        Ok(())
    }

    /// The condition under which a computation is not null, as cheap as it can be said; `None` where
    /// it never is, given the conditions that computing it adds.
    fn is_present(&self, value: &Compute) -> Result<Option<String>, String> {
        Ok(match value {
            // What a foreign table says of its columns is not enforced.
            Compute::Column(name)
                if self.source.placed
                    && self.source.column(name).is_some_and(|column| !column.nullable) =>
            {
                None
            }
            Compute::Literal(value) if !value.is_absent() => None,
            Compute::Concat(_) | Compute::Present(_) => None,
            // Null only where what they are made of is.
            Compute::Text(of) | Compute::Trim { of, .. } | Compute::Uuid { name: of, .. } => {
                self.is_present(of)?
            }
            Compute::First(all) if self.one_is_never_null(all)? => None,
            other => {
                let sql = self.compute(other, &mut Conditions::default())?;
                Some(format!("({sql}) IS NOT NULL"))
            }
        })
    }

    fn one_is_never_null(&self, all: &[Compute]) -> Result<bool, String> {
        for one in all {
            if self.is_present(one)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How texts are compared byte by byte.
    fn by_bytes(&self, value: &Compute) -> &'static str {
        match value.data_type(&self.schema) {
            Some(DataType::Text { .. }) => " COLLATE \"C\"",
            _ => "",
        }
    }
}

/// Whether a column is of one of PostgreSQL's own types and no domain.
fn is_plain(column: &TableColumn) -> bool {
    column.base == column.assigned && PLAIN.contains(&column.base.as_str())
}

/// The condition under which a stored value is one that is read: not infinite, not NaN, within the
/// years that every store holds.
fn as_decoded(sql: &str, column: &TableColumn) -> Option<String> {
    let between =
        |from: &str, to: &str| Some(format!("({sql} IS NULL OR {sql} BETWEEN {from} AND {to})"));
    match column.base.as_str() {
        "date" => between("'4713-01-01 BC'::date", "'9999-12-31'::date"),
        "timestamp with time zone" => between(
            "'4712-01-01 00:00:00+00 BC'::timestamptz",
            "'9999-12-31 00:00:00+00'::timestamptz",
        ),
        "timestamp without time zone" => {
            between("'4712-01-01 00:00:00 BC'::timestamp", "'9999-12-31 00:00:00'::timestamp")
        }
        "time without time zone" => between("'00:00:00'::time", "'23:59:59.999999'::time"),
        // JSON's own null is read as null, and written as such.
        "jsonb" => Some(format!("({sql} IS NULL OR jsonb_typeof({sql}) <> 'null')")),
        "numeric" if column.declared != "numeric" => {
            Some(format!("({sql} IS NULL OR {sql} <> 'NaN'::numeric)"))
        }
        "numeric" => {
            Some(format!("({sql} IS NULL OR {sql}::text NOT IN ('NaN', 'Infinity', '-Infinity'))"))
        }
        "double precision" => {
            between("-1.7976931348623157e308::float8", "1.7976931348623157e308::float8")
        }
        "real" => between("-3.4028234e38::float4", "3.4028234e38::float4"),
        _ => None,
    }
}

fn literal(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => format!("'{value}'::bigint"),
        Value::Text(text) if !text.contains('\0') => format!("{}::text", text_literal(text)),
        other => return Err(format!("a literal of kind {} has no exact equivalent", other.kind())),
    })
}

/// A value on its way into a column that holds it as it is.
pub(super) fn fit(
    computing: &Computing<'_>,
    sql: String,
    value: &Compute,
    column: &TableColumn,
    in_key: bool,
    conditions: &mut Conditions,
) -> Rendered {
    if !column.nullable || in_key {
        computing.present(value, conditions)?;
    }
    let no = |from: &str| Err(format!("{from} is not written into {} as it is", column.declared));
    if !is_plain(column) {
        return no("a value");
    }
    if *value == Compute::Literal(Value::Null) {
        return Ok(sql);
    }
    let from = value.data_type(&computing.schema).ok_or("its type is not known")?;
    let to = &column.data_type;
    let held = match (&from, to) {
        (DataType::Int { signed: true, .. }, DataType::Int { bits, signed: true }) => {
            if *bits < 64 && can_fit(&from, to) != Fit::Always {
                let most = (1_i64 << (bits - 1)) - 1;
                conditions.add(format!(
                    "({sql} IS NULL OR {sql} BETWEEN '{}'::bigint AND '{most}'::bigint)",
                    -most - 1
                ));
            }
            true
        }
        (DataType::Text { .. }, DataType::Text { length: Some(most) }) => {
            if can_fit(&from, to) != Fit::Always {
                conditions.add(format!("({sql} IS NULL OR char_length({sql}) <= {most})"));
            }
            true
        }
        (DataType::Text { .. }, DataType::Text { length: None }) => true,
        (DataType::Decimal { .. }, DataType::Decimal { precision: Some(_), .. }) => {
            can_fit(&from, to) == Fit::Always
        }
        (DataType::Decimal { .. }, DataType::Decimal { .. }) => column.declared == "numeric",
        (DataType::Json, DataType::Json) => matches!(value, Compute::Column(_)),
        (from, to) => from == to && column.declared == column.base,
    };
    if held { Ok(sql) } else { no(&from.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_can_not_break_out() {
        assert_eq!(literal(&"it's".into()), Ok("'it''s'::text".to_owned()));
        assert_eq!(literal(&Value::Int(-5)), Ok("'-5'::bigint".to_owned()));
        assert!(literal(&Value::text("a\0b")).is_err());
    }
}
