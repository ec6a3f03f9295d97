//! `source = { … }`: where a phase's records come from.

use super::read::{self, Context};
use super::{Changes, Deleted, Entity, EntityKind, Filter, Located, Query, literal};
use crate::diagnostics::Span;
use crate::document::{
    Group, GroupRule, KeyKind, KeyShape, Node, Shape, Spanned, Table, TableShape, Text, TextKind,
};
use crate::value::Value;

/// The shape of a source.
pub(super) static SHAPE: TableShape = TableShape {
    name: "a source",
    id: "source",
    summary: "Where a phase's records come from.",
    keys: &[
        KeyShape::optional("connection", &Shape::Text(TextKind::Reference), "the connection"),
        KeyShape::optional("table", &Shape::Text(TextKind::Reference), "the table that is read"),
        KeyShape::optional(
            "collection",
            &Shape::Text(TextKind::Reference),
            "the collection that is read",
        ),
        KeyShape::optional(
            "query",
            &super::query::SHAPE,
            "a query, by scheme where they differ; needs `key`",
        ),
        KeyShape::optional("files", &Shape::Text(TextKind::File), "a glob of files"),
        KeyShape::optional(
            "key",
            &Shape::Names(TextKind::Column),
            "the ordered unique key (default: the primary key; `_id` of documents)",
        ),
        KeyShape::optional(
            "columns",
            &Shape::MapOf(KeyKind::Reference, &Shape::Text(TextKind::Type)),
            "types of columns",
        ),
        KeyShape::optional("filter", &Shape::Filter, "which records"),
        KeyShape::optional(
            "pipeline",
            &Shape::NonEmptyList(&Shape::Record),
            "the stages of an aggregation on a collection",
        ),
        KeyShape::optional(
            "explode",
            &Shape::Text(TextKind::Path),
            "a path whose elements become records",
        ),
        KeyShape::optional(
            "as",
            &Shape::Text(TextKind::Name),
            "the element's name, with `explode`",
        ),
        KeyShape::optional(
            "format",
            &Shape::Choice(&read::words(&FileFormat::CHOICES)),
            "the format of files (default: by their ending)",
        ),
        KeyShape::optional(
            "encoding",
            &Shape::Text(TextKind::Encoding),
            "the encoding of files (default: UTF-8)",
        ),
        KeyShape::optional(
            "delimiter",
            &Shape::Text(TextKind::Character),
            "what separates the fields of CSV files (default: a comma)",
        ),
        KeyShape::optional(
            "null_values",
            &Shape::List(&Shape::PLAIN),
            "texts that mean null in CSV files",
        ),
        KeyShape::optional(
            "changes",
            &Shape::Table(&super::changes::SHAPE),
            "how later runs find what changed (default: all is read and compared)",
        ),
        KeyShape::optional(
            "deleted",
            &super::deleted::SHAPE,
            "what becomes of records that the source no longer has (default: ignore)",
        ),
        KeyShape::optional(
            "max_deleted",
            &Shape::OneOf(&[&Shape::Integer { min: 0, max: i64::MAX }, &Shape::Percent]),
            "how many of the known records may be gone from the source (default: 50%)",
        ),
    ],
    groups: &[
        Group {
            name: "input",
            keys: &["table", "collection", "query", "files"],
            rule: GroupRule::ExactlyOne,
        },
        Group { name: "selection", keys: &["filter", "pipeline"], rule: GroupRule::AtMostOne },
    ],
};

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its table.
    pub span: Span,
    /// The connection; `None` for files, or after an error.
    pub connection: Option<Text>,
    /// What is read.
    pub input: Input,
    /// The ordered unique key; empty is the store's own (a table's primary key, `_id`).
    pub key: Vec<Text>,
    /// Declared column types: name and type as written.
    pub columns: Vec<(Text, Text)>,
    /// Which records.
    pub filter: Option<Filter>,
    /// A path whose elements become records.
    pub explode: Option<Text>,
    /// The element's name in paths and templates.
    pub element: Option<Text>,
    /// How later runs find what changed.
    pub changes: Option<Changes>,
    /// What becomes of records that it no longer has.
    pub deleted: Option<Deleted>,
}

