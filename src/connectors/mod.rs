//! Connectors: the stores that records come from and go to.
//!
//! A connector renders small statements ([`crate::value::query`]) and moves batches; what a write
//! mode means, what is a duplicate and what the ledger says is decided by the engine, once, for all
//! of them. So a connector is a [`Store`] (reads, catalog) and its [`Session`] (writes).

mod conditions;
mod config;
pub mod documents;
mod error;
mod export;
pub(crate) mod feed;
pub mod files;
mod fitting;
mod matching;
pub mod memory;
pub mod mongodb;
pub mod mysql;
mod nodelay;
pub mod overlay;
pub mod postgres;
mod prefetch;
mod process;
mod registry;
pub mod scratch;
mod size;
pub mod sqlite;
mod structure;
mod tables;
mod view;

pub(crate) use config::without_nul;
pub use config::{
    ConnectionConfig, FileFormat, FileSource, Model, NulPolicy, Policies, UuidOrder, ZeroDatePolicy,
};
pub use error::{StoreError, StoreErrorKind, Violation, ViolationKind, WriteError};
pub use export::{Export, ExportBatch};
pub use fitting::{fitters, fitters_of};
pub use matching::{compare_rows, compare_values, matches, parse_filter, value_at};
pub use registry::{capabilities, capabilities_of, is_embedded, location_of, open};
pub(crate) use size::row_bytes;
pub use view::{View, ViewTable};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::value::query::{Filter, Select};
use crate::value::statement::{NewRow, Portion, Transfer};
use crate::value::structure::{EnumDefinition, RenderedChange, StructureChange, TableDefinition};
use crate::value::switch::{Switch, SwitchKind, Violating};
use crate::value::{Column, Index, Key, KeyError, Problem, Row, Schema, Value};

/// How the values of a row are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One value per column, in this order.
    Columns(Arc<[String]>),
    /// One value, the document.
    Document,
}

/// Rows with their layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// How the values are named.
    pub layout: Layout,
    /// The rows.
    pub rows: Vec<Row>,
}

/// What a store can do, as plain data that the checker, the planner and the conformance suite ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The connector's name (`sqlite`).
    pub connector: &'static str,
    /// One sentence for `mapper list connectors`.
    pub summary: &'static str,
    /// URL schemes.
    pub schemes: &'static [&'static str],
    /// Whether entities are collections of documents rather than tables.
    pub documents: bool,
    /// Whether records can be written.
    pub writes: bool,
    /// Whether several statements can be one transaction, with savepoints.
    pub transactions: bool,
    /// Whether definitions are part of the transaction that they are made in.
    pub transactional_definitions: bool,
    /// Whether it answers queries in a language of its own (SQL).
    pub queries: bool,
    /// Whether it runs aggregation pipelines.
    pub pipelines: bool,
    /// Whether a collection comes into being with its first document or index.
    pub implicit_entities: bool,
    /// The finest fraction of a second that it keeps.
    pub time_precision: TimePrecision,
    /// Whether text may hold the NUL character.
    pub nul_in_text: bool,
    /// Whether triggers can be off while rows are written, and come back exactly as they were.
    pub triggers_off: bool,
    /// Whether rows can be written first and foreign keys checked afterwards.
    pub late_foreign_keys: bool,
    /// Whether a row may refer only to rows before it in the same statement.
    pub row_by_row: bool,
}

/// The finest fraction of a second that a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimePrecision {
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// Makes a value one that a column holds exactly, or says why it can't.
pub type Fitter = Arc<dyn Fn(Value) -> Result<Value, Problem> + Send + Sync>;

