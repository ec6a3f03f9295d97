//! Which tables and columns a query or a pipeline names.
//!
//! A query is not understood, only its names are: a column counts as read when the query names it,
//! alone or with its table's name or alias, and `*` gives all columns of its tables. A name that
//! stands without its table counts for all tables of the query that have such a column.

use std::collections::{BTreeMap, BTreeSet};

use crate::value::Value;

/// The names of a query or pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    names: BTreeSet<Named>,
    /// What stands before `.*`, and nothing for `*` alone.
    stars: BTreeSet<Option<String>>,
    /// Names that follow a name directly or after AS, as a table's alias does.
    aliases: BTreeMap<String, String>,
}

/// A name at one place, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    /// What stands before its dot.
    owner: Option<String>,
    name: String,
    /// The name that follows it directly or after AS.
    alias: Option<String>,
    /// Whether it stands in what is selected.
    selected: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name { text: String, quoted: bool },
    Sign(char),
}

/// Words that stand before or after a table without being its alias.
const KEYWORDS: &[&str] = &[
    "as",
    "on",
    "where",
    "join",
    "left",
    "right",
    "inner",
    "outer",
    "full",
    "cross",
    "natural",
    "using",
    "group",
    "by",
    "order",
    "asc",
    "desc",
    "having",
    "limit",
    "offset",
    "union",
    "except",
    "intersect",
    "set",
    "fetch",
    "for",
    "window",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "between",
    "like",
    "case",
    "when",
    "then",
    "else",
    "end",
    "exists",
    "from",
    "select",
    "distinct",
    "all",
    "with",
    "values",
    "returning",
];

impl Words {
    /// The names of a query in SQL.
    pub(super) fn of_query(text: &str) -> Self {
        let tokens = tokens(text);
        let mut words = Self::default();
        let name = |at: usize| match tokens.get(at) {
            Some(Token::Name { text, .. }) => Some(text.to_lowercase()),
            _ => None,
        };
        let is_keyword = |at: usize| match tokens.get(at) {
            Some(Token::Name { text, quoted: false }) => {
                KEYWORDS.contains(&text.to_lowercase().as_str())
            }
            _ => false,
        };
        let is_sign = |at: usize, sign| tokens.get(at) == Some(&Token::Sign(sign));
        // Whether what is selected goes on, for each parenthesis that is open.
        let mut selects = vec![false];
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1);
            let after_dot = before.is_some_and(|before| is_sign(before, '.'));
            let owner = if after_dot { at.checked_sub(2).and_then(name) } else { None };
            let selected = selects.last().copied().unwrap_or_default();
            match token {
                Token::Sign('(') => selects.push(selected),
                Token::Sign(')') if selects.len() > 1 => {
                    selects.pop();
                }
                Token::Sign('*') => {
                    // Not that of `count(*)` or a product.
                    let starts = before.and_then(name);
                    let alone = starts
                        .is_some_and(|word| matches!(&*word, "select" | "distinct" | "all"))
                        || before.is_some_and(|before| is_sign(before, ','));
                    if after_dot || alone {
                        words.stars.insert(owner);
                    }
                }
                Token::Sign(_) => {}
                Token::Name { .. } if is_keyword(at) => {
                    if let (Some(word), Some(top)) = (name(at), selects.last_mut()) {
                        *top = word == "select" || (*top && word != "from");
                    }
                }
                Token::Name { text, .. } => {
                    let as_at = name(at + 1).as_deref() == Some("as");
                    let alias_at = if as_at { at + 2 } else { at + 1 };
                    let alias = if is_keyword(alias_at) { None } else { name(alias_at) };
                    let name = text.to_lowercase();
                    if let Some(alias) = &alias {
                        words.aliases.insert(alias.clone(), name.clone());
                    }
                    words.names.insert(Named { owner, name, alias, selected });
                }
            }
        }
        words
    }

    /// The names of an aggregation pipeline: paths (`$a.b`), fields and collections.
    pub(super) fn of_pipeline(stages: &[Value]) -> Self {
        let mut words = Self::default();
        for stage in stages {
            words.pipeline(stage);
        }
        words.stars.insert(None);
        words
    }

    fn pipeline(&mut self, value: &Value) {
        match value {
            Value::Text(text) => {
                self.add(text.trim_start_matches('$'));
            }
            Value::Array(values) => values.iter().for_each(|value| self.pipeline(value)),
            Value::Object(object) => {
                for (name, value) in object.iter() {
                    if !name.starts_with('$') {
                        self.add(name);
                    }
                    self.pipeline(value);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &str) {
        let name = name.to_lowercase();
        self.names.insert(Named { owner: None, name, alias: None, selected: true });
    }

    /// Whether it names a table or collection; a schema before the name may be left out.
    pub(super) fn names_entity(&self, entity: &str) -> bool {
        let entity = entity.to_lowercase();
        match entity.rsplit_once('.') {
            Some((schema, table)) => self.names.iter().any(|Named { owner, name, .. }| {
                name == table && owner.as_deref().is_none_or(|owner| owner == schema)
            }),
            None => self.names.iter().any(|named| named.name == entity),
        }
    }

    /// Whether it names a column or path of a table or collection.
    pub(super) fn names_column(&self, entity: &str, column: &str) -> bool {
        let column = column.to_lowercase();
        self.names.iter().any(|Named { owner, name, .. }| {
            let path = name.strip_prefix(&column).is_some_and(|rest| rest.starts_with('.'));
            let inside =
                column.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
            (*name == column || path || inside) && self.may_be(owner.as_deref(), entity)
        })
    }

    /// Whether what it gives as `read` may be this column of a table or collection.
    pub(super) fn gives(&self, entity: &str, column: &str, read: &str) -> bool {
        let (column, read) = (column.to_lowercase(), read.to_lowercase());
        let listed = self.names.iter().any(|named| {
            let is_read = named.alias.as_ref().unwrap_or(&named.name) == &read;
            named.selected
                && named.name == column
                && is_read
                && self.may_be(named.owner.as_deref(), entity)
        });
        listed || (column == read && self.takes_all(entity))
    }

    /// Whether it takes all columns of a table or collection.
    pub(super) fn takes_all(&self, entity: &str) -> bool {
        self.stars.iter().any(|owner| self.may_be(owner.as_deref(), entity))
    }

    /// Whether what stands before a dot may mean the table: its name, its alias, or the alias of
    /// something that is no table.
    fn may_be(&self, owner: Option<&str>, entity: &str) -> bool {
        let Some(owner) = owner else { return true };
        let entity = entity.to_lowercase();
        let table = entity.rsplit('.').next().unwrap_or(&entity);
        owner == table || self.aliases.get(owner).is_some_and(|meant| meant == table)
    }
}

/// The names and signs of SQL. Of texts and numbers only the first sign stays, of comments nothing.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let width = c.len_utf8();
        match c {
            '-' if rest.starts_with("--") => rest = after(rest, "\n"),
            '/' if rest.starts_with("/*") => rest = after(&rest[2..], "*/"),
            '\'' => {
                tokens.push(Token::Sign(c));
                rest = quoted(&rest[1..], c).1;
            }
            '"' | '`' => {
                let (name, left) = quoted(&rest[1..], c);
                tokens.push(Token::Name { text: name, quoted: true });
                rest = left;
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                    .unwrap_or(rest.len());
                tokens.push(Token::Name { text: rest[..end].to_owned(), quoted: false });
                rest = &rest[end..];
            }
            c if c.is_ascii_digit() => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
                    .unwrap_or(rest.len());
                tokens.push(Token::Sign(c));
                rest = &rest[end..];
            }
            c if c.is_whitespace() => rest = &rest[width..],
            c => {
                tokens.push(Token::Sign(c));
                rest = &rest[width..];
            }
        }
    }
    tokens
}

