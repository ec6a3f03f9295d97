//! Access to the ledger of one store.

use std::borrow::Cow;
use std::sync::Arc;

use super::fields::{Fields, equal, store_error};
use super::tables::{self, BATCHES, CHANGES, FACTS, JOURNAL, PHASES, REJECTS, RUNS, Table};
use crate::connectors::{
    Definition, Delete, Insert, Layout, Session, Store, StoreError, StoreErrorKind, Update,
    Violation, ViolationKind, WriteError,
};
use crate::value::query::{Filter, Select};
use crate::value::{Index, IndexKey, Object, Row, Value};

/// Access to the ledger of one store.
///
/// Reads see what was committed; writes go through the session that also writes the data, and
/// become durable with it.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) store: Arc<dyn Store>,
}

impl Ledger {
    /// The ledger of a store. Nothing is created yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Whether the store has a ledger.
    pub async fn exists(&self) -> Result<bool, StoreError> {
        Ok(self.store.describe(FACTS.name).await?.is_some())
    }

    /// Waits for what a process still commits that was killed: every commit writes to one of these
    /// tables. What the ledger holds is known only then. The run's lock is to be held.
    ///
    /// # Errors
    /// When a transaction stays open, or the store fails.
    pub async fn settled(&self) -> Result<(), StoreError> {
        match self.store.settled(&[RUNS.name, PHASES.name, CHANGES.name]).await {
            // Who may not write is told so where it matters.
            Err(error) if error.kind == StoreErrorKind::Denied => Ok(()),
            settled => settled,
        }
    }

    /// Creates the ledger's tables, unless they are there.
    pub async fn create(&self, session: &mut dyn Session) -> Result<(), StoreError> {
        if self.exists().await? {
            return Ok(());
        }
        // The facts come last: once they are there, all is.
        let (facts, others) = tables::ALL.split_last().unwrap_or((&&FACTS, &[]));
        for table in others {
            self.create_table(session, table).await?;
        }
        for (table, keys) in [
            (&BATCHES, &["phase", "run", "seq"][..]),
            (&JOURNAL, &["phase", "run", "seq"]),
            (&REJECTS, &["phase", "state"]),
        ] {
            let keys = keys
                .iter()
                .map(|key| IndexKey { path: (*key).to_owned(), descending: false })
                .collect();
            let index = Index { name: format!("{}_by_phase", table.name), keys, unique: false };
            let entity = table.name.to_owned();
            let known = session.describe(&entity).await?;
            if known.is_none_or(|known| known.indexes.iter().all(|other| other.name != index.name))
            {
                session.define(&Definition::CreateIndex { entity, index }).await?;
            }
        }
        self.create_table(session, facts).await
    }

    pub(super) async fn create_table(
        &self,
        session: &mut dyn Session,
        table: &Table,
    ) -> Result<(), StoreError> {
        let entity = table.name.to_owned();
        let definition = if self.store.capabilities().documents {
            Definition::CreateCollection { entity }
        } else {
            Definition::CreateTable { entity, schema: table.schema() }
        };
        session.define(&definition).await
    }

    // Facts

    /// A fact, by name.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        if !self.exists().await? {
            return Ok(None);
        }
        let rows = self.rows(&FACTS, equal("_id", Value::text(name))).await?;
        match rows.into_iter().next() {
            Some(mut row) => {
                row.text()?;
                Ok(Some(row.text()?))
            }
            None => Ok(None),
        }
    }

    /// Writes a fact, new or changed.
    pub async fn set_fact(
        &self,
        session: &mut dyn Session,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.save(session, &FACTS, name, vec![Value::text(value)]).await
    }

    // Rows in and out

    pub(super) async fn rows(
        &self,
        table: &Table,
        filter: Filter,
    ) -> Result<Vec<Fields>, StoreError> {
        let select = Select {
            entity: table.name.to_owned(),
            columns: Some(table.names()),
            filter,
            ..Select::default()
        };
        let rows = self.store.select(&select).await?;
        Ok(rows.rows.into_iter().map(|row| Fields::new(row, table)).collect())
    }

    pub(super) async fn insert(
        &self,
        session: &mut dyn Session,
        table: &Table,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        self.try_insert(session, table, &rows).await.map_err(store_error)
    }

    async fn try_insert(
        &self,
        session: &mut dyn Session,
        table: &Table,
        rows: &[Row],
    ) -> Result<(), WriteError> {
        if rows.is_empty() {
            return Ok(());
        }
        let names = table.names();
        let (layout, rows) = if self.store.capabilities().documents {
            let documents = rows.iter().map(|row| {
                let fields = names.iter().map(String::as_str).zip(row.iter().cloned());
                vec![Value::object(fields.collect::<Object>())]
            });
            (Layout::Document, Cow::Owned(documents.collect()))
        } else {
            (Layout::Columns(names.into()), Cow::Borrowed(rows))
        };
        let insert = Insert { entity: table.name, layout: &layout, rows: &rows, returning: &[] };
        session.insert(insert).await.map(|_| ())
    }

    pub(super) async fn save(
        &self,
        session: &mut dyn Session,
        table: &Table,
        id: &str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        let set: Vec<String> = table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut row = vec![Value::text(id)];
        row.extend(values);
        let rows = [row];
        let update =
            Update { entity: table.name, key: &["_id".to_owned()], set: &set, rows: &rows };
        if session.update(update).await.map_err(store_error)? > 0 {
            return Ok(());
        }
        let inserted = self.try_insert(session, table, &rows).await;
        // Without transactions another task may write the same record in between: two indexes of
        // one new collection both say that it is new.
        if let Err(WriteError::Record(Violation { kind: ViolationKind::Unique, .. })) = &inserted
            && !self.store.capabilities().transactions
        {
            return session.update(update).await.map(|_| ()).map_err(store_error);
        }
        inserted.map_err(store_error)
    }

    pub(super) async fn delete(
        &self,
        session: &mut dyn Session,
        table: &Table,
        key: &[&str],
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        let delete = Delete { entity: table.name, key: &key, rows: &rows };
        session.delete(delete).await.map(|_| ()).map_err(store_error)
    }
}
