//! Where the parts of a plan were written. The plan itself knows nothing of files.

use crate::diagnostics::Span;
use crate::document::Text;

/// The places that the parts of a plan come from, each list as long as the plan's.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// The names of the connections, or the pattern of files.
    pub connections: Vec<Span>,
    /// The phases.
    pub phases: Vec<PhaseOrigins>,
    /// The indexes: the table or collection, and the keys.
    pub indexes: Vec<(Span, Vec<Text>)>,
    /// The checks' names.
    pub checks: Vec<Span>,
    /// The tests' tables.
    pub tests: Vec<Span>,
    /// The names of the tables that must be there, and of the columns that they must have.
    pub prerequisites: Vec<(Span, Vec<Span>)>,
}

/// The places of one phase's parts.
#[derive(Clone, Debug)]
pub struct PhaseOrigins {
    /// Its name.
    pub name: Span,
    /// The source's table, collection, query or files.
    pub source: Span,
    /// The source's key columns.
    pub source_key: Vec<Text>,
    /// The paths that the source's filter names.
    pub filter: Vec<Text>,
    /// The target's table or collection.
    pub target: Span,
    /// The target's key fields.
    pub target_key: Vec<Text>,
    /// Per field of the mapping: its target key, and how it is made.
    pub fields: Vec<(Span, Span)>,
    /// Per named value: its name.
    pub lets: Vec<Span>,
    /// The lookups.
    pub lookups: Vec<LookupOrigins>,
    /// The names that paths, templates and expressions use.
    pub mentions: Vec<Mention>,
    /// The source's column of `changes`.
    pub changes: Option<Text>,
    /// Source columns left out on purpose.
    pub ignore: Vec<Text>,
    /// Declared types of source columns.
    pub columns: Vec<(String, crate::value::DataType)>,
}

/// The places of a lookup's parts.
#[derive(Clone, Debug)]
pub struct LookupOrigins {
    /// The phase, table or collection that is looked up.
    pub target: Span,
    /// What is taken.
    pub take: Option<Span>,
    /// What is matched.
    pub by: Vec<Span>,
}

/// A place where a path, template or expression uses a value by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What the name starts from.
    pub root: MentionRoot,
    /// Field names from there on, as far as they are plain.
    pub path: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// Whether it is an operand of arithmetic in an expression.
    pub arithmetic: bool,
}

/// What a name starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MentionRoot {
    /// The source record.
    Record,
    /// The element of a phase that explodes.
    Exploded,
    /// The value that `each`, `object` or `extend` is at.
    Inner,
    /// A named value.
    Let(String),
    /// The mapped record, in a reject rule.
    Target,
}
