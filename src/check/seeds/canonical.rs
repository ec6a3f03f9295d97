//! What a seed does to data, in one spelling, to compute its checksum of.

use serde_json::{Value as Json, json};

use super::SeedRef;
use crate::check::lower::canonical::{digest, filter, value};
use crate::generate::{Dirt, Distribution, Field, Generator, Kind, Moment, Pool, Taken};

/// The checksum of a seed: of all but how many rows it has.
pub(super) fn checksum(
    connection: &str,
    entity: &str,
    of: &[Field],
    list: &[SeedRef<'_>],
) -> String {
    digest(&json!({
        "connection": connection,
        "entity": entity,
        "fields": fields(of, list),
    }))
}

fn fields(of: &[Field], list: &[SeedRef<'_>]) -> Json {
    of.iter().map(|field| json!([field.path.parts(), generator(&field.generator, list)])).collect()
}

fn generator(of: &Generator, list: &[SeedRef<'_>]) -> Json {
    let dirty = of.dirty.as_ref().map(|dirty| {
        let with: Vec<Json> = dirty
            .with
            .iter()
            .map(|dirt| match dirt {
                Dirt::Null => json!("null"),
                Dirt::Empty => json!("empty"),
                Dirt::Blank => json!("blank"),
                Dirt::TooLong => json!("too_long"),
                Dirt::WrongCase => json!("wrong_case"),
                Dirt::FutureDate => json!("future_date"),
                Dirt::Value(of) => json!([value(of)]),
            })
            .collect();
        json!([dirty.rate, with])
    });
    json!([kind(&of.kind, list), of.null_rate, of.unique, dirty])
}

fn kind(of: &Kind, list: &[SeedRef<'_>]) -> Json {
    match of {
        Kind::Fake(fake) => json!(["fake", fake.name]),
        Kind::Pick { values, weights } => {
            json!(["pick", values.iter().map(value).collect::<Json>(), weights])
        }
        Kind::Integer { min, max } => json!(["integer", min, max]),
        Kind::Decimal { min, max, scale } => json!(["decimal", min, max, scale]),
        Kind::Boolean(rate) => json!(["boolean", rate]),
        Kind::Date(from, to) => json!(["date", moment(*from), moment(*to)]),
        Kind::Timestamp(from, to) => json!(["timestamp", moment(*from), moment(*to)]),
        Kind::Sequence { start, step } => json!(["sequence", start, step]),
        Kind::Uuid => json!(["uuid"]),
        Kind::ObjectId => json!(["objectid"]),
        Kind::Value(of) => json!(["value", value(of)]),
        Kind::Template(text) => json!(["template", text]),
        Kind::Reference(of) => {
            let pool = match &of.pool {
                Pool::Table { table, take } => {
                    let other = list[*table].seed;
                    let take = match take {
                        Taken::Number => None,
                        Taken::Field(at) => {
                            Some(other.fields.get(*at).map_or("_id", |f| f.target.text.as_str()))
                        }
                    };
                    json!(["seed", other.name.as_str(), take])
                }
                Pool::Rows { entity, take, .. } => json!(["rows", entity, take]),
            };
            let distribution = match of.distribution {
                Distribution::Uniform => "uniform",
                Distribution::Zipf => "zipf",
                Distribution::Each => "each",
            };
            json!(["reference", pool, distribution, filter(&of.filter)])
        }
        Kind::Object(of) => json!(["object", fields(of, list)]),
        Kind::List { of, min, max } => json!(["list", generator(of, list), min, max]),
    }
}

fn moment(of: Moment) -> Json {
    match of {
        Moment::At(moment) => json!(moment.timestamp()),
        Moment::After(delta) => json!([delta.num_seconds()]),
    }
}
