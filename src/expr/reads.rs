//! Which places of a source a mapping reads, and for which field or rule.

use std::collections::HashMap;

use super::select::{Part, Path, Root};
use super::template::{TextKind, analyse};
use super::{ArgumentExpr, Expr, Mapping, Origin, Step};
use crate::value::FieldPath;

/// A place that is read, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What for.
    pub by: Reader,
    /// What is read.
    pub what: What,
}

/// What a place is read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A field of the target.
    Field(FieldPath),
    /// A rule that leaves records out, by its reason.
    Skip(String),
    /// A rule that rejects records, by its reason.
    Reject(String),
    /// The list that a record is taken apart into.
    Explode,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The source key.
    Key,
    /// A place with all that is in it.
    Place {
        /// Steps from the record; none is the whole record.
        place: Vec<Part>,
        /// Fields of it that are left out on purpose (`without`).
        except: Vec<String>,
    },
}

impl Mapping {
    /// The places of its source that it reads. Named values that nothing uses read nothing.
    pub fn reads(&self) -> Vec<Read> {
        let mut walk = Walk { element: self.element.as_deref(), ..Walk::default() };
        let mut all = Vec::new();
        if let Some(path) = &self.explode {
            let mut tested = Vec::new();
            let places = walk.path(path, None, &mut tested);
            walk.exploded = each(places.unwrap_or_default());
            let lists = walk.exploded.iter().cloned().map(whole);
            let read = |what| Read { by: Reader::Explode, what };
            all.extend(lists.chain(tested).map(read));
        }
        for (name, expr) in &self.lets {
            let found = walk.expr(expr, Scope::Record);
            walk.lets.insert(name.clone(), found);
        }
        for rule in &self.skip {
            let mut reads = Vec::new();
            walk.text(&rule.when, TextKind::Expression, Scope::Record, &mut reads);
            let by = Reader::Skip(rule.reason.clone());
            all.extend(reads.into_iter().map(|what| Read { by: by.clone(), what }));
        }
        for (path, expr) in &self.fields {
            let by = Reader::Field(path.clone());
            let reads = walk.expr(expr, Scope::Record).all();
            all.extend(reads.into_iter().map(|what| Read { by: by.clone(), what }));
        }
        for rule in &self.reject {
            let mut reads = Vec::new();
            walk.text(&rule.when, TextKind::Expression, Scope::Record, &mut reads);
            let by = Reader::Reject(rule.reason.clone());
            all.extend(reads.into_iter().map(|what| Read { by: by.clone(), what }));
        }
        all
    }
}

/// What is known of a computed value.
#[derive(Clone, Debug, Default)]
struct Found {
    /// What is read to make it, its own places aside.
    reads: Vec<What>,
    /// Where it stands in the record, when it is a part of that.
    places: Option<Vec<Vec<Part>>>,
    /// Fields of it that are left out.
    except: Vec<String>,
}

impl Found {
    fn all(self) -> Vec<What> {
        let Self { mut reads, places, except } = self;
        let own = |place| What::Place { place, except: except.clone() };
        reads.extend(places.into_iter().flatten().map(own));
        reads
    }
}

/// Where bare names of a text start.
#[derive(Clone, Copy)]
enum Scope<'a> {
    /// At the record.
    Record,
    /// At a value, which stands at these places of the record, when it is a part of that.
    Inner(Option<&'a [Vec<Part>]>),
}

#[derive(Default)]
struct Walk<'m> {
    element: Option<&'m str>,
    exploded: Vec<Vec<Part>>,
    lets: HashMap<String, Found>,
}

