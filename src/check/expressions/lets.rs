//! Named values: each after those that it uses.

use std::collections::BTreeSet;

use super::{Made, Mapper, Scope, is_identifier};
use crate::diagnostics::{Diagnostic, codes};
use crate::spec::{Field, OnMissing};
use crate::value::FieldPath;

impl<'s> Mapper<'_, 's> {
    /// Lowers the named values, in an order in which each comes after those that it uses.
    pub(super) fn lets(&mut self, fields: &'s [Field]) -> Option<Vec<Made<'s>>> {
        let scope = Scope { inside: false, on_missing: OnMissing::Reject };
        let mut made = Vec::with_capacity(fields.len());
        let mut needs: Vec<Vec<usize>> = Vec::with_capacity(fields.len());
        let mut named = true;
        for field in fields {
            named &= self.let_name(field);
            let before = std::mem::take(&mut self.used_lets);
            let expr = self.rule(&field.rule, scope);
            let used = std::mem::replace(&mut self.used_lets, before);
            // A value that only uses itself is not in use.
            self.used_lets.extend(used.iter().filter(|name| **name != field.target.text.as_str()));
            needs.push(
                fields
                    .iter()
                    .enumerate()
                    .filter(|(_, other)| used.contains(other.target.text.as_str()))
                    .map(|(at, _)| at)
                    .collect(),
            );
            made.push(expr.map(|expr| (field, FieldPath::field(field.target.text.as_str()), expr)));
        }
        let order = self.let_order(fields, &needs)?;
        if !named {
            return None;
        }
        order.into_iter().map(|at| made[at].take()).collect()
    }

    fn let_name(&mut self, field: &Field) -> bool {
        let name = &field.target.text;
        let right = is_identifier(name);
        if !right {
            self.report(
                Diagnostic::new(
                    &codes::RESERVED_NAME,
                    format!("expressions can't use `{name}` as a name"),
                )
                .at(name.span(), "letters, digits and `_`"),
            );
        }
        right
    }

    /// An order of dependence that is the order of the file wherever it can be.
    fn let_order(&mut self, fields: &[Field], needs: &[Vec<usize>]) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = Vec::with_capacity(fields.len());
        let mut done = vec![false; fields.len()];
        while order.len() < fields.len() {
            let ready = (0..fields.len())
                .find(|at| !done[*at] && needs[*at].iter().all(|used| done[*used]));
            let Some(at) = ready else {
                self.let_cycle(fields, needs, &done);
                return None;
            };
            done[at] = true;
            order.push(at);
        }
        Some(order)
    }

    fn let_cycle(&mut self, fields: &[Field], needs: &[Vec<usize>], done: &[bool]) {
        // From any value that is left, going on to one that is left ends in the circle.
        let Some(mut at) = done.iter().position(|done| !done) else { return };
        let mut seen = vec![at];
        while let Some(next) = needs[at].iter().copied().find(|next| !done[*next]) {
            if let Some(start) = seen.iter().position(|other| *other == next) {
                seen.drain(..start);
                break;
            }
            seen.push(next);
            at = next;
        }
        let names: Vec<&str> = seen.iter().map(|at| fields[*at].target.text.as_str()).collect();
        let circle = names.iter().chain(names.first()).map(|name| format!("`{name}`"));
        let mut diagnostic = Diagnostic::new(
            &codes::LET_CYCLE,
            format!("named values need each other: {}", circle.collect::<Vec<_>>().join(" → ")),
        );
        for (place, at) in seen.iter().enumerate() {
            let next = names[(place + 1) % names.len()];
            let span = fields[*at].target.text.span();
            diagnostic = if place == 0 {
                diagnostic.at(span, format!("uses `{next}`"))
            } else {
                diagnostic.and(span, format!("uses `{next}`"))
            };
        }
        self.report(diagnostic);
    }

    /// Warns about named values that nothing uses.
    pub(super) fn unused_lets(&mut self, fields: &[Field]) {
        let used: BTreeSet<&str> = self.used_lets.iter().copied().collect();
        for field in fields {
            let name = &field.target.text;
            if !used.contains(name.as_str()) {
                self.report(
                    Diagnostic::new(&codes::UNUSED_LET, format!("`let.{name}` is not used"))
                        .at(name.span(), "nothing uses it")
                        .help("take it out, or use it in a field"),
                );
            }
        }
    }
}
