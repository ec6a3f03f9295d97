//! `deleted`, `max_deleted` and `mark`: what becomes of records that the source no longer has.

use super::read::{self, Context};
use super::{Field, Origin, RejectLimit, Target, WriteMode};
use crate::diagnostics::{Diagnostic, codes};
use crate::document::{Shape, Spanned, Table};

/// The words of `deleted`.
pub(super) static SHAPE: Shape = Shape::Choice(&read::words(&OnDeleted::CHOICES));

/// What becomes of records that the source no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDeleted {
    /// They stay as they are.
    Ignore,
    /// They stay, and get the values of `mark`.
    Mark,
    /// They are deleted from the target.
    Delete,
}

/// What a source says of records that it no longer has.
#[derive(Clone, Copy, Debug)]
pub struct Deleted {
    /// What becomes of them.
    pub what: Spanned<OnDeleted>,
    /// How many may be gone.
    pub most: Option<Spanned<RejectLimit>>,
}

impl OnDeleted {
    const CHOICES: [(&str, Self); 3] =
        [("ignore", Self::Ignore), ("mark", Self::Mark), ("delete", Self::Delete)];
}

impl Deleted {
    /// Reads it from a source, and says what can't be together with the rest of it.
    pub(super) fn read(source: &Table, context: &mut Context<'_>) -> Option<Self> {
        let what = read::choice(source, "deleted", &OnDeleted::CHOICES);
        let finds = what.is_some_and(|what| what.value != OnDeleted::Ignore);
        if !finds && (what.is_some() || source.get("deleted").is_none()) {
            context.misplaced(
                source,
                "max_deleted",
                "belongs to `deleted = \"mark\"` or `\"delete\"`",
            );
        }
        let what = what?;
        if finds && source.get("files").is_some() && source.get("key").is_none() {
            context.diagnostics.push(
                Diagnostic::new(&codes::MISSING_KEY, "`key` is missing")
                    .at(what.span, "without it nobody can tell which records of a file are gone")
                    .help("name the columns that identify a record in `source.key`"),
            );
        }
        let most = source.get("max_deleted").and_then(RejectLimit::read);
        Some(Self { what, most })
    }

    /// Says what of a phase does not go together with it.
    pub(super) fn check(
        this: Option<&Self>,
        phase: &Table,
        target: Option<&Target>,
        (fields, mark): (&[Field], &[Field]),
        context: &mut Context<'_>,
    ) {
        let asked = this.map(|deleted| deleted.what);
        let marks = asked.filter(|what| what.value == OnDeleted::Mark);
        // Where `deleted` itself was refused, it is not known what it was to be.
        let refused = this.is_none()
            && phase
                .get("source")
                .and_then(|source| source.as_table())
                .is_some_and(|source| source.get("deleted").is_some());
        if let Some(what) = marks {
            context.needed(
                phase,
                "mark",
                what.span,
                "what does it set? `[phase.NAME.mark]` says it",
            );
        } else if !refused {
            context.misplaced(phase, "mark", "belongs to `deleted = \"mark\"` in the source");
        }
        if let Some(node) = phase.get("mark")
            && node.as_table().is_some_and(|table| table.entries.is_empty())
        {
            context.diagnostics.push(
                Diagnostic::new(&codes::EMPTY, "`mark` is empty").at(node.span, "marks nothing"),
            );
        }
        let Some(what) = asked.filter(|what| what.value != OnDeleted::Ignore) else { return };
        let write = target.and_then(|target| target.write);
        let owns = match (write.map(|write| write.value), what.value) {
            (Some(WriteMode::Patch | WriteMode::Fill), _) => {
                Some("this only edits records that others made")
            }
            (Some(WriteMode::Append), OnDeleted::Mark) => {
                Some("this never changes a record again, so a mark would stay")
            }
            _ => None,
        };
        if let (Some(why), Some(write)) = (owns, write) {
            context.diagnostics.push(
                Diagnostic::new(&codes::MISPLACED_KEY, "`deleted` has no meaning here")
                    .at(what.span, "what is no longer in the source is to be handled here")
                    .and(write.span, why)
                    .help(match write.value {
                        WriteMode::Append => "`append` can only delete: `deleted = \"delete\"`",
                        _ => "say it in the phase that inserts the records",
                    }),
            );
        }
        for field in mark {
            let name = &field.target.text;
            let key = target.is_some_and(|target| target.key.iter().any(|key| key == name));
            let is_id = |field: &&Field| matches!(field.rule.origin, Origin::Id(_));
            let mapped = fields.iter().find(|mapped| mapped.target.text == *name);
            let why = if key || mapped.as_ref().is_some_and(is_id) {
                Some(("a record keeps its key and its id", None))
            } else if mapped.is_none() && !fields.is_empty() {
                let help = format!(
                    "say what it is otherwise, such as `{name} = {{ value = false }}` in the fields"
                );
                Some((
                    "not one of the `fields`, so a record that comes back would stay marked",
                    Some(help),
                ))
            } else {
                None
            };
            if let Some((why, help)) = why {
                context.diagnostics.push(
                    Diagnostic::new(&codes::MARK_FIELD, format!("`{name}` can't be marked"))
                        .at(name.span(), why)
                        .maybe_help(help),
                );
            }
            let reads = match &field.rule.origin {
                Origin::Value(_) | Origin::Expr(_) | Origin::Template(_) | Origin::Invalid => None,
                Origin::From(_) | Origin::Each(_) => Some("this reads the record"),
                Origin::Id(_) => Some("this is made from the record's key"),
                Origin::First(_) | Origin::Lookup(_) => {
                    Some("this looks for something of the record")
                }
            };
            let looks_up =
                field.rule.lookup.as_ref().map(|_| "this looks for something of the record");
            if let Some(why) = reads.or(looks_up) {
                context.diagnostics.push(unreadable(field.rule.span, why));
            }
        }
    }
}

/// A rule of `mark` that needs a record.
pub(crate) fn unreadable(span: crate::diagnostics::Span, why: &str) -> Diagnostic {
    Diagnostic::new(
        &codes::MARK_READS,
        "a mark is made without the record: the source no longer has it",
    )
    .at(span, why)
    .help("a literal (`{ value = true }`), or an expression of `now` (`{ expr = \"now\" }`)")
}
