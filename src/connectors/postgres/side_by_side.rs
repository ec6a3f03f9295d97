//! Whether transactions can insert rows into a table at the same time as if it were one.

use sqlx::postgres::PgConnection;

use super::config::Server;
use super::name::Name;
use crate::connectors::StoreError;

/// Defaults that call a function and give the same in any order of rows.
const ORDERLESS_DEFAULTS: &[&str] = &[
    "now()",
    "clock_timestamp()",
    "statement_timestamp()",
    "transaction_timestamp()",
    "gen_random_uuid()",
];

/// Whether they can: each statement sees what was committed before it, nothing but plain unique indexes
/// compares rows, no trigger, and no function but PostgreSQL's own, sees them, and what the server
/// fills in does not depend on the order. Domains, which hide checks and defaults, are not looked into.
pub(super) async fn allows(
    connection: &mut PgConnection,
    entity: &str,
    columns: &[&str],
    server: &Server,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT current_setting('transaction_isolation') = 'read committed' AND c.relkind = 'r'
           AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
             AND (i.indisexclusion
               OR i.indisunique AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)))
           AND NOT EXISTS (SELECT FROM pg_constraint f
             WHERE f.conrelid = c.oid AND f.confrelid = c.oid)
           AND NOT EXISTS (SELECT FROM pg_constraint k
             JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
             WHERE k.conrelid = c.oid AND k.contype = 'c'
               AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass))
           AND NOT EXISTS (SELECT FROM pg_attribute a
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             JOIN pg_type t ON t.oid = a.atttypid
             LEFT JOIN pg_type e ON e.oid = t.typelem
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND (t.oid >= 16384 AND t.typtype NOT IN ('b', 'e') OR e.typtype IN ('d', 'c')
                 OR a.attgenerated <> '' AND EXISTS (SELECT FROM pg_depend p
                   WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                     AND p.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass))
                 OR a.attgenerated = '' AND a.attname <> ALL ($2)
                   AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%(%'
                     AND pg_get_expr(d.adbin, d.adrelid) <> ALL ($3))))
         FROM pg_class c WHERE c.oid = to_regclass($1)",
    )
    .bind(Name::parse(entity).to_string())
    .bind(columns)
    .bind(ORDERLESS_DEFAULTS)
    .fetch_optional(connection)
    .await
    .map(|answer| answer.unwrap_or(false))
    .map_err(|e| server.error(&e))
}
