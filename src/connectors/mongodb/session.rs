//! A session that writes. There are no transactions: each statement stands for itself.

use std::sync::Arc;

use async_trait::async_trait;

use super::server::Server;
use super::{catalog, define, read, structure, write};
use crate::connectors::{
    Definition, Delete, Insert, Rows, Session, StoreError, Update, WriteError,
};
use crate::value::query::Select;
use crate::value::structure::{StructureChange, TableDefinition};
use crate::value::{Row, Schema};

/// A session that writes documents.
pub(super) struct DocumentSession {
    pub(super) server: Arc<Server>,
}

#[async_trait]
impl Session for DocumentSession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        self.server.still_locked()
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn savepoint(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn describe(&mut self, entity: &str) -> Result<Option<Schema>, StoreError> {
        catalog::describe(&self.server, entity).await
    }

    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError> {
        read::select(&self.server, select).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        write::insert(&self.server, insert).await
    }

    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError> {
        write::update(&self.server, update).await
    }

    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError> {
        write::delete(&self.server, delete).await
    }

    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError> {
        self.server.still_locked()?;
        define::define(&self.server, definition).await
    }

    async fn change(&mut self, change: &StructureChange) -> Result<(), StoreError> {
        self.server.still_locked()?;
        structure::change(&self.server, change).await
    }

    async fn structure(&mut self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        structure::structure(&self.server, entity).await
    }
}