/// A configured connection to one store. Cheap to share; every method may be called concurrently.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// Where it is, without user, password or other secrets, for messages.
    fn location(&self) -> &str;

    /// The names of its tables or collections, the ledger's (`mapper_…`) left out, sorted.
    async fn entities(&self) -> Result<Vec<String>, StoreError>;

    /// What the catalog says of a table or collection, without looking at its records; `None` when
    /// it does not exist.
    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError>;

    /// The same, and for a collection what its documents hold, path by path: of all, or of a sample
    /// of which `Schema::sampled` tells the size.
    async fn profile(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        self.describe(entity).await
    }

    /// Reads what a statement asks for, whole. An entity that does not exist has no records when
    /// [`Capabilities::implicit_entities`], and is an error otherwise.
    async fn select(&self, select: &Select) -> Result<Rows, StoreError>;

    /// Counts records.
    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError>;

    /// Runs a query in the store's own language (SQL), read-only.
    async fn query(&self, text: &str) -> Result<Rows, StoreError>;

    /// Starts reading a source from the beginning, or after a checkpoint.
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError>;

    /// Starts reading tables or collections whole, one after the other in this order, all as they
    /// were at one moment where the store can. One that does not exist has no rows when
    /// [`Capabilities::implicit_entities`], and is an error otherwise.
    async fn export(&self, entities: &[String], batch: usize) -> Result<Export, StoreError> {
        export::by_scans(self, entities, batch).await
    }

    /// How large an entity is.
    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError>;

    /// Times one read, server and transfer together. The default runs it; a store that can say more
    /// exactly may.
    async fn time(&self, select: &Select) -> Result<Duration, StoreError> {
        let start = std::time::Instant::now();
        self.select(select).await?;
        Ok(start.elapsed())
    }

    /// What makes a value one that a column holds exactly, in the form in which the store gives it
    /// back. It fails with the reason when the column can't hold the value exactly: too many digits,
    /// too long, of another kind, NUL in text. Made once per column, called per value.
    fn fitter(&self, column: &Column) -> Fitter;

    /// Makes one value fit a column; for many values keep the [`Store::fitter`].
    ///
    /// # Errors
    /// When the column can't hold it exactly.
    fn fit(&self, value: Value, column: &Column) -> Result<Value, Problem> {
        self.fitter(column)(value)
    }

    /// Whether the store does a transfer by itself, with exactly the rows that the engine would
    /// write; says what it has no exact equivalent for when not, as the end of a sentence.
    async fn can_transfer(&self, _transfer: &Transfer) -> Result<Result<(), String>, StoreError> {
        let name = self.capabilities().connector;
        Ok(Err(format!("the connector `{name}` has no statement for it")))
    }

    /// All that makes a table or collection, as the catalog spells it; `None` when it does not exist.
    /// The order of columns, keys and indexes is the catalog's, and the same every time.
    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let message = format!("the structure of `{entity}` is not known here");
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    }

    /// The types with named values; empty where the store has none.
    async fn enums(&self) -> Result<Vec<EnumDefinition>, StoreError> {
        Ok(Vec::new())
    }

    /// The extensions that are there, by name; empty where the store has none.
    async fn extensions(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// What is there that no [`TableDefinition`] holds: triggers, functions and the like, each named
    /// in a few words (`trigger "audit" of "tasks"`).
    async fn others(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// What the store would do for a change of structure, without doing it. `Session::change` does
    /// the same statements.
    ///
    /// # Errors
    /// When the store can't do it, with the reason as a sentence.
    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        let _ = change;
        Err(format!("the connector `{}` changes no structure", self.capabilities().connector))
    }

    /// A session on an empty copy of a table that has its checks and neither its triggers nor its
    /// foreign keys, in an open transaction, and the copy's name: to find out which rows they refuse.
    /// The copy is nobody else's, and goes with the session. `None` where there is no such thing.
    async fn probe(&self, _entity: &str) -> Result<Option<Copied>, StoreError> {
        Ok(None)
    }

    /// Of a store that only foretells what another would do: what it can't foretell, in sentences.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The databases of its server whose names begin so, in order. Embedded stores have files.
    async fn databases(&self, _prefix: &str) -> Result<Vec<String>, StoreError> {
        Err(no_databases(self.location()))
    }

    /// Creates a database beside its own, for the same user. It may come into being only with what is
    /// put into it.
    ///
    /// # Errors
    /// [`StoreErrorKind::Denied`] when the user may not.
    async fn create_database(&self, _name: &str) -> Result<(), StoreError> {
        Err(no_databases(self.location()))
    }

    /// Drops a database beside its own, with all that is in it; one that is not there is dropped
    /// already.
    async fn drop_database(&self, _name: &str) -> Result<(), StoreError> {
        Err(no_databases(self.location()))
    }

    /// Opens a session to write. Waits while the store allows only one and it is taken.
    async fn session(&self) -> Result<Box<dyn Session>, StoreError>;

    /// Takes the run's lock. It goes with the returned guard, or with the process.
    ///
    /// # Errors
    /// [`StoreErrorKind::Locked`] when another process holds it; the message says who.
    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError>;

    /// Looks whether the run's lock is still held, where it goes with a connection of its own. One
    /// that was lost is taken again first; a store whose lock is not taken has nothing to keep.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unavailable`] when it was lost: what was read since it was last known to be
    /// held may have changed. [`StoreErrorKind::Locked`] when another process took it meanwhile.
    async fn keep_lock(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Waits until no transaction is open that wrote to one of these tables; one that is not there is
    /// passed over. A server may go on with a commit whose sender was killed; only after it is to be
    /// seen what is there. Where commits go with the process there is nothing to wait for.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] when one stays open.
    async fn settled(&self, _entities: &[&str]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Closes what is open, so that files are whole on their own. Nothing is read or written after
    /// it. Without it connections go as their owners do.
    async fn close(&self) {}
}

fn no_databases(location: &str) -> StoreError {
    let message = format!("{location}: there are no other databases beside it");
    StoreError::new(StoreErrorKind::Unsupported, message)
}

/// The run's lock on a store, given back when dropped.
pub trait Lock: Send + Sync + fmt::Debug {}

/// What to scan and how.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// What to read.
    pub source: ScanSource,
    /// The ordered unique key. Empty for files without one: the key is then file name and record
    /// number.
    pub key: Vec<String>,
    /// Columns to read; `None` is all. A document source may ignore it.
    pub columns: Option<Vec<String>>,
    /// Which records.
    pub filter: Filter,
    /// Records per batch, at least 1.
    pub batch: usize,
    /// Where an earlier scan of the same request stopped.
    pub after: Option<Checkpoint>,
}

/// What a scan reads.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanSource {
    /// A table or collection.
    Entity(String),
    /// A query in the store's own language; the key's columns are among its results.
    Query(String),
    /// A collection through an aggregation pipeline.
    Pipeline {
        /// The collection.
        entity: String,
        /// The stages.
        stages: Vec<Value>,
    },
    /// What a file connection was opened on.
    Files,
}

