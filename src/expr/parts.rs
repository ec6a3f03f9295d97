//! Templates that are texts and names alone, taken apart.

use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::parse;

/// A part of a simple template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text as it is.
    Text(String),
    /// The value of a name, printed.
    Name {
        /// The name, then the fields reached through it.
        path: Vec<String>,
        /// Whether white space at its ends is left out first.
        trim: bool,
    },
}

/// The parts of a template that only puts texts and values one after the other; `None` for one that
/// does more.
pub fn template_parts(text: &str) -> Option<Vec<TemplatePart>> {
    // MiniJinja drops one line break at the end.
    if text.ends_with(['\n', '\r']) {
        return None;
    }
    let syntax = minijinja::syntax::SyntaxConfig::default();
    let Stmt::Template(template) = parse(text, "template", syntax).ok()? else { return None };
    let part = |statement: &Stmt<'_>| match statement {
        Stmt::EmitRaw(raw) => Some(TemplatePart::Text(raw.raw.to_owned())),
        Stmt::EmitExpr(emit) => {
            let (expr, trim) = match &emit.expr {
                Expr::Filter(filter) if filter.name == "trim" && filter.args.is_empty() => {
                    (filter.expr.as_ref()?, true)
                }
                expr => (expr, false),
            };
            Some(TemplatePart::Name { path: name(expr)?, trim })
        }
        _ => None,
    };
    template.children.iter().map(part).collect()
}

fn name(expr: &Expr<'_>) -> Option<Vec<String>> {
    match expr {
        Expr::Var(var) => Some(vec![var.id.to_owned()]),
        Expr::GetAttr(field) => {
            let mut path = name(&field.expr)?;
            path.push(field.name.to_owned());
            Some(path)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names_are_parts_and_anything_else_is_not() {
        let name = |path: &[&str], trim| TemplatePart::Name {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            trim,
        };
        assert_eq!(
            template_parts("a: {{ title | trim }} {{ let.code }}"),
            Some(vec![
                TemplatePart::Text("a: ".into()),
                name(&["title"], true),
                TemplatePart::Text(" ".into()),
                name(&["let", "code"], false),
            ])
        );
        for text in [
            "{% if a %}b{% endif %}",
            "{{ a | upper }}",
            "{{ a | trim('x') }}",
            "{{ a + 1 }}",
            "{{ a[0] }}",
            "{{ a }}\n",
            "{{",
        ] {
            assert_eq!(template_parts(text), None, "{text}");
        }
    }
}
