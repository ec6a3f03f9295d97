//! Which columns of a record a mapping looks at.

use std::collections::BTreeSet;

use super::{ArgumentExpr, Expr, Mapping, Origin, Path, Root, Step, TextKind, analyse};

/// Names in texts that are never a column's.
const RESERVED: &[&str] = &["now", "target"];

impl Mapping {
    /// The columns that the mapping may look at, perhaps with names that are none; `None` when it
    /// takes the record whole.
    pub fn columns(&self) -> Option<BTreeSet<String>> {
        let mut uses = Uses::default();
        self.explode.iter().for_each(|path| uses.path(path));
        for (_, expr) in &self.fields {
            uses.expr(expr);
        }
        for rule in self.skip.iter().chain(&self.reject) {
            uses.text(&rule.when, TextKind::Expression);
        }
        // A named value uses those before it; one that nobody uses may fail unnoticed.
        for (name, expr) in self.lets.iter().rev() {
            if uses.all_lets || uses.lets.contains(name) {
                uses.expr(expr);
            }
        }
        (!uses.whole).then_some(uses.columns)
    }
}

#[derive(Default)]
struct Uses {
    columns: BTreeSet<String>,
    lets: BTreeSet<String>,
    all_lets: bool,
    whole: bool,
}

impl Uses {
    fn path(&mut self, path: &Path) {
        match &path.root {
            Root::Record => {}
            Root::Let(name) => {
                self.lets.insert(name.clone());
                return;
            }
            Root::Element | Root::Exploded => return,
        }
        match path.head() {
            Some(name) => {
                self.columns.insert(name.to_owned());
            }
            None => self.whole = true,
        }
    }

    fn text(&mut self, text: &str, kind: TextKind) {
        let Ok(analysis) = analyse(text, kind) else {
            self.whole = true;
            return;
        };
        for name in analysis.names {
            match name.path.first().map(String::as_str) {
                None | Some("record") => self.whole = true,
                Some("let") => match name.path.get(1) {
                    Some(name) => {
                        self.lets.insert(name.clone());
                    }
                    None => self.all_lets = true,
                },
                Some(name) if RESERVED.contains(&name) => {}
                Some(name) => {
                    self.columns.insert(name.to_owned());
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.origin {
            Origin::Path(path) | Origin::Each(path) => self.path(path),
            Origin::Value(_) => {}
            Origin::Expression(text) => self.text(text, TextKind::Expression),
            Origin::Template(text) => self.text(text, TextKind::Template),
            Origin::Id(rule) => {
                rule.name.iter().for_each(|name| self.text(name, TextKind::Template));
            }
            Origin::First { alternatives, .. } => {
                alternatives.iter().for_each(|one| self.expr(one))
            }
            Origin::Lookup(call) => call.keys.iter().for_each(|key| self.expr(key)),
        }
        for step in &expr.steps {
            match step {
                Step::Apply { arguments, .. } => {
                    for (_, argument) in arguments {
                        if let ArgumentExpr::Path(path) = argument {
                            self.path(path);
                        }
                    }
                }
                Step::Object(fields) | Step::Extend { fields, .. } => {
                    fields.iter().for_each(|(_, expr)| self.expr(expr));
                }
                Step::Parse { .. }
                | Step::Cast { .. }
                | Step::Crosswalk(_)
                | Step::Format { .. } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{OnError, Rule};
    use crate::value::FieldPath;

    fn columns(origin: Origin) -> Option<String> {
        let expr = Expr { origin, steps: vec![], default: None, on_error: OnError::Reject };
        let mapping = Mapping { fields: vec![(FieldPath::field("f"), expr)], ..Mapping::default() };
        Some(mapping.columns()?.into_iter().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn paths_and_texts_name_their_columns() {
        let path = |text: &str| Origin::Path(Path::parse(text, false, None).unwrap());
        assert_eq!(columns(path("a.b[0]")).as_deref(), Some("a"));
        assert_eq!(columns(path("$")), None);
        assert_eq!(columns(path("let.x")).as_deref(), Some(""));
        assert_eq!(
            columns(Origin::Template("{{ a }}{{ b.c }}{{ let.d }}".into())).as_deref(),
            Some("a b")
        );
        assert_eq!(columns(Origin::Expression("record.a".into())), None);
        let one = |name: &str, text: &str| {
            let origin = path(text);
            (
                name.to_owned(),
                Expr { origin, steps: vec![], default: None, on_error: OnError::Reject },
            )
        };
        let mapping = Mapping {
            lets: vec![one("a", "x"), one("b", "let.a"), one("c", "y")],
            fields: vec![(FieldPath::field("f"), one("", "let.b").1)],
            ..Mapping::default()
        };
        assert_eq!(mapping.columns().unwrap().into_iter().collect::<Vec<_>>(), ["x"]);
        let rule = Rule { when: "not a and target.b".into(), reason: "no".into() };
        let mapping = Mapping { skip: vec![rule], ..Mapping::default() };
        assert_eq!(mapping.columns().unwrap().into_iter().collect::<Vec<_>>(), ["a"]);
    }
}