impl Walk<'_> {
    /// The places of a path's value, when they are known; what else it reads goes to `reads`.
    fn path(
        &self,
        path: &Path,
        inner: Option<&[Vec<Part>]>,
        reads: &mut Vec<What>,
    ) -> Option<Vec<Vec<Part>>> {
        let root = [Vec::new()];
        let bases: &[Vec<Part>] = match &path.root {
            Root::Record => &root,
            Root::Element => inner?,
            Root::Exploded => &self.exploded,
            Root::Let(name) => {
                let found = self.lets.get(name)?;
                reads.extend(found.reads.iter().cloned());
                found.places.as_deref()?
            }
        };
        let places = path.places();
        reads.extend(joined(bases, &places.tested).into_iter().map(whole));
        Some(joined(bases, &places.taken))
    }

    fn text(&self, text: &str, kind: TextKind, scope: Scope<'_>, reads: &mut Vec<What>) {
        let Ok(analysis) = analyse(text, kind) else { return };
        let parts =
            |path: &[String]| -> Vec<Part> { path.iter().cloned().map(Part::Name).collect() };
        let mut read = |bases: &[Vec<Part>], rest: &[String]| {
            reads.extend(joined(bases, &[parts(rest)]).into_iter().map(whole));
        };
        let root = [Vec::new()];
        for name in &analysis.names {
            let (first, rest) = (name.path[0].as_str(), &name.path[1..]);
            match (first, scope) {
                ("record", _) => read(&root, rest),
                ("now" | "target" | "let", _) => {}
                (first, _) if self.element == Some(first) => read(&self.exploded, rest),
                (_, Scope::Inner(places)) => read(places.unwrap_or_default(), &name.path),
                (_, Scope::Record) => read(&root, &name.path),
            }
        }
        for name in analysis.names.iter().filter(|name| name.path[0] == "let") {
            let named = |(own, found): (&String, &Found)| match name.path.get(1) {
                Some(wanted) if wanted != own => Vec::new(),
                Some(_) if found.except.is_empty() => {
                    let places = found.places.as_deref().unwrap_or_default();
                    let inside = joined(places, &[parts(&name.path[2..])]);
                    found.reads.iter().cloned().chain(inside.into_iter().map(whole)).collect()
                }
                _ => found.clone().all(),
            };
            let found: Vec<What> = self.lets.iter().flat_map(named).collect();
            reads.extend(found);
        }
    }

    fn fields(
        &self,
        fields: &[(FieldPath, Expr)],
        places: Option<&[Vec<Part>]>,
        reads: &mut Vec<What>,
    ) {
        for (_, expr) in fields {
            reads.extend(self.expr(expr, Scope::Inner(places)).all());
        }
    }

    fn expr(&self, expr: &Expr, scope: Scope<'_>) -> Found {
        let inner = match scope {
            Scope::Record => None,
            Scope::Inner(places) => places,
        };
        let mut found = Found::default();
        let reads = &mut found.reads;
        match &expr.origin {
            Origin::Path(path) => found.places = self.path(path, inner, reads),
            Origin::Each(path) => found.places = self.path(path, inner, reads).map(each),
            Origin::Value(_) => {}
            Origin::Expression(text) => self.text(text, TextKind::Expression, scope, reads),
            Origin::Template(text) => self.text(text, TextKind::Template, scope, reads),
            Origin::Id(rule) => match &rule.name {
                Some(text) => self.text(text, TextKind::Template, scope, reads),
                None => reads.push(What::Key),
            },
            Origin::First { alternatives, .. } => {
                let all = alternatives.iter().flat_map(|expr| self.expr(expr, scope).all());
                reads.extend(all);
            }
            Origin::Lookup(call) => {
                reads.extend(call.keys.iter().flat_map(|expr| self.expr(expr, scope).all()));
            }
        }
        for step in &expr.steps {
            match step {
                Step::Apply { arguments, .. } => {
                    for (_, argument) in arguments {
                        if let ArgumentExpr::Path(path) = argument
                            && let Some(places) = self.path(path, inner, &mut found.reads)
                        {
                            found.reads.extend(places.into_iter().map(whole));
                        }
                    }
                }
                // Of the value itself only those fields are read that the new ones are made of.
                Step::Object(fields) => {
                    let places = found.places.take();
                    self.fields(fields, places.as_deref(), &mut found.reads);
                }
                Step::Extend { fields, without } => {
                    let places = found.places.clone();
                    self.fields(fields, places.as_deref(), &mut found.reads);
                    found.except.extend(without.iter().cloned());
                }
                Step::Parse { .. }
                | Step::Cast { .. }
                | Step::Crosswalk(_)
                | Step::Format { .. } => {}
            }
        }
        found
    }
}

fn whole(place: Vec<Part>) -> What {
    What::Place { place, except: Vec::new() }
}

/// The elements of what stands at these places.
fn each(mut places: Vec<Vec<Part>>) -> Vec<Vec<Part>> {
    for place in &mut places {
        if place.last() != Some(&Part::Each) {
            place.push(Part::Each);
        }
    }
    places
}

