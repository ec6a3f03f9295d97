//! Targets against the catalog: columns, types, what must be filled.

use super::Live;
use super::source::column;
use crate::check::origins::PhaseOrigins;
use crate::check::types::of_value;
use crate::diagnostics::{Diagnostic, Diagnostics, Span, codes, wording};
use crate::expr::{Expr, Origin, Root, Segment};
use crate::plan::{OnConflict, Phase, WriteMode};
use crate::value::cast::{Fit, can_cast, can_fit};
use crate::value::{Column, DataType, FieldPath, Schema};

impl Live<'_> {
    /// Checks what a phase writes. `types` are those of its fields; `source` is what it reads.
    pub(super) fn target(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        types: &[DataType],
        source: Option<&Schema>,
        diagnostics: &mut Diagnostics,
    ) {
        let target = &phase.target;
        if self.catalog.is_missing(target.connection, &target.entity) {
            if !self.implicit(target.connection) {
                self.missing(target.connection, &target.entity, origins.target, diagnostics);
            }
            return;
        }
        let Some(schema) = self.catalog.schema(target.connection, &target.entity) else { return };
        self.unique_key(phase, origins, schema, diagnostics);
        if schema.open {
            return;
        }
        for (((path, expr), of), (key, rule)) in
            phase.mapping.fields.iter().zip(types).zip(&origins.fields)
        {
            let Some(into) = schema.column(path.root()) else {
                let whose = format!("`{}`", target.entity);
                let code = &codes::NO_SUCH_TARGET_COLUMN;
                column(schema, path.root(), *key, &whose, code, diagnostics);
                continue;
            };
            field(path, expr, of, into, (*key, *rule), source, diagnostics);
        }
        self.unmapped(phase, origins, schema, diagnostics);
    }

    /// Columns that the mapping leaves out.
    fn unmapped(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        schema: &Schema,
        diagnostics: &mut Diagnostics,
    ) {
        let left_out: Vec<&Column> = schema
            .columns
            .iter()
            .filter(|column| {
                !column.generated
                    && !phase.mapping.fields.iter().any(|(path, _)| path.root() == column.name)
            })
            .collect();
        let creates = matches!(phase.target.write, WriteMode::Insert(_) | WriteMode::Append);
        if creates {
            for column in left_out.iter().filter(|column| !column.nullable && !column.has_default) {
                let name = &column.name;
                diagnostics.push(
                    Diagnostic::new(
                        &codes::COLUMN_NOT_FILLED,
                        format!("column `{name}` must be filled"),
                    )
                    .at(origins.target, format!("`{name}` ({}) is not null", column.declared))
                    .help(format!("add `{name} = …` to the fields")),
                );
            }
        }
        let optional: Vec<&str> = left_out
            .iter()
            .filter(|column| column.nullable || column.has_default)
            .map(|column| column.name.as_str())
            .collect();
        if phase.target.write == WriteMode::Insert(OnConflict::Replace) && !optional.is_empty() {
            diagnostics.push(
                Diagnostic::new(
                    &codes::REPLACE_FORGETS,
                    format!("replacing empties {}", wording::and_list(&optional)),
                )
                .at(origins.target, "columns that are not mapped")
                .help("map them, or take `on_conflict = \"update\"`"),
            );
        }
    }

    /// Warns when nothing in the store keeps two records with one key apart.
    fn unique_key(
        &self,
        phase: &Phase,
        origins: &PhaseOrigins,
        schema: &Schema,
        diagnostics: &mut Diagnostics,
    ) {
        let target = &phase.target;
        let key: Vec<String> = target.key.iter().map(ToString::to_string).collect();
        let Some(first) = origins.target_key.first() else { return };
        let planned = self.checked.plan.indexes.iter().any(|task| {
            task.index.unique
                && task.entity == target.entity
                && self.url(task.connection) == self.url(target.connection)
                && task.index.keys.len() == key.len()
                && task.index.keys.iter().all(|part| key.contains(&part.path))
        });
        if !planned && !schema.is_unique(&key) {
            diagnostics.push(
                Diagnostic::new(
                    &codes::NO_UNIQUE_INDEX,
                    format!(
                        "no unique index of `{}` covers the key ({})",
                        target.entity,
                        key.join(", ")
                    ),
                )
                .at(first.span(), "compared under the run's lock")
                .help("add an `[[index]]` with `unique = true` and `when = \"before\"`"),
            );
        }
    }
}

/// One field against the column that takes it.
fn field(
    path: &FieldPath,
    expr: &Expr,
    of: &DataType,
    into: &Column,
    (key, rule): (Span, Span),
    source: Option<&Schema>,
    diagnostics: &mut Diagnostics,
) {
    let name = &into.name;
    if into.generated {
        diagnostics.push(
            Diagnostic::new(&codes::GENERATED_COLUMN, format!("column `{name}` is computed"))
                .at(key, "the store refuses values for it")
                .help("leave it out"),
        );
        return;
    }
    if !path.is_field() {
        if !matches!(into.data_type, DataType::Json | DataType::Any) {
            diagnostics.push(
                Diagnostic::new(&codes::PATH_INTO_COLUMN, format!("column `{name}` is no JSON"))
                    .at(key, format!("`{name}` is {}", into.declared)),
            );
        }
        return;
    }
    match can_fit(of, &into.data_type) {
        Fit::Always => {}
        Fit::Never => diagnostics.push(
            Diagnostic::new(
                &codes::TYPE_MISMATCH,
                format!("{of} never fits column `{name}` ({})", into.declared),
            )
            .at(rule, format!("this is {of}"))
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
                format!("{of} may not fit column `{name}` ({})", into.declared),
            )
            .at(rule, why)
            .help("records that do not fit are rejected; a `cast` makes it plain"),
        ),
    }
    if let Some(default) = &expr.default {
        let of = of_value(default);
        if can_fit(&of, &into.data_type) == Fit::Never {
            diagnostics.push(
                Diagnostic::new(
                    &codes::TYPE_MISMATCH,
                    format!("the default never fits column `{name}` ({})", into.declared),
                )
                .at(rule, format!("its `default` is {of}")),
            );
        }
    } else if !into.nullable && plain_column(expr, source).is_some_and(|column| column.nullable) {
        diagnostics.push(
            Diagnostic::new(
                &codes::UNCERTAIN_TYPE,
                format!("null may not go into column `{name}`"),
            )
            .at(rule, "may be null in the source")
            .help("give a `default`, or leave such records out with a `skip` rule"),
        );
    }
}

/// The source column that a field copies.
fn plain_column<'s>(expr: &Expr, source: Option<&'s Schema>) -> Option<&'s Column> {
    let Origin::Path(path) = &expr.origin else { return None };
    match (&path.root, path.segments()?) {
        (Root::Record, [Segment::Name(name)]) => source?.column(name),
        _ => None,
    }
}
