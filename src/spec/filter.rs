//! `filter = { … }`: which records, in the documented subset of MongoDB's filters.

use super::literal;
use crate::diagnostics::wording::{self, or_list};
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};
use crate::document::{Entry, Node, NodeKind, Table, Text};
use crate::value::Value;
use crate::value::query::{self, Comparison};

/// A filter with the places of the paths that it names.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What it means.
    pub filter: query::Filter,
    /// The columns or paths in it, in order.
    pub paths: Vec<Text>,
    /// Its table.
    pub span: Span,
}

const JUNCTIONS: &[&str] = &["$and", "$or", "$nor"];

const OPERATORS: &[&str] =
    &["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not"];

impl Filter {
    /// Reads the filter of a table, when it has one; mistakes inside are told.
    pub(super) fn read(table: &Table, key: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = table.get(key)?;
        let mut reader = Reader { diagnostics, paths: Vec::new() };
        let filter = reader.filter(node.as_table()?)?;
        Some(Self { filter, paths: reader.paths, span: node.span })
    }
}

struct Reader<'a> {
    diagnostics: &'a mut Diagnostics,
    paths: Vec<Text>,
}

impl Reader<'_> {
    fn filter(&mut self, table: &Table) -> Option<query::Filter> {
        let parts: Vec<_> = table.entries.iter().map(|entry| self.entry(entry)).collect();
        let mut all = query::Filter::All;
        for part in parts {
            all = all.and(part?);
        }
        Some(all)
    }

    fn entry(&mut self, entry: &Entry) -> Option<query::Filter> {
        let key = entry.key.as_str();
        if JUNCTIONS.contains(&key) {
            return self.junction(entry);
        }
        if key.starts_with('$') {
            return self.unknown(&entry.key, JUNCTIONS);
        }
        if entry.dotted {
            self.diagnostics.push(
                Diagnostic::new(&codes::DOTTED_KEY, "a path in a filter has no quotes")
                    .at(entry.key.span(), "TOML reads this as nested tables")
                    .help(format!("put the whole path in quotes: \"{key}.…\"")),
            );
            return None;
        }
        self.paths.push(entry.key.clone());
        if let Some(table) = operators(&entry.value) {
            return self.operators(key, table);
        }
        let value = literal::read(&entry.value, self.diagnostics)?.value;
        Some(compare(key, Comparison::Equal, value))
    }

    fn junction(&mut self, entry: &Entry) -> Option<query::Filter> {
        let NodeKind::Array(nodes) = &entry.value.kind else {
            return self.expected(&entry.value, "expected a list of filters");
        };
        if nodes.is_empty() {
            return self.expected(&entry.value, "expected at least one filter");
        }
        let filters: Vec<_> = nodes
            .iter()
            .map(|node| match node.as_table() {
                Some(table) => self.filter(table),
                None => self.expected(node, "expected a filter"),
            })
            .collect();
        let filters = filters.into_iter().collect::<Option<Vec<_>>>()?;
        Some(match entry.key.as_str() {
            "$and" => query::Filter::And(filters),
            "$or" => query::Filter::Or(filters),
            _ => query::Filter::Not(Box::new(query::Filter::Or(filters))),
        })
    }

    fn operators(&mut self, path: &str, table: &Table) -> Option<query::Filter> {
        let parts: Vec<_> = table.entries.iter().map(|entry| self.operator(path, entry)).collect();
        let mut all = query::Filter::All;
        for part in parts {
            all = all.and(part?);
        }
        Some(all)
    }

    fn operator(&mut self, path: &str, entry: &Entry) -> Option<query::Filter> {
        let comparison = match entry.key.as_str() {
            "$eq" => Comparison::Equal,
            "$ne" => Comparison::NotEqual,
            "$gt" => Comparison::Greater,
            "$gte" => Comparison::GreaterOrEqual,
            "$lt" => Comparison::Less,
            "$lte" => Comparison::LessOrEqual,
            "$in" | "$nin" => {
                let NodeKind::Array(nodes) = &entry.value.kind else {
                    return self.expected(&entry.value, "expected a list");
                };
                let values: Vec<_> =
                    nodes.iter().map(|node| literal::read(node, self.diagnostics)).collect();
                let values = values.into_iter().map(|v| Some(v?.value)).collect::<Option<_>>()?;
                let found = query::Filter::In { path: path.to_owned(), values };
                return Some(if entry.key.as_str() == "$in" {
                    found
                } else {
                    query::Filter::Not(Box::new(found))
                });
            }
            "$exists" => {
                let NodeKind::Boolean(exists) = entry.value.kind else {
                    return self.expected(&entry.value, "expected true or false");
                };
                return Some(query::Filter::Exists { path: path.to_owned(), exists });
            }
            "$not" => {
                let Some(table) = operators(&entry.value) else {
                    return self.expected(&entry.value, "expected operators");
                };
                return Some(query::Filter::Not(Box::new(self.operators(path, table)?)));
            }
            _ => return self.unknown(&entry.key, OPERATORS),
        };
        let value = literal::read(&entry.value, self.diagnostics)?.value;
        Some(compare(path, comparison, value))
    }

    fn unknown(&mut self, key: &Text, known: &[&str]) -> Option<query::Filter> {
        self.diagnostics.push(
            Diagnostic::new(&codes::BAD_FILTER, format!("there is no filter operator `{key}`"))
                .at(key.span(), "unknown operator")
                .help(match wording::suggest(key, known.iter().copied()) {
                    Some(operator) => format!("did you mean `{operator}`?"),
                    None => format!("write {}", or_list(known)),
                }),
        );
        None
    }

    fn expected(&mut self, node: &Node, expected: &str) -> Option<query::Filter> {
        if !node.is_invalid() {
            self.diagnostics.push(
                Diagnostic::new(&codes::BAD_FILTER, "the filter can't be read")
                    .at(node.span, expected),
            );
        }
        None
    }
}

