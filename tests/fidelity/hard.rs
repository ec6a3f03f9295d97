//! How a hard value is described: what it means, how each store spells it, where it is to go.

/// A store of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Store {
    SqliteTables,
    SqliteDocuments,
    Postgres,
    MariaDb,
    FerretDb,
    MongoJava,
    JsonLines,
    Csv,
}

impl Store {
    pub(crate) const ALL: [Self; 8] = [
        Self::SqliteTables,
        Self::SqliteDocuments,
        Self::Postgres,
        Self::MariaDb,
        Self::FerretDb,
        Self::MongoJava,
        Self::JsonLines,
        Self::Csv,
    ];
    /// Those that are written.
    pub(crate) const TARGETS: [Self; 6] = [
        Self::SqliteTables,
        Self::SqliteDocuments,
        Self::Postgres,
        Self::MariaDb,
        Self::FerretDb,
        Self::MongoJava,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SqliteTables => "SQLite tables",
            Self::SqliteDocuments => "SQLite documents",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
            Self::FerretDb => "FerretDB",
            Self::MongoJava => "mongo-java-server",
            Self::JsonLines => "JSON Lines",
            Self::Csv => "CSV",
        }
    }

    /// A word for names of tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SqliteTables => "sqlite",
            Self::SqliteDocuments => "documents",
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
            Self::FerretDb => "ferretdb",
            Self::MongoJava => "mongo",
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }

    pub(crate) fn is_documents(self) -> bool {
        matches!(self, Self::SqliteDocuments | Self::FerretDb | Self::MongoJava)
    }

    pub(crate) fn is_tables(self) -> bool {
        matches!(self, Self::SqliteTables | Self::Postgres | Self::MariaDb)
    }
}

/// Which connection a policy is written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Target,
}

/// A policy, as it stands in the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) side: Side,
    pub(crate) line: &'static str,
}

/// The types of a value's columns in the stores that have types; of a CSV column the declared one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Types {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
    pub(crate) mariadb: &'static str,
    pub(crate) csv: &'static str,
}

impl Types {
    pub(crate) fn of(&self, store: Store) -> &'static str {
        match store {
            Store::SqliteTables => self.sqlite,
            Store::Postgres => self.postgres,
            Store::MariaDb => self.mariadb,
            Store::Csv => self.csv,
            _ => "",
        }
    }
}

/// A hard value, with its samples.
#[derive(Clone, Debug)]
pub(crate) struct Hard {
    pub(crate) title: &'static str,
    pub(crate) note: &'static str,
    pub(crate) policy: Option<Policy>,
    /// What the field does with it, as in the spec (`cast = "text"`).
    pub(crate) cast: &'static str,
    pub(crate) from: Types,
    pub(crate) into: Types,
    pub(crate) samples: Vec<Sample>,
}

/// One value and how the stores spell it: SQL, extended JSON, the text of a CSV field. A store
/// without a spelling has no such value.
///
/// What it means is written in one notation for all stores: numbers as digits, text in quotes,
/// `date:`, `datetime:`, `moment:`, `time:`, `uuid:`, `oid:`, `bytes:`, JSON for lists and objects,
/// `null` and `missing`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) means: &'static str,
    pub(crate) sqlite: Option<&'static str>,
    pub(crate) postgres: Option<&'static str>,
    pub(crate) mariadb: Option<&'static str>,
    pub(crate) documents: Option<&'static str>,
    pub(crate) mongodb: Option<&'static str>,
    pub(crate) jsonl: Option<&'static [u8]>,
    pub(crate) csv: Option<&'static [u8]>,
    /// Named conversions that may happen to it: what it then means, and the name.
    pub(crate) also: Vec<(&'static str, &'static str)>,
    /// Whether the policy, when there is one, has nothing to do with it.
    pub(crate) untouched: bool,
}

pub(crate) fn sample(name: &'static str, means: &'static str) -> Sample {
    Sample { name, means, ..Sample::default() }
}

impl Sample {
    /// The same SQL in all three.
    pub(crate) fn sql(self, sql: &'static str) -> Self {
        Self { sqlite: Some(sql), postgres: Some(sql), mariadb: Some(sql), ..self }
    }
    pub(crate) fn sqlite(self, sql: &'static str) -> Self {
        Self { sqlite: Some(sql), ..self }
    }
    pub(crate) fn postgres(self, sql: &'static str) -> Self {
        Self { postgres: Some(sql), ..self }
    }
    pub(crate) fn mariadb(self, sql: &'static str) -> Self {
        Self { mariadb: Some(sql), ..self }
    }
    /// The same extended JSON in documents and files.
    pub(crate) fn json(self, json: &'static str) -> Self {
        Self { documents: Some(json), mongodb: Some(json), jsonl: Some(json.as_bytes()), ..self }
    }
    pub(crate) fn documents(self, json: &'static str) -> Self {
        Self { documents: Some(json), mongodb: Some(json), ..self }
    }
    pub(crate) fn mongodb(self, json: &'static str) -> Self {
        Self { mongodb: Some(json), ..self }
    }
    pub(crate) fn jsonl(self, json: &'static str) -> Self {
        Self { jsonl: Some(json.as_bytes()), ..self }
    }
    pub(crate) fn jsonl_bytes(self, json: &'static [u8]) -> Self {
        Self { jsonl: Some(json), ..self }
    }
    pub(crate) fn csv(self, text: &'static str) -> Self {
        Self { csv: Some(text.as_bytes()), ..self }
    }
    pub(crate) fn csv_bytes(self, text: &'static [u8]) -> Self {
        Self { csv: Some(text), ..self }
    }
    pub(crate) fn also(mut self, means: &'static str, name: &'static str) -> Self {
        self.also.push((means, name));
        self
    }
    pub(crate) fn untouched(self) -> Self {
        Self { untouched: true, ..self }
    }

    /// How a store spells it.
    pub(crate) fn spelt(&self, store: Store) -> Option<&'static [u8]> {
        match store {
            Store::SqliteTables => self.sqlite.map(str::as_bytes),
            Store::Postgres => self.postgres.map(str::as_bytes),
            Store::MariaDb => self.mariadb.map(str::as_bytes),
            Store::SqliteDocuments => self.documents.map(str::as_bytes),
            Store::FerretDb | Store::MongoJava => self.mongodb.map(str::as_bytes),
            Store::JsonLines => self.jsonl,
            Store::Csv => self.csv,
        }
    }
}
