//! Generators: what is made of which values, and what can't be.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Lowering, SeedRef, has_id};
use crate::check::Checker;
use crate::diagnostics::{Diagnostic, Span, codes, wording};
use crate::document::{Spanned, Text};
use crate::generate::{self, Dirt, Dirty, Generator, Kind, Moment, Pool, Taken, fakes};
use crate::plan::EdgeReason;
use crate::spec::{self, Distribution, EntityKind, GeneratorKind, Referred, SeedId};
use crate::value::query::Filter;
use crate::value::{Decimal, Value};

/// Where a generator stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// It makes a field of the row.
    Field,
    /// It is inside an object.
    Object,
    /// It is inside a list.
    List,
}

impl<'s> Checker<'s> {
    /// Lowers a generator. `None` when something is wrong, all of which is reported.
    pub(super) fn generator(
        &mut self,
        lowering: &mut Lowering<'_, 's>,
        written: &'s spec::Generator,
        depth: Depth,
    ) -> Option<Generator> {
        let dirty = written.dirty.as_ref().map(|dirty| self.dirty(dirty, written));
        let unique = self.unique(written, depth);
        let kind = self.kind_of(lowering, written, depth);
        Some(Generator {
            kind: kind?,
            null_rate: written.null_rate.map_or(0.0, |rate| rate.value),
            unique: unique?,
            dirty: match dirty {
                Some(dirty) => Some(dirty?),
                None => None,
            },
        })
    }

    fn kind_of(
        &mut self,
        lowering: &mut Lowering<'_, 's>,
        written: &'s spec::Generator,
        depth: Depth,
    ) -> Option<Kind> {
        Some(match &written.kind {
            GeneratorKind::Fake(name) => Kind::Fake(self.fake(name)?),
            GeneratorKind::Pick { values, weights } => {
                let weights = self.weights(values.len(), weights.as_ref())?;
                Kind::Pick { values: values.iter().map(|v| v.value.clone()).collect(), weights }
            }
            GeneratorKind::Integer { min, max } => {
                self.in_order(min.value <= max.value, ("min", min.span), ("max", max.span))?;
                Kind::Integer { min: min.value, max: max.value }
            }
            GeneratorKind::Decimal { min, max, scale } => {
                let ends = (self.scaled(min, *scale), self.scaled(max, *scale));
                let (least, most) = (ends.0?, ends.1?);
                self.in_order(least <= most, ("min", min.span), ("max", max.span))?;
                Kind::Decimal { min: least, max: most, scale: *scale }
            }
            GeneratorKind::Boolean { rate } => Kind::Boolean(*rate),
            GeneratorKind::Date { from, to } => {
                let (from, to) = self.span_of_time(from, to)?;
                Kind::Date(from, to)
            }
            GeneratorKind::Timestamp { from, to } => {
                let (from, to) = self.span_of_time(from, to)?;
                Kind::Timestamp(from, to)
            }
            GeneratorKind::Sequence { start, step } => {
                Kind::Sequence { start: *start, step: *step }
            }
            GeneratorKind::Id(SeedId::Uuid) => Kind::Uuid,
            GeneratorKind::Id(SeedId::ObjectId) => Kind::ObjectId,
            GeneratorKind::Value(value) => Kind::Value(value.clone()),
            GeneratorKind::Template(text) => Kind::Template(text.to_string()),
            GeneratorKind::Reference(reference) => {
                Kind::Reference(self.reference(lowering, reference, depth)?)
            }
            GeneratorKind::Object(fields) => {
                let inside = if depth == Depth::List { Depth::List } else { Depth::Object };
                let mut made = Vec::with_capacity(fields.len());
                for field in fields {
                    let path = super::target_path(&field.target.text, Some(true));
                    if path.is_none() {
                        self.bad_target(field.target.text.span());
                    }
                    let generator = self.generator(lowering, &field.generator, inside);
                    made.push(path.zip(generator));
                }
                let fields: Vec<_> = made.into_iter().collect::<Option<_>>()?;
                let path_and_span = fields.iter().zip(match &written.kind {
                    GeneratorKind::Object(fields) => fields.iter(),
                    _ => [].iter(),
                });
                let spans: Vec<_> = path_and_span
                    .map(|((path, _), field)| (path.clone(), field.target.text.span()))
                    .collect();
                self.overlaps(&spans);
                Kind::Object(
                    fields
                        .into_iter()
                        .map(|(path, generator)| generate::Field { path, generator })
                        .collect(),
                )
            }
            GeneratorKind::List { of, min, max } => {
                let element = self.generator(lowering, of, Depth::List);
                let right = self.in_order(*min <= max.value, ("min", max.span), ("max", max.span));
                right?;
                Kind::List { of: Box::new(element?), min: *min, max: max.value }
            }
            GeneratorKind::Invalid => return None,
        })
    }

