//! One pass that holds a document against its declared shape, key by key: what is wrong is told
//! and becomes [`NodeKind::Invalid`], and everything else stays usable. Variables are put in on the
//! way.

use std::num::NonZeroU32;
use std::time::Duration;

use super::shape::{Group, GroupRule, KeyKind, KeyShape, Shape, TableShape, TextKind};
use super::variables::{self, Environment};
use super::{Damage, Entry, Node, NodeKind, Table, Text, secret};
use crate::diagnostics::wording::{self, or_list};
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Holds documents against shapes.
#[derive(Debug)]
pub struct Validator<'a> {
    /// The variables.
    pub environment: &'a Environment,
    /// What the parser could not read of the file.
    pub damage: &'a Damage,
    /// Where mistakes go.
    pub diagnostics: &'a mut Diagnostics,
    /// Passwords that were found in the text.
    pub concealed: Vec<Span>,
}

impl Validator<'_> {
    /// Holds the root table against its shape. Its required keys are the caller's to miss: they
    /// depend on how the file is used.
    pub fn root(&mut self, table: &mut Table, shape: &TableShape) {
        self.keys(table, shape);
    }

    fn table(&mut self, table: &mut Table, place: Span, shape: &TableShape) {
        self.keys(table, shape);
        for key in shape.keys.iter().filter(|key| key.required) {
            if table.get(key.name).is_none()
                && !self.is_lost(key.name)
                && table.misspelt(key.name).is_none()
            {
                let what = format!("{} needs `{}`", shape.name, key.name);
                self.diagnostics.push(
                    Diagnostic::new(&codes::MISSING_KEY, what)
                        .at(place, format!("`{}` is missing", key.name))
                        .help(format!("add `{}`: {}", key.name, key.summary)),
                );
            }
        }
        for group in shape.groups {
            self.group(table, place, shape, group);
        }
    }

    /// Whether a key may be in a statement that could not be read.
    fn is_lost(&self, key: &str) -> bool {
        self.damage.keys.iter().any(|lost| lost == key)
    }

    fn keys(&mut self, table: &mut Table, shape: &TableShape) {
        for entry in &mut table.entries {
            match shape.key(&entry.key) {
                Some(key) => {
                    self.node(&mut entry.value, key.shape, &format!("`{}`", key.name));
                }
                None => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            &codes::UNKNOWN_KEY,
                            format!("{} has no key `{}`", shape.name, entry.key),
                        )
                        .at(entry.key.span(), "unknown key")
                        .maybe_help(unknown_key_help(&entry.key, shape)),
                    );
                    entry.value.kind = NodeKind::Invalid;
                }
            }
        }
    }

    fn group(&mut self, table: &Table, place: Span, shape: &TableShape, group: &Group) {
        let present: Vec<&Entry> =
            table.entries.iter().filter(|entry| group.keys.contains(&entry.key.as_str())).collect();
        if let ([first, others @ ..], true) = (&present[..], group.rule != GroupRule::AtLeastOne) {
            for other in others {
                self.diagnostics.push(
                    Diagnostic::new(
                        &codes::SEVERAL_OF,
                        format!("{} has one {}, not several", shape.name, group.name),
                    )
                    .at(other.key.span(), format!("excludes `{}`", first.key))
                    .and(first.key.span(), format!("the first {}", group.name))
                    .help(format!("only one of {} can stand here", or_list(group.keys))),
                );
            }
        }
        if present.is_empty()
            && group.rule != GroupRule::AtMostOne
            && !group.keys.iter().any(|key| self.is_lost(key) || table.misspelt(key).is_some())
        {
            let diagnostic = if group.keys.len() <= 3 {
                let keys = or_list(group.keys);
                Diagnostic::new(&codes::NONE_OF, format!("{} needs {keys}", shape.name))
                    .at(place, "has none of them")
            } else {
                let name = wording::article(group.name);
                Diagnostic::new(&codes::NONE_OF, format!("{} needs {name}", shape.name))
                    .at(place, format!("has no {}", group.name))
                    .help(format!("add one of {}", or_list(group.keys)))
            };
            self.diagnostics.push(diagnostic);
        }
    }

    /// Holds a value against a shape. `what` names it in messages.
    fn node(&mut self, node: &mut Node, shape: &Shape, what: &str) {
        match shape {
            _ if node.is_invalid() => {}
            Shape::OneOf(shapes) => {
                self.put_in_scalar(node, shapes);
                if node.is_invalid() {
                    return;
                }
                match choose(node, shapes) {
                    Some(shape) => self.node(node, shape, what),
                    None => self.wrong_type(node, shape, what),
                }
            }
            Shape::Text(kind) => self.text(node, *kind, shape, what),
            Shape::Integer { min, max } => {
                self.put_in_scalar(node, &[shape]);
                match &node.kind {
                    NodeKind::Integer(value) if value < min || value > max => {
                        let bound = if value < min { ("at least", min) } else { ("at most", max) };
                        self.bad_value(node, what, &format!("must be {} {}", bound.0, bound.1));
                    }
                    NodeKind::Integer(_) | NodeKind::Invalid => {}
                    _ => self.wrong_type(node, shape, what),
                }
            }
            Shape::Boolean => {
                self.put_in_scalar(node, &[shape]);
                if !matches!(node.kind, NodeKind::Boolean(_) | NodeKind::Invalid) {
                    self.wrong_type(node, shape, what);
                }
            }
            Shape::Choice(words) => self.choice(node, words, shape, what),
            Shape::Duration => {
                self.text(node, TextKind::Plain, shape, what);
                if node.as_text().is_some_and(|text| humantime::parse_duration(text).is_err()) {
                    self.bad_value(node, what, "must be a duration such as \"100ms\" or \"5s\"");
                }
            }
            Shape::Percent => {
                self.text(node, TextKind::Plain, shape, what);
                if node.as_text().is_some_and(|text| parse_percent(text).is_none()) {
                    self.bad_value(node, what, "must be a share from \"0%\" to \"100%\"");
                }
            }
            Shape::Bound => {
                self.text(node, TextKind::Plain, shape, what);
                if node.as_text().is_some_and(|text| parse_bound(text).is_none()) {
                    self.bad_value(
                        node,
                        what,
                        "must be a bound such as \">= 99%\" or \"<= 1%\", from \"0%\" to \"100%\"",
                    );
                }
            }
            Shape::Rate => {
                self.text(node, TextKind::Plain, shape, what);
                if node.as_text().is_some_and(|text| parse_rate(text).is_none()) {
                    self.bad_value(node, what, "must be a rate such as \"20/s\" or \"600/min\"");
                }
            }
            Shape::Literal => self.literal(node),
            Shape::Record | Shape::Filter => match &node.kind {
                NodeKind::Table(_) => self.literal(node),
                _ => self.wrong_type(node, shape, what),
            },
            Shape::Names(kind) => match &node.kind {
                NodeKind::Text(_) => self.text(node, *kind, shape, what),
                NodeKind::Array(_) => self.list(node, &Shape::Text(*kind), true, what),
                _ => self.wrong_type(node, shape, what),
            },
            Shape::List(element) | Shape::NonEmptyList(element) => match &node.kind {
                NodeKind::Array(_) => {
                    self.list(node, element, matches!(shape, Shape::NonEmptyList(_)), what);
                }
                _ => self.wrong_type(node, shape, what),
            },
            Shape::MapOf(kind, value) => match &mut node.kind {
                NodeKind::Table(table) => {
                    for entry in &mut table.entries {
                        // What stands under a bad name is still looked at.
                        if self.map_key(entry, *kind) || *kind == KeyKind::Name {
                            let what = format!("`{}`", entry.key);
                            self.node(&mut entry.value, value, &what);
                            if *kind == KeyKind::Header {
                                self.header(entry);
                            }
                        } else {
                            entry.value.kind = NodeKind::Invalid;
                        }
                    }
                }
                _ => self.wrong_type(node, shape, what),
            },
            Shape::Table(shape) => match &mut node.kind {
                NodeKind::Table(table) => self.table(table, node.span, shape),
                _ => self.wrong_type(node, &Shape::Table(shape), what),
            },
        }
    }

    fn list(&mut self, node: &mut Node, element: &Shape, needs_one: bool, what: &str) {
        let NodeKind::Array(nodes) = &mut node.kind else { return };
        if nodes.is_empty() && needs_one {
            self.empty(node, what);
            return;
        }
        let what = format!("an element of {what}");
        for node in nodes {
            self.node(node, element, &what);
        }
    }

    fn text(&mut self, node: &mut Node, kind: TextKind, shape: &Shape, what: &str) {
        let NodeKind::Text(text) = &node.kind else {
            self.wrong_type(node, shape, what);
            return;
        };
        let Some(text) = self.put_in(text, kind) else {
            node.kind = NodeKind::Invalid;
            return;
        };
        node.kind = NodeKind::Text(text.clone());
        let may_be_empty = matches!(kind, TextKind::Plain | TextKind::Template | TextKind::Secret);
        if text.is_empty() && !may_be_empty {
            self.empty(node, what);
            return;
        }
        match kind {
            TextKind::Name if !is_name(&text) => {
                self.refuse(node, bad_name(text.span(), &text, what));
            }
            TextKind::Character if text.chars().count() != 1 || !text.is_ascii() => {
                self.bad_value(node, what, "must be a single ASCII character");
            }
            TextKind::Url | TextKind::Secret => {
                let problems = if kind == TextKind::Url {
                    secret::check_url(&text)
                } else {
                    secret::check_password(&text)
                };
                for (diagnostic, concealed) in problems {
                    self.concealed.extend(concealed);
                    self.refuse(node, diagnostic);
                }
            }
            _ => {}
        }
    }

    fn choice(&mut self, node: &mut Node, words: &[&str], shape: &Shape, what: &str) {
        self.text(node, TextKind::Plain, shape, what);
        let NodeKind::Text(text) = &node.kind else { return };
        if words.contains(&text.as_str()) {
            return;
        }
        let message = if text.has_variable() {
            format!("what the variable holds is not a choice for {what}")
        } else {
            format!("\"{text}\" is not a choice for {what}")
        };
        let help = match wording::suggest(text, words.iter().copied()) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("write {}", shape.describe()),
        };
        self.refuse(
            node,
            Diagnostic::new(&codes::BAD_CHOICE, message)
                .at(text.span(), format!("expected {}", shape.describe()))
                .help(help),
        );
    }

    /// Puts variables into every text of a literal.
    fn literal(&mut self, node: &mut Node) {
        match &mut node.kind {
            NodeKind::Text(text) => match self.put_in(text, TextKind::Plain) {
                Some(text) => node.kind = NodeKind::Text(text),
                None => node.kind = NodeKind::Invalid,
            },
            NodeKind::Array(nodes) => nodes.iter_mut().for_each(|node| self.literal(node)),
            NodeKind::Table(table) => {
                table.entries.iter_mut().for_each(|entry| self.literal(&mut entry.value));
            }
            _ => {}
        }
    }

    fn put_in(&mut self, text: &Text, kind: TextKind) -> Option<Text> {
        if text.has_placeholder() {
            return Some(text.clone());
        }
        variables::substitute(text, kind, self.environment, self.diagnostics)
    }

    /// Turns a text that has variables into the number or truth value that one of the shapes
    /// wants.
    fn put_in_scalar(&mut self, node: &mut Node, shapes: &[&Shape]) {
        let NodeKind::Text(text) = &node.kind else { return };
        if !text.contains("${") {
            return;
        }
        let Some(text) = self.put_in(text, TextKind::Plain) else {
            node.kind = NodeKind::Invalid;
            return;
        };
        let wants = |test: fn(&Shape) -> bool| shapes.iter().any(|shape| test(shape));
        node.kind = if let Ok(integer) = text.parse()
            && wants(|shape| matches!(shape, Shape::Integer { .. }))
        {
            NodeKind::Integer(integer)
        } else if let Ok(boolean) = text.parse()
            && wants(|shape| matches!(shape, Shape::Boolean))
        {
            NodeKind::Boolean(boolean)
        } else {
            NodeKind::Text(text)
        };
    }

    /// Checks a key that the author chose.
    fn map_key(&mut self, entry: &Entry, kind: KeyKind) -> bool {
        let what = match kind {
            KeyKind::Name => {
                if is_name(&entry.key) {
                    return true;
                }
                self.diagnostics.push(bad_name(entry.key.span(), &entry.key, "the name"));
                return false;
            }
            KeyKind::Target => "a path into the target document",
            KeyKind::Reference => "a name with a dot",
            KeyKind::Code => "a code with a dot",
            KeyKind::Header => "a header with a dot",
        };
        if entry.dotted {
            let mut leaves = Vec::new();
            dotted_leaves(entry, entry.key.span().start, &mut Vec::new(), &mut leaves);
            for (span, path) in leaves {
                self.diagnostics.push(
                    Diagnostic::new(
                        &codes::DOTTED_KEY,
                        format!("`{path}` is a dotted key without quotes"),
                    )
                    .at(span, "TOML reads this as nested tables")
                    .help(format!("{what} stands in quotes: \"{path}\" = …")),
                );
            }
            return false;
        }
        if kind == KeyKind::Target && entry.key.split('.').any(str::is_empty) {
            self.diagnostics.push(
                Diagnostic::new(
                    &codes::BAD_NAME,
                    format!("\"{}\" is not a target path", entry.key),
                )
                .at(entry.key.span(), "has an empty part")
                .help("a target path is field names with dots between them"),
            );
            return false;
        }
        true
    }

    /// A header that lets somebody in is taken from a variable, like a password.
    fn header(&mut self, entry: &mut Entry) {
        let NodeKind::Text(text) = &entry.value.kind else { return };
        if let Some((diagnostic, concealed)) = secret::check_header(&entry.key, text) {
            self.concealed.extend(concealed);
            self.refuse(&mut entry.value, diagnostic);
        }
    }

    fn wrong_type(&mut self, node: &mut Node, shape: &Shape, what: &str) {
        let expected = shape.describe();
        let help = matches!(
            (shape, &node.kind),
            (Shape::List(Shape::Table(_) | Shape::Record), NodeKind::Table(_))
        )
        .then(|| "put the table into a list: [{ … }], or write its header with [[ ]]".to_owned());
        self.refuse(
            node,
            Diagnostic::new(&codes::WRONG_TYPE, format!("{what} takes {expected}"))
                .at(node.span, format!("this is {}", node.kind))
                .maybe_help(help),
        );
    }

    fn bad_value(&mut self, node: &mut Node, what: &str, must: &str) {
        self.refuse(
            node,
            Diagnostic::new(&codes::BAD_VALUE, format!("{what} {must}"))
                .at(node.span, "can't be used"),
        );
    }

    fn empty(&mut self, node: &mut Node, what: &str) {
        self.refuse(
            node,
            Diagnostic::new(&codes::EMPTY, format!("{what} is empty"))
                .at(node.span, "needs something inside"),
        );
    }

    fn refuse(&mut self, node: &mut Node, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        node.kind = NodeKind::Invalid;
    }
}

