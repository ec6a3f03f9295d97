//! Phases that their database does by itself: which ones, and how.

mod batches;
mod keys;
mod settle;
mod statements;
mod told;

use std::sync::Arc;

pub(super) use self::batches::push_batches;
use super::apart::duplicates_possible;
use super::phase::PhaseContext;
use super::{RunError, RunErrorKind, Stores, source};
use crate::connectors::Policies;
use crate::plan::{self, Phase, Plan};
use crate::value::statement::Transfer;

/// How the rows of a phase get into their target.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// The database does it, one statement per batch.
    PushedDown(Box<Transfer>),
    /// Records are read, mapped and written; why the database can't do it by itself.
    Streams(String),
}

impl Way {
    /// The way in words: `pushed down`, or `streams: …`.
    pub fn describe(&self) -> String {
        match self {
            Self::PushedDown(_) => "pushed down".to_owned(),
            Self::Streams(reason) => format!("streams: {reason}"),
        }
    }
}

/// How a phase gets its rows into its target; `None` where source and target are not in the same
/// store, so that there is no choice, or are not both there yet.
///
/// # Errors
/// When a catalog can't be read.
pub async fn way(plan: &Plan, phase: &Phase, stores: &Stores) -> Result<Option<Way>, RunError> {
    let store = stores.get(phase.target.connection);
    if !Arc::ptr_eq(store, stores.get(phase.source.connection)) {
        return Ok(None);
    }
    let streams = |reason: &str| Ok(Some(Way::Streams(reason.to_owned())));
    let policies = plan.connections.get(phase.target.connection).map(|c| &c.config.policies);
    if policies.is_some_and(|policies| *policies != Policies::default()) {
        return streams("a policy of the connection changes values");
    }
    let crate::connectors::ScanSource::Entity(entity) = &phase.source.scan else {
        return streams("its source is not a table");
    };
    if store.capabilities().documents {
        return streams("documents have no statement for it");
    }
    let (Some(from), Some(to)) =
        (store.describe(entity).await?, store.describe(&phase.target.entity).await?)
    else {
        return Ok(None);
    };
    let key = match source::key(phase, stores).await {
        Ok(key) => key,
        Err(error) if error.kind == RunErrorKind::Refused => return Ok(None),
        Err(error) => return Err(error),
    };
    let transfer = match plan::push_down(phase, &key, &from, &to) {
        Ok(transfer) => transfer,
        Err(reason) => return streams(&reason),
    };
    if duplicates_possible(phase, &key) {
        return streams("two of its records may have the same target key");
    }
    Ok(Some(match store.can_transfer(&transfer).await? {
        Ok(()) => Way::PushedDown(Box::new(transfer)),
        Err(reason) => Way::Streams(reason),
    }))
}

/// The transfer that an attempt of a phase goes by, when it is pushed down.
pub(super) async fn transfer_of(context: &PhaseContext) -> Result<Option<Transfer>, RunError> {
    let options = &context.options;
    if !options.push_down || options.update.contains(&context.index) || context.given.is_some() {
        return Ok(None);
    }
    Ok(match way(&context.plan, &context.phase, &context.stores).await? {
        Some(Way::PushedDown(transfer)) => Some(*transfer),
        Some(Way::Streams(_)) | None => None,
    })
}