/// Where a scan stands: opaque to all but the connector that made it, stored in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint(pub Vec<u8>);

/// A running scan.
#[async_trait]
pub trait Scan: Send {
    /// The next records in key order; `None` at the end. Never an empty batch without an end.
    async fn next(&mut self) -> Result<Option<SourceBatch>, StoreError>;
}

/// Records that were read together.
#[derive(Clone, Debug)]
pub struct SourceBatch {
    /// How the values are named; the same for all batches of a scan of a table.
    pub layout: Layout,
    /// The records.
    pub rows: Vec<Row>,
    /// Each row's key, or why it has none. As long as `rows`.
    pub keys: Vec<Result<Key, KeyError>>,
    /// Records that can't be read as such: bad encoding, a truncated line.
    pub broken: Vec<BrokenRecord>,
    /// Where to go on after this batch.
    pub checkpoint: Checkpoint,
    /// About how many bytes the rows take in memory.
    pub bytes: usize,
}

/// A record that can't be read.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenRecord {
    /// A key that stands for its place (file name and record number).
    pub key: Key,
    /// What is wrong; the message names file and line.
    pub problem: Problem,
}

/// How large an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Records.
    pub records: u64,
    /// Bytes of data, when the store knows.
    pub bytes: Option<u64>,
    /// Bytes of indexes, when the store knows.
    pub index_bytes: Option<u64>,
}

