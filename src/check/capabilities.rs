//! What each kind of store can do, as far as it is known from the URL, and what a phase may
//! therefore ask of it.

use super::Checker;
use super::connections::Handle;
use crate::diagnostics::{Diagnostic, codes};
use crate::plan;
use crate::spec::{self, ForeignKeys, Input, OnConflict, Transaction, Triggers, WriteMode};

/// What is known of a store before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Collections rather than tables.
    pub(super) documents: bool,
    /// It answers SQL.
    pub(super) queries: bool,
    /// It runs aggregation pipelines.
    pub(super) pipelines: bool,
    /// Many records can be written in one transaction.
    pub(super) transactions: bool,
    /// Triggers can be off while rows are written.
    pub(super) triggers_off: bool,
    /// Foreign keys can be checked afterwards.
    pub(super) late_foreign_keys: bool,
}

/// A kind of store, by its schemes.
pub(super) struct Kind {
    /// Its URL schemes; the first one is shown.
    pub(super) schemes: &'static [&'static str],
    /// What it can do with tables.
    pub(super) tables: Option<Facts>,
    /// What it can do with collections.
    pub(super) documents: Option<Facts>,
}

const SQL: Facts = Facts {
    documents: false,
    queries: true,
    pipelines: false,
    transactions: true,
    triggers_off: true,
    late_foreign_keys: true,
};

const DOCUMENTS: Facts =
    Facts { documents: true, queries: false, triggers_off: false, late_foreign_keys: false, ..SQL };

/// All kinds of stores that the language knows.
pub(super) static KINDS: &[Kind] = &[
    Kind { schemes: &["sqlite"], tables: Some(SQL), documents: Some(DOCUMENTS) },
    Kind {
        schemes: &["mongodb", "mongodb+srv"],
        tables: None,
        documents: Some(Facts { pipelines: true, transactions: false, ..DOCUMENTS }),
    },
    Kind { schemes: &["postgres", "postgresql"], tables: Some(SQL), documents: None },
    Kind {
        schemes: &["mysql", "mariadb"],
        tables: Some(Facts { triggers_off: false, ..SQL }),
        documents: None,
    },
];

