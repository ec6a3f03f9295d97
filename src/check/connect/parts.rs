//! Prerequisites, indexes and checks against the catalog.

use super::Live;
use super::catalog::columns_of;
use super::source::column;
use crate::diagnostics::{Diagnostic, Diagnostics, codes};

impl Live<'_> {
    /// Tables that must be there.
    pub(super) fn prerequisites(&self, diagnostics: &mut Diagnostics) {
        let places =
            self.checked.plan.prerequisites.iter().zip(&self.checked.origins.prerequisites);
        for (needed, (span, columns)) in places {
            let (connection, entity) = (needed.connection, &needed.table);
            if self.catalog.is_missing(connection, entity) {
                self.missing(connection, entity, *span, diagnostics);
                continue;
            }
            let Some(schema) = self.catalog.schema(connection, entity) else { continue };
            if schema.open {
                continue;
            }
            for (wanted, span) in needed.columns.iter().zip(columns) {
                let whose = format!("`{entity}`");
                let code = &codes::NO_SUCH_COLUMN;
                column(schema, &wanted.name, *span, &whose, code, diagnostics);
                let Some(found) = schema.column(&wanted.name) else { continue };
                if let Some(why) = needed.mismatch(wanted, found) {
                    diagnostics.push(
                        Diagnostic::new(
                            &codes::TYPE_MISMATCH,
                            format!("column `{}` of {whose} is another one", wanted.name),
                        )
                        .at(*span, why),
                    );
                }
            }
        }
    }

    /// Columns of indexes.
    pub(super) fn indexes(&self, diagnostics: &mut Diagnostics) {
        let places = self.checked.plan.indexes.iter().zip(&self.checked.origins.indexes);
        for (task, (span, keys)) in places {
            if self.catalog.is_missing(task.connection, &task.entity) {
                // A collection comes into being with its index.
                if !self.implicit(task.connection) {
                    self.missing(task.connection, &task.entity, *span, diagnostics);
                }
                continue;
            }
            let Some(schema) = self.catalog.schema(task.connection, &task.entity) else { continue };
            if schema.open {
                continue;
            }
            for (key, text) in task.index.keys.iter().zip(keys) {
                let whose = format!("`{}`", task.entity);
                let code = &codes::NO_SUCH_TARGET_COLUMN;
                column(schema, &key.path, text.span(), &whose, code, diagnostics);
            }
        }
    }

    /// Tables and columns of checks.
    pub(super) fn checks(&self, diagnostics: &mut Diagnostics) {
        for (check, span) in self.checked.plan.checks.iter().zip(&self.checked.origins.checks) {
            for (connection, entity, names) in columns_of(&check.kind) {
                if self.catalog.is_missing(connection, &entity) {
                    self.missing(connection, &entity, *span, diagnostics);
                    continue;
                }
                let Some(schema) = self.catalog.schema(connection, &entity) else { continue };
                if schema.open {
                    continue;
                }
                for name in names {
                    let whose = format!("`{entity}`");
                    let code = &codes::NO_SUCH_TARGET_COLUMN;
                    column(schema, &name, *span, &whose, code, diagnostics);
                }
            }
        }
    }
}
