//! Indexes: created once, recorded so that rollback drops them.

use super::{Event, Observer, RunError, RunErrorKind, Stores, failpoint};
use crate::connectors::Definition;
use crate::ledger::{ObjectKind, ObjectRecord};
use crate::plan::IndexTask;

/// Creates an index, unless the table or collection has one like it.
pub(super) async fn create(
    task: &IndexTask,
    stores: &Stores,
    run: &str,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let store = stores.get(task.connection);
    let ledger = stores.ledger(task.connection);
    // Inside the session: another index may be about to create the same collection.
    let mut session = store.session().await?;
    session.begin().await?;
    let schema = session.describe(&task.entity).await?;
    let same = schema.as_ref().and_then(|schema| {
        schema
            .indexes
            .iter()
            .find(|index| index.keys == task.index.keys && index.unique == task.index.unique)
    });
    if let Some(same) = same {
        observer.event(&Event::Index {
            index: same.name.clone(),
            entity: task.entity.clone(),
            created: false,
        });
        return Ok(());
    }
    if let Some(schema) = &schema
        && schema.indexes.iter().any(|index| index.name == task.index.name)
    {
        let message = format!(
            "`{}` has an index `{}` already, with other keys",
            task.entity, task.index.name
        );
        return Err(RunError::new(RunErrorKind::Refused, message)
            .help("give this one another `name`, or drop the other"));
    }
    ledger.create(&mut *session).await?;
    if schema.is_none() {
        if !store.capabilities().implicit_entities {
            let message = format!("there is no table `{}` to index", task.entity);
            return Err(RunError::new(RunErrorKind::Refused, message));
        }
        let entity = task.entity.clone();
        let object = ObjectRecord {
            run: run.to_owned(),
            kind: ObjectKind::Entity,
            entity: entity.clone(),
            name: entity.clone(),
        };
        ledger.add_object(&mut *session, &object).await?;
        session.define(&Definition::CreateCollection { entity }).await?;
    }
    // The ledger first: what is there and not in it would never be dropped.
    let object = ObjectRecord {
        run: run.to_owned(),
        kind: ObjectKind::Index,
        entity: task.entity.clone(),
        name: task.index.name.clone(),
    };
    ledger.add_object(&mut *session, &object).await?;
    let definition =
        Definition::CreateIndex { entity: task.entity.clone(), index: task.index.clone() };
    session.define(&definition).await?;
    failpoint::pass("index").await;
    session.commit().await?;
    observer.event(&Event::Index {
        index: task.index.name.clone(),
        entity: task.entity.clone(),
        created: true,
    });
    Ok(())
}