/// The share that a text such as `"2.5%"` stands for, from 0 to 1.
pub fn parse_percent(text: &str) -> Option<f64> {
    let number: f64 = text.trim().strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=100.0).contains(&number).then_some(number / 100.0)
}

/// A bound of a share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At least.
    AtLeast(f64),
    /// At most.
    AtMost(f64),
}

/// The bound that a text such as `">= 99%"`, `"<= 1%"` or `"99%"` stands for; without a sign it is
/// the least.
pub fn parse_bound(text: &str) -> Option<Bound> {
    let text = text.trim();
    if let Some(most) = text.strip_prefix("<=") {
        return parse_percent(most).map(Bound::AtMost);
    }
    parse_percent(text.strip_prefix(">=").unwrap_or(text)).map(Bound::AtLeast)
}

/// How many that a text such as `"20/s"` allows, and in what time.
pub fn parse_rate(text: &str) -> Option<(NonZeroU32, Duration)> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1,
        "min" | "minute" => 60,
        "h" | "hour" => 3600,
        _ => return None,
    };
    Some((count.trim().parse().ok()?, Duration::from_secs(seconds)))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn bad_name(span: Span, name: &str, what: &str) -> Diagnostic {
    let name: String = name.chars().take(60).collect();
    Diagnostic::new(&codes::BAD_NAME, format!("{what} \"{name}\" is not a name"))
        .at(span, "names consist of letters, digits, `_` and `-`")
}

