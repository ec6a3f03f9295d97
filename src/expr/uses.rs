//! Which columns of a source a mapping reads.

use std::collections::BTreeSet;

use super::select::{Path, Root};
use super::template::{TextKind, analyse};
use super::{ArgumentExpr, Expr, Mapping, Origin, Step};
use crate::value::FieldPath;

impl Mapping {
    /// The columns of its source that it reads; `None` when it takes a record whole.
    pub fn columns(&self) -> Option<BTreeSet<String>> {
        let mut uses = Uses { element: self.element.as_deref(), ..Uses::default() };
        if let Some(path) = &self.explode {
            uses.path(path)?;
        }
        uses.fields(&self.fields, false)?;
        self.inputs.iter().try_for_each(|expr| uses.expr(expr, false))?;
        for rule in self.skip.iter().chain(&self.reject) {
            uses.text(&rule.when, TextKind::Expression, false)?;
        }
        // A named value uses those before it; one that nobody uses may fail unnoticed.
        for (name, expr) in self.lets.iter().rev() {
            if uses.all_lets || uses.lets.contains(name) {
                uses.expr(expr, false)?;
            }
        }
        Some(uses.columns)
    }
}

/// Each part gives `None` when it takes the record whole.
#[derive(Default)]
struct Uses<'m> {
    element: Option<&'m str>,
    columns: BTreeSet<String>,
    /// The named values that are used, or all of them.
    lets: BTreeSet<String>,
    all_lets: bool,
}

impl Uses<'_> {
    fn path(&mut self, path: &Path) -> Option<()> {
        match &path.root {
            Root::Let(name) => {
                self.lets.insert(name.clone());
            }
            Root::Record => {
                self.columns.insert(path.head()?.to_owned());
            }
            Root::Element | Root::Exploded => {}
        }
        Some(())
    }

    fn text(&mut self, text: &str, kind: TextKind, inside: bool) -> Option<()> {
        for name in analyse(text, kind).ok()?.names {
            match name.path[0].as_str() {
                "record" => return None,
                "let" => match name.path.get(1) {
                    Some(name) => {
                        self.lets.insert(name.clone());
                    }
                    None => self.all_lets = true,
                },
                "now" | "target" => {}
                name if self.element == Some(name) || inside => {}
                name => {
                    self.columns.insert(name.to_owned());
                }
            }
        }
        Some(())
    }

    fn fields(&mut self, fields: &[(FieldPath, Expr)], inside: bool) -> Option<()> {
        fields.iter().try_for_each(|(_, expr)| self.expr(expr, inside))
    }

    fn expr(&mut self, expr: &Expr, inside: bool) -> Option<()> {
        match &expr.origin {
            Origin::Path(path) | Origin::Each(path) => self.path(path)?,
            Origin::Value(_) => {}
            Origin::Expression(text) => self.text(text, TextKind::Expression, inside)?,
            Origin::Template(text) => self.text(text, TextKind::Template, inside)?,
            Origin::Id(rule) => {
                if let Some(text) = &rule.name {
                    self.text(text, TextKind::Template, inside)?;
                }
            }
            Origin::First { alternatives, .. } => {
                alternatives.iter().try_for_each(|expr| self.expr(expr, inside))?;
            }
            Origin::Lookup(call) => {
                call.keys.iter().try_for_each(|expr| self.expr(expr, inside))?;
            }
        }
        for step in &expr.steps {
            match step {
                Step::Apply { arguments, .. } => {
                    for (_, argument) in arguments {
                        if let ArgumentExpr::Path(path) = argument {
                            self.path(path)?;
                        }
                    }
                }
                Step::Object(fields) | Step::Extend { fields, .. } => self.fields(fields, true)?,
                Step::Parse { .. }
                | Step::Cast { .. }
                | Step::Crosswalk(_)
                | Step::Format { .. } => {}
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{IdKind, IdRule, OnError, Rule};
    use super::*;

    fn expr(origin: Origin, steps: Vec<Step>) -> Expr {
        Expr { origin, steps, default: None, on_error: OnError::Reject }
    }

    fn path(text: &str, inside: bool) -> Expr {
        expr(Origin::Path(Path::parse(text, inside, Some("line")).unwrap()), vec![])
    }

    fn mapping(fields: Vec<Expr>) -> Mapping {
        let fields = fields.into_iter().map(|expr| (FieldPath::field("f"), expr)).collect();
        Mapping { fields, element: Some("line".into()), ..Mapping::default() }
    }

    #[test]
    fn every_place_that_names_a_column_counts() {
        let rule = IdRule {
            kind: IdKind::ObjectId,
            spec: String::new(),
            phase: String::new(),
            name: Some("{{ a | trim }}".into()),
        };
        let inner = vec![
            (FieldPath::field("x"), path("inside", true)),
            (FieldPath::field("y"), path("$.b.deep", true)),
        ];
        let argument = ArgumentExpr::Path(Path::parse("c[*].d", false, None).unwrap());
        let apply = Step::Apply { function: "add".into(), arguments: vec![(None, argument)] };
        let mut mapping = mapping(vec![
            expr(Origin::Id(rule), vec![]),
            expr(Origin::Value(crate::value::Value::Null), vec![Step::Object(inner), apply]),
            expr(Origin::Template("{{ e }}{{ line.z }}{{ now }}".into()), vec![]),
        ]);
        mapping.lets.push(("l".into(), path("f", false)));
        mapping.skip.push(Rule { when: "g == 1 and let.l".into(), reason: "r".into() });
        mapping.reject.push(Rule { when: "target.f == h".into(), reason: "r".into() });
        mapping.explode = Some(Path::parse("i.lines[*]", false, None).unwrap());
        let columns: Vec<String> = mapping.columns().unwrap().into_iter().collect();
        assert_eq!(columns, ["a", "b", "c", "e", "f", "g", "h", "i"]);
    }

    #[test]
    fn a_record_that_is_taken_whole_has_no_list() {
        assert_eq!(mapping(vec![path("$", false)]).columns(), None);
        assert_eq!(mapping(vec![path("$..sku", false)]).columns(), None);
        let text = Origin::Expression("record.a".into());
        assert_eq!(mapping(vec![expr(text, vec![])]).columns(), None);
    }
}
