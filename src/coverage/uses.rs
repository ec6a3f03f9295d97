//! What phases say of a table or collection.

use super::place::{covers, is_in, parse};
use super::words::Words;
use crate::expr::{Expr, Origin, Part, Read, Reader, Step, What};
use crate::plan::{Phase, WriteMode};
use crate::value::FieldPath;

/// What a phase reads of its source.
pub(super) struct PhaseReads<'p> {
    pub(super) phase: &'p Phase,
    pub(super) reads: Vec<Read>,
    /// The names of its query or pipeline.
    pub(super) words: Option<Words>,
}

/// What a phase says of one table or collection.
pub(super) enum Use<'p> {
    /// It is the phase's source, or named in its query. With the names of its key.
    Source(&'p PhaseReads<'p>, Vec<String>),
    /// The phase looks up in it.
    Lookup(LookupUse<'p>),
}

/// A lookup in a table or collection.
pub(super) struct LookupUse<'p> {
    pub(super) phase: &'p Phase,
    /// Its place among the phase's lookups.
    pub(super) at: usize,
    /// The column or path that is taken.
    pub(super) take: &'p str,
    /// Those by which it is found.
    pub(super) by: &'p [String],
}

impl LookupUse<'_> {
    /// The fields that its value goes to.
    fn fields(&self) -> impl Iterator<Item = String> {
        let fields = self.phase.mapping.fields.iter();
        let own = fields.filter(|(_, expr)| asks(expr, self.at));
        own.map(|(path, _)| format!("{}.{path}", self.phase.full_name()))
    }
}

/// Whether a value is made with a lookup. Named values count where they are used only by their name.
fn asks(expr: &Expr, lookup: usize) -> bool {
    let inside = |fields: &[(FieldPath, Expr)]| fields.iter().any(|(_, expr)| asks(expr, lookup));
    let own = match &expr.origin {
        Origin::Lookup(call) => {
            call.lookup == lookup || call.keys.iter().any(|expr| asks(expr, lookup))
        }
        Origin::First { alternatives, .. } => alternatives.iter().any(|expr| asks(expr, lookup)),
        Origin::Path(_)
        | Origin::Each(_)
        | Origin::Value(_)
        | Origin::Expression(_)
        | Origin::Template(_)
        | Origin::Id(_) => false,
    };
    own || expr.steps.iter().any(|step| match step {
        Step::Object(fields) | Step::Extend { fields, .. } => inside(fields),
        _ => false,
    })
}

/// What becomes of a column or path by what phases say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) to: Vec<String>,
    pub(super) used: Vec<String>,
    pub(super) reason: Option<String>,
    /// A phase that makes records of the table's and says nothing of it.
    pub(super) silent: Option<String>,
}

impl Use<'_> {
    /// The phase's full name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Source(reads, _) => reads.phase.full_name(),
            Self::Lookup(lookup) => lookup.phase.full_name(),
        }
    }

    /// Adds what it says of a column or path.
    pub(super) fn say(&self, entity: &str, leaf: &[Part], name: &str, said: &mut Said) {
        match self {
            Self::Lookup(lookup) => {
                let taken = names_leaf(lookup.take, leaf, name);
                if taken {
                    lookup.fields().for_each(|field| add(&mut said.to, field));
                }
                if taken || lookup.by.iter().any(|path| names_leaf(path, leaf, name)) {
                    add(&mut said.used, format!("looked up by {}", self.name()));
                }
            }
            Self::Source(reads, key) => {
                let mut own = Said::default();
                Source { reads, key, entity }.say(leaf, name, &mut own);
                // What edits other records need not say what it leaves out.
                let write = reads.phase.target.write;
                let creates = matches!(write, WriteMode::Insert(_) | WriteMode::Append);
                // A query says which columns it wants of the tables that it joins.
                if creates && reads.words.is_none() && own == Said::default() {
                    said.silent.get_or_insert_with(|| self.name());
                }
                said.to.extend(own.to);
                said.used.extend(own.used);
                if let Some(reason) = own.reason {
                    said.reason.get_or_insert(reason);
                }
            }
        }
    }

    /// The places that it names, each with who names it.
    pub(super) fn places(&self) -> Vec<(Vec<Part>, String)> {
        let phase = self.name();
        match self {
            Self::Lookup(LookupUse { take, by, .. }) => {
                let names = by.iter().map(String::as_str).chain([*take]);
                names.map(|path| (parse(path), format!("looked up by {phase}"))).collect()
            }
            // What a query gives is known only when it runs.
            Self::Source(PhaseReads { words: Some(_), .. }, _) => Vec::new(),
            Self::Source(PhaseReads { phase: of, reads, .. }, key) => {
                let mut places = Vec::new();
                for read in reads {
                    if let What::Place { place, .. } = &read.what
                        && !place.is_empty()
                        && !place.contains(&Part::Deep)
                    {
                        places.push((place.clone(), told(&phase, &read.by)));
                    }
                }
                let filtered = of.source.filter.paths().into_iter();
                places.extend(filtered.map(|path| (parse(path), format!("filter of {phase}"))));
                places.extend(key.iter().map(|path| (parse(path), format!("key of {phase}"))));
                let ignored = of.ignore.iter().map(|(path, _)| parse(path));
                places.extend(ignored.map(|place| (place, format!("ignored by {phase}"))));
                places
            }
        }
    }
}

