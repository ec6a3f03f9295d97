//! Checksums: what a phase does to data, and what a spec means.
//!
//! Comments, layout and the order of keys do not count; neither do a phase's batch size,
//! description, order and limits, nor where a connection leads.

use serde_json::{Value as Json, json};

use super::canonical::{self, digest};
use super::source::LoweredSource;
use crate::check::Checker;
use crate::check::connections::Handle;
use crate::check::expressions::Mapped;
use crate::connectors::{FileFormat, ScanSource};
use crate::plan::{
    Check, CheckKind, Enrich, Expect, Operand, Per, Plan, StructureTask, SumOf, Target, WriteMode,
};
use crate::spec::{self, OnDuplicate};
use crate::value::FieldPath;

/// The checksum of what a phase does to data.
pub(super) fn of_phase(
    phase: &spec::Phase,
    source: &LoweredSource,
    handle: &Handle,
    (target, enrich): (&Target, &[Enrich]),
    mapped: &Mapped,
) -> String {
    let columns: serde_json::Map<String, Json> =
        source.columns.iter().map(|(name, of)| (name.clone(), json!(of.to_string()))).collect();
    let mut form = json!({
        "source": {
            "connection": source.name,
            "scan": scan(&source.source.scan),
            "key": source.source.key,
            "filter": canonical::filter(&source.source.filter),
            "columns": columns,
            "files": source.files.as_ref().map(|files| json!([
                match files.format {
                    Some(FileFormat::Csv) => "csv",
                    Some(FileFormat::JsonLines) | None => "jsonl",
                },
                files.encoding,
                files.delimiter,
                files.null_values,
            ])),
        },
        "target": {
            "connection": handle.name,
            "entity": target.entity,
            "key": target.key.iter().map(FieldPath::parts).collect::<Vec<_>>(),
            "write": write_mode(target.write),
        },
        "on_duplicate": match phase.on_duplicate() {
            OnDuplicate::Reject => "reject",
            OnDuplicate::First => "first",
            OnDuplicate::Last => "last",
        },
        "mapping": canonical::mapping(&mapped.mapping, &mapped.lookups),
    });
    if !enrich.is_empty() {
        form["enrich"] = enrich.iter().map(enrichment).collect();
    }
    // Triggers write too. When foreign keys are checked decides about what arrives, and not about
    // what it is.
    if phase.triggers.is_some_and(|triggers| triggers.value == spec::Triggers::Off) {
        form["triggers"] = json!("off");
    }
    digest(&form)
}

/// What is asked, and what is taken of the answer. Who is asked, how fast, and whether at all does
/// not count: as with a connection, that is another matter in another environment.
fn enrichment(of: &Enrich) -> Json {
    let path = |path: &FieldPath| path.parts().to_vec();
    let input = of.input.as_ref().map(path);
    json!([path(&of.field), input, of.per == Per::Record, of.body, of.take.text()])
}

fn scan(of: &ScanSource) -> Json {
    match of {
        ScanSource::Entity(name) => json!({ "entity": name }),
        ScanSource::Query(text) => json!({ "query": text }),
        ScanSource::Pipeline { entity, stages } => json!({
            "pipeline": [entity, stages.iter().map(canonical::value).collect::<Json>()],
        }),
        ScanSource::Files => json!("files"),
    }
}

fn write_mode(of: WriteMode) -> Json {
    use crate::plan::OnConflict;
    match of {
        WriteMode::Insert(on_conflict) => json!([
            "insert",
            match on_conflict {
                OnConflict::Skip => "skip",
                OnConflict::Update => "update",
                OnConflict::Replace => "replace",
                OnConflict::Fail => "fail",
            },
        ]),
        WriteMode::Patch => json!(["patch"]),
        WriteMode::Fill { null_is_missing } => json!(["fill", null_is_missing]),
        WriteMode::Append => json!(["append"]),
    }
}

