//! What is in a database: tables, columns, keys, indexes.

use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::name::{LEDGER, Name, quote};
use super::types::{Codec, Element, TypeRow};
use crate::connectors::tables::{CatalogColumn, CatalogTable};
use crate::value::{Column, DataType, ForeignKey, Index, IndexKey, Schema};

/// A table as statements need it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// What stands after FROM.
    pub(super) from: String,
    /// Its name, for messages.
    pub(super) name: String,
    pub(super) columns: Vec<TableColumn>,
    /// Whether rows have a place (`ctid`).
    pub(super) placed: bool,
    /// The columns of unique indexes and foreign keys, by name.
    pub(super) constraints: Vec<(String, String)>,
}

/// A column of a [`Table`].
#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    /// The type as the catalog spells it.
    pub(super) declared: String,
    pub(super) codec: Codec,
    pub(super) data_type: DataType,
    /// The type without length or precision, domains resolved: what values to compare are cast to.
    pub(super) base: String,
    /// The column's own type without length or precision.
    pub(super) assigned: String,
    pub(super) nullable: bool,
    pub(super) has_default: bool,
    pub(super) generated: bool,
    /// Its place in the primary key, from 1; 0 when it is not in it.
    pub(super) primary: i32,
    /// How texts compare.
    pub(super) collation: Collation,
    /// Whether its type, or that of its elements, is PostgreSQL's own.
    pub(super) builtin: bool,
    /// The sequence that fills it.
    pub(super) sequence: Option<String>,
}

/// How the texts of a column compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collation {
    /// It holds no text, or compares it byte by byte.
    Bytes,
    /// Equal texts are equal byte by byte; the order is a language's.
    Language,
    /// Different texts may be equal (citext, padded text, collations that ignore case).
    Loose,
}

impl CatalogTable for Table {
    type Column = TableColumn;

    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &[TableColumn] {
        &self.columns
    }
}

impl CatalogColumn for TableColumn {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Table {
    /// Its columns and primary key.
    pub(super) fn schema(&self) -> Schema {
        let column = |column: &TableColumn| Column {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            declared: column.declared.clone(),
            nullable: column.nullable,
            has_default: column.has_default,
            generated: column.generated,
        };
        Schema {
            columns: self.columns.iter().map(column).collect(),
            primary_key: self.primary_key(),
            ..Schema::default()
        }
    }

    /// The primary key's columns in order.
    pub(super) fn primary_key(&self) -> Vec<String> {
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.primary > 0).collect();
        key.sort_by_key(|column| column.primary);
        key.into_iter().map(|column| column.name.clone()).collect()
    }
}

impl TableColumn {
    /// The expression that reads it.
    pub(super) fn read(&self) -> String {
        let name = quote(&self.name);
        if self.codec.is_text() { format!("{name}::text") } else { name }
    }

    /// The expression that sorts and compares as its values do.
    pub(super) fn ordered(&self) -> String {
        let name = quote(&self.name);
        match self.collation {
            Collation::Loose => format!("{name}::text COLLATE \"C\""),
            Collation::Language => format!("{name} COLLATE \"C\""),
            Collation::Bytes => name,
        }
    }
}

/// Resolves domains to what they are domains of: `chain` has a row per step.
const CHAIN: &str = r"
  chain AS (
    SELECT s.place, t.oid, t.typtype, t.typbasetype, s.required OR t.typnotnull AS required,
           CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE s.modifier END AS modifier
    FROM start s JOIN pg_type t ON t.oid = s.type
    UNION ALL
    SELECT c.place, t.oid, t.typtype, t.typbasetype, c.required OR t.typnotnull,
           CASE WHEN t.typtype = 'd' AND c.modifier < 0 THEN t.typtypmod ELSE c.modifier END
    FROM chain c JOIN pg_type t ON t.oid = c.typbasetype WHERE c.typtype = 'd'
  ),
  types AS (
    SELECT c.place, c.required, c.modifier, t.typname::text, t.typtype::text,
           t.typnamespace = 'pg_catalog'::regnamespace AS builtin,
           e.oid AS element, e.typname::text AS element_name, e.typtype::text AS element_class,
           e.typnamespace = 'pg_catalog'::regnamespace AS element_builtin,
           CASE WHEN coalesce(e.typtype, t.typtype) = 'e' THEN
             (SELECT array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_enum l
              WHERE l.enumtypid = coalesce(e.oid, t.oid)) END AS labels,
           format_type(c.oid, c.modifier) AS spelled, format_type(c.oid, -1) AS base
    FROM chain c JOIN pg_type t ON t.oid = c.oid
      LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
    WHERE c.typtype <> 'd'
  )";

