//! What the engine itself costs: rows that are in memory already go through a phase's mapping, its
//! decisions and its ledger into a session that only counts them.
//!
//! `cargo bench --bench engine -- [rows] [batch]`

#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on stops")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use mapper::check;
use mapper::connectors::{
    Capabilities, Checkpoint, Definition, Delete, Fitter, Insert, Layout, Lock, Rows, Scan,
    ScanRequest, Session, SourceBatch, Statistics, Store, StoreError, Update, WriteError, memory,
};
use mapper::document::Environment;
use mapper::run::{Options, Stores, run_alone};
use mapper::spec;
use mapper::value::query::{Filter, Select};
use mapper::value::{Column, DataType, Index, Key, Object, Row, Schema, Value, cast, time};

const SPEC: &str = r#"
spec = 1
name = "bench"

[connections.old]
url = "sqlite:old.db"
[connections.new]
url = "sqlite:new.db"

[crosswalk.kind]
0 = "exam"
1 = "cleaning"
2 = "filling"
3 = "crown"
4 = "bridge"
5 = "other one"
"*" = "other"

[crosswalk.status]
0 = "new"
1 = "open"
2 = "assigned"
"*" = "unknown"

[phase.tasks]
source = { connection = "old", table = "task", key = ["id"] }
target = { connection = "new", table = "tasks", key = ["legacy_id"], on_conflict = "skip" }

[phase.tasks.fields]
id           = { id = "uuid", namespace = "6ba7b810-9dad-11d1-80b4-00c04fd430c8", name = "task:{{ id }}" }
legacy_id    = "id"
project_ref  = "project_id"
assignee_ref = "assignee_id"
kind         = { from = "kind", crosswalk = "kind", default = "other" }
status       = { from = "status", crosswalk = "status", default = "unknown" }
title        = { template = "Task: {{ title | trim }}" }
description  = "description"
due_at       = "due_at"
created_at   = "created_at"
amount       = "amount"
meta         = "meta"
done         = "done"
"#;

const SOURCE: &[&str] = &[
    "id",
    "project_id",
    "assignee_id",
    "kind",
    "status",
    "title",
    "description",
    "due_at",
    "created_at",
    "amount",
    "meta",
    "done",
];

/// Rows to give out, and a place that counts what it gets.
#[derive(Debug, Default)]
struct Bench {
    schema: Option<(String, Schema)>,
    batches: Mutex<Vec<SourceBatch>>,
    written: AtomicU64,
    ledger_bytes: AtomicU64,
}

struct Given(std::vec::IntoIter<SourceBatch>);

#[async_trait]
impl Scan for Given {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        Ok(self.0.next())
    }
}

#[derive(Debug)]
struct Unlocked;

impl Lock for Unlocked {}

#[derive(Debug)]
struct BenchStore(Arc<Bench>);

#[async_trait]
impl Store for BenchStore {
    fn capabilities(&self) -> &'static Capabilities {
        &memory::TABLES
    }

    fn location(&self) -> &'static str {
        "memory"
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        Ok(self.0.schema.iter().find(|(name, _)| name == entity).map(|(_, schema)| schema.clone()))
    }

    async fn select(&self, _select: &Select) -> Result<Rows, StoreError> {
        Ok(Rows { layout: Layout::Columns(Arc::from([])), rows: Vec::new() })
    }

    async fn count(&self, _entity: &str, _filter: &Filter) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn query(&self, _text: &str) -> Result<Rows, StoreError> {
        Ok(Rows { layout: Layout::Columns(Arc::from([])), rows: Vec::new() })
    }

    async fn scan(&self, _request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        let batches = std::mem::take(&mut *self.0.batches.lock().unwrap());
        Ok(Box::new(Given(batches.into_iter())))
    }

    async fn statistics(&self, _entity: &str) -> Result<Statistics, StoreError> {
        Ok(Statistics { records: 0, bytes: None, index_bytes: None })
    }

    fn fitter(&self, column: &Column) -> Fitter {
        let data_type = column.data_type.clone();
        Arc::new(move |value| cast::fit(value, &data_type))
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(BenchSession(Arc::clone(&self.0))))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(Unlocked))
    }
}

struct BenchSession(Arc<Bench>);

