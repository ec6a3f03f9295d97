//! Values into the stores and out of them by the stores' own means, without mapper.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::path::PathBuf;

use mongodb::bson::{Document, doc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::hard::{Hard, Store};
use super::meaning::{self, Shape};
use crate::servers::{self, Database};

/// What the types of some values need.
const POSTGRES_TYPES: &str = "CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
    CREATE DOMAIN code AS varchar(4) CHECK (VALUE ~ '^[A-Z]');";

/// A store of one side.
pub(crate) struct Place {
    pub(crate) store: Store,
    folder: tempfile::TempDir,
    database: Option<Database>,
}

/// What a store holds, by the number of the row.
pub(crate) type Held = BTreeMap<usize, String>;

/// The number of a sample's row.
pub(crate) fn row(hard: usize, sample: usize) -> usize {
    hard * 100 + sample
}

/// Runs a future to its end, wherever it is asked for.
pub(crate) fn block<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(2).enable_all().build().unwrap().block_on(future)
        });
        thread.join().unwrap()
    })
}

impl Place {
    pub(crate) fn new(store: Store) -> Self {
        let database = match store {
            Store::Postgres => Some(servers::postgres().database()),
            Store::MariaDb => Some(servers::mariadb().database()),
            Store::FerretDb => Some(servers::ferretdb().database()),
            Store::MongoJava => Some(servers::mongo_java().database()),
            _ => None,
        };
        if let (Store::Postgres, Some(database)) = (store, &database) {
            database.execute(POSTGRES_TYPES);
        }
        let place = Self { store, folder: tempfile::tempdir().unwrap(), database };
        if matches!(store, Store::SqliteTables | Store::SqliteDocuments) {
            // So that the file is there.
            place.sqlite("PRAGMA user_version = 1");
        }
        place
    }