fn after<'t>(text: &'t str, end: &str) -> &'t str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// What stands before the closing quote, doubled ones taken for one, and the rest.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut name = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(quote) {
        name.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if !rest.starts_with(quote) {
            return (name, rest);
        }
        name.push(quote);
        rest = &rest[1..];
    }
    (name + rest, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_say_whose_column_it_is() {
        let words = Words::of_query(
            "SELECT p.id, o.\"Name\" AS office, note FROM people p \
             JOIN crm.offices AS o ON o.id = p.office_id -- p.hidden\n WHERE p.kind = 'p.fax'",
        );
        assert!(words.names_entity("people") && words.names_entity("crm.offices"));
        assert!(!words.names_entity("visits"));
        assert!(words.names_column("people", "office_id"));
        assert!(!words.names_column("crm.offices", "office_id"));
        assert!(words.names_column("crm.offices", "name"));
        assert!(!words.names_column("people", "name"));
        assert!(words.names_column("people", "note") && words.names_column("crm.offices", "note"));
        assert!(!words.names_column("people", "fax") && !words.names_column("people", "hidden"));
        assert!(!words.takes_all("people"));
        assert!(words.gives("people", "id", "id") && !words.gives("crm.offices", "id", "id"));
        assert!(
            words.gives("crm.offices", "name", "office") && words.gives("people", "note", "note")
        );
        assert!(!words.gives("crm.offices", "name", "name"));
        assert!(!words.gives("people", "office_id", "office_id"), "it is not selected");
        let words = Words::of_query("SELECT people.id, kind AS people FROM people WHERE people.x");
        assert!(words.names_column("people", "id") && words.names_column("people", "x"));
    }

    #[test]
    fn a_star_takes_all_of_its_table() {
        let words = Words::of_query("SELECT p.*, count(*) FROM people p JOIN visits v USING (id)");
        assert!(words.takes_all("people") && !words.takes_all("visits"));
        assert!(words.gives("people", "note", "note") && !words.gives("visits", "note", "note"));
        let words = Words::of_query("SELECT count(*), 2 * x FROM people");
        assert!(!words.takes_all("people"));
        assert!(Words::of_query("select * from people").takes_all("people"));
    }

    #[test]
    fn a_pipeline_names_paths_and_collections() {
        let object = |fields: Vec<(&str, Value)>| Value::object(fields.into_iter().collect());
        let lookup = vec![("from", "visits".into()), ("localField", "_id".into())];
        let words = Words::of_pipeline(&[
            object(vec![("$lookup", object(lookup))]),
            object(vec![("$group", object(vec![("total", "$bill.amount".into())]))]),
        ]);
        assert!(words.names_entity("visits") && !words.names_entity("people"));
        assert!(words.names_column("people", "bill.amount") && words.names_column("people", "_id"));
        assert!(words.names_column("people", "bill"));
        assert!(!words.names_column("people", "bill.currency"));
    }
}