/// The alternative for a value's TOML type.
fn choose<'s>(node: &Node, shapes: &'s [&'static Shape]) -> Option<&'s Shape> {
    if node.as_table().is_some_and(Table::is_extended_json)
        && let Some(literal) = shapes.iter().find(|shape| matches!(shape, Shape::Literal))
    {
        return Some(literal);
    }
    let accepts = |shape: &Shape| match shape {
        Shape::Text(_)
        | Shape::Choice(_)
        | Shape::Duration
        | Shape::Percent
        | Shape::Bound
        | Shape::Rate => {
            matches!(node.kind, NodeKind::Text(_))
        }
        Shape::Names(_) => matches!(node.kind, NodeKind::Text(_) | NodeKind::Array(_)),
        Shape::Integer { .. } => matches!(node.kind, NodeKind::Integer(_)),
        Shape::Boolean => matches!(node.kind, NodeKind::Boolean(_)),
        Shape::List(_) | Shape::NonEmptyList(_) => matches!(node.kind, NodeKind::Array(_)),
        Shape::Record | Shape::Filter | Shape::MapOf(..) | Shape::Table(_) => {
            matches!(node.kind, NodeKind::Table(_))
        }
        Shape::Literal => true,
        Shape::OneOf(_) => false,
    };
    shapes.iter().copied().find(|shape| accepts(shape))
}

fn dotted_leaves<'e>(
    entry: &'e Entry,
    first: usize,
    path: &mut Vec<&'e str>,
    leaves: &mut Vec<(Span, String)>,
) {
    path.push(&entry.key);
    if let (NodeKind::Table(table), true) = (&entry.value.kind, entry.dotted) {
        for inner in &table.entries {
            dotted_leaves(inner, first, path, leaves);
        }
    } else {
        let path = path.join(".");
        let mut span = entry.key.span();
        // All of the key, when it stands in one piece.
        if span.end.checked_sub(path.len()) == Some(first) {
            span.start = first;
        }
        leaves.push((span, path));
    }
    path.pop();
}

/// The table inside a shape, through lists and alternatives.
fn tables_in(shape: &'static Shape) -> Vec<&'static TableShape> {
    match shape {
        Shape::Table(table) => vec![table],
        Shape::List(inner) | Shape::NonEmptyList(inner) => tables_in(inner),
        Shape::OneOf(shapes) => shapes.iter().copied().flat_map(tables_in).collect(),
        _ => Vec::new(),
    }
}

fn unknown_key_help(name: &str, shape: &TableShape) -> Option<String> {
    let owners: Vec<&str> = shape
        .keys
        .iter()
        .filter(|key| tables_in(key.shape).iter().any(|table| table.key(name).is_some()))
        .map(|key| key.name)
        .collect();
    if !owners.is_empty() {
        return Some(format!("`{name}` belongs into {}", or_list(&owners)));
    }
    let names: Vec<&str> = shape.keys.iter().map(|key: &KeyShape| key.name).collect();
    wording::did_you_mean(name, &names, "its keys are")
}