/// A phase that reads.
struct Source<'u> {
    reads: &'u PhaseReads<'u>,
    key: &'u [String],
    entity: &'u str,
}

impl Source<'_> {
    fn say(&self, leaf: &[Part], name: &str, said: &mut Said) {
        let PhaseReads { phase, reads, words } = self.reads;
        let full_name = phase.full_name();
        let ignored = phase.ignore.iter().find(|(path, _)| names_leaf(path, leaf, name));
        said.reason = ignored.map(|(_, reason)| reason.clone());
        if let Some(words) = words {
            let named = words.names_column(self.entity, name);
            if named {
                add(&mut said.used, format!("query of {full_name}"));
            } else if !words.takes_all(self.entity) {
                return;
            }
        }
        let is_key = self.key.iter().any(|path| match words {
            Some(words) => words.gives(self.entity, name, path),
            None => names_leaf(path, leaf, name),
        });
        for Read { by, what } in reads {
            let covered = match what {
                What::Key => is_key,
                What::Place { place, except } => {
                    let left_out = except.iter().find(|field| {
                        let inner = Part::Name((*field).clone());
                        let inner: Vec<Part> = place.iter().cloned().chain([inner]).collect();
                        is_in(&inner, leaf)
                    });
                    if left_out.is_some() {
                        let by = told(&full_name, by);
                        said.reason.get_or_insert(format!("left out by `without` of {by}"));
                    }
                    left_out.is_none() && self.covers(by, place, leaf)
                }
            };
            match by {
                _ if !covered => {}
                Reader::Field(_) => add(&mut said.to, told(&full_name, by)),
                Reader::Skip(_) | Reader::Reject(_) | Reader::Explode => {
                    add(&mut said.used, told(&full_name, by));
                }
            }
        }
        if phase.source.filter.paths().iter().any(|path| names_leaf(path, leaf, name)) {
            add(&mut said.used, format!("filter of {full_name}"));
        }
        if is_key {
            add(&mut said.used, format!("key of {full_name}"));
        }
    }

    fn covers(&self, by: &Reader, place: &[Part], leaf: &[Part]) -> bool {
        if *by == Reader::Explode {
            // Taking a list apart reads its elements only as far as fields do.
            return covers(place, leaf) && (!is_in(place, leaf) || names(place) == names(leaf));
        }
        let Some(words) = &self.reads.words else { return covers(place, leaf) };
        match (place.first(), leaf.first()) {
            (Some(Part::Name(read)), Some(Part::Name(column))) => {
                words.gives(self.entity, column, read) && covers(&place[1..], &leaf[1..])
            }
            (Some(Part::Name(_)), _) => false,
            _ => covers(place, leaf),
        }
    }
}

/// Whether a column or dotted path means this leaf, or what it is in.
fn names_leaf(path: &str, leaf: &[Part], name: &str) -> bool {
    path == name || is_in(&parse(path), leaf)
}

fn names(place: &[Part]) -> Vec<&Part> {
    place.iter().filter(|part| **part != Part::Each).collect()
}

fn told(phase: &str, by: &Reader) -> String {
    match by {
        Reader::Field(path) => format!("{phase}.{path}"),
        Reader::Skip(reason) => format!("skip rule of {phase} ({reason})"),
        Reader::Reject(reason) => format!("reject rule of {phase} ({reason})"),
        Reader::Explode => format!("taken apart by {phase}"),
    }
}

fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}