fn columns_query() -> String {
    format!(
        r"WITH RECURSIVE start AS (
    SELECT a.attnum::int AS place, a.atttypid AS type, a.attnotnull AS required,
           a.atttypmod AS modifier
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  ),{CHAIN}
  SELECT t.typname, t.builtin, t.typtype, t.modifier, t.element_name, t.element_builtin,
    t.element_class, t.element, t.labels, t.spelled, t.base, t.required, a.attname::text,
    format_type(a.atttypid, -1), a.atthasdef, a.attidentity::text, a.attgenerated::text,
    CASE WHEN a.atthasdef OR a.attidentity <> '' THEN
      pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) END,
    coalesce((SELECT array_position(i.indkey::int2[], a.attnum) - array_lower(i.indkey::int2[], 1) + 1
      FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary), 0)::int,
    co.collname IN ('C', 'POSIX', 'ucs_basic') OR (co.collname = 'default' AND
      (SELECT d.datcollate IN ('C', 'POSIX') AND coalesce(to_jsonb(d)->>'datlocprovider', 'c') = 'c'
       FROM pg_database d WHERE d.datname = current_database())),
    co.collisdeterministic, c.relkind IN ('r', 'p', 'm')
  FROM pg_attribute a JOIN types t ON t.place = a.attnum
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0
  ORDER BY a.attnum"
    )
}

fn type_row(row: &PgRow) -> Result<TypeRow, sqlx::Error> {
    let element = match row.try_get::<Option<Oid>, _>("element")? {
        None => None,
        Some(id) => Some(Element {
            name: row.try_get("element_name")?,
            builtin: row.try_get("element_builtin")?,
            class: row.try_get("element_class")?,
            id: id.0,
        }),
    };
    Ok(TypeRow {
        name: row.try_get("typname")?,
        builtin: row.try_get("builtin")?,
        class: row.try_get("typtype")?,
        modifier: row.try_get("modifier")?,
        element,
        labels: row.try_get("labels")?,
    })
}

fn collation(kind: &TypeRow, binary: bool, deterministic: bool) -> Collation {
    match kind.name.as_str() {
        _ if kind.element.is_some() => Collation::Bytes,
        _ if kind.class == "e" => Collation::Loose,
        "citext" | "bpchar" | "name" => Collation::Loose,
        "text" | "varchar" if !deterministic => Collation::Loose,
        "text" | "varchar" if !binary => Collation::Language,
        _ => Collation::Bytes,
    }
}

/// A table or view by name; `None` when there is none.
pub(super) async fn table(
    connection: &mut PgConnection,
    entity: &str,
) -> Result<Option<Table>, sqlx::Error> {
    let name = Name::parse(entity).to_string();
    let rows =
        sqlx::query(AssertSqlSafe(columns_query())).bind(&name).fetch_all(&mut *connection).await?;
    if rows.is_empty() && !exists(connection, &name).await? {
        return Ok(None);
    }
    let mut columns = Vec::with_capacity(rows.len());
    let mut placed = false;
    for row in &rows {
        let kind = type_row(row)?;
        let (codec, data_type) = kind.resolve();
        let identity: String = row.try_get(15)?;
        let generated = !row.try_get::<String, _>(16)?.is_empty();
        let binary: Option<bool> = row.try_get(19)?;
        let deterministic: Option<bool> = row.try_get(20)?;
        placed = row.try_get(21)?;
        columns.push(TableColumn {
            name: row.try_get(12)?,
            declared: row.try_get(9)?,
            collation: collation(&kind, binary == Some(true), deterministic != Some(false)),
            codec,
            data_type,
            base: row.try_get(10)?,
            assigned: row.try_get(13)?,
            nullable: !row.try_get::<bool, _>(11)?,
            has_default: !generated && (row.try_get(14)? || !identity.is_empty()),
            generated,
            primary: row.try_get(18)?,
            builtin: kind.is_builtin(),
            sequence: row.try_get(17)?,
        });
    }
    let constraints = constraints(connection, &name).await?;
    Ok(Some(Table { from: name, name: entity.to_owned(), columns, placed, constraints }))
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*) FROM pg_class WHERE oid = to_regclass($1)
         AND relkind IN ('r', 'p', 'v', 'm', 'f')",
    )
    .bind(name)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

