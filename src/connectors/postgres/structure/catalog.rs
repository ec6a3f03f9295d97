//! The structure of tables out of the catalog, as the catalog spells it.

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use super::types;
use crate::connectors::postgres::name::{LEDGER, Name, quote};
use crate::value::IndexKey;
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnType, DefaultValue, EnumDefinition,
    ForeignKeyDefinition, IndexDefinition, IndexMethod, ReferentialAction, TableDefinition,
    UniqueDefinition,
};

/// All that makes a table; `None` when there is none of that name. A view is none.
pub(crate) async fn structure(
    connection: &mut PgConnection,
    entity: &str,
) -> Result<Option<TableDefinition>, sqlx::Error> {
    let name = Name::parse(entity).to_string();
    let row = sqlx::query(
        "SELECT obj_description(oid, 'pg_class') FROM pg_class
         WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')",
    )
    .bind(&name)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut table = TableDefinition {
        name: entity.to_owned(),
        comment: row.try_get(0)?,
        columns: columns(connection, &name).await?,
        indexes: indexes(connection, &name).await?,
        ..TableDefinition::default()
    };
    constraints(connection, &name, &mut table).await?;
    Ok(Some(table))
}

async fn columns(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<ColumnDefinition>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
            format_type(a.atttypid, NULL), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
            a.attidentity::text, a.attgenerated::text, col_description(a.attrelid, a.attnum),
            CASE WHEN t.typtype = 'e' THEN
              array(SELECT l.enumlabel::text FROM pg_enum l WHERE l.enumtypid = t.oid
                    ORDER BY l.enumsortorder) END,
            CASE WHEN pg_type_is_visible(t.oid) THEN NULL ELSE n.nspname::text END,
            t.typname::text,
            CASE WHEN a.attcollation <> t.typcollation THEN
              (SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co
               JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
            coalesce(pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)',
              pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass::text), false)
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            JOIN pg_namespace n ON n.oid = t.typnamespace
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
          ORDER BY a.attnum",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    rows.iter().map(column).collect()
}

fn column(row: &PgRow) -> Result<ColumnDefinition, sqlx::Error> {
    let spelled: String = row.try_get(1)?;
    let base: String = row.try_get(2)?;
    let expression: Option<String> = row.try_get(4)?;
    let identity: String = row.try_get(5)?;
    let generated = !row.try_get::<String, _>(6)?.is_empty();
    let values: Option<Vec<String>> = row.try_get(8)?;
    let schema: Option<String> = row.try_get(9)?;
    let collation: Option<String> = row.try_get(11)?;
    let column_type = match (values, collation, types::read(&spelled)) {
        (Some(values), ..) => {
            let type_name: String = row.try_get(10)?;
            let name = Name::entity(schema.as_deref(), &type_name);
            ColumnType::Enum(EnumDefinition { name, values })
        }
        (None, Some(collation), _) => ColumnType::Native(format!("{spelled} COLLATE {collation}")),
        (None, None, Some(data_type)) => ColumnType::Portable(data_type),
        (None, None, None) => ColumnType::Native(spelled),
    };
    let serial: bool = row.try_get(12)?;
    let default = match &expression {
        _ if !identity.is_empty() || serial => Some(DefaultValue::Identity),
        Some(text) if !generated => Some(types::read_default(text, &column_type, &base)),
        _ => None,
    };
    Ok(ColumnDefinition {
        name: row.try_get(0)?,
        column_type,
        nullable: row.try_get(3)?,
        default,
        generated: expression.filter(|_| generated),
        comment: row.try_get(7)?,
    })
}

