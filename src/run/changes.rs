//! What a later run reads of a source that says how its changes are found.
//!
//! The mark is taken when a phase begins, before its first record is read, so that what changes while
//! it reads is at or after the mark of the next run. A run goes on from the newest mark of a run that
//! was completed and still stands, with all those that it went on from itself. What did not arrive and
//! may arrive now is read again by its key, however old it is.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;

use super::apart::duplicates_possible;
use super::phase::PhaseContext;
use super::{RunError, RunErrorKind, source};
use crate::connectors::{
    Checkpoint, Scan, ScanRequest, ScanSource, SourceBatch, Store, StoreError, StoreErrorKind,
};
use crate::ledger::{KeyMap, Ledger, Mark, PhaseRecord, PhaseState, Reading, Since};
use crate::plan::{Changes, Overlap, Phase};
use crate::value::query::{Comparison, Filter, Select};
use crate::value::{IndexKey, Key, Row, Value};

/// With more records than this that did not arrive all is read.
const READ_AGAIN: usize = 100_000;

/// How many keys one request asks for.
const KEYS: usize = 500;

/// Finds out what a phase that starts is to read; one that goes on reads what it began with.
pub(super) async fn prepare(
    context: &PhaseContext,
    ledger: &Ledger,
    record: &PhaseRecord,
) -> Result<Option<Reading>, RunError> {
    let phase = &context.phase;
    let before = ledger.reading(record).await?;
    if record.checkpoint.is_some() {
        return Ok(before);
    }
    let partial = phase.source.changes.as_ref().filter(|changes| changes.is_partial());
    let Some(changes) = partial else { return Ok(before.map(|_| Reading::default())) };
    let key = source::key(phase, &context.stores).await?;
    let by = match changes {
        Changes::Column { column, .. } => vec![column.clone()],
        Changes::Key { .. } | Changes::Hash => key.clone(),
    };
    let ScanSource::Entity(entity) = &phase.source.scan else { return Ok(None) };
    let mark = highest(context, entity, &by).await?;
    let mut reading = Reading { by, since: None, mark };
    // Which of two records with one target key comes first is known only where both are read.
    if !context.options.update.contains(&context.index) && !duplicates_possible(phase, &key) {
        reading.since = since(ledger, record, &reading.by, changes).await?;
    }
    Ok(Some(reading))
}

/// The highest values of these columns.
async fn highest(
    context: &PhaseContext,
    entity: &str,
    by: &[String],
) -> Result<Option<Mark>, RunError> {
    let store = context.stores.get(context.phase.source.connection);
    let present = |path: &String| Filter::Exists { path: path.clone(), exists: true };
    let select = Select {
        entity: entity.to_owned(),
        columns: Some(by.to_vec()),
        filter: by.iter().map(present).fold(context.phase.source.filter.clone(), Filter::and),
        order: by.iter().map(|path| IndexKey { path: path.clone(), descending: true }).collect(),
        limit: Some(1),
    };
    let Some(values) = store.select(&select).await?.rows.into_iter().next() else {
        return Ok(None);
    };
    if let Some((name, _)) = by.iter().zip(&values).find(|(_, value)| !rises(value)) {
        return Err(RunError::new(
            RunErrorKind::Refused,
            format!(
                "changes of `{entity}` can't be found by `{name}`: it is no time and no number"
            ),
        )
        .help("compare the content instead: `changes = { by = \"hash\" }`"));
    }
    Ok(Mark::new(&values))
}

/// Whether values of this kind have an order in which new ones come last.
fn rises(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::Timestamp(_)
            | Value::ObjectId(_)
            // A collection in which nothing has the field.
            | Value::Null
            | Value::Missing
    )
}

/// Where a reading begins: at the newest mark that stands.
async fn since(
    ledger: &Ledger,
    record: &PhaseRecord,
    by: &[String],
    changes: &Changes,
) -> Result<Option<Since>, RunError> {
    if !ledger.exists().await? {
        return Ok(None);
    }
    let mut done = ledger.phases(Some(&record.phase)).await?;
    done.retain(|other| other.run != record.run && other.state == PhaseState::Completed);
    let Some(newest) = done.last() else { return Ok(None) };
    let Some(reading) = ledger.reading(newest).await? else { return Ok(None) };
    let Some(mark) = reading.mark.clone().filter(|_| reading.by == by) else { return Ok(None) };
    // Each run read only what came after the one before it, down to one that read all.
    let mut link = reading;
    while let Some(before) = link.since {
        let Some(other) = done.iter().find(|other| other.run == before.run) else {
            return Ok(None);
        };
        let Some(reading) = ledger.reading(other).await? else { return Ok(None) };
        link = reading;
    }
    let (overlap, by_key) = match changes {
        Changes::Key { overlap } => (*overlap, true),
        Changes::Column { overlap, .. } => (*overlap, false),
        Changes::Hash => return Ok(None),
    };
    let from = match (overlap, mark.values().as_deref()) {
        (None, _) => mark,
        (Some(overlap), Some([value])) => {
            let from = earlier(value, overlap).ok_or_else(|| {
                let what = match overlap {
                    Overlap::Time(_) => "a length of time is taken off a time",
                    Overlap::Number(_) => "a number is taken off a whole number",
                };
                let name = by.join("`, `");
                RunError::new(
                    RunErrorKind::Refused,
                    format!("the overlap of `changes` does not fit `{name}`: {what}"),
                )
                .help("correct `overlap`, or leave it out")
            })?;
            let Some(from) = Mark::new(&[from]) else { return Ok(None) };
            from
        }
        (Some(_), _) => {
            return Err(RunError::new(
                RunErrorKind::Refused,
                "a key of several columns has no `overlap`",
            )
            .help("leave `overlap` out"));
        }
    };
    let after = by_key && overlap.is_none();
    Ok(Some(Since { run: newest.run.clone(), from, after }))
}