/// A copy of a table.
pub struct Copied {
    /// What it is called in the session.
    pub entity: String,
    /// The session that has it.
    pub session: Box<dyn Session>,
}

/// A session that writes. Used by one task; dropping it rolls back what was not committed.
///
/// Without [`Capabilities::transactions`], `begin`, `commit`, `rollback` and the savepoints do
/// nothing, and each statement stands for itself: an insert that a record makes fail takes back what
/// it put in of the others, before it says so; an update or delete that fails may have changed the
/// others, and the same again changes them no further. When the store fails in the middle, what was
/// done of a statement is not known.
#[async_trait]
pub trait Session: Send {
    /// Starts a transaction.
    async fn begin(&mut self) -> Result<(), StoreError>;
    /// Makes everything since `begin` durable.
    async fn commit(&mut self) -> Result<(), StoreError>;
    /// Forgets everything since `begin`.
    async fn rollback(&mut self) -> Result<(), StoreError>;
    /// Marks a point to come back to. Savepoints nest.
    async fn savepoint(&mut self) -> Result<(), StoreError>;
    /// Forgets the newest savepoint, keeping what was done since.
    async fn release(&mut self) -> Result<(), StoreError>;
    /// Undoes everything since the newest savepoint, and forgets it.
    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError>;

    /// The shape of a table or collection, seeing what this session defined; `None` when it does not
    /// exist.
    async fn describe(&mut self, entity: &str) -> Result<Option<Schema>, StoreError>;

    /// Reads, seeing what this session wrote.
    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError>;

    /// Inserts all rows or none. Gives, for each row in order, the values of `returning`.
    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError>;

    /// Whether rows of this layout can be inserted into an entity by a stream.
    async fn streams(&mut self, _entity: &str, _layout: &Layout) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Inserts rows without waiting for what becomes of them: the store takes them in while the next
    /// ones are made. All columns have values, and nothing is given back. The first call starts the
    /// stream; until it is ended, all rows are for the same entity in the same layout, and nothing
    /// else is asked of the session. One that is dropped before has inserted nothing.
    ///
    /// # Errors
    /// As [`Session::end_stream`]: the store refused rows of this call or of earlier ones.
    async fn stream(
        &mut self,
        entity: &str,
        _layout: &Layout,
        _rows: Vec<Row>,
    ) -> Result<(), WriteError> {
        let message = format!("`{entity}` takes in no stream");
        Err(StoreError::new(StoreErrorKind::Unsupported, message).into())
    }

