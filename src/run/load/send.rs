//! What was decided, into the target.

use std::collections::HashMap;

use super::{Loader, Work};
use crate::connectors::{Session, ViolationKind};
use crate::ledger::Known;
use crate::run::decide::{Action, decide, document};
use crate::run::{RunError, apply};
use crate::value::codec::content_hash;
use crate::value::{Key, Object, Row, Value};

impl Loader {
    pub(super) async fn insert(
        &self,
        session: &mut dyn Session,
        works: &mut [Work],
        indexes: &[usize],
        known: &HashMap<Key, Known>,
    ) -> Result<(), RunError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let shape = &*self.shape;
        // Asked before the rows are lent to the insert.
        let fills_fields = !shape.documents
            && indexes.iter().any(|index| {
                works[*index].values.iter().any(|value| matches!(value, Value::Missing))
            });
        let rows: Vec<Row> = indexes
            .iter()
            .map(|index| {
                let work = &mut works[*index];
                if !shape.documents {
                    return std::mem::take(&mut work.values);
                }
                let mut new = document(&shape.paths, &work.values);
                let identity = work.decision.as_ref().and_then(|d| d.identity.as_deref());
                if let (None, Some([id])) = (new.get("_id"), identity) {
                    new = with_id(new, id);
                }
                vec![Value::object(new)]
            })
            .collect();
        // What the store fills in is asked for, where the ledger needs it.
        let fills_identity = indexes
            .iter()
            .any(|index| works[*index].decision.as_ref().is_some_and(|d| d.identity.is_none()));
        let mut returning: Vec<String> = Vec::new();
        if fills_identity {
            returning.extend(shape.identity.iter().cloned());
        }
        if fills_fields {
            returning.extend(shape.fields.iter().cloned());
        }
        let entity = &self.phase.target.entity;
        let alone = self.intents.is_some().then_some(&*shape.identity);
        let results =
            apply::insert(session, entity, &shape.layout, &rows, &returning, alone).await?;
        for ((&index, row), result) in indexes.iter().zip(rows).zip(results) {
            let work = &mut works[index];
            if !shape.documents {
                work.values = row;
            }
            match result {
                Ok(mut returned) => {
                    let Some(decision) = &mut work.decision else { continue };
                    if fills_fields {
                        let fields = returned.split_off(if fills_identity {
                            shape.identity.len()
                        } else {
                            0
                        });
                        decision.hash = content_hash(&fields);
                    }
                    if fills_identity {
                        decision.identity = Some(returned);
                    }
                }
                Err(violation) => {
                    // Someone else may have inserted the record since the keys were looked at.
                    let there = match &work.target {
                        Some(target) if violation.kind == ViolationKind::Unique => {
                            self.existing(session, &[target]).await?.into_values().next()
                        }
                        _ => None,
                    };
                    let again = there.map(|there| {
                        let write = self.phase.target.write;
                        decide(
                            shape,
                            write,
                            self.update,
                            (&work.values, work.hash),
                            Some(&there),
                            known.get(&work.key),
                        )
                    });
                    match again {
                        Some(decision) if matches!(decision.action, Action::None) => {
                            work.problem.clone_from(&decision.problem);
                            work.decision = Some(decision);
                        }
                        _ => work.refuse(apply::problem_of(&violation)),
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) async fn update(
        &self,
        session: &mut dyn Session,
        works: &mut [Work],
        set: &[String],
        indexes: &[usize],
    ) -> Result<(), RunError> {
        let rows: Vec<Row> = indexes
            .iter()
            .filter_map(|index| {
                let decision = works[*index].decision.as_ref()?;
                let Action::Update { values, .. } = &decision.action else { return None };
                let mut row = decision.identity.clone()?;
                row.extend(values.iter().cloned());
                Some(row)
            })
            .collect();
        let entity = &self.phase.target.entity;
        let results = apply::update(session, entity, &self.shape.identity, set, &rows).await?;
        for (&index, result) in indexes.iter().zip(results) {
            if let Err(violation) = result {
                works[index].refuse(apply::problem_of(&violation));
            }
        }
        Ok(())
    }
}

/// A document with an id that its mapping does not give, at the beginning.
fn with_id(document: Object, id: &Value) -> Object {
    let mut whole = Object::with_capacity(document.len() + 1);
    whole.insert("_id", id.clone());
    for (name, value) in document {
        whole.insert(name, value);
    }
    whole
}