/// A value so much before another one; `None` where it is not of that kind.
fn earlier(value: &Value, overlap: Overlap) -> Option<Value> {
    match overlap {
        Overlap::Number(number) => match value {
            Value::Int(value) => {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                Some(Value::Int(value.saturating_sub(number)))
            }
            _ => None,
        },
        Overlap::Time(time) => {
            let delta = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
            match value {
                // A part of a day is a day.
                Value::Date(day) => {
                    let whole = TimeDelta::days(delta.num_days());
                    let days = if whole < delta { whole + TimeDelta::days(1) } else { whole };
                    Some(Value::Date(day.checked_sub_signed(days).unwrap_or(*day)))
                }
                Value::DateTime(at) => {
                    Some(Value::DateTime(at.checked_sub_signed(delta).unwrap_or(*at)))
                }
                Value::Timestamp(at) => {
                    Some(Value::Timestamp(at.checked_sub_signed(delta).unwrap_or(*at)))
                }
                _ => None,
            }
        }
    }
}

/// Starts reading what a phase is to read, from the beginning or after a checkpoint.
pub(super) async fn open(
    context: &PhaseContext,
    record: &PhaseRecord,
    checkpoint: Option<Vec<u8>>,
) -> Result<Box<dyn Scan>, RunError> {
    let phase = &context.phase;
    let stores = &context.stores;
    let ledger = stores.ledger(phase.target.connection);
    let reading = ledger.reading(record).await?;
    let Some((by, since)) = reading.and_then(|reading| Some((reading.by, reading.since?))) else {
        return source::open(phase, stores, checkpoint).await;
    };
    let mut request = source::request(phase, stores).await?;
    let Some(left_out) = left_out(phase, &ledger, record, request.key.len()).await? else {
        // What can't be asked for by its key is found by reading all.
        return source::open(phase, stores, checkpoint).await;
    };
    let store = Arc::clone(stores.get(phase.source.connection));
    if let Some(columns) = &mut request.columns {
        columns
            .extend(by.iter().filter(|name| !columns.contains(name)).cloned().collect::<Vec<_>>());
    }
    let (changed, unchanged) = parts(phase, &*store, &by, &since).await?;
    let keys = source::tuples(phase, stores, &request.key, left_out).await?;
    let mut filters = vec![request.filter.clone().and(changed)];
    let most = phase.batch.clamp(1, KEYS);
    filters.extend(keys.chunks(most).map(|tuples| {
        let by_key = Filter::Tuples { paths: request.key.clone(), tuples: tuples.to_vec() };
        request.filter.clone().and(by_key).and(unchanged.clone())
    }));
    let (part, after) = Parts::place(checkpoint)?;
    Ok(Box::new(Parts { store, request, filters, part, after, scan: None }))
}

/// The filters of what is at or after a mark, and of all else.
async fn parts(
    phase: &Phase,
    store: &dyn Store,
    by: &[String],
    since: &Since,
) -> Result<(Filter, Filter), RunError> {
    let from = since.from.values().unwrap_or_default();
    if since.after {
        let (paths, tuple) = (by.to_vec(), from);
        let known = Filter::UpTo { paths: paths.clone(), tuple: tuple.clone() };
        return Ok(if store.capabilities().documents {
            // Keys of another kind count as new too.
            (Filter::Not(Box::new(known.clone())), known)
        } else {
            (Filter::After { paths, tuple }, known)
        });
    }
    let ([path], [value]) = (by, &from[..]) else {
        return Err(RunError::new(RunErrorKind::Internal, "a mark is not of its columns"));
    };
    let compare = |operator, value| Filter::Compare { path: path.clone(), operator, value };
    let before = compare(Comparison::Less, value.clone());
    if store.capabilities().documents {
        // Also what has no such field, or one of another kind.
        return Ok((Filter::Not(Box::new(before.clone())), before));
    }
    let schema = match &phase.source.scan {
        ScanSource::Entity(entity) => store.describe(entity).await?,
        _ => None,
    };
    let nullable =
        schema.as_ref().and_then(|schema| schema.column(path)).is_none_or(|column| column.nullable);
    let at_or_after = compare(Comparison::GreaterOrEqual, value.clone());
    let changed = if nullable {
        // Of these it can't be told.
        Filter::Or(vec![at_or_after, Filter::Exists { path: path.clone(), exists: false }])
    } else {
        at_or_after
    };
    Ok((changed, before))
}