/// The table of operators that a value is, unless it is a literal.
fn operators(node: &Node) -> Option<&Table> {
    node.as_table().filter(|table| {
        table.entries.iter().any(|entry| entry.key.starts_with('$'))
            && !table.entries.iter().any(|entry| literal::EXTENDED.contains(&entry.key.as_str()))
    })
}

fn compare(path: &str, operator: Comparison, value: Value) -> query::Filter {
    query::Filter::Compare { path: path.to_owned(), operator, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceMap;
    use crate::document;

    fn filter(toml: &str) -> Result<Filter, String> {
        let text = format!("filter = {toml}");
        let source = SourceMap::new().add("a.toml", text.as_str());
        let mut diagnostics = Diagnostics::new();
        let document = document::parse(source, &text, &mut diagnostics).unwrap();
        let filter = Filter::read(&document.root, "filter", &mut diagnostics);
        assert_eq!(filter.is_none(), diagnostics.has_errors());
        filter.ok_or_else(|| diagnostics.sorted()[0].message.clone())
    }

    #[test]
    fn fields_operators_and_junctions_are_read() {
        let read = filter("{ a = 1, 'b.c' = { '$gt' = 2, '$lte' = 5 } }").unwrap();
        assert_eq!(
            read.filter,
            query::Filter::And(vec![
                compare("a", Comparison::Equal, Value::Int(1)),
                query::Filter::And(vec![
                    compare("b.c", Comparison::Greater, Value::Int(2)),
                    compare("b.c", Comparison::LessOrEqual, Value::Int(5)),
                ]),
            ])
        );
        assert_eq!(read.paths.iter().map(Text::as_str).collect::<Vec<_>>(), ["a", "b.c"]);
        let read =
            filter("{ '$nor' = [ { a = { '$exists' = true } }, { a = { '$nin' = [1] } } ] }");
        assert!(matches!(read.unwrap().filter, query::Filter::Not(_)));
        let read = filter("{ a = { '$not' = { '$eq' = { '$null' = true } } } }").unwrap();
        assert_eq!(
            read.filter,
            query::Filter::Not(Box::new(compare("a", Comparison::Equal, Value::Null)))
        );
        let read = filter("{ a = { '$oid' = '507f1f77bcf86cd799439011' } }").unwrap();
        assert!(matches!(read.filter, query::Filter::Compare { value: Value::ObjectId(_), .. }));
        assert_eq!(filter("{}").unwrap().filter, query::Filter::All);
    }

    #[test]
    fn what_is_not_in_the_subset_is_told() {
        for bad in [
            "{ a = { '$regex' = 'x' } }",
            "{ '$where' = 'x' }",
            "{ a = { '$in' = 1 } }",
            "{ a = { '$exists' = 1 } }",
            "{ a = { '$not' = 1 } }",
            "{ '$or' = [] }",
            "{ '$or' = { a = 1 } }",
            "{ '$and' = [1] }",
            "{ a = { '$gt' = 1, b = 2 } }",
            "{ a.b = 1 }",
        ] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
