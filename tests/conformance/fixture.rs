//! The stores under test, and short ways to fill and read them.

use std::sync::Arc;

use mapper::connectors::memory;
use mapper::connectors::overlay::Overlay;
use mapper::connectors::{
    self, ConnectionConfig, Definition, Insert, Layout, Model, Policies, Rows, ScanRequest,
    ScanSource, Session, SourceBatch, Store, WriteError,
};
use mapper::value::query::{Filter, Select};
use mapper::value::{Column, DataType, Object, Row, Schema, Value};

use crate::servers;

/// A store under test.
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    pub(crate) store: Arc<dyn Store>,
    place: Place,
}

/// Where a store is, gone with it.
enum Place {
    Memory,
    Folder { _folder: tempfile::TempDir },
    Database { database: servers::Database },
}

type Start = (&'static str, fn() -> Arc<servers::Server>);

const POSTGRES: Start = ("PostgreSQL", servers::postgres);

const MARIADB: Start = ("MariaDB", servers::mariadb);

/// The servers that speak as MongoDB does.
const FERRETDB: Start = ("FerretDB", servers::ferretdb);
const MONGO_JAVA: Start = ("mongo-java-server", servers::mongo_java);

pub(crate) fn config(url: String, model: Model) -> ConnectionConfig {
    ConnectionConfig {
        name: "test".into(),
        url,
        model,
        policies: Policies::default(),
        files: None,
        create: true,
    }
}

impl Fixture {
    pub(crate) fn is_of_tables_on_a_server(&self) -> bool {
        [POSTGRES.0, MARIADB.0].contains(&self.name)
    }

    /// Every store that can be written, each empty.
    pub(crate) async fn all() -> Vec<Self> {
        let mut all = Self::real().await;
        for mut below in Self::real().await {
            below.name = "an overlay";
            below.store = Arc::new(Overlay::new(below.store));
            all.push(below);
        }
        all.push(Self { name: "memory tables", store: memory::tables([]), place: Place::Memory });
        all.push(Self {
            name: "memory documents",
            store: memory::documents(),
            place: Place::Memory,
        });
        all
    }

    /// The stores that keep what they are given.
    pub(crate) async fn real() -> Vec<Self> {
        let mut all = Vec::new();
        for (name, model) in
            [("sqlite tables", Model::Tables), ("sqlite documents", Model::Documents)]
        {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("test.db").display());
            let store = connectors::open(&config(url, model)).await.unwrap();
            all.push(Self { name, store, place: Place::Folder { _folder: folder } });
        }
        for ((name, server), model) in [
            (POSTGRES, Model::Tables),
            (MARIADB, Model::Tables),
            (FERRETDB, Model::Documents),
            (MONGO_JAVA, Model::Documents),
        ] {
            let database = server().database();
            let store = connectors::open(&config(database.url(), model)).await.unwrap();
            all.push(Self { name, store, place: Place::Database { database } });
        }
        all
    }

    /// Whether it holds decimals: all but FerretDB do.
    pub(crate) fn holds_decimals(&self) -> bool {
        let ferretdb = matches!(&self.place, Place::Database { database }
            if database.server().kind == servers::Kind::FerretDb);
        !ferretdb
    }

    /// What `pg_dump` says of the structure; nothing of other stores.
    pub(crate) fn dump(&self) -> String {
        let Place::Database { database } = &self.place else { return String::new() };
        if database.server().kind != servers::Kind::Postgres {
            return String::new();
        }
        let output = std::process::Command::new("pg_dump")
            .args(["--schema-only", &database.admin_url()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        // Newer ones begin and end with a key that is another one each time.
        let lines = text.lines().filter(|line| !line.contains("restrict "));
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn documents(&self) -> bool {
        self.store.capabilities().documents
    }

    /// Creates a table of these columns with this primary key, or a collection.
    pub(crate) async fn create(&self, entity: &str, columns: &[(&str, DataType)], key: &[&str]) {
        self.create_on(self.session().await.as_mut(), entity, columns, key).await;
    }

    pub(crate) async fn create_on(
        &self,
        session: &mut dyn Session,
        entity: &str,
        columns: &[(&str, DataType)],
        key: &[&str],
    ) {
        let definition = if self.documents() {
            Definition::CreateCollection { entity: entity.into() }
        } else {
            Definition::CreateTable { entity: entity.into(), schema: schema(columns, key) }
        };
        session.define(&definition).await.unwrap();
    }

    pub(crate) async fn session(&self) -> Box<dyn Session> {
        self.store.session().await.unwrap()
    }

    /// Inserts rows of these columns; as documents where the store holds documents.
    pub(crate) async fn insert(&self, entity: &str, columns: &[&str], rows: Vec<Row>) {
        let mut session = self.session().await;
        session.begin().await.unwrap();
        self.insert_on(session.as_mut(), entity, columns, rows).await.unwrap();
        session.commit().await.unwrap();
    }

    pub(crate) async fn insert_on(
        &self,
        session: &mut dyn Session,
        entity: &str,
        columns: &[&str],
        rows: Vec<Row>,
    ) -> Result<Vec<Row>, WriteError> {
        let (layout, rows) = self.shaped(columns, rows);
        session.insert(Insert { entity, layout: &layout, rows: &rows, returning: &[] }).await
    }

    /// Rows of columns as the store holds them.
    pub(crate) fn shaped(&self, columns: &[&str], rows: Vec<Row>) -> (Layout, Vec<Row>) {
        if !self.documents() {
            return (Layout::Columns(columns.iter().map(|c| (*c).to_owned()).collect()), rows);
        }
        let document = |row: Row| {
            let fields = columns.iter().zip(row).filter(|(_, v)| !matches!(v, Value::Missing));
            vec![Value::object(fields.map(|(name, value)| (*name, value)).collect::<Object>())]
        };
        (Layout::Document, rows.into_iter().map(document).collect())
    }

    /// All records, by these columns, sorted by the first of them.
    pub(crate) async fn rows(&self, entity: &str, columns: &[&str]) -> Vec<Row> {
        self.find(entity, columns, Filter::All).await
    }

    pub(crate) async fn find(&self, entity: &str, columns: &[&str], filter: Filter) -> Vec<Row> {
        let order = vec![mapper::value::IndexKey { path: columns[0].into(), descending: false }];
        let select = Select { entity: entity.into(), columns: None, filter, order, limit: None };
        plain(&self.store.select(&select).await.unwrap(), columns)
    }

    #[expect(clippy::unused_self, reason = "it reads as the fixture's")]
    pub(crate) fn request(&self, entity: &str, key: &[&str], batch: usize) -> ScanRequest {
        ScanRequest {
            source: ScanSource::Entity(entity.into()),
            key: key.iter().map(|k| (*k).to_owned()).collect(),
            columns: None,
            filter: Filter::All,
            batch,
            after: None,
        }
    }

    pub(crate) async fn batches(&self, request: ScanRequest) -> Vec<SourceBatch> {
        let mut scan = self.store.scan(request).await.unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = scan.next().await.unwrap() {
            assert_eq!(batch.rows.len(), batch.keys.len());
            batches.push(batch);
        }
        assert!(scan.next().await.unwrap().is_none(), "the end is the end");
        batches
    }
}

/// The values of these columns or fields, row by row.
pub(crate) fn plain(rows: &Rows, columns: &[&str]) -> Vec<Row> {
    let value = |row: &Row, name: &&str| connectors::value_at(&rows.layout, row, name).clone();
    rows.rows.iter().map(|row| columns.iter().map(|name| value(row, name)).collect()).collect()
}

pub(crate) fn plain_batch(batch: &SourceBatch, columns: &[&str]) -> Vec<Row> {
    plain(&Rows { layout: batch.layout.clone(), rows: batch.rows.clone() }, columns)
}

/// The shape of a table; key columns are not null.
pub(crate) fn schema(columns: &[(&str, DataType)], key: &[&str]) -> Schema {
    let column = |(name, data_type): &(&str, DataType)| Column {
        name: (*name).into(),
        data_type: data_type.clone(),
        declared: String::new(),
        nullable: !key.contains(name),
        has_default: false,
        generated: false,
    };
    Schema {
        columns: columns.iter().map(column).collect(),
        primary_key: key.iter().map(|k| (*k).to_owned()).collect(),
        ..Schema::default()
    }
}

/// Names as owned text.
pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn compare(
    path: &str,
    operator: mapper::value::query::Comparison,
    value: impl Into<Value>,
) -> Filter {
    Filter::Compare { path: path.into(), operator, value: value.into() }
}
