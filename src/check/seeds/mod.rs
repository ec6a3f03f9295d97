//! Seeds: rows of test data become phases over generated rows.

mod canonical;
mod generators;
mod live;
mod order;
mod plan;
mod templates;
mod unique;

pub(super) use plan::used_connections;
pub use plan::{SeedOptions, seeds};

use std::path::PathBuf;

use super::Checker;
use crate::connectors::ConnectionConfig;
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::document::Text;
use crate::generate::{self, Generator, Kind};
use crate::plan::{Connection, ConnectionId, EdgeReason};
use crate::spec;
use crate::value::FieldPath;

/// A seed that is right.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Under which name its rows are kept account of: the spec's, or the file's that is included.
    pub owner: String,
    /// The file that it is written in.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where its rows go.
    pub connection: ConnectionId,
    /// The table or collection.
    pub entity: String,
    /// How many rows, before they are scaled.
    pub count: u64,
    /// The fields. References name other seeds by their place.
    pub fields: Vec<generate::Field>,
    /// The seeds that come before, with the reason.
    pub(super) after: Vec<(usize, EdgeReason)>,
    /// What it does to data, but for how many rows.
    pub(super) checksum: String,
    pub(super) places: Places,
}

/// Where the parts of a seed were written.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) name: Span,
    pub(super) entity: Span,
    /// Per field: its name and its generator.
    pub(super) fields: Vec<(Span, Span)>,
    /// Per field: what says that it is unique, and that it takes what the store makes.
    pub(super) unique: Vec<Option<Span>>,
    pub(super) takes: Vec<Option<(String, Span)>>,
}

/// A seed and the first spec that has it: what several include is there once.
#[derive(Clone, Copy)]
pub(super) struct SeedRef<'s> {
    pub(super) spec: usize,
    pub(super) seed: &'s spec::Seed,
}

/// What lowering a seed goes by.
pub(super) struct Lowering<'c, 's> {
    pub(super) list: &'c [SeedRef<'s>],
    /// The seed that is lowered.
    pub(super) at: usize,
    /// The edges found so far: the seed that must come before, why, and where it says so.
    pub(super) edges: Vec<(usize, EdgeReason, Span)>,
    /// The tables whose rows are referred to as they are there.
    pub(super) reads: Vec<(usize, String)>,
    /// What is taken of a field that only the store makes.
    pub(super) takes: Option<(String, Span)>,
}

impl<'s> Checker<'s> {
    /// Lowers every seed. `None` when something is wrong, all of which is reported.
    pub(super) fn seeds(&mut self) -> Option<Vec<Seed>> {
        let list = self.seed_list();
        let mut lowered = Vec::with_capacity(list.len());
        let mut order = order::Order::default();
        for at in 0..list.len() {
            let mut lowering =
                Lowering { list: &list, at, edges: Vec::new(), reads: Vec::new(), takes: None };
            lowered.push(self.seed(&mut lowering, &mut order));
        }
        let edges = self.seed_edges(&list, &order)?;
        let mut seeds: Vec<Seed> = lowered.into_iter().collect::<Option<_>>()?;
        for (seed, after) in seeds.iter_mut().zip(edges) {
            seed.after = after;
        }
        let counts: Vec<u64> = seeds.iter().map(|seed| seed.count).collect();
        let mut right = true;
        for diagnostic in unique::too_few(&seeds, &counts, generate::fixed_now()) {
            self.report(diagnostic);
            right = false;
        }
        right.then_some(seeds)
    }