async fn constraints(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT n.name, string_agg(a.attname::text, ', ' ORDER BY k.place)
          FROM (SELECT ic.relname::text AS name, i.indrelid AS relation, i.indkey::int2[] AS keys,
                       i.indnkeyatts::int AS count
                FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
                WHERE i.indisunique AND i.indexprs IS NULL AND i.indrelid = to_regclass($1)
                UNION ALL
                SELECT conname::text, conrelid, conkey, array_length(conkey, 1)
                FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass($1)) n
          CROSS JOIN LATERAL unnest(n.keys) WITH ORDINALITY AS k(number, place)
          JOIN pg_attribute a ON a.attrelid = n.relation AND a.attnum = k.number
          WHERE k.place <= n.count GROUP BY n.name",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Columns of a query's result by name and type: as those of a table of which nothing else is known.
pub(super) async fn result_columns(
    connection: &mut PgConnection,
    names: Vec<(String, Oid)>,
) -> Result<Vec<TableColumn>, sqlx::Error> {
    let types: Vec<Oid> = names.iter().map(|(_, id)| *id).collect();
    let query = format!(
        "WITH RECURSIVE start AS (
           SELECT place::int, type, false AS required, -1 AS modifier
           FROM unnest($1::oid[]) WITH ORDINALITY AS given(type, place)
         ),{CHAIN} SELECT * FROM types ORDER BY place"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).bind(types).fetch_all(connection).await?;
    let mut columns = Vec::with_capacity(rows.len());
    for (row, (name, _)) in rows.iter().zip(names) {
        let kind = type_row(row)?;
        let (codec, data_type) = kind.resolve();
        let base: String = row.try_get("base")?;
        columns.push(TableColumn {
            name,
            declared: row.try_get("spelled")?,
            collation: match collation(&kind, false, true) {
                Collation::Language => Collation::Loose,
                other => other,
            },
            codec,
            data_type,
            assigned: base.clone(),
            base,
            nullable: true,
            has_default: false,
            generated: false,
            primary: 0,
            builtin: kind.is_builtin(),
            sequence: None,
        });
    }
    Ok(columns)
}

/// The tables and views, the server's own and the ledger's left out.
pub(super) async fn entities(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT CASE WHEN pg_table_is_visible(c.oid) AND c.relname NOT LIKE 'mapper\_%'
                 THEN NULL ELSE n.nspname::text END, c.relname::text
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
            AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', $1)
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                            AND d.objid = c.oid AND d.deptype = 'e')",
    )
    .bind(LEDGER)
    .fetch_all(connection)
    .await?;
    let mut names = Vec::with_capacity(rows.len());
    for row in &rows {
        let schema: Option<String> = row.try_get(0)?;
        let table: String = row.try_get(1)?;
        names.push(Name::entity(schema.as_deref(), &table));
    }
    names.sort_unstable();
    Ok(names)
}

/// The whole shape of a table.
pub(super) async fn describe(
    connection: &mut PgConnection,
    entity: &str,
) -> Result<Option<Schema>, sqlx::Error> {
    let Some(table) = table(connection, entity).await? else { return Ok(None) };
    Ok(Some(Schema {
        foreign_keys: foreign_keys(connection, &table.from).await?,
        indexes: indexes(connection, &table.from).await?,
        ..table.schema()
    }))
}

async fn foreign_keys(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<ForeignKey>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT CASE WHEN pg_table_is_visible(c.confrelid) THEN NULL ELSE n.nspname::text END,
            r.relname::text,
            array(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(number, place)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY place),
            array(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(number, place)
              JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY place)
          FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid
            JOIN pg_namespace n ON n.oid = r.relnamespace
          WHERE c.contype = 'f' AND c.conrelid = to_regclass($1) AND c.conparentid = 0
          ORDER BY c.conname",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    let key = |row: &PgRow| {
        let schema: Option<String> = row.try_get(0)?;
        let table: String = row.try_get(1)?;
        Ok(ForeignKey {
            columns: row.try_get(2)?,
            table: Name::entity(schema.as_deref(), &table),
            references: row.try_get(3)?,
        })
    };
    rows.iter().map(key).collect()
}

/// The indexes of a table, the primary key's aside. One that covers only some records, or an
/// expression, makes no column unique.
async fn indexes(connection: &mut PgConnection, name: &str) -> Result<Vec<Index>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT ic.relname::text,
            i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid,
            array(SELECT coalesce(a.attname::text, '(expression)')
              FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
              LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
              WHERE k.place <= i.indnkeyatts ORDER BY k.place),
            array(SELECT (o.flags & 1) = 1 FROM unnest(i.indoption::int2[]) WITH ORDINALITY
              AS o(flags, place) ORDER BY o.place)
          FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
          WHERE i.indrelid = to_regclass($1) AND NOT i.indisprimary ORDER BY ic.relname",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    let mut indexes = Vec::with_capacity(rows.len());
    for row in &rows {
        let paths: Vec<String> = row.try_get(2)?;
        let descending: Vec<bool> = row.try_get(3)?;
        let keys = paths.into_iter().zip(descending);
        indexes.push(Index {
            name: row.try_get(0)?,
            keys: keys.map(|(path, descending)| IndexKey { path, descending }).collect(),
            unique: row.try_get(1)?,
        });
    }
    indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(indexes)
}
