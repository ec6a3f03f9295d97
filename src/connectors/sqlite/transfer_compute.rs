//! The values of a transfer as SQL, with the conditions under which they are exact.

use std::sync::LazyLock;

use super::catalog::{TableColumn, quote};
use super::types::Affinity;
use crate::connectors::conditions::Conditions;
use crate::value::statement::Compute;
use crate::value::{DataType, Schema, Value};

/// White space, as `trim` takes it off.
static WHITE_SPACE: LazyLock<String> = LazyLock::new(|| {
    let all = ('\0'..=char::MAX).filter(|character| character.is_whitespace());
    let codes: Vec<String> = all.map(|character| u32::from(character).to_string()).collect();
    format!("char({})", codes.join(","))
});

/// What text with a character beyond ASCII looks like.
const NOT_ASCII: &str = "('*[^' || char(1) || '-' || char(127) || ']*')";

type Rendered = Result<String, String>;

/// A computation. Fails with what has no exact equivalent.
pub(super) fn compute(value: &Compute, source: &Schema, conditions: &mut Conditions) -> Rendered {
    let mut of = |value: &Compute| compute(value, source, conditions);
    Ok(match value {
        Compute::Column(name) => {
            let sql = format!("s.{}", quote(name));
            let data_type = source.column(name).map_or(DataType::Any, |c| c.data_type.clone());
            conditions.add(as_declared(&sql, &data_type)?);
            sql
        }
        Compute::Literal(value) => literal(value)?,
        Compute::Text(inner) => {
            let sql = of(inner)?;
            match inner.data_type(source) {
                Some(DataType::Int { .. }) => format!("CAST({sql} AS TEXT)"),
                Some(DataType::Text { .. } | DataType::Uuid) => sql,
                Some(DataType::Bool) => {
                    format!("CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END")
                }
                _ => return Err("its text has no exact equivalent".into()),
            }
        }
        Compute::Concat(parts) => {
            let parts = parts.iter().map(&mut of).collect::<Result<Vec<_>, _>>()?;
            for part in parts.iter().filter(|part| !part.starts_with('\'')) {
                conditions.add(format!("{part} IS NOT NULL"));
            }
            if parts.is_empty() { "''".to_owned() } else { format!("({})", parts.join(" || ")) }
        }
        Compute::Trim { of: inner, start, end } => {
            let name = match (start, end) {
                (true, true) => "trim",
                (true, false) => "ltrim",
                (false, true) => "rtrim",
                (false, false) => return of(inner),
            };
            format!("{name}({}, {})", of(inner)?, *WHITE_SPACE)
        }
        Compute::NullIf(inner, other) => {
            let sql = of(inner)?;
            let other = literal(other)?;
            format!("CASE WHEN {sql} COLLATE BINARY = {other} THEN NULL ELSE {sql} END")
        }
        Compute::Codes { of: inner, codes, otherwise } => {
            let sql = of(inner)?;
            let is_text = matches!(inner.data_type(source), Some(DataType::Text { .. }));
            let mut known = Vec::with_capacity(codes.len());
            let mut cases = String::new();
            for (code, value) in codes {
                let code = literal(code)?;
                cases.push_str(&format!(" WHEN {code} THEN {}", literal(value)?));
                known.push(code);
            }
            // Text that is not UTF-8 would hide behind what any other code becomes.
            if otherwise.is_none() || is_text {
                let known = known.join(",");
                conditions.add(format!("({sql} IS NULL OR {sql} COLLATE BINARY IN ({known}))"));
            }
            let otherwise = otherwise.as_ref().map_or(Ok("NULL".to_owned()), literal)?;
            let found = if cases.is_empty() {
                otherwise
            } else {
                format!("CASE {sql} COLLATE BINARY{cases} ELSE {otherwise} END")
            };
            format!("CASE WHEN {sql} IS NULL THEN NULL ELSE {found} END")
        }
        Compute::First(all) => {
            // What an earlier alternative hides does not come back, so that text which is not UTF-8
            // would not be found.
            for name in all.iter().skip(1).flat_map(Compute::columns) {
                let is_text = source
                    .column(name)
                    .is_some_and(|column| matches!(column.data_type, DataType::Text { .. }));
                if is_text {
                    let sql = format!("s.{}", quote(name));
                    conditions.add(format!("({sql} IS NULL OR {sql} NOT GLOB {NOT_ASCII})"));
                }
            }
            let mut of = |value: &Compute| compute(value, source, conditions);
            let all = all.iter().map(&mut of).collect::<Result<Vec<_>, _>>()?;
            match all.as_slice() {
                [one] => one.clone(),
                all => format!("coalesce({})", all.join(",")),
            }
        }
        Compute::Present(inner) => {
            let sql = of(inner)?;
            conditions.add(format!("({sql}) IS NOT NULL"));
            sql
        }
        Compute::Uuid { .. } => return Err("SQLite makes no UUIDs of version 5".into()),
    })
}

