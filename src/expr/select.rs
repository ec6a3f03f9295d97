//! Paths into a record: JSONPath (RFC 9535) with the leading `$.` left out at will.
//!
//! Singular paths (names and indexes only) are walked directly; any other is evaluated by
//! `jsonpath-rust`, whose only home this is.

use std::fmt;
use std::ops::Range;

use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, JpQuery, Segment as JpSegment, Selector, SingularQuery,
    SingularQuerySegment, Test,
};
use jsonpath_rust::query::queryable::Queryable;

use crate::value::Value;

/// A parsed path.
#[derive(Clone)]
pub struct Path {
    text: String,
    /// Where it starts.
    pub root: Root,
    kind: PathKind,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// The source record (`$`).
    Record,
    /// The current element (`@`).
    Element,
    /// The element of a phase that explodes, by the name that `as` gave to it.
    Exploded,
    /// A named value of the phase (`let.name`).
    Let(String),
}

#[derive(Clone, Debug)]
enum PathKind {
    Singular(Vec<Segment>),
    Query { head: Option<String>, rest: JpQuery },
}

/// A step of a singular path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field.
    Name(String),
    /// An element, from the end when negative.
    Index(i64),
}

/// Places that a path leads to, each as steps from its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// What it gives.
    pub taken: Vec<Vec<Part>>,
    /// What decides whether it gives something (`[?@.sold]`).
    pub tested: Vec<Vec<Part>>,
}

/// A step towards a place, whichever element it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A field.
    Name(String),
    /// Some or all elements or fields.
    Each,
    /// Any number of steps.
    Deep,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// Where in the text, in bytes.
    pub range: Range<usize>,
    /// A sentence.
    pub message: String,
}

impl Path {
    /// Parses a path.
    ///
    /// `inside` tells whether a bare path starts at the current element (inside `each`, `object`
    /// and `extend`); `element` is the name that `as` gave to the exploded element.
    ///
    /// # Errors
    /// When the text is no JSONPath.
    pub fn parse(text: &str, inside: bool, element: Option<&str>) -> Result<Self, PathError> {
        let name_end = text.find(['.', '[']).unwrap_or(text.len());
        let (root, rest, offset) = match &text[..name_end] {
            "$" => (Root::Record, &text[1..], 1),
            "@" => (Root::Element, &text[1..], 1),
            "let" => return Self::parse_let(text),
            name if Some(name) == element => (Root::Exploded, &text[name.len()..], name.len()),
            _ if inside => (Root::Element, text, 0),
            _ => (Root::Record, text, 0),
        };
        Ok(Self { text: text.to_owned(), root, kind: parse_rest(rest, offset)? })
    }

    fn parse_let(text: &str) -> Result<Self, PathError> {
        let Some(rest) = text.strip_prefix("let.") else {
            return Err(PathError {
                range: 0..text.len(),
                message: "`let` is followed by the name of a named value, as in `let.total`".into(),
            });
        };
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let kind = parse_rest(&rest[end..], 4 + end)?;
        Ok(Self { text: text.to_owned(), root: Root::Let(rest[..end].to_owned()), kind })
    }

    /// The field of the record with exactly this name, whatever characters it has.
    pub fn field(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            root: Root::Record,
            kind: PathKind::Singular(vec![Segment::Name(name.to_owned())]),
        }
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The steps of a singular path; `None` for one that gives a list.
    pub fn segments(&self) -> Option<&[Segment]> {
        match &self.kind {
            PathKind::Singular(segments) => Some(segments),
            PathKind::Query { .. } => None,
        }
    }

    /// The places that it leads to, from its root.
    pub fn places(&self) -> Places {
        let mut places = Places { taken: vec![Vec::new()], tested: Vec::new() };
        match &self.kind {
            PathKind::Singular(segments) => {
                places.taken[0].extend(segments.iter().map(|segment| match segment {
                    Segment::Name(name) => Part::Name(name.clone()),
                    Segment::Index(_) => Part::Each,
                }));
            }
            PathKind::Query { head, rest } => {
                places.taken[0].extend(head.clone().map(Part::Name));
                places.follow(&rest.segments);
            }
        }
        places
    }

    /// The first name after the root, when the path begins with one: the column that it reads.
    pub fn head(&self) -> Option<&str> {
        match &self.kind {
            PathKind::Singular(segments) => match segments.first() {
                Some(Segment::Name(name)) => Some(name),
                _ => None,
            },
            PathKind::Query { head, .. } => head.as_deref(),
        }
    }

    /// The value there, from the root's value.
    pub fn select(&self, root: &Value) -> Value {
        match &self.kind {
            PathKind::Singular(segments) => walk(root, segments),
            PathKind::Query { head, rest } => match head {
                Some(name) => query(&walk(root, &[Segment::Name(name.clone())]), rest),
                None => query(root, rest),
            },
        }
    }

