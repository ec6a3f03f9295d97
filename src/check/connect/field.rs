//! One field against the column that takes it.

use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes};
use crate::expr::{self, Expr, Origin, Root, Segment, Step, TextKind};
use crate::plan::Phase;
use crate::value::cast::{Fit, can_cast, can_fit, fit};
use crate::value::{Column, DataType, FieldPath, Schema, Value};

/// A field, its type and its column.
pub(super) struct Field<'a> {
    pub(super) path: &'a FieldPath,
    pub(super) expr: &'a Expr,
    pub(super) of: &'a DataType,
    pub(super) into: &'a Column,
    /// Where its target key stands.
    pub(super) key: Span,
    /// Where its rule stands.
    pub(super) rule: Span,
}

impl Field<'_> {
    pub(super) fn check(
        &self,
        phase: &Phase,
        source: Option<&Schema>,
        diagnostics: &mut Diagnostics,
    ) {
        let name = &self.into.name;
        if self.into.generated {
            diagnostics.push(
                Diagnostic::new(&codes::GENERATED_COLUMN, format!("column `{name}` is computed"))
                    .at(self.key, "the store refuses values for it")
                    .help("leave it out"),
            );
            return;
        }
        if !self.path.is_field() {
            if !matches!(self.into.data_type, DataType::Json | DataType::Any) {
                let message = format!("column `{name}` is no JSON");
                diagnostics.push(
                    Diagnostic::new(&codes::PATH_INTO_COLUMN, message)
                        .at(self.key, format!("`{name}` is {}", self.into.declared)),
                );
            }
            return;
        }
        match literals(self.expr) {
            Some(values) => {
                for value in values {
                    self.literal(value, diagnostics);
                }
            }
            None => self.fits(diagnostics),
        }
        if let Some(default) = &self.expr.default {
            self.literal(default, diagnostics);
        } else if !self.into.nullable && self.may_copy_null(phase, source) {
            diagnostics.push(
                Diagnostic::new(
                    &codes::UNCERTAIN_TYPE,
                    format!("null may not go into column `{name}`"),
                )
                .at(self.rule, "may be null in the source")
                .help("give a `default`, or leave such records out with a `skip` rule"),
            );
        }
    }

    /// A value that stands in the spec is tried.
    fn literal(&self, value: &Value, diagnostics: &mut Diagnostics) {
        if let Err(problem) = fit(value.clone(), &self.into.data_type) {
            diagnostics.push(
                Diagnostic::new(
                    &codes::TYPE_MISMATCH,
                    format!(
                        "a value given here never fits column `{}` ({})",
                        self.into.name, self.into.declared
                    ),
                )
                .at(self.rule, problem.message),
            );
        }
    }

    fn fits(&self, diagnostics: &mut Diagnostics) {
        let (of, into) = (self.of, self.into);
        match can_fit(of, &into.data_type) {
            Fit::Always => {}
            Fit::Never => diagnostics.push(
                Diagnostic::new(
                    &codes::TYPE_MISMATCH,
                    format!("{of} never fits column `{}` ({})", into.name, into.declared),
                )
                .at(self.rule, format!("this is {of}"))
                .maybe_help(
                    can_cast(of, &into.data_type)
                        .then(|| format!("change it on the way: `cast = \"{}\"`", into.data_type)),
                ),
            ),
            // Of what is not known nothing is said: it would be said of every document.
            Fit::Maybe(_) if matches!(of, DataType::Any | DataType::Json) => {}
            Fit::Maybe(why) => diagnostics.push(
                Diagnostic::new(
                    &codes::UNCERTAIN_TYPE,
                    format!("{of} may not fit column `{}` ({})", into.name, into.declared),
                )
                .at(self.rule, why)
                .help("records that do not fit are rejected; a `cast` makes it plain"),
            ),
        }
    }

    /// Whether it copies a source column that may be null, and that no `skip` rule looks at.
    fn may_copy_null(&self, phase: &Phase, source: Option<&Schema>) -> bool {
        let Origin::Path(path) = &self.expr.origin else { return false };
        let (Root::Record, Some([Segment::Name(name)])) = (&path.root, path.segments()) else {
            return false;
        };
        let nullable = source.and_then(|schema| schema.column(name)).is_some_and(|c| c.nullable);
        let tested = phase.mapping.skip.iter().any(|rule| {
            expr::analyse(&rule.when, TextKind::Expression)
                .is_ok_and(|used| used.names.iter().any(|used| used.path.first() == Some(name)))
        });
        nullable && !tested
    }
}

/// All values that a field can have beside its default, when they stand in the spec.
fn literals(expr: &Expr) -> Option<Vec<&Value>> {
    match (&expr.origin, expr.steps.last()) {
        (Origin::Value(value), None) => Some(vec![value]),
        (_, Some(Step::Crosswalk(crosswalk))) => {
            Some(crosswalk.codes.values().chain(&crosswalk.otherwise).collect())
        }
        _ => None,
    }
}