    fn bad(&mut self, message: impl Into<String>, span: Span, label: &str, help: &str) {
        self.report(Diagnostic::new(&codes::BAD_GENERATOR, message).at(span, label).help(help));
    }

    fn fake(&mut self, name: &Text) -> Option<&'static fakes::Fake> {
        let found = fakes::find(name);
        if found.is_none() {
            let names = fakes::ALL.iter().map(|fake| fake.name);
            self.report(
                Diagnostic::new(&codes::UNKNOWN_FAKE, format!("there is no fake `{name}`"))
                    .at(name.span(), "unknown kind")
                    .help(match wording::suggest(name, names) {
                        Some(candidate) => format!("did you mean `{candidate}`?"),
                        None => "`mapper list fakes` lists what there is".to_owned(),
                    }),
            );
        }
        found
    }

    fn weights(&mut self, values: usize, weights: Option<&Spanned<Vec<u64>>>) -> Option<Vec<u64>> {
        let Some(weights) = weights else { return Some(vec![1; values]) };
        if weights.value.len() != values {
            let of = wording::plural(values, "value");
            self.bad(
                format!("{} for {of}", wording::plural(weights.value.len(), "weight")),
                weights.span,
                "one for each value",
                "`weights` is as long as `pick`, in the same order",
            );
            return None;
        }
        if weights.value.iter().all(|weight| *weight == 0) {
            let help = "give a value that may come a weight of 1 or more";
            self.bad("no value could be picked", weights.span, "all are 0", help);
            return None;
        }
        Some(weights.value.clone())
    }

    fn in_order(
        &mut self,
        right: bool,
        (lower, at): (&str, Span),
        (upper, end): (&str, Span),
    ) -> Option<()> {
        if right {
            return Some(());
        }
        let mut diagnostic =
            Diagnostic::new(&codes::BAD_GENERATOR, format!("`{lower}` is more than `{upper}`"))
                .at(end, format!("less than `{lower}`"));
        if at != end {
            diagnostic = diagnostic.and(at, format!("`{lower}`"));
        }
        self.report(diagnostic.help(format!("exchange them, or make `{upper}` larger")));
        None
    }

    /// An end of a range of decimals, in units of the last digit.
    fn scaled(&mut self, end: &Spanned<Value>, scale: u8) -> Option<i64> {
        let number = match &end.value {
            Value::Text(text) => text.parse().ok(),
            value => Decimal::from_value(value),
        };
        let Some(number) = number else {
            let help = "write a number, or its digits as text";
            self.bad("this is not a number", end.span, "expected a number", help);
            return None;
        };
        let scaled = number.with_scale(scale.into()).and_then(|number| number.parts());
        if scaled.is_none() {
            let digits = wording::plural(scale.into(), "digit");
            let help = "make `scale` larger, or the number shorter";
            self.bad(
                format!("the number does not fit {digits} after the point, and 18 in all"),
                end.span,
                "too many digits",
                help,
            );
        }
        scaled.map(|(mantissa, _)| mantissa)
    }

    fn span_of_time(
        &mut self,
        from: &Spanned<Value>,
        to: &Spanned<Value>,
    ) -> Option<(Moment, Moment)> {
        let (earliest, latest) = (self.moment(from), self.moment(to));
        let (earliest, latest) = (earliest?, latest?);
        let now = generate::fixed_now();
        let right = earliest.resolve(now) <= latest.resolve(now);
        self.in_order(right, ("from", from.span), ("to", to.span))?;
        Some((earliest, latest))
    }

    fn moment(&mut self, end: &Spanned<Value>) -> Option<Moment> {
        let midnight = |date: NaiveDate| Moment::At(date.and_time(NaiveTime::MIN).and_utc());
        let moment = match &end.value {
            Value::Date(date) => Some(midnight(*date)),
            Value::DateTime(moment) => Some(Moment::At(moment.and_utc())),
            Value::Timestamp(moment) => Some(Moment::At(*moment)),
            Value::Text(text) => match text.parse::<NaiveDate>() {
                Ok(date) => Some(midnight(date)),
                Err(_) => match DateTime::parse_from_rfc3339(text) {
                    Ok(moment) => Some(Moment::At(moment.with_timezone(&Utc))),
                    Err(_) => relative(text).map(Moment::After),
                },
            },
            _ => None,
        };
        if moment.is_none() {
            self.bad(
                "this is neither a day nor a moment",
                end.span,
                "expected a time",
                "write 2024-01-31, 2024-01-31T12:00:00Z, \"now\", \"-2years\" or \"+30days\"",
            );
        }
        moment
    }

    fn dirty(&mut self, dirty: &spec::Dirty, written: &spec::Generator) -> Option<Dirty> {
        let times =
            matches!(written.kind, GeneratorKind::Date { .. } | GeneratorKind::Timestamp { .. });
        let text = matches!(
            written.kind,
            GeneratorKind::Fake(_)
                | GeneratorKind::Pick { .. }
                | GeneratorKind::Value(_)
                | GeneratorKind::Template(_)
                | GeneratorKind::Reference(_)
                | GeneratorKind::Invalid
        );
        let mut right = true;
        for with in &dirty.with {
            let why = match &with.value {
                spec::DirtyWith::Dirt(spec::Dirt::FutureDate) if !times => "not a time",
                spec::DirtyWith::Dirt(spec::Dirt::WrongCase) if !text => "not text",
                _ => continue,
            };
            let help = "`{ value = … }` puts any value in its place";
            self.bad("the generator makes nothing that could be so wrong", with.span, why, help);
            right = false;
        }
        right.then(|| Dirty {
            rate: dirty.rate,
            with: dirty.with.iter().map(|with| dirt(&with.value)).collect(),
        })
    }

    /// Whether no two rows have the same value, where that has a meaning.
    fn unique(&mut self, written: &spec::Generator, depth: Depth) -> Option<bool> {
        let Some(unique) = written.unique.filter(|unique| unique.value) else { return Some(false) };
        let why = match &written.kind {
            _ if depth == Depth::List => "elements of lists may repeat",
            GeneratorKind::Boolean { .. } => "there are but true and false",
            GeneratorKind::Value(_) => "it is the same in every row",
            GeneratorKind::Object(_) | GeneratorKind::List { .. } => "it belongs to a field inside",
            GeneratorKind::Pick { weights: Some(_), .. } => "values with weights repeat",
            GeneratorKind::Reference(reference) => {
                match reference.distribution.map(|distribution| distribution.value) {
                    Some(Distribution::Zipf) => "`zipf` chooses rows again and again",
                    _ => return Some(true),
                }
            }
            _ => return Some(true),
        };
        let help = "leave `unique` out, or take another generator";
        self.bad("`unique` can't be met", unique.span, why, help);
        None
    }

    fn reference(
        &mut self,
        lowering: &mut Lowering<'_, 's>,
        reference: &'s spec::Reference,
        depth: Depth,
    ) -> Option<generate::Reference> {
        let distribution = match reference.distribution.map(|choice| choice.value) {
            None | Some(Distribution::Uniform) => generate::Distribution::Uniform,
            Some(Distribution::Zipf) => generate::Distribution::Zipf,
            Some(Distribution::Each) => generate::Distribution::Each,
        };
        let filter = reference.filter.as_ref().map_or(Filter::All, |f| f.filter.clone());
        let pool = match &reference.of {
            Referred::Seed(name) => self.seed_pool(lowering, reference, name, depth)?,
            Referred::Rows { connection, entity, .. } => {
                let SeedRef { spec, seed } = lowering.list[lowering.at];
                let name = connection.as_ref().or(seed.connection.as_ref())?;
                let handle = self.connection(spec, name)?;
                let entity = entity.as_ref()?;
                let documents = entity.kind == EntityKind::Collection;
                let entity = self.entity(entity, &handle)?;
                lowering.reads.push((handle.store, entity.clone()));
                let take = reference
                    .take
                    .as_ref()
                    .map_or_else(|| default_take(documents).to_owned(), ToString::to_string);
                Pool::Rows { connection: handle.id, entity, take }
            }
        };
        Some(generate::Reference { pool, distribution, filter })
    }

    fn seed_pool(
        &mut self,
        lowering: &mut Lowering<'_, 's>,
        reference: &'s spec::Reference,
        name: &'s Text,
        depth: Depth,
    ) -> Option<Pool> {
        let table = self.find_seed(lowering, name)?;
        let other = lowering.list[table].seed;
        lowering.edges.push((table, EdgeReason::Lookup, name.span()));
        let documents =
            other.entity.as_ref().is_some_and(|entity| entity.kind == EntityKind::Collection);
        let names: Vec<&str> =
            other.fields.iter().map(|field| field.target.text.as_str()).collect();
        let own = table == lowering.at;
        let mut right = true;
        if own {
            let each = reference.distribution.filter(|choice| choice.value == Distribution::Each);
            if let Some(span) =
                each.map(|each| each.span).or(reference.filter.as_ref().map(|f| f.span))
            {
                self.bad(
                    "rows of the same seed are chosen from those before",
                    span,
                    "has no meaning here",
                    "leave it out, or make the rows that are referred to in a seed of their own",
                );
                right = false;
            }
        }
        for path in reference.filter.iter().flat_map(|filter| &filter.paths) {
            let root = path.split('.').next().unwrap_or_default();
            if !names.iter().any(|name| name.split('.').next() == Some(root)) {
                right = false;
                self.no_such_field(path.span(), path, name, &names);
            }
        }
        let take = reference.take.as_ref().map_or(default_take(documents), Text::as_str);
        let span = reference.take.as_ref().map_or(name.span(), Text::span);
        let take = match names.iter().position(|name| *name == take) {
            Some(field) => Taken::Field(field),
            // The id that each document gets.
            None if documents && take == "_id" && !has_id(other) => Taken::Field(names.len()),
            None => {
                let close = wording::suggest(take, names.iter().copied()).is_some();
                if documents || (close && reference.take.is_some()) {
                    self.no_such_field(span, take, name, &names);
                    return None;
                }
                if own || depth != Depth::Field {
                    self.bad(
                        format!("`{take}` is made by the database, and not known yet"),
                        span,
                        "not a field of the seed",
                        "add it to the fields of that seed, or refer to it from a field of the row",
                    );
                    return None;
                }
                lowering.takes = Some((take.to_owned(), span));
                Taken::Number
            }
        };
        right.then_some(Pool::Table { table, take })
    }

    /// Reports a field that a seed does not have.
    pub(super) fn no_such_field(&mut self, span: Span, field: &str, seed: &str, names: &[&str]) {
        self.report_unknown(
            Diagnostic::new(
                &codes::UNKNOWN_SEED_FIELD,
                format!("seed `{seed}` has no field `{field}`"),
            )
            .at(span, "not one of its fields")
            .maybe_help(wording::did_you_mean(field, names, "there are")),
        );
    }
}

/// What is taken of a row when the reference does not say.
fn default_take(documents: bool) -> &'static str {
    if documents { "_id" } else { "id" }
}

/// `now`, or a time before or after it.
fn relative(text: &str) -> Option<TimeDelta> {
    if text == "now" {
        return Some(TimeDelta::zero());
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    let delta = TimeDelta::from_std(humantime::parse_duration(rest).ok()?).ok()?;
    // Within what a date can hold.
    (delta < TimeDelta::days(400_000)).then_some(delta * sign)
}

fn dirt(written: &spec::DirtyWith) -> Dirt {
    match written {
        spec::DirtyWith::Value(value) => Dirt::Value(value.clone()),
        spec::DirtyWith::Dirt(dirt) => match dirt {
            spec::Dirt::Null => Dirt::Null,
            spec::Dirt::Empty => Dirt::Empty,
            spec::Dirt::Blank => Dirt::Blank,
            spec::Dirt::TooLong => Dirt::TooLong,
            spec::Dirt::WrongCase => Dirt::WrongCase,
            spec::Dirt::FutureDate => Dirt::FutureDate,
        },
    }
}