    /// Its URL, for stores that have one.
    pub(crate) fn url(&self) -> String {
        match &self.database {
            Some(database) => database.admin_url(),
            None => format!("sqlite:{}", self.file("test.db").display()),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its server's product, and the parts of the version that matter.
    pub(crate) fn version(&self) -> String {
        match &self.database {
            Some(database) => short(&database.server().version()),
            None => {
                let version = self.sqlite("SELECT sqlite_version()");
                short(&format!("SQLite {}", version[0][0].clone().unwrap_or_default()))
            }
        }
    }

    fn sqlite(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let options =
            SqliteConnectOptions::new().filename(self.file("test.db")).create_if_missing(true);
        let sql = AssertSqlSafe(sql.to_owned());
        block(async move {
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            let cell = |row: &sqlx::sqlite::SqliteRow, at| row.try_get_unchecked(at).unwrap();
            rows.iter().map(|row| (0..row.len()).map(|at| cell(row, at)).collect()).collect()
        })
    }

    fn sql(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        match &self.database {
            Some(database) => database.query(sql),
            None => self.sqlite(sql),
        }
    }

    fn execute(&self, sql: &str) {
        match (&self.database, self.store) {
            (Some(database), Store::MariaDb) => {
                database.execute(&format!("SET sql_mode = 'STRICT_ALL_TABLES'; {sql}"));
            }
            (Some(database), _) => database.execute(sql),
            (None, _) => drop(self.sqlite(sql)),
        }
    }

    /// A table with a column for each value that goes there.
    pub(crate) fn create(&self, entity: &str, columns: &[(usize, &str)]) {
        if self.store.is_tables() {
            let mut sql = format!("CREATE TABLE {entity} (id BIGINT PRIMARY KEY");
            for (hard, declared) in columns {
                let _ = write!(sql, ", v{hard} {declared} NULL");
            }
            self.execute(&format!("{sql});"));
        }
    }

    /// Puts all samples that the store spells, one row or document each, of which only one column
    /// or field is filled. Gives the rows in order.
    pub(crate) fn put(&self, entity: &str, hards: &[Hard]) -> Vec<usize> {
        let samples: Vec<(usize, usize, &[u8])> = hards
            .iter()
            .enumerate()
            .flat_map(|(h, hard)| {
                let spelt = hard.samples.iter().enumerate();
                spelt.filter_map(move |(s, sample)| Some((h, s, sample.spelt(self.store)?)))
            })
            .collect();
        let mut rows: Vec<usize> = samples.iter().map(|(h, s, _)| row(*h, *s)).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match self.store {
            Store::SqliteTables | Store::Postgres | Store::MariaDb => {
                let mut sql = String::new();
                for (h, s, spelt) in &samples {
                    let (id, spelt) = (row(*h, *s), text(spelt));
                    let _ = write!(sql, "INSERT INTO {entity} (id, v{h}) VALUES ({id}, {spelt});");
                }
                self.execute(&sql);
            }
            Store::SqliteDocuments => {
                let mut sql = format!(
                    "CREATE TABLE {entity} (_id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL);"
                );
                for (h, s, spelt) in &samples {
                    let json = document("_id", *h, row(*h, *s), &text(spelt)).replace('\'', "''");
                    let _ =
                        write!(sql, "INSERT INTO {entity} VALUES ('{}', '{json}');", row(*h, *s));
                }
                self.execute(&sql);
            }
            Store::FerretDb | Store::MongoJava => {
                let mut held = Vec::new();
                for (h, s, spelt) in &samples {
                    let json = document("_id", *h, row(*h, *s), &text(spelt));
                    let bson = meaning::to_bson(&serde_json::from_str(&json).unwrap());
                    let command = doc! {"insert": entity, "documents": [bson.clone()]};
                    let database = self.database.as_ref().unwrap();
                    let done = database.server().command(database.name(), command);
                    let id = i32::try_from(row(*h, *s)).unwrap();
                    let found = self.documents(entity, doc! {"_id": id});
                    if done.is_ok()
                        && found.iter().any(|found| {
                            format!("{found:?}") == format!("{:?}", bson.as_document().unwrap())
                        })
                    {
                        held.push(row(*h, *s));
                    }
                }
                rows = held;
            }
            Store::JsonLines => {
                let mut bytes = Vec::new();
                for (h, s, spelt) in &samples {
                    let whole = document("id", *h, row(*h, *s), "\u{1}");
                    let (before, after) = whole.split_once('\u{1}').unwrap_or((&whole, ""));
                    if *spelt == b"missing" {
                        bytes.extend(document("id", *h, row(*h, *s), "missing").bytes());
                    } else {
                        bytes.extend([before.as_bytes(), spelt, after.as_bytes()].concat());
                    }
                    bytes.push(b'\n');
                }
                std::fs::write(self.file(&format!("{entity}.jsonl")), bytes).unwrap();
            }
            Store::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                let columns: Vec<String> = (0..hards.len()).map(|h| format!("v{h}")).collect();
                writer.write_field("id").unwrap();
                writer.write_record(&columns).unwrap();
                for (h, s, spelt) in &samples {
                    writer.write_field(row(*h, *s).to_string()).unwrap();
                    for column in 0..hards.len() {
                        let field: &[u8] = if column == *h { spelt } else { b"\\N" };
                        writer.write_field(field).unwrap();
                    }
                    writer.write_record(None::<&[u8]>).unwrap();
                }
                let bytes = writer.into_inner().unwrap();
                std::fs::write(self.file(&format!("{entity}.csv")), bytes).unwrap();
            }
        }
        rows
    }

    fn documents(&self, entity: &str, filter: Document) -> Vec<Document> {
        let database = self.database.as_ref().unwrap();
        let (url, name) = (database.server().admin_url(""), database.name());
        block(async move {
            let client = mongodb::Client::with_uri_str(&url).await.unwrap();
            let collection = client.database(name).collection::<Document>(entity);
            let mut cursor = collection.find(filter).await.unwrap();
            let mut found = Vec::new();
            while cursor.advance().await.unwrap() {
                found.push(cursor.deserialize_current().unwrap());
            }
            drop(cursor);
            servers::close(client).await;
            found
        })
    }

    /// What the rows hold in the column or field of their value.
    pub(crate) fn read(&self, entity: &str, columns: &[(usize, &str)]) -> Held {
        match self.store {
            Store::SqliteTables | Store::Postgres | Store::MariaDb => {
                let shapes: BTreeMap<usize, Shape> = columns
                    .iter()
                    .map(|(hard, declared)| (*hard, Shape::of(self.store, declared)))
                    .collect();
                let mut sql = "SELECT CAST(id AS CHAR(9))".to_owned();
                for (hard, shape) in &shapes {
                    let _ = write!(sql, ", {}", self.asked(&format!("v{hard}"), *shape));
                }
                let rows = self.sql(&format!("{sql} FROM {entity}"));
                let places: Vec<usize> = shapes.keys().copied().collect();
                rows.into_iter()
                    .filter_map(|cells| {
                        let id: usize = cells[0].as_ref()?.trim().parse().ok()?;
                        let place = places.iter().position(|place| *place == id / 100)?;
                        let held = cells[place + 1].as_ref();
                        let shape = shapes[&(id / 100)];
                        Some((id, held.map_or("null".to_owned(), |text| self.told(text, shape))))
                    })
                    .collect()
            }
            Store::SqliteDocuments => {
                let rows = self.sqlite(&format!("SELECT document FROM {entity}"));
                let documents = rows.iter().map(|cells| cells[0].clone().unwrap_or_default());
                documents
                    .map(|text| {
                        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                        let id = usize::try_from(json["_id"].as_u64().unwrap()).unwrap();
                        let held = json.get(format!("v{}", id / 100)).map(meaning::extended);
                        (id, held.unwrap_or_else(|| "missing".to_owned()))
                    })
                    .collect()
            }
            _ => {
                let documents = self.documents(entity, doc! {});
                documents
                    .iter()
                    .map(|document| {
                        let id: usize = meaning::bson(&document["_id"]).parse().unwrap();
                        let held = document.get(format!("v{}", id / 100)).map(meaning::bson);
                        (id, held.unwrap_or_else(|| "missing".to_owned()))
                    })
                    .collect()
            }
        }
    }

    /// The expression that gives a column as text.
    fn asked(&self, column: &str, shape: Shape) -> String {
        match (self.store, shape) {
            (Store::SqliteTables, _) => format!(
                "typeof({column}) || ':' || CASE typeof({column}) WHEN 'real' THEN \
                 printf('%!.17g', {column}) WHEN 'integer' THEN {column} ELSE hex({column}) END"
            ),
            (Store::MariaDb, Shape::Text | Shape::Json) => {
                format!("HEX(CONVERT({column} USING utf8mb4))")
            }
            (Store::MariaDb, Shape::Bytes) => format!("HEX({column})"),
            (Store::MariaDb, Shape::Bool) => format!("CAST({column} + 0 AS CHAR)"),
            (Store::MariaDb, _) => format!("CAST({column} AS CHAR)"),
            (_, Shape::Bytes) => format!("encode({column}, 'hex')"),
            (_, Shape::Moment) => format!("({column} AT TIME ZONE 'UTC')::text"),
            (_, Shape::Array) => format!("array_to_json({column})::text"),
            _ => format!("{column}::text"),
        }
    }

    /// What the text of that expression means.
    fn told(&self, text: &str, shape: Shape) -> String {
        match (self.store, shape) {
            (Store::SqliteTables, _) => {
                let (class, rest) = text.split_once(':').unwrap();
                match (class, shape) {
                    ("blob", Shape::Bytes) => shape.meaning(rest),
                    ("blob", _) => format!("bytes:{}", rest.to_lowercase()),
                    ("null", _) => "null".to_owned(),
                    ("text", Shape::Bytes) => meaning::quoted(&unhex(rest)),
                    ("text", _) => shape.meaning(&unhex(rest)),
                    ("real", Shape::Number) => real(rest),
                    (_, Shape::Number | Shape::Bool) => shape.meaning(rest),
                    _ => meaning::number(rest),
                }
            }
            (Store::MariaDb, Shape::Text | Shape::Json) => shape.meaning(&unhex(text)),
            _ => shape.meaning(text),
        }
    }
}

/// A float as its shortest digits.
fn real(text: &str) -> String {
    text.parse::<f64>()
        .map_or_else(|_| text.to_owned(), |number| meaning::number(&number.to_string()))
}

fn unhex(text: &str) -> String {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = text.as_bytes().chunks(2).map(byte).collect();
    String::from_utf8(bytes)
        .unwrap_or_else(|error| format!("no UTF-8: {}", meaning::hex(error.as_bytes())))
}

fn document(key: &str, hard: usize, id: usize, json: &str) -> String {
    if json == "missing" {
        return format!("{{\"{key}\":{id}}}");
    }
    format!("{{\"{key}\":{id},\"v{hard}\":{json}}}")
}

/// `MariaDB 10.11.6` as `MariaDB 10.11`; of PostgreSQL and SQLite the first number.
fn short(version: &str) -> String {
    let (product, number) = version.rsplit_once(' ').unwrap_or((version, ""));
    let parts = if matches!(product, "PostgreSQL" | "SQLite") { 1 } else { 2 };
    let number: Vec<&str> = number.split('.').take(parts).collect();
    format!("{product} {}", number.join("."))
}
