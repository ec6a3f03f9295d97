//! A store that reads through to another and keeps all writes in memory: what a dry run writes to.
//!
//! A change of structure is one of the tables' shapes here: as far as records are concerned. Rows
//! are refused for what the inner store would refuse them for: null, a value that is taken, a
//! reference to nothing, a check. Triggers and column defaults stay the inner store's own and are
//! not foretold; a query in the store's own language sees the inner store only.

mod constraints;
mod layer;
mod read;
mod scan;
mod session;
mod shape;
mod structure;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::constraints::Probe;
use self::layer::{Definition, Layer, Layers};
use self::session::OverlaySession;
use self::shape::{Shape, layout_of};
use super::documents::Profile;
use super::{
    Capabilities, Fitter, Lock, Rows, Scan, ScanRequest, ScanSource, Session, Statistics, Store,
    StoreError,
};
use crate::connectors::tables::no_table;
use crate::value::query::{Filter, Select};
use crate::value::structure::{EnumDefinition, RenderedChange, StructureChange, TableDefinition};
use crate::value::{Column, Schema, Value};

/// A store over another one, which it never writes to.
pub struct Overlay {
    shared: Arc<Shared>,
}

/// What the overlay and its sessions share.
struct Shared {
    inner: Arc<dyn Store>,
    committed: Mutex<Layer>,
    /// The shapes that the store below has, as far as they were asked for.
    below: Mutex<HashMap<String, Option<Arc<Schema>>>>,
    /// What the catalog below says of tables.
    definitions: Mutex<HashMap<String, Option<Arc<TableDefinition>>>>,
    /// Empty copies of tables below, for those that have checks.
    probes: tokio::sync::Mutex<HashMap<String, Option<Probe>>>,
    /// What is not foretold, in sentences.
    notes: Mutex<Vec<String>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    sequence: std::sync::atomic::AtomicU64,
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Overlay").field(&self.shared.inner).finish()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking holder left is whole: each change is one insertion.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Overlay {
    /// Lays memory over a store.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            shared: Arc::new(Shared {
                inner,
                committed: Mutex::default(),
                below: Mutex::default(),
                definitions: Mutex::default(),
                probes: tokio::sync::Mutex::default(),
                notes: Mutex::default(),
                turn: Arc::default(),
                sequence: std::sync::atomic::AtomicU64::new(0),
            }),
        }
    }
}

impl Shared {
    fn documents(&self) -> bool {
        self.inner.capabilities().documents
    }

