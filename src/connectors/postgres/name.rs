//! Names of tables: `table`, `schema.table`, and where the ledger is.

use std::fmt;

/// The schema that holds the ledger.
pub(super) const LEDGER: &str = "mapper";

/// What the names of the ledger's tables begin with outside.
const PREFIX: &str = "mapper_";

/// A table's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    /// The schema; `None` goes by the search path.
    pub(super) schema: Option<String>,
    /// The table.
    pub(super) table: String,
}

impl Name {
    /// Reads `table`, `schema.table`, either part in double quotes when it holds a dot or a quote.
    /// `mapper_runs` is the ledger's table `runs`.
    pub(super) fn parse(entity: &str) -> Self {
        if let Some(table) = entity.strip_prefix(PREFIX).filter(|table| !table.contains('.')) {
            return Self { schema: Some(LEDGER.to_owned()), table: table.to_owned() };
        }
        match parts(entity).as_deref() {
            Some([table]) => Self { schema: None, table: table.clone() },
            Some([schema, table]) => Self { schema: Some(schema.clone()), table: table.clone() },
            _ => Self { schema: None, table: entity.to_owned() },
        }
    }

    /// The entity that this name is told as.
    pub(super) fn entity(schema: Option<&str>, table: &str) -> String {
        match schema {
            None => spell(table),
            Some(schema) => format!("{}.{}", spell(schema), spell(table)),
        }
    }

    /// Whether it is the ledger's.
    pub(super) fn is_ledger(&self) -> bool {
        self.schema.as_deref() == Some(LEDGER)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quote(schema))?;
        }
        f.write_str(&quote(&self.table))
    }
}

/// Quotes a name for SQL.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for SQL, where backslashes mean themselves.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A list of quoted names.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(quote).collect();
    names.join(",")
}

fn spell(part: &str) -> String {
    if part.contains(['.', '"']) { quote(part) } else { part.to_owned() }
}

fn parts(entity: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = entity;
    loop {
        let part;
        if let Some(mut quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            loop {
                let (before, after) = quoted.split_once('"')?;
                name.push_str(before);
                match after.strip_prefix('"') {
                    Some(more) => {
                        name.push('"');
                        quoted = more;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
            part = name;
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            part = rest[..end].to_owned();
            rest = &rest[end..];
        }
        parts.push(part);
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_quoted() {
        for (entity, sql) in [
            ("orders", r#""orders""#),
            ("Orders", r#""Orders""#),
            ("sales.orders", r#""sales"."orders""#),
            (r#""a.b""#, r#""a.b""#),
            (r#"x."a.b""#, r#""x"."a.b""#),
            (r#""a""b""#, r#""a""b""#),
            ("mapper_runs", r#""mapper"."runs""#),
            ("a.b.c", r#""a.b.c""#),
        ] {
            assert_eq!(Name::parse(entity).to_string(), sql, "{entity}");
        }
        for (schema, table) in [(None, "a"), (Some("s"), "a.b"), (None, "a\"b")] {
            let name = Name::parse(&Name::entity(schema, table));
            assert_eq!((name.schema.as_deref(), name.table.as_str()), (schema, table));
        }
    }
}