    /// Waits until the store has all rows of a stream; without one it does nothing.
    ///
    /// # Errors
    /// When the store refused one of the rows. Then the whole transaction is to be given up, and the
    /// session with it.
    async fn end_stream(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    /// Changes records by key, all or none. Gives how many records matched.
    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError>;

    /// Deletes records by key, all or none. Gives how many were deleted.
    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError>;

    /// Whether several sessions may insert rows into an entity at the same time, each its part of
    /// them, with the same outcome as one session, when they commit one after the other and no row
    /// is in the way of another. `columns` are those that are written.
    async fn side_by_side(&mut self, _entity: &str, _columns: &[&str]) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Does a portion of a transfer that [`Store::can_transfer`] accepted, in order of the source's
    /// key. Tells of the new rows in chunks, in any order, and gives how many there are.
    async fn transfer(
        &mut self,
        transfer: &Transfer,
        _portion: Portion<'_>,
        _rows: mpsc::Sender<Vec<NewRow>>,
    ) -> Result<u64, WriteError> {
        let message = format!("nothing is transferred into `{}` here", transfer.target);
        Err(StoreError::new(StoreErrorKind::Unsupported, message).into())
    }

    /// Changes the store's structure.
    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError>;

    /// Makes one change of structure, within the transaction where the store has
    /// [`Capabilities::transactional_definitions`]. Done again after an interruption it finds what
    /// is done already and does the rest.
    async fn change(&mut self, change: &StructureChange) -> Result<(), StoreError> {
        let _ = change;
        Err(StoreError::new(StoreErrorKind::Unsupported, "this store changes no structure"))
    }

    /// What of a table can be off while it is written to, and is on: its triggers, or the foreign keys
    /// that writes to it are checked by.
    ///
    /// # Errors
    /// When the table has something of it that can't be off.
    async fn switches(
        &mut self,
        _entity: &str,
        _kind: SwitchKind,
    ) -> Result<Vec<Switch>, StoreError> {
        Ok(Vec::new())
    }

    /// Switches something off, or puts it back, within the transaction. Where that is so already, or
    /// the table is no longer there, nothing is done.
    async fn switch(&mut self, switch: &Switch, _on: bool) -> Result<(), StoreError> {
        let message = format!("{} can't be switched here", switch.describe());
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    }

    /// Has the store prove a foreign key that was put back, and finds the rows that violate it: all
    /// are counted, and so many are named.
    async fn prove(&mut self, switch: &Switch, _named: usize) -> Result<Violating, StoreError> {
        let message = format!("{} can't be looked at here", switch.describe());
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    }

    /// Checks no foreign keys in this session any more, where that is the session's affair. Called
    /// before `begin`.
    async fn check_late(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// All that makes a table or collection, seeing what this session changed.
    async fn structure(&mut self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        let message = format!("the structure of `{entity}` is not known here");
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    }
}

/// Rows to insert.
#[derive(Clone, Copy, Debug)]
pub struct Insert<'a> {
    /// The table or collection.
    pub entity: &'a str,
    /// How the rows' values are named. `Value::Missing` in a column leaves it to the store.
    pub layout: &'a Layout,
    /// The rows.
    pub rows: &'a [Row],
    /// Columns to give back, such as a generated id. Usually empty.
    pub returning: &'a [String],
}

/// Records to change.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The table or collection.
    pub entity: &'a str,
    /// The columns or dotted paths that identify a record.
    pub key: &'a [String],
    /// The columns or dotted paths to set. In documents `Value::Missing` takes the field out.
    pub set: &'a [String],
    /// Per record: the key's values, then the values to set.
    pub rows: &'a [Row],
}

/// Records to delete.
#[derive(Clone, Copy, Debug)]
pub struct Delete<'a> {
    /// The table or collection.
    pub entity: &'a str,
    /// The columns or dotted paths that identify a record.
    pub key: &'a [String],
    /// Per record: the key's values.
    pub rows: &'a [Row],
}

/// A change of structure.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// Creates a table with these columns and primary key, unless it exists.
    CreateTable {
        /// Its name.
        entity: String,
        /// Its columns and primary key.
        schema: Schema,
    },
    /// Creates a collection, unless it exists.
    CreateCollection {
        /// Its name.
        entity: String,
    },
    /// Drops a table or collection.
    DropEntity {
        /// Its name.
        entity: String,
    },
    /// Creates an index.
    CreateIndex {
        /// The table or collection.
        entity: String,
        /// The index.
        index: Index,
    },
    /// Drops an index.
    DropIndex {
        /// The table or collection.
        entity: String,
        /// The index's name.
        name: String,
    },
    /// Creates a view. One that exists is an error.
    CreateView {
        /// Its name.
        entity: String,
        /// What it shows.
        view: View,
    },
    /// Runs statements of the store's own language (a fixture's `schema.sql`).
    Script(String),
}