    fn next(&self) -> u64 {
        self.sequence.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    fn sequence(&self) -> u64 {
        self.sequence.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The shape that the store below has.
    async fn below(&self, entity: &str) -> Result<Option<Arc<Schema>>, StoreError> {
        if let Some(known) = locked(&self.below).get(entity) {
            return Ok(known.clone());
        }
        let schema = self.inner.describe(entity).await?.map(Arc::new);
        locked(&self.below).insert(entity.to_owned(), schema.clone());
        Ok(schema)
    }

    /// An entity as the committed layer, and a session's layers over it, make it; `None` when it
    /// does not exist.
    async fn shape(&self, entity: &str, own: &mut [Layer]) -> Result<Option<Shape>, StoreError> {
        let below = self.below(entity).await?;
        let mut committed = locked(&self.committed);
        let layers = layers(&mut committed, own);
        let there = below.is_some() && !layers.hide_below(entity);
        let schema = match layers.schema(entity) {
            Definition::Is(schema) => Some(schema),
            Definition::Dropped => None,
            Definition::Untouched => below,
        };
        Ok(schema.map(|schema| Shape::new(entity, schema, self.documents(), there)))
    }

    /// As [`Shared::shape`], for reading: an entity that is not there is empty where entities come
    /// into being by themselves, and an error elsewhere.
    async fn readable(&self, entity: &str, own: &mut [Layer]) -> Result<Option<Shape>, StoreError> {
        let shape = self.shape(entity, own).await?;
        if shape.is_none() && !self.inner.capabilities().implicit_entities {
            return Err(self.not_found(entity));
        }
        Ok(shape)
    }

    fn not_found(&self, entity: &str) -> StoreError {
        no_table(self.inner.location(), entity)
    }

    /// How an entity's rows are named, without asking the store below.
    fn known_layout(&self, layer: &Layer, entity: &str) -> Layout {
        let defined = layer.entities.get(entity).and_then(|changes| changes.schema.shape());
        let schema = defined
            .or_else(|| locked(&self.below).get(entity).cloned().flatten())
            .unwrap_or_default();
        layout_of(&schema, self.documents())
    }

    /// Makes a session's changes everyone's.
    fn commit(&self, layer: Layer) {
        let mut committed = locked(&self.committed);
        let layouts: HashMap<String, Layout> = layer
            .entities
            .keys()
            .map(|name| {
                let own = layer.entities.get(name).is_some_and(|e| e.schema.shape().is_some());
                let layout = self.known_layout(if own { &layer } else { &committed }, name);
                (name.clone(), layout)
            })
            .collect();
        committed.absorb(layer, |name| layouts.get(name).cloned().unwrap_or(Layout::Document));
    }
}

use super::Layout;

fn layers<'l>(committed: &'l mut Layer, own: &'l mut [Layer]) -> Layers<'l> {
    Layers(std::iter::once(committed).chain(own).collect())
}

/// The guard of a lock that is not needed.
#[derive(Debug)]
struct NoLock;

impl Lock for NoLock {}

#[async_trait]
impl Store for Overlay {
    fn capabilities(&self) -> &'static Capabilities {
        self.shared.inner.capabilities()
    }

    fn location(&self) -> &str {
        self.shared.inner.location()
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        let mut entities = self.shared.inner.entities().await?;
        let committed = locked(&self.shared.committed);
        for (name, changes) in &committed.entities {
            match &changes.schema {
                Definition::Dropped => entities.retain(|entity| entity != name),
                Definition::Is(_) if !name.starts_with("mapper_") => entities.push(name.clone()),
                _ => {}
            }
        }
        entities.sort();
        entities.dedup();
        Ok(entities)
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let shape = self.shared.shape(entity, &mut []).await?;
        Ok(shape.map(|shape| Schema::clone(&shape.schema)))
    }

    async fn profile(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        let Some(mut schema) = self.describe(entity).await? else { return Ok(None) };
        if !self.shared.documents() {
            return Ok(Some(schema));
        }
        if let Some(below) = self.shared.inner.profile(entity).await? {
            schema = Schema { indexes: schema.indexes, ..below };
        }
        let mut committed = locked(&self.shared.committed);
        let mut profile = Profile::default();
        for changed in layers(&mut committed, &mut []).rows(entity).values() {
            if let Some(Value::Object(document)) = changed.row.as_ref().and_then(|row| row.first())
            {
                profile.add(document);
            }
        }
        let seen = profile.documents();
        for mut column in profile.columns() {
            if schema.column(&column.name).is_none() {
                column.nullable |= schema.sampled.is_some_and(|sampled| sampled > 0);
                schema.columns.push(column);
            }
        }
        schema.sampled = Some(schema.sampled.unwrap_or(0) + seen);
        Ok(Some(schema))
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        self.shared.select(select, &mut []).await
    }

    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        self.shared.count(entity, filter).await
    }

    async fn query(&self, text: &str) -> Result<Rows, StoreError> {
        self.shared.inner.query(text).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        match &request.source {
            ScanSource::Entity(_) => self.shared.scan(request).await,
            _ => self.shared.inner.scan(request).await,
        }
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        let records = self.count(entity, &Filter::All).await?;
        Ok(Statistics { records, bytes: None, index_bytes: None })
    }

    fn fitter(&self, column: &Column) -> Fitter {
        self.shared.inner.fitter(column)
    }

    fn notes(&self) -> Vec<String> {
        locked(&self.shared.notes).clone()
    }

    async fn close(&self) {
        self.shared.probes.lock().await.clear();
        self.shared.inner.close().await;
    }

    async fn structure(&self, entity: &str) -> Result<Option<TableDefinition>, StoreError> {
        self.shared.inner.structure(entity).await
    }

    async fn enums(&self) -> Result<Vec<EnumDefinition>, StoreError> {
        self.shared.inner.enums().await
    }

    async fn extensions(&self) -> Result<Vec<String>, StoreError> {
        self.shared.inner.extensions().await
    }

    fn render(&self, change: &StructureChange) -> Result<RenderedChange, String> {
        self.shared.inner.render(change)
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        Ok(Box::new(OverlaySession::new(Arc::clone(&self.shared), turn)))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(NoLock))
    }
}