/// What a source reads.
#[derive(Clone, Debug)]
pub enum Input {
    /// A table or collection.
    Entity(Entity),
    /// A query in the store's language.
    Query(Query),
    /// A collection through an aggregation pipeline.
    Pipeline {
        /// The collection.
        collection: Text,
        /// The stages.
        stages: Spanned<Vec<Value>>,
    },
    /// Files.
    Files(Files),
    /// Something that was refused; the error is reported.
    Invalid,
}

/// Files as a source.
#[derive(Clone, Debug)]
pub struct Files {
    /// A glob.
    pub pattern: Located,
    /// The format; `None` goes by the ending.
    pub format: Option<Spanned<FileFormat>>,
    /// A label of the Encoding Standard; `None` is UTF-8.
    pub encoding: Option<Text>,
    /// CSV: the field delimiter; `None` is a comma.
    pub delimiter: Option<Spanned<u8>>,
    /// CSV: texts that mean null.
    pub null_values: Vec<Text>,
}

/// File formats; a further `.gz` or `.zst` ending means compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One JSON document per line, extended JSON included.
    JsonLines,
    /// Comma-separated values with a header line.
    Csv,
}

impl Source {
    /// The table or collection that is read, when it is one.
    pub fn entity(&self) -> Option<Entity> {
        match &self.input {
            Input::Entity(entity) => Some(entity.clone()),
            Input::Pipeline { collection, .. } => {
                Some(Entity { kind: EntityKind::Collection, name: collection.clone() })
            }
            Input::Query(_) | Input::Files(_) | Input::Invalid => None,
        }
    }
}

impl FileFormat {
    const CHOICES: [(&str, Self); 2] = [("jsonl", Self::JsonLines), ("csv", Self::Csv)];
}

impl Source {
    pub(super) fn read(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let table = node.as_table()?;
        let files = table.get("files").is_some();
        if files {
            context.misplaced(table, "connection", "files have no connection");
            for key in ["filter", "pipeline"] {
                context.misplaced(table, key, "files are read whole; use a `skip` rule");
            }
        } else {
            for key in ["format", "encoding", "delimiter", "null_values"] {
                context.misplaced(table, key, "belongs to `files`");
            }
            if ["table", "collection", "query"].iter().any(|key| table.get(key).is_some()) {
                context.needed(table, "connection", node.span, "has no `connection`");
            }
        }
        if table.get("query").is_some() {
            context.needed(table, "key", node.span, "a query needs a `key`");
            context.misplaced(table, "filter", "the query selects");
        }
        if table.get("collection").is_none() && !files {
            context.misplaced(table, "pipeline", "belongs to `collection`");
        }
        if table.get("explode").is_none() {
            context.misplaced(table, "as", "belongs to `explode`");
        }
        Some(Self {
            span: node.span,
            connection: read::text(table, "connection"),
            input: Input::read(table, context),
            key: read::texts(table, "key"),
            columns: read::text_map(table, "columns"),
            filter: Filter::read(table, "filter", context.diagnostics),
            explode: read::text(table, "explode"),
            element: read::text(table, "as"),
            changes: Changes::read(table, context),
            deleted: Deleted::read(table, context),
        })
    }
}

impl Input {
    fn read(table: &Table, context: &mut Context<'_>) -> Self {
        if let Some(pipeline) = table.get("pipeline") {
            let nodes = pipeline.as_array().unwrap_or(&[]);
            let stages: Vec<_> =
                nodes.iter().map(|node| literal::read_open(node, context.diagnostics)).collect();
            return match (read::text(table, "collection"), stages.into_iter().collect()) {
                (Some(collection), Some(stages)) => {
                    Self::Pipeline { collection, stages: Spanned::new(stages, pipeline.span) }
                }
                _ => Self::Invalid,
            };
        }
        if let Some(query) = Query::read(table, "query") {
            return Self::Query(query);
        }
        if let Some(pattern) = read::text(table, "files") {
            let delimiter = read::text(table, "delimiter")
                .and_then(|text| Some(Spanned::new(*text.as_bytes().first()?, text.span())));
            return Self::Files(Files {
                pattern: context.located(&pattern),
                format: read::choice(table, "format", &FileFormat::CHOICES),
                encoding: read::text(table, "encoding"),
                delimiter,
                null_values: read::texts(table, "null_values"),
            });
        }
        read::entity(table).map_or(Self::Invalid, Self::Entity)
    }
}