/// The checksum of what a spec means: its phases, indexes, checks and prerequisites.
pub(super) fn of_spec(checker: &Checker<'_>, plan: &Plan, spec: usize) -> String {
    let connection = |id: usize| checker.connections.list[id].connection.name.clone();
    let name = checker.spec_name(spec);
    let mut indexes: Vec<Json> = plan
        .indexes
        .iter()
        .filter(|index| index.spec == spec)
        .map(|task| {
            json!([
                connection(task.connection),
                task.entity,
                task.index.name,
                canonical::keys(&task.index.keys),
                task.index.unique,
                task.before,
            ])
        })
        .collect();
    indexes.sort_by_key(ToString::to_string);
    let checks: serde_json::Map<String, Json> = plan
        .checks
        .iter()
        .filter(|check| check.spec == spec)
        .map(|of| (of.name.clone(), check(of, plan, &connection)))
        .collect();
    let phases: serde_json::Map<String, Json> = plan
        .phases
        .iter()
        .filter(|phase| phase.spec == name)
        .map(|phase| (phase.name.clone(), json!(phase.checksum)))
        .collect();
    let existing = checker.set.specs[spec].tables.iter().filter(|table| table.existing);
    let mut tables: Vec<&str> = existing.map(|table| table.name.as_str()).collect();
    tables.sort_unstable();
    let structures: Vec<Json> = plan
        .structures
        .iter()
        .filter(|task| task.spec == spec && !task.closes)
        .map(|task| structure(task, &connection))
        .collect();
    digest(&json!({
        "name": name,
        "phases": phases,
        "indexes": indexes,
        "checks": checks,
        "tables": tables,
        "structures": structures,
    }))
}

/// What was renamed, and whether something may be dropped, is about the way and not the outcome.
fn structure(task: &StructureTask, connection: &dyn Fn(usize) -> String) -> Json {
    let mut enums: Vec<Json> = task
        .enums
        .iter()
        .map(|task| json!([task.definition.name, task.definition.values]))
        .collect();
    enums.sort_by_key(ToString::to_string);
    let mut tables: Vec<Json> = task.tables.iter().map(|task| json!(task.definition)).collect();
    tables.sort_by_key(ToString::to_string);
    json!([connection(task.connection), task.extensions, enums, tables])
}

fn check(of: &Check, plan: &Plan, connection: &dyn Fn(usize) -> String) -> Json {
    let expected = |of: &Expect| expect(of, plan, connection);
    let kind = match &of.kind {
        CheckKind::Query { connection: on, query, expect } => {
            json!(["query", connection(*on), query, expected(expect)])
        }
        CheckKind::Filter { connection: on, entity, filter, expect } => {
            json!(["filter", connection(*on), entity, canonical::filter(filter), expected(expect),])
        }
        CheckKind::References { connection: on, from, path, to, key, back } => {
            json!(["references", connection(*on), from, path, to, key, back])
        }
        CheckKind::Compare { connection: by, left, right, on, equal } => {
            json!(["compare", connection(*by), left, right, on, equal])
        }
        CheckKind::Latency { connection: on, entity, filter, sort, limit, repeat, p95 } => json!([
            "latency",
            connection(*on),
            entity,
            canonical::filter(filter),
            canonical::keys(sort),
            limit,
            repeat,
            p95.as_secs_f64(),
        ]),
        CheckKind::Stats { connection: on, entity, measure, expect } => {
            let measure = match measure {
                crate::plan::Measure::Records => "records",
                crate::plan::Measure::Bytes => "bytes",
                crate::plan::Measure::IndexBytes => "index_bytes",
                crate::plan::Measure::AverageBytes => "average_bytes",
            };
            json!(["stats", connection(*on), entity, measure, expected(expect)])
        }
        CheckKind::Unique { connection: on, entity, keys } => {
            json!(["unique", connection(*on), entity, keys])
        }
        CheckKind::Sum { sum, expect } => {
            json!(["sum", sum_of(sum, connection), expected(expect)])
        }
        CheckKind::Phase { phase, expect } => {
            let name = plan.phases.get(*phase).map(|phase| phase.name.clone());
            json!(["phase", name, expected(expect)])
        }
    };
    json!([of.severity.name(), kind])
}

fn expect(of: &Expect, plan: &Plan, connection: &dyn Fn(usize) -> String) -> Json {
    let operand = |of: &Operand| match of {
        Operand::Value(of) => json!(["value", canonical::value(of)]),
        Operand::Query { connection: on, query } => json!(["query", connection(*on), query]),
        Operand::Count { connection: on, entity, filter } => {
            json!(["count", connection(*on), entity, canonical::filter(filter)])
        }
        Operand::Sum(sum) => json!(["sum", sum_of(sum, connection)]),
    };
    let bound = |of: &Operand| match of {
        Operand::Value(of) => canonical::value(of),
        other => operand(other),
    };
    json!([
        of.equals.as_ref().map(operand),
        of.min.as_ref().map(bound),
        of.max.as_ref().map(bound),
        of.rows,
        of.min_rate,
        of.max_rate,
        of.explained_by.and_then(|at| plan.phases.get(at)).map(|phase| phase.name.clone()),
    ])
}

fn sum_of(of: &SumOf, connection: &dyn Fn(usize) -> String) -> Json {
    json!([connection(of.connection), of.entity, of.of, canonical::filter(&of.filter)])
}
