//! What the author wrote: the typed shape of spec files, places kept, meaning unchecked.
//!
//! [`load`] reads files and gives everything that could be read, also when there are errors: what
//! was refused is `None` or `Invalid`, and the error is reported already, so later passes stay
//! silent about it.

mod changes;
mod check;
mod check_kind;
mod column;
mod connection;
mod constraint;
mod crosswalk;
mod deleted;
mod enrich;
mod enumeration;
mod expect;
mod field;
mod filter;
mod generator;
mod index;
mod literal;
mod load;
mod lookup;
mod phase;
mod query;
mod read;
pub mod reference;
mod root;
pub mod schema;
mod seed;
mod source;
mod table;
mod target;
mod test_case;

pub use changes::{Changes, ChangesBy, Overlap};
pub use check::{Check, CheckSeverity};
pub use check_kind::{CheckKind, Compare, Latency, Measure, References, Stats, Sum, Unique};
pub use column::{DeclaredColumn, DeclaredDefault, DeclaredType};
pub use connection::{BackupWhen, Connection, Located, Model, NulPolicy, Url, UuidOrder, ZeroDate};
pub use constraint::{
    DeclaredCheck, DeclaredForeignKey, DeclaredIndex, DeclaredUnique, ReferentialAction,
};
pub use crosswalk::Crosswalk;
pub(crate) use deleted::unreadable;
pub use deleted::{Deleted, OnDeleted};
pub use enrich::{Aws, Cost, Enrich, Method, Per, Retry};
pub use enumeration::{DeclaredEnum, DeclaredExtension};
pub use expect::{Expect, Operand, Rate};
pub use field::{
    Apply, ArgumentValue, Arguments, Field, Id, IdKind, OnError, OnMissing, Origin, Rule, TargetKey,
};
pub use filter::Filter;
pub use generator::{
    Dirt, Dirty, DirtyWith, Distribution, Generator, GeneratorKind, Reference, Referred, SeedField,
    SeedId,
};
pub use index::{Index, SortKey, When};
pub use load::{FileReader, FileSystem, load, load_text};
pub use lookup::{Lookup, LookupTarget, OnMany};
pub use phase::{Condition, ForeignKeys, OnDuplicate, Phase, RejectLimit, Transaction, Triggers};
pub use query::Query;
pub use seed::Seed;
pub use source::{FileFormat, Files, Input, Source};
pub use table::DeclaredTable;
pub use target::{OnConflict, Target, WriteMode};
pub use test_case::{Fates, TestCase, TestLookup};

use crate::diagnostics::SourceId;
use crate::document::Text;

/// All specs of one run, as one graph.
#[derive(Clone, Debug, Default)]
pub struct SpecSet {
    /// The specs, in the order of the arguments, a folder's by file name.
    pub specs: Vec<Spec>,
}

/// One spec: a file with what it includes.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name. `None` only after an error.
    pub name: Option<Text>,
    /// Its file, without what it includes.
    pub source: SourceId,
    /// Whether a part of its files could not be read as TOML: names may be missing that the author
    /// wrote, so whoever looks for names stays silent about missing ones.
    pub damaged: bool,
    /// What it is for.
    pub description: Option<Text>,
    /// Connections.
    pub connections: Vec<Connection>,
    /// Crosswalks.
    pub crosswalks: Vec<Crosswalk>,
    /// Phases.
    pub phases: Vec<Phase>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// Checks.
    pub checks: Vec<Check>,
    /// Tests.
    pub tests: Vec<TestCase>,
    /// Tables that it makes, and tables that must be there.
    pub tables: Vec<DeclaredTable>,
    /// Types with named values.
    pub enums: Vec<DeclaredEnum>,
    /// Extensions.
    pub extensions: Vec<DeclaredExtension>,
    /// Test data.
    pub seeds: Vec<Seed>,
}

impl Spec {
    /// The connection of that name.
    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name.as_str() == name)
    }

    /// The crosswalk of that name.
    pub fn crosswalk(&self, name: &str) -> Option<&Crosswalk> {
        self.crosswalks.iter().find(|crosswalk| crosswalk.name.as_str() == name)
    }

    /// The seed of that name.
    pub fn seed(&self, name: &str) -> Option<&Seed> {
        self.seeds.iter().find(|seed| seed.name.as_str() == name)
    }

    /// The phase of that short name.
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.name.as_str() == name)
    }
}

/// A table or collection, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// With which key it was written.
    pub kind: EntityKind,
    /// Its name.
    pub name: Text,
}

/// Table or collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// `table = …`
    Table,
    /// `collection = …`
    Collection,
}