/// Each of `rests`, from each of `bases`.
fn joined(bases: &[Vec<Part>], rests: &[Vec<Part>]) -> Vec<Vec<Part>> {
    let join = |base: &Vec<Part>, rest: &Vec<Part>| base.iter().chain(rest).cloned().collect();
    bases.iter().flat_map(|base| rests.iter().map(move |rest| join(base, rest))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{IdKind, IdRule, LookupCall, OnError, OnMissing, Rule};
    use super::*;
    use crate::value::Value;

    fn expr(origin: Origin, steps: Vec<Step>) -> Expr {
        Expr { origin, steps, default: None, on_error: OnError::Reject }
    }

    fn at(text: &str, inside: bool) -> Path {
        Path::parse(text, inside, Some("line")).unwrap()
    }

    fn path(text: &str) -> Expr {
        expr(Origin::Path(at(text, false)), vec![])
    }

    fn inner(name: &str, text: &str) -> (FieldPath, Expr) {
        (FieldPath::field(name), expr(Origin::Path(at(text, true)), vec![]))
    }

    /// What each field and rule reads, in a short form.
    fn told(mapping: &Mapping) -> Vec<String> {
        let part = |part: &Part| match part {
            Part::Name(name) => format!(".{name}"),
            Part::Each => "[*]".to_owned(),
            Part::Deep => "..".to_owned(),
        };
        let line = |read: Read| {
            let by = match read.by {
                Reader::Field(path) => path.to_string(),
                Reader::Skip(reason) => format!("skip {reason}"),
                Reader::Reject(reason) => format!("reject {reason}"),
                Reader::Explode => "explode".to_owned(),
            };
            match read.what {
                What::Key => format!("{by}: key"),
                What::Place { place, except } => {
                    let place: String = place.iter().map(part).collect();
                    let except = except.join(" -");
                    let except = if except.is_empty() { except } else { format!(" -{except}") };
                    format!("{by}: ${place}{except}")
                }
            }
        };
        mapping.reads().into_iter().map(line).collect()
    }

    fn mapping(fields: Vec<(&str, Expr)>) -> Mapping {
        let fields = fields.into_iter().map(|(name, expr)| (FieldPath::field(name), expr));
        Mapping { fields: fields.collect(), ..Mapping::default() }
    }

    #[test]
    fn paths_lead_to_places() {
        let mapping = mapping(vec![
            ("a", path("x.y")),
            ("b", path("items[?@.sold == true && @.code[0]]['sku','ean']")),
            ("c", path("$..sku")),
            ("d", path("$")),
        ]);
        let expected = [
            "a: $.x.y",
            "b: $.items[*].sold",
            "b: $.items[*].code[*]",
            "b: $.items[*].sku",
            "b: $.items[*].ean",
            "c: $...sku",
            "d: $",
        ];
        assert_eq!(told(&mapping), expected);
    }

    #[test]
    fn an_object_reads_its_parts_and_extend_the_rest_too() {
        let object = Step::Object(vec![inner("n", "number"), inner("id", "$.id")]);
        let extend = Step::Extend { fields: vec![inner("t", "to")], without: vec!["old".into()] };
        let mapping = mapping(vec![
            ("a", expr(Origin::Each(at("items", false)), vec![object])),
            ("b", expr(Origin::Path(at("outcome", false)), vec![extend])),
        ]);
        let expected = ["a: $.items[*].number", "a: $.id", "b: $.outcome.to", "b: $.outcome -old"];
        assert_eq!(told(&mapping), expected);
    }

    #[test]
    fn named_values_count_where_they_are_used() {
        let rule = IdRule {
            kind: IdKind::ObjectId,
            spec: String::new(),
            phase: String::new(),
            name: None,
        };
        let call = LookupCall { lookup: 0, keys: vec![path("owner")], on_missing: OnMissing::Null };
        let mut mapping = mapping(vec![
            ("id", expr(Origin::Id(rule), vec![])),
            ("a", path("let.body.steps[*]")),
            (
                "b",
                expr(Origin::Template("{{ let.body.kind }} {{ line.z }} {{ e }}".into()), vec![]),
            ),
            ("c", expr(Origin::Lookup(call), vec![])),
            ("d", expr(Origin::Value(Value::Null), vec![])),
        ]);
        mapping.lets = vec![("body".into(), path("body")), ("unused".into(), path("u"))];
        mapping.explode = Some(at("lines", false));
        mapping.element = Some("line".into());
        mapping.skip.push(Rule { when: "record.gone or now".into(), reason: "gone".into() });
        mapping.reject.push(Rule { when: "target.a == h".into(), reason: "odd".into() });
        let expected = [
            "explode: $.lines[*]",
            "skip gone: $.gone",
            "id: key",
            "a: $.body.steps[*]",
            "b: $.lines[*].z",
            "b: $.e",
            "b: $.body.kind",
            "c: $.owner",
            "reject odd: $.h",
        ];
        assert_eq!(told(&mapping), expected);
    }
}