/// The keys of source records that other runs left out and that may arrive now; `None` where one of
/// them can't be asked for by its key, or they are too many.
async fn left_out(
    phase: &Phase,
    ledger: &Ledger,
    record: &PhaseRecord,
    length: usize,
) -> Result<Option<Vec<Row>>, RunError> {
    let records = ledger.phases(Some(&record.phase)).await?;
    let any = records.iter().any(|other| {
        other.state != PhaseState::RolledBack && other.counts.rejected + other.counts.skipped > 0
    });
    if !any {
        return Ok(Some(Vec::new()));
    }
    let mut map = KeyMap::open(ledger, &record.phase).await?;
    let elements = map.left_out(&record.run).await?;
    let explodes = usize::from(phase.mapping.explode.is_some());
    let mut keys: Vec<Key> = Vec::with_capacity(elements.len());
    for key in elements {
        let Some(mut values) = key.values() else { return Ok(None) };
        if values.len() != length + explodes {
            return Ok(None);
        }
        values.truncate(length);
        keys.extend(Key::new(&values));
    }
    keys.dedup();
    let rows = keys.iter().filter_map(Key::values).collect();
    Ok((keys.len() <= READ_AGAIN).then_some(rows))
}

/// One filter's records after another's.
struct Parts {
    store: Arc<dyn Store>,
    request: ScanRequest,
    /// What each part selects.
    filters: Vec<Filter>,
    /// The part under way.
    part: usize,
    after: Option<Checkpoint>,
    scan: Option<Box<dyn Scan>>,
}

impl Parts {
    /// The part that a checkpoint stands in, and where in it.
    fn place(checkpoint: Option<Vec<u8>>) -> Result<(usize, Option<Checkpoint>), StoreError> {
        let Some(bytes) = checkpoint else { return Ok((0, None)) };
        let damaged = || {
            let message = "the ledger's note of how far a source was read is damaged";
            StoreError::new(StoreErrorKind::Corrupt, message)
        };
        let (part, after) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
        let part = usize::try_from(u32::from_be_bytes(*part)).map_err(|_| damaged())?;
        Ok((part, Some(Checkpoint(after.to_vec()))))
    }
}

#[async_trait]
impl Scan for Parts {
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError> {
        loop {
            let scan = match &mut self.scan {
                Some(scan) => scan,
                none => {
                    let Some(filter) = self.filters.get(self.part) else { return Ok(None) };
                    let mut request = self.request.clone();
                    request.filter = filter.clone();
                    request.after = self.after.take();
                    none.insert(self.store.scan(request).await?)
                }
            };
            if let Some(mut batch) = scan.next().await? {
                let part = u32::try_from(self.part).unwrap_or(u32::MAX);
                let mut place = part.to_be_bytes().to_vec();
                place.extend_from_slice(&batch.checkpoint.0);
                batch.checkpoint = Checkpoint(place);
                return Ok(Some(batch));
            }
            self.scan = None;
            self.part += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_overlap_is_taken_off_values_of_its_kind() {
        let hour = Overlap::Time(Duration::from_hours(1));
        let at = chrono::DateTime::from_timestamp(7_200, 0).unwrap();
        let before = chrono::DateTime::from_timestamp(3_600, 0).unwrap();
        assert_eq!(earlier(&Value::Timestamp(at), hour), Some(Value::Timestamp(before)));
        let day = |day| Value::Date(chrono::NaiveDate::from_ymd_opt(2024, 3, day).unwrap());
        assert_eq!(earlier(&day(10), hour), Some(day(9)));
        assert_eq!(earlier(&Value::Int(10), Overlap::Number(3)), Some(Value::Int(7)));
        assert_eq!(earlier(&Value::Int(10), hour), None);
        assert_eq!(earlier(&Value::Timestamp(at), Overlap::Number(3)), None);
    }

    #[test]
    fn a_checkpoint_tells_its_part() {
        assert_eq!(Parts::place(None).unwrap(), (0, None));
        let place = Parts::place(Some(vec![0, 0, 1, 2, 7, 8])).unwrap();
        assert_eq!(place, (258, Some(Checkpoint(vec![7, 8]))));
        assert!(Parts::place(Some(vec![1])).is_err());
    }
}