#[async_trait]
impl Session for BenchSession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn rollback(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn savepoint(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn release(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn describe(&mut self, _entity: &str) -> Result<Option<Schema>, StoreError> {
        Ok(None)
    }
    async fn select(&mut self, _select: &Select) -> Result<Rows, StoreError> {
        Ok(Rows { layout: Layout::Columns(Arc::from([])), rows: Vec::new() })
    }
    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        if insert.entity == "tasks" {
            self.0.written.fetch_add(insert.rows.len() as u64, Ordering::Relaxed);
        } else {
            for value in insert.rows.iter().flatten() {
                if let Value::Bytes(bytes) = value {
                    self.0.ledger_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
            }
        }
        Ok(Vec::new())
    }
    async fn update(&mut self, _update: Update<'_>) -> Result<u64, WriteError> {
        Ok(0)
    }
    async fn delete(&mut self, _delete: Delete<'_>) -> Result<u64, WriteError> {
        Ok(0)
    }
    async fn define(&mut self, _definition: &Definition) -> Result<(), StoreError> {
        Ok(())
    }
}

fn record(number: i64) -> Row {
    let moment = time::parse_timestamp("2020-03-04T05:06:07.123456Z").unwrap();
    let absent = |one_in: i64| number % one_in == 0;
    let meta: Object = [
        ("source", Value::text("import")),
        ("tags", Value::array(vec![Value::text("urgent"), Value::text("billing")])),
        ("priority", Value::Int(number % 5)),
        ("score", Value::Decimal("0.731".parse().unwrap())),
    ]
    .into_iter()
    .collect();
    let or_null = |absent: bool, value: Value| if absent { Value::Null } else { value };
    let seconds = chrono::TimeDelta::seconds(number * 37);
    vec![
        Value::Int(number),
        Value::Int(number % 66_904),
        or_null(absent(7), Value::Int(number % 9_101)),
        or_null(absent(100), Value::Int(number % 13)),
        Value::Int(number % 7),
        Value::text(format!(" Review invoice {number} ")),
        or_null(
            absent(4),
            Value::text(
                "Lab needs a new scan before Friday. Shade A2 agreed with the front desk.\n\
                 Second line is still open. Invoice was sent twice; one must be voided.",
            ),
        ),
        or_null(absent(5), Value::Timestamp(moment + seconds)),
        Value::Timestamp(moment + seconds),
        or_null(absent(9), Value::Decimal(format!("{}.50", number % 5000).parse().unwrap())),
        or_null(absent(6), Value::object(meta)),
        Value::Bool(number % 2 == 0),
    ]
}

fn batches(rows: i64, batch: i64) -> Vec<SourceBatch> {
    let layout = Layout::Columns(SOURCE.iter().map(|name| (*name).to_owned()).collect());
    (0..rows)
        .step_by(usize::try_from(batch).unwrap())
        .map(|first| {
            let rows: Vec<Row> = (first..(first + batch).min(rows)).map(record).collect();
            SourceBatch {
                layout: layout.clone(),
                keys: rows.iter().map(|row| Key::new(&row[..1])).collect(),
                bytes: rows.len() * 430,
                rows,
                broken: Vec::new(),
                checkpoint: Checkpoint(first.to_be_bytes().to_vec()),
            }
        })
        .collect()
}

fn target() -> Schema {
    let column = |name: &str, data_type: DataType, nullable: bool| Column {
        name: name.to_owned(),
        data_type,
        declared: String::new(),
        nullable,
        has_default: false,
        generated: false,
    };
    let big = DataType::INT64;
    let money = DataType::Decimal { precision: Some(12), scale: Some(2) };
    Schema {
        columns: vec![
            column("id", DataType::Uuid, false),
            column("legacy_id", big.clone(), true),
            column("project_ref", big.clone(), true),
            column("assignee_ref", big, true),
            column("kind", DataType::TEXT, true),
            column("status", DataType::TEXT, true),
            column("title", DataType::TEXT, false),
            column("description", DataType::TEXT, true),
            column("due_at", DataType::Timestamp, true),
            column("created_at", DataType::Timestamp, false),
            column("amount", money, true),
            column("meta", DataType::Json, true),
            column("done", DataType::Bool, true),
        ],
        primary_key: vec!["id".to_owned()],
        indexes: vec![Index {
            name: "tasks_legacy_id".to_owned(),
            keys: vec![mapper::value::IndexKey { path: "legacy_id".to_owned(), descending: false }],
            unique: true,
        }],
        ..Schema::default()
    }
}

/// User and system time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: f64 =
        after_name.split(' ').skip(11).take(2).filter_map(|part| part.parse::<f64>().ok()).sum();
    ticks / 100.0
}

#[tokio::main]
async fn main() {
    let numbers: Vec<i64> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(200_000);
    let batch = numbers.get(1).copied().unwrap_or(1000);
    let (specs, sources, mut diagnostics) = spec::load_text(SPEC, &Environment::new());
    let plan = specs
        .and_then(|specs| {
            check::check(&specs, &sources, &check::Options::default(), &mut diagnostics)
        })
        .expect("the spec has no mistake")
        .plan;
    let source = Bench { batches: Mutex::new(batches(rows, batch)), ..Bench::default() };
    let sink = Bench { schema: Some(("tasks".to_owned(), target())), ..Bench::default() };
    let (source, sink) = (Arc::new(source), Arc::new(sink));
    let old = plan.phases[0].source.connection;
    let mut stores: Vec<Arc<dyn Store>> =
        (0..2).map(|_| Arc::new(BenchStore(Arc::clone(&sink))) as Arc<dyn Store>).collect();
    stores[old] = Arc::new(BenchStore(source));
    let stores = Stores::from_stores(stores);
    let options = Arc::new(Options::default());
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (record, result) = run_alone(&Arc::new(plan), 0, &stores, &options, HashMap::new()).await;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    result.expect("the phase is done");
    let written = sink.written.load(Ordering::Relaxed);
    assert_eq!(written, record.counts.inserted);
    assert_eq!(written, u64::try_from(rows).unwrap());
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let each = |seconds: f64| seconds * 1e6 / rows as f64;
    println!(
        "{rows} rows in batches of {batch}: {wall:.2} s, {:.2} us a row; {:.2} us of cpu a row; \
         ledger {} bytes",
        each(wall),
        each(cpu),
        sink.ledger_bytes.load(Ordering::Relaxed)
    );
}