/// The condition under which a stored value has the form that its column declares, and the one
/// spelling that is written.
fn as_declared(sql: &str, data_type: &DataType) -> Rendered {
    let text =
        |condition: &str| format!("({sql} IS NULL OR (typeof({sql}) = 'text' AND {condition}))");
    Ok(match data_type {
        DataType::Int { bits: 64, signed: true } => format!("typeof({sql}) IN ('integer', 'null')"),
        DataType::Bytes => format!("typeof({sql}) IN ('blob', 'null')"),
        DataType::Float { bits: 64 } => {
            let finite = format!("abs({sql}) <= 1.7976931348623157e308");
            format!("({sql} IS NULL OR (typeof({sql}) = 'real' AND {finite}))")
        }
        DataType::Bool => {
            format!("({sql} IS NULL OR (typeof({sql}) = 'integer' AND {sql} IN (0, 1)))")
        }
        DataType::Text { .. } => text(&format!("instr({sql}, char(0)) = 0")),
        DataType::Date => text(&format!("{sql} IS date({sql})")),
        DataType::Time => text(&format!("{sql} IS time({sql})")),
        DataType::DateTime => text(&format!("{sql} IS datetime({sql})")),
        DataType::Timestamp => text(&format!("{sql} IS (datetime({sql}) || 'Z')")),
        DataType::Uuid => {
            let hex = |digits: usize| "[0-9a-f]".repeat(digits);
            let groups = [8, 4, 4, 4, 12].map(hex).join("-");
            text(&format!("{sql} GLOB '{groups}'"))
        }
        other => return Err(format!("columns of type {other} are written anew")),
    })
}

fn literal(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => i64::from(*value).to_string(),
        // SQLite reads the smallest integer as a float when it stands there whole.
        Value::Int(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Text(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
        other => return Err(format!("a literal of kind {} has no exact equivalent", other.kind())),
    })
}

/// A value on its way into a column that holds it as it is.
pub(super) fn fit(
    sql: String,
    value: &Compute,
    source: &Schema,
    column: &TableColumn,
    in_key: bool,
    conditions: &mut Conditions,
) -> Rendered {
    let to = &column.column_type;
    if !column.nullable || in_key {
        conditions.add(format!("({sql}) IS NOT NULL"));
    }
    if *value == Compute::Literal(Value::Null) {
        return Ok(sql);
    }
    let from = value.data_type(source).ok_or("its type is not known")?;
    let held = match (&from, &to.data_type) {
        (DataType::Int { .. }, DataType::Int { bits: 64, signed: true }) => {
            to.affinity == Affinity::Integer
        }
        (DataType::Text { length }, DataType::Text { length: most }) => {
            if let Some(most) = most
                && length.is_none_or(|length| length > *most || is_read(value))
            {
                conditions.add(format!("({sql} IS NULL OR length({sql}) <= {most})"));
            }
            to.affinity == Affinity::Text
        }
        (DataType::Float { bits: 64 }, DataType::Float { bits: 64 }) => {
            to.affinity == Affinity::Real
        }
        (from, to) => {
            from == to
                && matches!(
                    to,
                    DataType::Bool
                        | DataType::Bytes
                        | DataType::Date
                        | DataType::Time
                        | DataType::DateTime
                        | DataType::Timestamp
                        | DataType::Uuid
                )
        }
    };
    if held {
        Ok(sql)
    } else {
        Err(format!("{from} is not written into {} as it is", column.declared))
    }
}

/// Whether a text is as long as a column lets it be: SQLite does not keep to declared lengths.
fn is_read(value: &Compute) -> bool {
    !matches!(value, Compute::Literal(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_unicodes() {
        assert!(WHITE_SPACE.starts_with("char(9,10,11,12,13,32,133,160,"));
        assert!(WHITE_SPACE.ends_with("8287,12288)"));
    }

    #[test]
    fn literals_can_not_break_out() {
        assert_eq!(literal(&"it's".into()), Ok("'it''s'".to_owned()));
        assert_eq!(literal(&Value::Int(i64::MIN)), Ok("(-9223372036854775807 - 1)".to_owned()));
        assert!(literal(&Value::text("a\0b")).is_err());
    }
}