    /// The value there, from the value of the field that [`Path::head`] names.
    pub fn select_in_head(&self, head: &Value) -> Value {
        match &self.kind {
            PathKind::Singular(segments) => walk(head, segments.get(1..).unwrap_or_default()),
            PathKind::Query { rest, .. } => query(head, rest),
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({:?} {})", self.root, self.text)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.root == other.root
    }
}

impl Places {
    /// Goes on from what is taken so far.
    fn follow(&mut self, segments: &[JpSegment]) {
        for segment in segments {
            let mut inner = segment;
            while let JpSegment::Descendant(below) = inner {
                self.taken.iter_mut().for_each(|place| place.push(Part::Deep));
                inner = below;
            }
            let selectors: &[Selector] = match inner {
                JpSegment::Selector(selector) => std::slice::from_ref(selector),
                JpSegment::Selectors(selectors) => selectors,
                JpSegment::Descendant(_) => &[],
            };
            for place in std::mem::take(&mut self.taken) {
                for selector in selectors {
                    let mut place = place.clone();
                    match selector {
                        Selector::Name(name) => place.push(Part::Name(name.clone())),
                        Selector::Filter(filter) => {
                            place.push(Part::Each);
                            self.filter(filter, &place);
                        }
                        Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => {
                            place.push(Part::Each);
                        }
                    }
                    self.taken.push(place);
                }
            }
        }
    }