    fn seed_list(&self) -> Vec<SeedRef<'s>> {
        let set = self.set;
        let mut list: Vec<SeedRef<'s>> = Vec::new();
        for (spec, content) in set.specs.iter().enumerate() {
            for seed in &content.seeds {
                if !list.iter().any(|known| known.seed.name.span() == seed.name.span()) {
                    list.push(SeedRef { spec, seed });
                }
            }
        }
        list
    }

    /// What a seed's rows are kept account of under.
    fn owner(&self, seed: SeedRef<'_>) -> (String, PathBuf) {
        let source = seed.seed.name.span().source;
        let path = self.sources.path(source).to_owned();
        if source == self.set.specs[seed.spec].source {
            return (self.spec_name(seed.spec).to_owned(), path);
        }
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        (stem.unwrap_or_default(), path)
    }

    fn seed(&mut self, lowering: &mut Lowering<'_, 's>, order: &mut order::Order) -> Option<Seed> {
        let SeedRef { spec, seed } = lowering.list[lowering.at];
        let handle = seed.connection.as_ref().and_then(|name| self.connection(spec, name));
        let entity = match (&handle, &seed.entity) {
            (Some(handle), Some(entity)) => self.entity(entity, handle),
            _ => None,
        };
        let mut right = true;
        for name in &seed.after {
            match self.find_seed(lowering, name) {
                Some(other) => {
                    lowering.edges.push((other, EdgeReason::After, name.span()));
                }
                None => right = false,
            }
        }
        let documents = handle.as_ref().map(|handle| handle.facts.documents);
        let mut fields = Vec::with_capacity(seed.fields.len());
        let mut takes = Vec::with_capacity(seed.fields.len());
        for field in &seed.fields {
            let path = target_path(&field.target.text, documents);
            if path.is_none() {
                self.bad_target(field.target.text.span());
            }
            let generator = self.generator(lowering, &field.generator, generators::Depth::Field);
            takes.push(lowering.takes.take());
            match (path, generator) {
                (Some(path), Some(generator)) => {
                    fields.push(generate::Field { path, generator });
                }
                _ => right = false,
            }
        }
        right &= self.templates(lowering.list[lowering.at].seed);
        if right {
            let paths: Vec<(FieldPath, Span)> = fields
                .iter()
                .zip(&seed.fields)
                .map(|(field, written)| (field.path.clone(), written.target.text.span()))
                .collect();
            self.overlaps(&paths);
        }
        let mut places = Places {
            name: seed.name.span(),
            entity: seed.entity.as_ref().map_or(seed.span, |entity| entity.name.span()),
            fields: seed
                .fields
                .iter()
                .map(|field| (field.target.text.span(), field.generator.span))
                .collect(),
            unique: seed.fields.iter().map(|f| f.generator.unique.map(|u| u.span)).collect(),
            takes,
        };
        if documents == Some(true) && !has_id(seed) {
            fields.push(generate::Field {
                path: FieldPath::field("_id"),
                generator: Generator {
                    kind: Kind::ObjectId,
                    null_rate: 0.0,
                    unique: false,
                    dirty: None,
                },
            });
            places.fields.push((places.name, places.name));
            places.unique.push(None);
            places.takes.push(None);
        }
        order.add(
            handle.as_ref().zip(entity.clone()).map(|(handle, entity)| (handle.store, entity)),
            std::mem::take(&mut lowering.edges),
            std::mem::take(&mut lowering.reads),
        );
        let (handle, entity) = (handle?, entity?);
        let (owner, path) = self.owner(lowering.list[lowering.at]);
        right.then(|| Seed {
            checksum: canonical::checksum(&handle.name, &entity, &fields, lowering.list),
            owner,
            path,
            name: seed.name.to_string(),
            description: seed.description.as_ref().map(ToString::to_string),
            connection: handle.id,
            entity,
            count: seed.count.map_or(spec::Seed::DEFAULT_COUNT, |count| count.value),
            fields,
            after: Vec::new(),
            places,
        })
    }

    /// The seed that a text names, by its place; an unknown one is reported.
    pub(super) fn find_seed(&mut self, lowering: &Lowering<'_, 's>, name: &Text) -> Option<usize> {
        let list = lowering.list;
        let spec = list[lowering.at].spec;
        let own = self.set.specs[spec].seed(name);
        let place = |seed: &spec::Seed| {
            list.iter().position(|known| known.seed.name.span() == seed.name.span())
        };
        let full = |at: usize| format!("{}.{}", self.owner(list[at]).0, list[at].seed.name);
        let found = own.and_then(place).or_else(|| {
            (0..list.len()).find(|at| full(*at) == name.as_str()).or_else(|| {
                let mut named = (0..list.len()).filter(|at| list[*at].seed.name == *name);
                named.next().filter(|_| named.next().is_none())
            })
        });
        if found.is_none() {
            let names: Vec<&str> = list.iter().map(|known| known.seed.name.as_str()).collect();
            let help = wording::did_you_mean(name, &names, "there are")
                .unwrap_or_else(|| format!("define it: [seed.{name}]"));
            self.report_unknown(
                Diagnostic::new(&codes::UNKNOWN_SEED, format!("there is no seed `{name}`"))
                    .at(name.span(), "not a seed")
                    .help(help),
            );
        }
        found
    }

    fn bad_target(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&codes::BAD_PATH, "the field is not a path")
                .at(span, "field names with dots between them"),
        );
    }
}

/// Whether documents of the seed get their ids by a field.
pub(super) fn has_id(seed: &spec::Seed) -> bool {
    seed.fields.iter().any(|field| field.target.text.as_str() == "_id")
}

/// A target's field as a path: of a table it is a column, whatever its name.
pub(super) fn target_path(text: &Text, documents: Option<bool>) -> Option<FieldPath> {
    if documents == Some(false) { Some(FieldPath::field(text.as_str())) } else { text.parse().ok() }
}

/// The connection of generated rows.
pub(super) fn generated_connection() -> Connection {
    Connection {
        name: "generated rows".to_owned(),
        config: ConnectionConfig {
            name: "generated rows".to_owned(),
            url: "generated:".to_owned(),
            model: crate::connectors::Model::Tables,
            policies: crate::connectors::Policies::default(),
            files: None,
            create: false,
        },
        fixtures: None,
        production: false,
        backup: None,
        ignore: Vec::new(),
    }
}
