//! Indexes to create.

use crate::check::Checker;
use crate::check::graph::IndexFacts;
use crate::diagnostics::{Diagnostic, codes};
use crate::plan::IndexTask;
use crate::spec::{self, When};
use crate::value::{Index, IndexKey};

impl Checker<'_> {
    /// Lowers every index.
    pub(super) fn indexes(&mut self) -> Option<(Vec<IndexTask>, Vec<IndexFacts>)> {
        let set = self.set;
        let mut tasks: Vec<IndexTask> = Vec::new();
        let mut facts: Vec<IndexFacts> = Vec::new();
        let mut spans = Vec::new();
        let mut right = true;
        for (spec, content) in set.specs.iter().enumerate() {
            for index in &content.indexes {
                let Some((task, fact)) = self.index(spec, index) else {
                    right = false;
                    continue;
                };
                let twin = tasks.iter().zip(&facts).position(|(other, other_fact)| {
                    other_fact.entity == fact.entity && other.index.name == task.index.name
                });
                if let Some(twin) = twin {
                    let earlier: crate::diagnostics::Span = spans[twin];
                    self.report(
                        Diagnostic::new(
                            &codes::DUPLICATE,
                            format!("index `{}` is defined twice", task.index.name),
                        )
                        .at(index.span, "this one")
                        .and(earlier, "and this one"),
                    );
                    right = false;
                }
                let entity = index.entity.as_ref().map_or(index.span, |e| e.name.span());
                let keys = index.keys.iter().map(|key| key.text.clone()).collect();
                self.origins.indexes.push((entity, keys));
                spans.push(index.span);
                tasks.push(task);
                facts.push(fact);
            }
        }
        right.then_some((tasks, facts))
    }

    fn index(&mut self, spec: usize, index: &spec::Index) -> Option<(IndexTask, IndexFacts)> {
        let handle = self.connection(spec, index.connection.as_ref()?)?;
        let entity = self.entity(index.entity.as_ref()?, &handle)?;
        let keys: Vec<IndexKey> = index
            .keys
            .iter()
            .map(|key| IndexKey { path: key.path.clone(), descending: key.descending })
            .collect();
        if keys.is_empty() {
            return None;
        }
        let shown: Vec<String> = keys
            .iter()
            .map(|key| format!("{}{}", if key.descending { "-" } else { "" }, key.path))
            .collect();
        let name = index.name.as_ref().map_or_else(
            || default_name(&entity, &keys, handle.facts.documents),
            ToString::to_string,
        );
        let before = index.when.is_some_and(|when| when.value == When::Before);
        let facts = IndexFacts {
            spec,
            entity: (handle.store, entity.clone()),
            before,
            name: format!("index {}.{entity} ({})", self.spec_name(spec), shown.join(", ")),
        };
        let task = IndexTask {
            spec,
            connection: handle.id,
            entity,
            index: Index { name, keys, unique: index.unique },
            before,
        };
        Some((task, facts))
    }
}

/// `orders_status_total_idx` for tables; MongoDB's own `status_1_total_-1` for collections.
fn default_name(entity: &str, keys: &[IndexKey], documents: bool) -> String {
    if documents {
        let parts: Vec<String> = keys
            .iter()
            .map(|key| format!("{}_{}", key.path, if key.descending { -1 } else { 1 }))
            .collect();
        return parts.join("_");
    }
    let parts: Vec<&str> = keys.iter().map(|key| key.path.as_str()).collect();
    format!("{entity}_{}_idx", parts.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_habit_of_the_store() {
        let keys = [
            IndexKey { path: "status".into(), descending: false },
            IndexKey { path: "total".into(), descending: true },
        ];
        assert_eq!(default_name("orders", &keys, false), "orders_status_total_idx");
        assert_eq!(default_name("orders", &keys, true), "status_1_total_-1");
    }
}