async fn constraints(
    connection: &mut PgConnection,
    name: &str,
    table: &mut TableDefinition,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT c.contype::text, c.conname::text, pg_get_expr(c.conbin, c.conrelid),
            array(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(number, place)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY place),
            CASE WHEN pg_table_is_visible(c.confrelid) THEN NULL ELSE n.nspname::text END,
            r.relname::text,
            array(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(number, place)
              JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY place),
            c.confdeltype::text, c.confupdtype::text
          FROM pg_constraint c LEFT JOIN pg_class r ON r.oid = c.confrelid
            LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
          WHERE c.conrelid = to_regclass($1) AND c.contype IN ('p', 'u', 'f', 'c')
            AND c.conparentid = 0",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let kind: String = row.try_get(0)?;
        let name: String = row.try_get(1)?;
        let columns: Vec<String> = row.try_get(3)?;
        match kind.as_str() {
            "p" => table.primary_key = columns,
            "u" => table.unique.push(UniqueDefinition { name, columns }),
            "c" => table.checks.push(CheckDefinition { name, expression: row.try_get(2)? }),
            _ => {
                let schema: Option<String> = row.try_get(4)?;
                let other: String = row.try_get(5)?;
                table.foreign_keys.push(ForeignKeyDefinition {
                    name,
                    columns,
                    table: Name::entity(schema.as_deref(), &other),
                    references: row.try_get(6)?,
                    on_delete: action(&row.try_get::<String, _>(7)?),
                    on_update: action(&row.try_get::<String, _>(8)?),
                });
            }
        }
    }
    table.unique.sort_by(|a, b| a.name.cmp(&b.name));
    table.checks.sort_by(|a, b| a.name.cmp(&b.name));
    table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

fn action(letter: &str) -> ReferentialAction {
    match letter {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

/// The indexes that stand behind no constraint.
async fn indexes(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<IndexDefinition>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT ic.relname::text, am.amname::text, i.indisunique,
            pg_get_expr(i.indpred, i.indrelid), k.n > i.indnkeyatts, a.attname::text,
            pg_get_indexdef(i.indexrelid, k.n, false),
            coalesce(i.indoption[k.n - 1] & 1, 0) = 1, coalesce(i.indoption[k.n - 1] & 2, 0) = 2,
            CASE WHEN NOT oc.opcdefault THEN format('%I.%I', ocn.nspname, oc.opcname) END,
            CASE WHEN co.collname <> 'default' AND co.oid <> coalesce(a.attcollation, 0)
              THEN format('%I.%I', con.nspname, co.collname) END
          FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
            CROSS JOIN LATERAL generate_series(1, i.indnatts::int) AS k(n)
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n - 1]
            LEFT JOIN pg_opclass oc ON oc.oid = i.indclass[k.n - 1]
            LEFT JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace
            LEFT JOIN pg_collation co ON co.oid = i.indcollation[k.n - 1]
            LEFT JOIN pg_namespace con ON con.oid = co.collnamespace
          WHERE i.indrelid = to_regclass($1) AND NOT i.indisprimary
            AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid
                            AND c.contype IN ('p', 'u', 'x') AND c.conrelid = i.indrelid)
          ORDER BY i.indexrelid, k.n",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    let mut indexes: Vec<IndexDefinition> = Vec::new();
    for row in &rows {
        let name: String = row.try_get(0)?;
        if indexes.last().is_none_or(|last| last.name != name) {
            let method: String = row.try_get(1)?;
            indexes.push(IndexDefinition {
                name,
                keys: Vec::new(),
                unique: row.try_get(2)?,
                condition: row.try_get(3)?,
                method: match method.as_str() {
                    "btree" => IndexMethod::Ordered,
                    "gin" => IndexMethod::Contents,
                    _ => IndexMethod::Native(method),
                },
            });
        }
        if let Some(index) = indexes.last_mut() {
            index.keys.push(index_key(row)?);
        }
    }
    indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(indexes)
}

