//! What becomes of every table, collection, column and path of the sources, and what fills every
//! column of the targets: so that nothing is left behind unseen.
//!
//! The specs say what is read and what is left out on purpose; the stores say what is there. Nothing
//! is written.

mod ignore;
mod place;
mod sources;
mod survey;
mod targets;
mod uses;
mod words;

use serde::Serialize;

use crate::plan::Plan;
use crate::run::{RunError, Stores};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The tables and collections of all stores that phases read from, and the files.
    pub sources: Vec<SourceCoverage>,
    /// The tables and collections that phases write.
    pub targets: Vec<TargetCoverage>,
    /// What the specs name and no store has.
    pub absent: Vec<Absent>,
}

/// A table or collection of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceCoverage {
    /// The connection's name; of files, their pattern.
    pub connection: String,
    /// Its name; of files, their pattern.
    pub name: String,
    /// What becomes of it.
    pub state: SourceState,
    /// Why it is ignored.
    pub reason: Option<String>,
    /// How many records it has.
    pub records: u64,
    /// How many of them no phase reads, because all that read it have a filter; `None` where that is
    /// not known, as of queries.
    pub outside: Option<u64>,
    /// The phases that read it or look something up in it.
    pub by: Vec<String>,
    /// Its columns; of documents, every path. Empty unless it is read.
    pub columns: Vec<SourceColumn>,
}

/// What becomes of a table or collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// A phase reads it, or looks something up in it.
    Read,
    /// It is left out on purpose.
    Ignored,
    /// No spec says anything of it.
    Forgotten,
}

/// A column, or a path of documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// What it holds: the column's type, or the kinds of values that were met.
    pub holds: String,
    /// In how many records it has a value. Of tables this is counted only where it decides.
    pub records: Option<u64>,
    /// What becomes of it.
    pub state: ColumnState,
    /// The fields that it goes to, as `spec.phase.field`.
    pub to: Vec<String>,
    /// What else it is needed for.
    pub used: Vec<String>,
    /// Why it is ignored; or why it is forgotten though another phase ignores it.
    pub reason: Option<String>,
}

/// What becomes of a column or path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnState {
    /// It goes to a field of a target.
    Mapped,
    /// It decides which records come, and goes nowhere itself.
    Used,
    /// It is left out on purpose.
    Ignored,
    /// No phase reads it, and it stays where it is, in a table that phases fill.
    Kept,
    /// No spec says anything of it, and it holds the same in all of several records.
    Constant,
    /// No spec says anything of it.
    Forgotten,
}

/// A table or collection that phases write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetCoverage {
    /// The connection's name.
    pub connection: String,
    /// Its name.
    pub name: String,
    /// The phases that write to it.
    pub by: Vec<String>,
    /// Its columns; of a collection, the fields that phases write.
    pub columns: Vec<TargetColumn>,
}

/// A column of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub holds: String,
    /// What fills it.
    pub state: FillState,
    /// The phases that fill it, each with what from.
    pub by: Vec<String>,
}

/// What fills a column of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FillState {
    /// A phase, with what its records hold.
    Filled,
    /// A phase, with the same value for all records.
    Constant,
    /// The store: a default, a number that it counts, or a value that it computes.
    Defaulted,
    /// Nothing, so new records have null there.
    Null,
    /// Nothing; no phase makes records there, so what is there stays.
    Kept,
    /// Nothing, though it may not be null: no record can be made.
    Unfilled,
}

/// Something that specs name and that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// The connection's name.
    pub connection: String,
    /// The table or collection, or a pattern of them.
    pub name: String,
    /// The column or path; `None` when all of it is not there.
    pub column: Option<String>,
    /// Who names it.
    pub by: Vec<String>,
}

impl Coverage {
    /// Whether something is left behind, or can't be filled.
    pub fn is_failed(&self) -> bool {
        let forgotten = |source: &SourceCoverage| {
            source.state == SourceState::Forgotten
                || source.columns.iter().any(|column| column.state == ColumnState::Forgotten)
        };
        let unfilled = |target: &TargetCoverage| {
            target.columns.iter().any(|column| column.state == FillState::Unfilled)
        };
        self.sources.iter().any(forgotten) || self.targets.iter().any(unfilled)
    }

    /// How many columns and paths of the sources are so.
    pub fn columns(&self, state: ColumnState) -> usize {
        let columns = self.sources.iter().flat_map(|source| &source.columns);
        columns.filter(|column| column.state == state).count()
    }

    /// How many tables and collections of the sources are so.
    pub fn tables(&self, state: SourceState) -> usize {
        self.sources.iter().filter(|source| source.state == state).count()
    }
}

/// Compares what the specs of a plan read and write with what the stores hold. Catalogs are read,
/// records counted, documents and files read whole, and of tables the columns that no spec names.
///
/// # Errors
/// When a store can't be read.
pub async fn coverage(plan: &Plan, stores: &Stores) -> Result<Coverage, RunError> {
    let mut found = Coverage::default();
    sources::survey(plan, stores, &mut found).await?;
    targets::survey(plan, stores, &mut found).await?;
    Ok(found)
}

/// Where a connection leads to: connections with one of these are one store.
fn place_of(plan: &Plan, connection: usize) -> (&str, crate::connectors::Model) {
    let config = &plan.connections[connection].config;
    (&config.url, config.model)
}