impl Checker<'_> {
    /// Whether the store can be read in the way that a source asks for.
    pub(super) fn readable(&mut self, source: &spec::Source, handle: &Handle) -> bool {
        let refused = match &source.input {
            Input::Query(query) if !handle.facts.queries => Some((
                query.span(),
                "a store of documents answers no queries",
                "read a collection: `collection = \"…\"`, with `filter`",
            )),
            Input::Pipeline { stages, .. } if !handle.facts.pipelines => Some((
                stages.span,
                "this store runs no aggregation pipelines",
                "read the collection with `filter`, or a table with `query`",
            )),
            _ => None,
        };
        if let Some((span, label, help)) = refused {
            self.report(
                Diagnostic::new(&codes::IMPOSSIBLE_READ, "the source can't be read so")
                    .at(span, label)
                    .help(help),
            );
        }
        refused.is_none()
    }

    /// The write mode of a target, when it can be.
    pub(super) fn write_mode(
        &mut self,
        target: &spec::Target,
        handle: Option<&Handle>,
        other_fields: Option<bool>,
    ) -> Option<plan::WriteMode> {
        let mode = target.write();
        let mode_span = target.write.map_or(target.span, |write| write.span);
        let name = match mode {
            WriteMode::Insert => "insert",
            WriteMode::Patch => "patch",
            WriteMode::Fill => "fill",
            WriteMode::Append => "append",
        };
        let null_is_missing = target.null_is_missing.is_some_and(|choice| choice.value);
        // A key that is missing was reported when the spec was read.
        if mode != WriteMode::Append && target.key.is_empty() {
            return None;
        }
        let mut refused = Vec::new();
        if mode == WriteMode::Fill
            && !null_is_missing
            && handle.is_some_and(|handle| !handle.facts.documents)
        {
            refused.push((
                mode_span,
                "`fill` in a table, where no column is ever missing".to_owned(),
                "set columns that are null: `null_is_missing = true`".to_owned(),
            ));
        }
        if matches!(mode, WriteMode::Patch | WriteMode::Fill) && other_fields == Some(false) {
            refused.push((
                mode_span,
                format!("`{name}` that sets nothing"),
                "all fields belong to the key; add those that are to be set".to_owned(),
            ));
        }
        let possible = refused.is_empty();
        for (span, what, help) in refused {
            self.report(
                Diagnostic::new(&codes::IMPOSSIBLE_WRITE, format!("{what} can't be"))
                    .at(span, "impossible")
                    .help(help),
            );
        }
        possible.then_some(match mode {
            WriteMode::Insert => plan::WriteMode::Insert(match target.on_conflict() {
                OnConflict::Skip => plan::OnConflict::Skip,
                OnConflict::Update => plan::OnConflict::Update,
                OnConflict::Replace => plan::OnConflict::Replace,
                OnConflict::Fail => plan::OnConflict::Fail,
            }),
            WriteMode::Patch => plan::WriteMode::Patch,
            WriteMode::Fill => plan::WriteMode::Fill { null_is_missing },
            WriteMode::Append => plan::WriteMode::Append,
        })
    }

    /// Reports what of the target's tables can't be off, or checked late, in its store.
    pub(super) fn switches(&mut self, phase: &spec::Phase, handle: Option<&Handle>) {
        let Some(handle) = handle else { return };
        let documents = handle.facts.documents;
        if let Some(choice) = phase.triggers
            && choice.value == Triggers::Off
            && !handle.facts.triggers_off
        {
            let (label, help) = if documents {
                ("a store of documents has no triggers", "leave it out")
            } else {
                (
                    "the server has no way to switch triggers off",
                    "leave it out, or drop the triggers yourself before the run and create them \
                     again afterwards",
                )
            };
            self.report(
                Diagnostic::new(&codes::NOT_SWITCHED, "triggers can't be off there")
                    .at(choice.span, label)
                    .help(help),
            );
        }
        if let Some(choice) = phase.foreign_keys
            && choice.value == ForeignKeys::Deferred
            && !handle.facts.late_foreign_keys
        {
            self.report(
                Diagnostic::new(&codes::NOT_SWITCHED, "there are no foreign keys to defer there")
                    .at(choice.span, "a store of documents has no foreign keys")
                    .help("leave it out; a check with `references` finds what points at nothing"),
            );
        }
    }

    /// Reports a transaction that the target's store does not have.
    pub(super) fn transaction(&mut self, phase: &spec::Phase, handle: Option<&Handle>) {
        if let (Some(choice), Some(handle)) = (phase.transaction, handle)
            && choice.value == Transaction::Phase
            && !handle.facts.transactions
        {
            self.report(
                Diagnostic::new(
                    &codes::NO_TRANSACTION,
                    "the target's store can't commit a phase as a whole",
                )
                .at(choice.span, "not possible there")
                .help("take `batch`, or leave it out: an interrupted run goes on where it stopped"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors;

    #[test]
    fn schemes_are_unique_and_every_kind_can_hold_something() {
        let mut all: Vec<&str> = KINDS.iter().flat_map(|kind| kind.schemes).copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(KINDS.iter().all(|kind| kind.tables.is_some() || kind.documents.is_some()));
    }

    #[test]
    fn what_is_said_of_a_store_is_what_its_connector_says() {
        for known in connectors::capabilities() {
            let Some(kind) = KINDS.iter().find(|kind| kind.schemes.contains(&known.schemes[0]))
            else {
                assert!(known.schemes.is_empty() || !known.writes, "{}", known.connector);
                continue;
            };
            let facts = if known.documents { kind.documents } else { kind.tables };
            let said = Facts {
                documents: known.documents,
                queries: known.queries,
                pipelines: known.pipelines,
                transactions: known.transactions,
                triggers_off: known.triggers_off,
                late_foreign_keys: known.late_foreign_keys,
            };
            assert_eq!(facts, Some(said), "{}", known.connector);
        }
    }
}