/// A key that is more than a column is what stands in the definition, beginning with a parenthesis.
fn index_key(row: &PgRow) -> Result<IndexKey, sqlx::Error> {
    let method: String = row.try_get(1)?;
    let included: bool = row.try_get(4)?;
    let column: Option<String> = row.try_get(5)?;
    let text: String = row.try_get(6)?;
    let descending: bool = row.try_get(7)?;
    let nulls_first: bool = row.try_get(8)?;
    let class: Option<String> = row.try_get(9)?;
    let collation: Option<String> = row.try_get(10)?;
    if included {
        let name = column.as_deref().map_or(text, quote);
        return Ok(IndexKey { path: format!("(INCLUDE {name})"), descending: false });
    }
    let nulls = method == "btree" && nulls_first != descending;
    if let (Some(column), None, None, false) = (&column, &class, &collation, nulls) {
        return Ok(IndexKey { path: column.clone(), descending });
    }
    let mut path = format!("({})", column.as_deref().map_or(text, quote));
    if let Some(collation) = collation {
        path.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(class) = class {
        path.push_str(&format!(" {class}"));
    }
    if !nulls {
        return Ok(IndexKey { path, descending });
    }
    path.push_str(if descending { " DESC NULLS LAST" } else { " NULLS FIRST" });
    Ok(IndexKey { path, descending: false })
}

/// The types with named values, extensions' own and the server's left out.
pub(crate) async fn enums(
    connection: &mut PgConnection,
) -> Result<Vec<EnumDefinition>, sqlx::Error> {
    let rows = sqlx::query(
        r"SELECT CASE WHEN pg_type_is_visible(t.oid) THEN NULL ELSE n.nspname::text END,
            t.typname::text,
            array(SELECT l.enumlabel::text FROM pg_enum l WHERE l.enumtypid = t.oid
                  ORDER BY l.enumsortorder)
          FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
          WHERE t.typtype = 'e' AND n.nspname NOT LIKE 'pg\_%'
            AND n.nspname NOT IN ('information_schema', $1)
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass
                            AND d.objid = t.oid AND d.deptype = 'e')",
    )
    .bind(LEDGER)
    .fetch_all(connection)
    .await?;
    let mut enums = Vec::with_capacity(rows.len());
    for row in &rows {
        let schema: Option<String> = row.try_get(0)?;
        let name: String = row.try_get(1)?;
        let name = Name::entity(schema.as_deref(), &name);
        enums.push(EnumDefinition { name, values: row.try_get(2)? });
    }
    enums.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(enums)
}

/// The extensions that were added to the database.
pub(crate) async fn extensions(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query("SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql'")
        .fetch_all(connection)
        .await?;
    let mut names = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    names.sort_unstable();
    Ok(names)
}

/// What is there beside tables, enums and extensions: what belongs to an extension aside.
pub(crate) async fn others(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(
        r"WITH schemas AS (
            SELECT oid FROM pg_namespace
            WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', $1)
          ),
          things AS (
            SELECT 'pg_trigger'::regclass AS class, t.oid,
              format('trigger `%s` of `%s`', t.tgname, c.relname) AS told
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND c.relnamespace IN (SELECT oid FROM schemas)
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid,
              format('%s `%s`', CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
                ELSE 'function' END, p.proname)
            FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM schemas)
            UNION ALL
            SELECT 'pg_constraint'::regclass, k.oid,
              format('exclusion constraint `%s` of `%s`', k.conname, c.relname)
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            WHERE k.contype = 'x' AND c.relnamespace IN (SELECT oid FROM schemas)
            UNION ALL
            SELECT 'pg_constraint'::regclass, k.oid,
              format('that constraint `%s` of `%s` is deferrable', k.conname, c.relname)
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            WHERE k.condeferrable AND c.relnamespace IN (SELECT oid FROM schemas)
            UNION ALL
            SELECT 'pg_rewrite'::regclass, r.oid, format('rule `%s` of `%s`', r.rulename, c.relname)
            FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
            WHERE r.rulename <> '_RETURN' AND c.relnamespace IN (SELECT oid FROM schemas)
            UNION ALL
            SELECT 'pg_policy'::regclass, y.oid, format('policy `%s` of `%s`', y.polname, c.relname)
            FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid
            UNION ALL
            SELECT 'pg_class'::regclass, c.oid, format('sequence `%s`', c.relname)
            FROM pg_class c
            WHERE c.relkind = 'S' AND c.relnamespace IN (SELECT oid FROM schemas)
              AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                              AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
            UNION ALL
            SELECT 'pg_class'::regclass, c.oid,
              format('that `%s` is divided into partitions', c.relname)
            FROM pg_class c WHERE c.relkind = 'p' AND c.relnamespace IN (SELECT oid FROM schemas)
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid, format('domain `%s`', t.typname)
            FROM pg_type t WHERE t.typtype = 'd' AND t.typnamespace IN (SELECT oid FROM schemas)
          )
          SELECT told FROM things
          WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = things.class
                            AND d.objid = things.oid AND d.deptype = 'e')",
    )
    .bind(LEDGER)
    .fetch_all(connection)
    .await?;
    let mut told = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    told.sort_unstable();
    Ok(told)
}
