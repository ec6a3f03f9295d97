//! Templates that are literals and names with a plain filter or two: put together directly, with
//! the meaning that MiniJinja gives them.

use std::borrow::Cow;
use std::fmt::Write as _;

use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::parse;

use crate::value::Value;

/// A template without anything but literals and names. Values for which MiniJinja has rules of its
/// own (null, lists, times, …) are left to it.
#[derive(Debug)]
pub(super) struct PlainText {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Literal(Box<str>),
    /// A name by its number, and what is done to its text, in order.
    Name(usize, Vec<PlainFilter>),
}

#[derive(Clone, Copy, Debug)]
enum PlainFilter {
    Trim,
    Lower,
    Upper,
}

impl PlainText {
    /// Takes a template apart; `None` when it has more in it. `number` gives a name's number.
    pub(super) fn of(text: &str, number: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        let template = parse(text, "template", minijinja::syntax::SyntaxConfig::default()).ok()?;
        let Stmt::Template(template) = template else { return None };
        let mut pieces = Vec::with_capacity(template.children.len());
        for child in &template.children {
            pieces.push(match child {
                Stmt::EmitRaw(raw) => Piece::Literal(raw.raw.into()),
                Stmt::EmitExpr(emit) => {
                    let mut filters = Vec::new();
                    let name = name_of(&emit.expr, &mut filters)?;
                    Piece::Name(number(name)?, filters)
                }
                _ => return None,
            });
        }
        Some(Self { pieces })
    }

    /// Appends the text. False, with something appended, when a value is not one of those that are
    /// printed here.
    pub(super) fn render<'v>(
        &self,
        into: &mut String,
        value: impl Fn(usize) -> Option<&'v Value>,
    ) -> bool {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => into.push_str(text),
                Piece::Name(number, filters) => match value(*number) {
                    Some(Value::Text(text)) => {
                        let mut text = Cow::Borrowed(&**text);
                        for filter in filters {
                            text = filter.apply(text);
                        }
                        into.push_str(&text);
                    }
                    Some(Value::Int(number)) if filters.is_empty() => {
                        if write!(into, "{number}").is_err() {
                            return false;
                        }
                    }
                    _ => return false,
                },
            }
        }
        true
    }
}

/// The name under the filters.
fn name_of<'e>(expr: &Expr<'e>, filters: &mut Vec<PlainFilter>) -> Option<&'e str> {
    match expr {
        Expr::Var(name) => Some(name.id),
        Expr::Filter(filter) if filter.args.is_empty() => {
            let name = name_of(filter.expr.as_ref()?, filters)?;
            filters.push(match filter.name {
                "trim" => PlainFilter::Trim,
                "lower" => PlainFilter::Lower,
                "upper" => PlainFilter::Upper,
                _ => return None,
            });
            Some(name)
        }
        _ => None,
    }
}

impl PlainFilter {
    fn apply(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match (self, text) {
            (Self::Trim, Cow::Borrowed(text)) => Cow::Borrowed(text.trim()),
            (Self::Trim, Cow::Owned(text)) => Cow::Owned(text.trim().to_owned()),
            (Self::Lower, text) => Cow::Owned(text.to_lowercase()),
            (Self::Upper, text) => Cow::Owned(text.to_uppercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::template::{TextsBuilder, names};
    use super::*;

    fn name(name: &str) -> Option<usize> {
        ["a", "b"].iter().position(|known| *known == name)
    }

    fn by_minijinja(text: &str, values: &[Value; 2]) -> Option<String> {
        let mut builder = TextsBuilder::default();
        let id = builder.template(text);
        let pairs = ["a", "b"].iter().zip(values);
        let pairs = pairs.filter(|(_, value)| !matches!(value, Value::Missing));
        let names = names(pairs.map(|(name, value)| (Arc::from(*name), value.clone())).collect());
        builder.build().unwrap().render(&id, &names).ok()
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Missing),
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Float),
            "[ \\t\\n\\u{a0}\\u{85}<&'\\\\\"{}%ßİΣaZé\\u{2028}-]{0,6}".prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_what_minijinja_renders(
            pieces in proptest::collection::vec(
                ("[ \\n<&'x{}%\\\\-]{0,3}", "(\\{\\{|\\{\\{-) ?[ab]( ?\\| ?(trim|lower|upper)){0,3} ?(\\}\\}|-\\}\\})"),
                0..4,
            ),
            tail in "[ \\n<&'x\\\\-]{0,3}",
            a in any_value(),
            b in any_value(),
        ) {
            let mut text = String::new();
            for (raw, name) in &pieces {
                text.push_str(raw);
                text.push_str(name);
            }
            text.push_str(&tail);
            let values = [a, b];
            if let Some(plain) = PlainText::of(&text, name) {
                let mut rendered = String::new();
                if plain.render(&mut rendered, |number| values.get(number)) {
                    prop_assert_eq!(Some(rendered), by_minijinja(&text, &values));
                }
            }
        }
    }

    #[test]
    fn what_has_more_in_it_is_left_to_minijinja() {
        for text in ["{{ a | default('x') }}", "{% if a %}x{% endif %}", "{{ a + b }}", "{{ a.b }}"]
        {
            assert!(PlainText::of(text, name).is_none(), "{text}");
        }
        assert!(PlainText::of("{{ c }}", name).is_none());
        let plain = PlainText::of("x{{ a | trim }}{# no #}y\n", name).unwrap();
        let mut text = String::new();
        assert!(!plain.render(&mut text, |_| Some(&Value::Null)));
        let value = Value::text(" z ");
        text.clear();
        assert!(plain.render(&mut text, |_| Some(&value)));
        assert_eq!(text, "xzy");
    }
}
