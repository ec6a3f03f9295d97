//! Views: rows of several tables side by side.

/// What a view shows: the rows of the first table, each beside the row of every other table that
/// belongs to it. A row without one of those is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The tables.
    pub tables: Vec<ViewTable>,
}

/// A table of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewTable {
    /// Its name.
    pub entity: String,
    /// Which of its rows belongs to a row of the first table: columns of its own, each with the
    /// column there that holds the same. Nothing for the first table.
    pub on: Vec<(String, String)>,
    /// The columns that are shown, each with its name in the view.
    pub columns: Vec<(String, String)>,
    /// Rows that are not shown: a column, and the text that it holds there.
    pub without: Option<(String, String)>,
}

impl View {
    /// The query of the view. `entity` names a table, `quote` a column, `literal` is a text.
    pub(super) fn query(
        &self,
        entity: impl Fn(&str) -> String,
        quote: impl Fn(&str) -> String,
        literal: impl Fn(&str) -> String,
    ) -> String {
        let mut columns = Vec::new();
        let mut from = String::new();
        let mut conditions = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let column = |name: &str| format!("t{at}.{}", quote(name));
            let shown =
                |(name, view): &(String, String)| format!("{} AS {}", column(name), quote(view));
            columns.extend(table.columns.iter().map(shown));
            let name = entity(&table.entity);
            if at == 0 {
                from = format!("{name} t{at}");
            } else {
                let equal = |(own, first): &(String, String)| {
                    format!("{} = t0.{}", column(own), quote(first))
                };
                let on: Vec<String> = table.on.iter().map(equal).collect();
                from = format!("{from} JOIN {name} t{at} ON {}", on.join(" AND "));
            }
            if let Some((name, text)) = &table.without {
                conditions.push(format!("{} <> {}", column(name), literal(text)));
            }
        }
        let mut query = format!("SELECT {} FROM {from}", columns.join(", "));
        if !conditions.is_empty() {
            query = format!("{query} WHERE {}", conditions.join(" AND "));
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_side_by_side() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let view = View {
            tables: vec![
                ViewTable {
                    entity: "ids".into(),
                    on: vec![],
                    columns: vec![pair("run", "run")],
                    without: None,
                },
                ViewTable {
                    entity: "runs".into(),
                    on: vec![pair("_id", "run")],
                    columns: vec![pair("who", "by")],
                    without: Some(pair("state", "it's off")),
                },
            ],
        };
        let quote = |name: &str| format!("\"{name}\"");
        let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
        assert_eq!(
            view.query(|name| format!("m.{name}"), quote, literal),
            r#"SELECT t0."run" AS "run", t1."who" AS "by" FROM m.ids t0 JOIN m.runs t1 ON t1."_id" = t0."run" WHERE t1."state" <> 'it''s off'"#
        );
    }
}
