//! A store without transactions: SQLite documents whose statements each stand for themselves, and
//! that can be made to die at any of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;

use mapper::connectors::{
    Capabilities, Definition, Delete, Fitter, Insert, Lock, Rows, Scan, ScanRequest, Session,
    Statistics, Store, StoreError, StoreErrorKind, Update, WriteError, documents,
};
use mapper::value::query::{Filter, Select};
use mapper::value::{Column, Row, Schema};

static CAPABILITIES: Capabilities = Capabilities {
    transactions: false,
    transactional_definitions: false,
    ..documents::CAPABILITIES
};

/// What happens to the statement at which the store dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is not carried out.
    Before,
    /// Half of its rows are.
    Amid,
    /// It is carried out, and nobody is told.
    After,
}

/// When the store dies, and whether it comes back at once.
#[derive(Debug)]
pub struct Fuse {
    at: u64,
    moment: Moment,
    comes_back: bool,
    passed: AtomicU64,
    dead: AtomicBool,
}

impl Fuse {
    pub fn never() -> Arc<Self> {
        Self::new(u64::MAX, Moment::Before, false)
    }

    pub fn new(at: u64, moment: Moment, comes_back: bool) -> Arc<Self> {
        let (passed, dead) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { at, moment, comes_back, passed, dead })
    }

    /// How many statements wrote.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    fn error(&self) -> StoreError {
        let kind =
            if self.comes_back { StoreErrorKind::Unavailable } else { StoreErrorKind::Internal };
        StoreError::new(kind, "the store died")
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.dead.load(Ordering::SeqCst) { Err(self.error()) } else { Ok(()) }
    }

    /// The moment, when this statement is the last one.
    fn burn(&self) -> Result<Option<Moment>, StoreError> {
        self.alive()?;
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 != self.at {
            return Ok(None);
        }
        self.dead.store(!self.comes_back, Ordering::SeqCst);
        Ok(Some(self.moment))
    }
}

#[derive(Debug)]
pub struct Alone {
    inner: Arc<dyn Store>,
    fuse: Arc<Fuse>,
}

impl Alone {
    pub fn shared(inner: Arc<dyn Store>, fuse: &Arc<Fuse>) -> Arc<dyn Store> {
        Arc::new(Self { inner, fuse: Arc::clone(fuse) })
    }
}

#[async_trait]
impl Store for Alone {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn location(&self) -> &str {
        self.inner.location()
    }

    async fn entities(&self) -> Result<Vec<String>, StoreError> {
        self.fuse.alive()?;
        self.inner.entities().await
    }

    async fn describe(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        self.fuse.alive()?;
        self.inner.describe(entity).await
    }

    async fn profile(&self, entity: &str) -> Result<Option<Schema>, StoreError> {
        self.fuse.alive()?;
        self.inner.profile(entity).await
    }

    async fn select(&self, select: &Select) -> Result<Rows, StoreError> {
        self.fuse.alive()?;
        self.inner.select(select).await
    }

    async fn count(&self, entity: &str, filter: &Filter) -> Result<u64, StoreError> {
        self.fuse.alive()?;
        self.inner.count(entity, filter).await
    }

    async fn query(&self, text: &str) -> Result<Rows, StoreError> {
        self.inner.query(text).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>, StoreError> {
        self.fuse.alive()?;
        self.inner.scan(request).await
    }

    async fn statistics(&self, entity: &str) -> Result<Statistics, StoreError> {
        self.inner.statistics(entity).await
    }

    fn fitter(&self, column: &Column) -> Fitter {
        self.inner.fitter(column)
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        self.fuse.alive()?;
        let inner = self.inner.session().await?;
        Ok(Box::new(AloneSession { inner, fuse: Arc::clone(&self.fuse) }))
    }

    async fn lock(&self) -> Result<Box<dyn Lock>, StoreError> {
        self.inner.lock().await
    }

    async fn keep_lock(&self) -> Result<(), StoreError> {
        self.inner.keep_lock().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct AloneSession {
    inner: Box<dyn Session>,
    fuse: Arc<Fuse>,
}

impl AloneSession {
    /// Inserts one row after the other, so that those before a refused one stay.
    async fn insert_each(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        let mut all = Vec::new();
        for row in insert.rows {
            let one = Insert { rows: std::slice::from_ref(row), ..insert };
            all.extend(self.inner.insert(one).await?);
        }
        Ok(all)
    }
}

#[async_trait]
impl Session for AloneSession {
    async fn begin(&mut self) -> Result<(), StoreError> {
        Ok(())
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
        self.fuse.alive()?;
        self.inner.describe(entity).await
    }

    async fn select(&mut self, select: &Select) -> Result<Rows, StoreError> {
        self.fuse.alive()?;
        self.inner.select(select).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<Row>, WriteError> {
        let half = &insert.rows[..insert.rows.len() / 2];
        let death = self.fuse.burn()?;
        match death {
            Some(Moment::Before) => return Err(self.fuse.error().into()),
            Some(Moment::Amid) => {
                let half = Insert { rows: half, ..insert };
                self.insert_each(half).await?;
                return Err(self.fuse.error().into());
            }
            Some(Moment::After) | None => {}
        }
        let done = match self.inner.insert(insert).await {
            Err(WriteError::Record(_)) => self.insert_each(insert).await,
            done => done,
        };
        if death.is_some() { Err(self.fuse.error().into()) } else { done }
    }

    async fn update(&mut self, update: Update<'_>) -> Result<u64, WriteError> {
        let half = &update.rows[..update.rows.len() / 2];
        let death = self.fuse.burn()?;
        let rows = match death {
            Some(Moment::Before) => return Err(self.fuse.error().into()),
            Some(Moment::Amid) => half,
            Some(Moment::After) | None => update.rows,
        };
        let mut matched = 0;
        for row in rows {
            let one = Update { rows: std::slice::from_ref(row), ..update };
            matched += self.inner.update(one).await?;
        }
        if death.is_some() { Err(self.fuse.error().into()) } else { Ok(matched) }
    }

    async fn delete(&mut self, delete: Delete<'_>) -> Result<u64, WriteError> {
        let half = &delete.rows[..delete.rows.len() / 2];
        let death = self.fuse.burn()?;
        let rows = match death {
            Some(Moment::Before) => return Err(self.fuse.error().into()),
            Some(Moment::Amid) => half,
            Some(Moment::After) | None => delete.rows,
        };
        let done = self.inner.delete(Delete { rows, ..delete }).await;
        if death.is_some() { Err(self.fuse.error().into()) } else { done }
    }

    async fn define(&mut self, definition: &Definition) -> Result<(), StoreError> {
        let death = self.fuse.burn()?;
        if matches!(death, Some(Moment::Before | Moment::Amid)) {
            return Err(self.fuse.error());
        }
        let done = self.inner.define(definition).await;
        if death.is_some() { Err(self.fuse.error()) } else { done }
    }
}