    fn filter(&mut self, filter: &Filter, at: &[Part]) {
        let atom = match filter {
            Filter::Or(filters) | Filter::And(filters) => {
                for filter in filters {
                    self.filter(filter, at);
                }
                return;
            }
            Filter::Atom(atom) => atom,
        };
        match atom {
            FilterAtom::Filter { expr, .. } => self.filter(expr, at),
            FilterAtom::Test { expr, .. } => match &**expr {
                Test::RelQuery(segments) => {
                    let mut inner = Self { taken: vec![at.to_vec()], tested: Vec::new() };
                    inner.follow(segments);
                    self.tested.extend(inner.taken.into_iter().chain(inner.tested));
                }
                Test::AbsQuery(_) => {}
                // Its arguments may be anything of the element.
                Test::Function(_) => self.tested.push(at.to_vec()),
            },
            FilterAtom::Comparison(comparison) => {
                let (left, right) = comparison.vals();
                for side in [left, right] {
                    match side {
                        Comparable::SingularQuery(SingularQuery::Current(segments)) => {
                            let part = |segment: &SingularQuerySegment| match segment {
                                SingularQuerySegment::Name(name) => Part::Name(name.clone()),
                                SingularQuerySegment::Index(_) => Part::Each,
                            };
                            let rest = segments.iter().map(part);
                            self.tested.push(at.iter().cloned().chain(rest).collect());
                        }
                        Comparable::Function(_) => self.tested.push(at.to_vec()),
                        Comparable::SingularQuery(SingularQuery::Root(_))
                        | Comparable::Literal(_) => {}
                    }
                }
            }
        }
    }
}

fn parse_rest(rest: &str, offset: usize) -> Result<PathKind, PathError> {
    if rest.is_empty() && offset > 0 {
        return Ok(PathKind::Singular(Vec::new()));
    }
    // The parser takes blanks in bare names, which RFC 9535 does not.
    if let Some(at) = bare_blank(rest) {
        return Err(PathError { range: offset + at..offset + at + 1, message: NO_PATH.to_owned() });
    }
    let prefix = if rest.starts_with(['.', '[']) { "$" } else { "$." };
    let text = format!("{prefix}{rest}");
    let query = jsonpath_rust::parser::parse_json_path(&text).map_err(|error| {
        let at = pest_offset(&error, &text).unwrap_or(text.len()).max(prefix.len()) - prefix.len();
        let at = at.min(rest.len());
        let end = rest[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        PathError {
            range: offset + at..offset + end.max(at),
            message: if rest.is_empty() {
                "a path is not empty".to_owned()
            } else {
                NO_PATH.to_owned()
            },
        }
    })?;
    let mut segments = Vec::with_capacity(query.segments.len());
    for segment in &query.segments {
        match segment {
            JpSegment::Selector(Selector::Name(name)) => segments.push(Segment::Name(name.clone())),
            JpSegment::Selector(Selector::Index(index)) => segments.push(Segment::Index(*index)),
            _ => {
                let mut rest = query.segments.clone();
                let head = match rest.first() {
                    Some(JpSegment::Selector(Selector::Name(name))) => Some(name.clone()),
                    _ => None,
                };
                if head.is_some() {
                    rest.remove(0);
                }
                return Ok(PathKind::Query { head, rest: JpQuery::new(rest) });
            }
        }
    }
    Ok(PathKind::Singular(segments))
}

const NO_PATH: &str = "this is no JSONPath (names with other characters than letters, digits and \
                       `_` are written `['like this']`)";

/// Where a blank stands outside of brackets.
fn bare_blank(text: &str) -> Option<usize> {
    let mut depth = 0u32;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 && c.is_ascii_whitespace() => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// The byte offset that the parser's message points at.
fn pest_offset(error: &jsonpath_rust::parser::errors::JsonPathError, text: &str) -> Option<usize> {
    let shown = error.to_string();
    let place = shown.split("--> ").nth(1)?.lines().next()?;
    let column: usize = place.split(':').nth(1)?.trim().parse().ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(column.checked_sub(1)?)
}

fn walk(root: &Value, segments: &[Segment]) -> Value {
    let mut value = root;
    for segment in segments {
        let next = match (segment, value) {
            (Segment::Name(name), Value::Object(object)) => object.get(name),
            (Segment::Index(index), Value::Array(values)) => {
                let index = if *index < 0 {
                    usize::try_from(index.unsigned_abs())
                        .ok()
                        .and_then(|back| values.len().checked_sub(back))
                } else {
                    usize::try_from(*index).ok()
                };
                index.and_then(|index| values.get(index))
            }
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Value::Missing,
        }
    }
    value.clone()
}

fn query(root: &Value, path: &JpQuery) -> Value {
    match jsonpath_rust::query::js_path_process(path, root) {
        Ok(found) => Value::array(found.into_iter().map(|found| found.val().clone()).collect()),
        Err(_) => Value::array(Vec::new()),
    }
}

impl Queryable for Value {
    fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        match self {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        match self {
            Value::Object(object) => Some(object.iter().collect()),
            _ => None,
        }
    }

    fn as_str(&self) -> Option<&str> {
        self.as_text()
    }

    fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            Value::Decimal(value) => value.to_f64(),
            _ => None,
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn null() -> Self {
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Object;

    fn record() -> Value {
        let line = |sku: &str, open: bool| {
            Value::object(Object::from_iter([
                ("sku", Value::text(sku)),
                ("open", Value::Bool(open)),
            ]))
        };
        Value::object(Object::from_iter([
            ("id", Value::Int(7)),
            ("nothing", Value::Null),
            ("lines", Value::array(vec![line("a", true), line("b", false)])),
        ]))
    }

    fn at(path: &str) -> Value {
        Path::parse(path, false, None).unwrap().select(&record())
    }

    #[test]
    fn singular_paths_give_a_value_or_missing() {
        assert_eq!(at("id"), Value::Int(7));
        assert_eq!(at("$.id"), Value::Int(7));
        assert_eq!(at("nothing"), Value::Null);
        assert_eq!(at("nothing.deeper"), Value::Missing);
        assert_eq!(at("lines[1].sku"), Value::text("b"));
        assert_eq!(at("lines[-1].sku"), Value::text("b"));
        assert_eq!(at("lines[2].sku"), Value::Missing);
        assert_eq!(at("$"), record());
    }

    #[test]
    fn other_paths_give_a_list() {
        assert_eq!(at("lines[*].sku"), Value::array(vec!["a".into(), "b".into()]));
        assert_eq!(at("lines[?@.open == true].sku"), Value::array(vec!["a".into()]));
        assert_eq!(at("$..sku"), Value::array(vec!["a".into(), "b".into()]));
        assert_eq!(at("absent[*]"), Value::array(vec![]));
    }

    #[test]
    fn roots_are_told_apart() {
        let root = |text: &str, inside| Path::parse(text, inside, Some("line")).unwrap().root;
        assert_eq!(root("sku", false), Root::Record);
        assert_eq!(root("sku", true), Root::Element);
        assert_eq!(root("$.sku", true), Root::Record);
        assert_eq!(root("@.sku", false), Root::Element);
        assert_eq!(root("line.sku", false), Root::Exploded);
        assert_eq!(root("line.sku", true), Root::Exploded, "also inside `each`");
        assert_eq!(root("let.total", true), Root::Let("total".into()));
    }

    #[test]
    fn errors_point_into_the_text() {
        let error = Path::parse("lines[?@.open ==].sku", false, None).unwrap_err();
        assert!(error.range.start > 5 && error.range.end <= 21, "{error:?}");
        let error = Path::parse("two words", false, None).unwrap_err();
        assert_eq!(error.range, 3..4, "{error:?}");
        assert_eq!(at("['two words']"), Value::Missing);
        assert!(Path::parse("", false, None).is_err());
        assert!(Path::parse("let", false, None).is_err());
    }
}
