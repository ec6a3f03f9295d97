//! Writing with isolation: a batch goes in as a whole, and where the store refuses it, only the
//! records that are to blame stay out.

use std::collections::HashSet;

use super::halving::{Parts, settle};
use crate::connectors::{
    Delete, Insert, Layout, Session, StoreError, StoreErrorKind, Update, Violation, WriteError,
    value_at,
};
use crate::value::codec::content_hash;
use crate::value::query::{Filter, Select};
use crate::value::{Problem, Row};

/// How many rows one query asks for.
const ROWS_PER_QUERY: usize = 500;

/// For each row what it gave back, or why the store refuses it.
pub(super) type Isolated = Vec<Result<Row, Violation>>;

/// Inserts rows. In a store without transactions `alone` names what identifies them: the store may
/// then have taken in some rows of a statement that it refused, which are taken out before it is
/// halved.
pub(super) async fn insert(
    session: &mut dyn Session,
    entity: &str,
    layout: &Layout,
    rows: &[Row],
    returning: &[String],
    alone: Option<&[String]>,
) -> Result<Isolated, StoreError> {
    let mut results: Isolated = Vec::with_capacity(rows.len());
    let mut parts = Parts::whole(rows.len());
    while let Some(range) = parts.next() {
        let part = &rows[range.clone()];
        session.savepoint().await?;
        let offered = session.insert(Insert { entity, layout, rows: part, returning }).await;
        match settle(session, offered).await? {
            Ok(mut returned) => {
                returned.resize_with(part.len(), Row::new);
                results.extend(returned.into_iter().map(Ok));
            }
            Err(_) if part.len() > 1 => {
                if let Some(identity) = alone {
                    take_out(session, entity, layout, part, identity).await?;
                }
                parts.halve(range);
            }
            Err(violation) => results.push(Err(violation)),
        }
    }
    Ok(results)
}

/// Deletes those of these rows that the store holds as they are.
async fn take_out(
    session: &mut dyn Session,
    entity: &str,
    layout: &Layout,
    rows: &[Row],
    identity: &[String],
) -> Result<(), StoreError> {
    let of = |layout: &Layout, row: &Row| -> Row {
        identity.iter().map(|name| value_at(layout, row, name).clone()).collect()
    };
    let columns = match layout {
        Layout::Columns(names) => Some(names.to_vec()),
        Layout::Document => None,
    };
    for part in rows.chunks(ROWS_PER_QUERY) {
        let select = Select {
            entity: entity.to_owned(),
            columns: columns.clone(),
            filter: Filter::Tuples {
                paths: identity.to_vec(),
                tuples: part.iter().map(|row| of(layout, row)).collect(),
            },
            ..Select::default()
        };
        let own: HashSet<u64> = part.iter().map(content_hash).collect();
        let there: Vec<Row> = session
            .select(&select)
            .await?
            .rows
            .iter()
            .filter(|row| own.contains(&content_hash(*row)))
            .map(|row| of(layout, row))
            .collect();
        if !there.is_empty() {
            let delete = Delete { entity, key: identity, rows: &there };
            session.delete(delete).await.map_err(|error| match error {
                WriteError::Store(error) => error,
                WriteError::Record(_) => StoreError::new(
                    StoreErrorKind::Conflict,
                    "a record that was just inserted can't be deleted",
                ),
            })?;
        }
    }
    Ok(())
}

/// Changes records; a record that is gone since it was looked at is a conflict, after which the
/// phase tries again.
pub(super) async fn update(
    session: &mut dyn Session,
    entity: &str,
    key: &[String],
    set: &[String],
    rows: &[Row],
) -> Result<Isolated, StoreError> {
    let mut results: Isolated = Vec::with_capacity(rows.len());
    let mut parts = Parts::whole(rows.len());
    while let Some(range) = parts.next() {
        let part = &rows[range.clone()];
        session.savepoint().await?;
        let offered = session.update(Update { entity, key, set, rows: part }).await;
        match settle(session, offered).await? {
            Ok(matched) if matched != part.len() as u64 => {
                return Err(StoreError::new(
                    StoreErrorKind::Conflict,
                    "a record disappeared while it was being changed",
                ));
            }
            Ok(_) => results.extend(part.iter().map(|_| Ok(Row::new()))),
            Err(_) if part.len() > 1 => parts.halve(range),
            Err(violation) => results.push(Err(violation)),
        }
    }
    Ok(results)
}

/// Why the store refuses a record, without values.
pub fn problem_of(violation: &Violation) -> Problem {
    let rule = match violation.kind {
        crate::connectors::ViolationKind::Unique => "another record has the same unique value",
        crate::connectors::ViolationKind::ForeignKey => "it refers to a record that is not there",
        crate::connectors::ViolationKind::NotNull => "the target does not take null here",
        crate::connectors::ViolationKind::Check => "a check constraint does not hold",
        crate::connectors::ViolationKind::Value => "the target can't hold this value",
    };
    let message = match &violation.constraint {
        Some(constraint) => format!("{rule} (`{constraint}`)"),
        None => rule.to_owned(),
    };
    let problem = Problem::new(violation.kind.reason(), message);
    match &violation.column {
        Some(column) => problem.at(column),
        None => problem,
    }
}
