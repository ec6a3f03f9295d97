//! The structure of tables out of the catalog, as the catalog spells it.

use sqlx::mysql::{MySqlConnection, MySqlRow};

use super::super::catalog::{json_columns, of_table, primary_key, rows};
use super::super::codec::{optional_text, plain_text, quoted};
use super::super::config::Server;
use super::INDEX;
use super::types::{self, Found};
use crate::value::IndexKey;
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, DefaultValue, ForeignKeyDefinition, IndexDefinition,
    IndexMethod, ReferentialAction, TableDefinition, UniqueDefinition,
};

/// All that makes a table; `None` when there is none of that name. A view is none.
pub(in crate::connectors::mysql) async fn structure(
    connection: &mut MySqlConnection,
    entity: &str,
    server: Server,
) -> Result<Option<TableDefinition>, sqlx::Error> {
    let sql = format!(
        "SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE {} \
         AND TABLE_TYPE = 'BASE TABLE'",
        of_table(entity)
    );
    let found = rows(connection, sql).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let json = if server.mariadb { json_columns(connection, entity).await? } else { Vec::new() };
    let mut table = TableDefinition {
        name: entity.to_owned(),
        comment: Some(plain_text(row, 0)).filter(|comment| !comment.is_empty()),
        columns: columns(connection, entity, server, &json).await?,
        primary_key: primary_key(connection, entity).await?,
        foreign_keys: foreign_keys(connection, entity).await?,
        checks: checks(connection, entity, server, &json).await?,
        ..TableDefinition::default()
    };
    keys(connection, entity, &mut table).await?;
    Ok(Some(table))
}

async fn columns(
    connection: &mut MySqlConnection,
    entity: &str,
    server: Server,
    json: &[String],
) -> Result<Vec<ColumnDefinition>, sqlx::Error> {
    let sql = format!(
        "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, CHARACTER_SET_NAME, \
         COLLATION_NAME, GENERATION_EXPRESSION, COLUMN_COMMENT FROM information_schema.COLUMNS \
         WHERE {} ORDER BY ORDINAL_POSITION",
        of_table(entity)
    );
    let found = rows(connection, sql).await?;
    let column = |row: &MySqlRow| {
        let name = plain_text(row, 0);
        let spelled = plain_text(row, 1);
        let is_json = json.contains(&name);
        let (charset, collation) = (optional_text(row, 5), optional_text(row, 6));
        let column_type = types::read(
            &Found {
                name: &name,
                declared: if is_json { "json" } else { &spelled },
                charset: charset.as_deref().filter(|_| !is_json),
                collation: collation.as_deref().filter(|_| !is_json),
            },
            server,
        );
        let extra = plain_text(row, 4).to_ascii_lowercase();
        let computed = extra.contains("default_generated");
        let generated = optional_text(row, 7).filter(|text| !text.is_empty());
        let default = match optional_text(row, 3) {
            _ if extra.contains("auto_increment") => Some(DefaultValue::Identity),
            Some(text) if generated.is_none() => {
                types::read_default(&text, &column_type, server, computed)
            }
            _ => None,
        };
        ColumnDefinition {
            nullable: plain_text(row, 2) == "YES",
            comment: Some(plain_text(row, 8)).filter(|comment| !comment.is_empty()),
            name,
            column_type,
            default,
            generated,
        }
    };
    Ok(found.iter().map(column).collect())
}

async fn checks(
    connection: &mut MySqlConnection,
    entity: &str,
    server: Server,
    json: &[String],
) -> Result<Vec<CheckDefinition>, sqlx::Error> {
    let sql = if server.mariadb {
        format!(
            "SELECT CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS \
             WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = {}",
            quoted(entity)
        )
    } else if server.version >= (8, 0) {
        format!(
            "SELECT c.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS c \
             JOIN information_schema.TABLE_CONSTRAINTS t USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME) \
             WHERE c.CONSTRAINT_SCHEMA = DATABASE() AND t.TABLE_NAME = {}",
            quoted(entity)
        )
    } else {
        return Ok(Vec::new());
    };
    let found = rows(connection, sql).await?;
    let check = |row: &MySqlRow| CheckDefinition {
        name: plain_text(row, 0),
        expression: plain_text(row, 1),
    };
    let mut checks: Vec<CheckDefinition> = found.iter().map(check).collect();
    // The check of a column of JSON is part of its type.
    checks.retain(|check| !json.contains(&check.name));
    checks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(checks)
}

async fn foreign_keys(
    connection: &mut MySqlConnection,
    entity: &str,
) -> Result<Vec<ForeignKeyDefinition>, sqlx::Error> {
    let sql = format!(
        "SELECT k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_NAME, \
         k.REFERENCED_COLUMN_NAME, \
         IF(k.REFERENCED_TABLE_SCHEMA = k.TABLE_SCHEMA, NULL, k.REFERENCED_TABLE_SCHEMA), \
         r.DELETE_RULE, r.UPDATE_RULE \
         FROM (SELECT * FROM information_schema.KEY_COLUMN_USAGE WHERE {} \
           AND REFERENCED_TABLE_NAME IS NOT NULL) k \
         JOIN information_schema.REFERENTIAL_CONSTRAINTS r \
           ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME \
           AND r.TABLE_NAME = k.TABLE_NAME \
         ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
        of_table(entity)
    );
    let mut keys: Vec<ForeignKeyDefinition> = Vec::new();
    for row in &rows(connection, sql).await? {
        let name = plain_text(row, 0);
        if keys.last().is_none_or(|last| last.name != name) {
            let table = plain_text(row, 2);
            keys.push(ForeignKeyDefinition {
                name,
                columns: Vec::new(),
                table: match optional_text(row, 4) {
                    Some(schema) => format!("{schema}.{table}"),
                    None => table,
                },
                references: Vec::new(),
                on_delete: action(&plain_text(row, 5)),
                on_update: action(&plain_text(row, 6)),
            });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(plain_text(row, 1));
            key.references.push(plain_text(row, 3));
        }
    }
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(keys)
}

fn action(rule: &str) -> ReferentialAction {
    match rule {
        "RESTRICT" => ReferentialAction::Restrict,
        "CASCADE" => ReferentialAction::Cascade,
        "SET NULL" => ReferentialAction::SetNull,
        "SET DEFAULT" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

/// Unique constraints and indexes. To the server they are one; an index that was declared as such
/// says so in its comment. The index that a foreign key brings along belongs to it.
async fn keys(
    connection: &mut MySqlConnection,
    entity: &str,
    table: &mut TableDefinition,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT INDEX_NAME, NON_UNIQUE, COLUMN_NAME, COLLATION, SUB_PART, INDEX_TYPE, \
         INDEX_COMMENT FROM information_schema.STATISTICS WHERE {} AND INDEX_NAME <> 'PRIMARY' \
         ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        of_table(entity)
    );
    let mut found: Vec<(IndexDefinition, bool)> = Vec::new();
    for row in &rows(connection, sql).await? {
        let name = plain_text(row, 0);
        if found.last().is_none_or(|(last, _)| last.name != name) {
            let method = plain_text(row, 5).to_ascii_lowercase();
            found.push((
                IndexDefinition {
                    name,
                    keys: Vec::new(),
                    unique: plain_text(row, 1) == "0",
                    condition: None,
                    // Unique columns without a bound are kept as hashes.
                    method: match method.as_str() {
                        "btree" | "hash" => IndexMethod::Ordered,
                        _ => IndexMethod::Native(method),
                    },
                },
                plain_text(row, 6) == INDEX,
            ));
        }
        let Some((index, plain)) = found.last_mut() else { continue };
        let descending = plain_text(row, 3) == "D";
        let path = match (optional_text(row, 2), optional_text(row, 4)) {
            (Some(column), None) => column,
            (Some(column), Some(length)) if length == super::PREFIX.to_string() => column,
            (Some(column), Some(length)) => {
                *plain = true;
                format!("({}({length}))", super::super::catalog::quote(&column))
            }
            (None, _) => {
                *plain = true;
                "(expression)".to_owned()
            }
        };
        *plain |= descending;
        index.keys.push(IndexKey { path, descending });
    }
    for (index, plain) in found {
        let columns: Vec<String> = index.keys.iter().map(|key| key.path.clone()).collect();
        let of_foreign_key = table
            .foreign_keys
            .iter()
            .any(|key| key.name == index.name && columns.starts_with(&key.columns));
        if index.unique && !plain {
            table.unique.push(UniqueDefinition { name: index.name, columns });
        } else if !of_foreign_key {
            table.indexes.push(index);
        }
    }
    table.unique.sort_by(|a, b| a.name.cmp(&b.name));
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

/// What is there beside tables.
pub(in crate::connectors::mysql) async fn others(
    connection: &mut MySqlConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = "SELECT CONCAT('trigger `', TRIGGER_NAME, '` of `', EVENT_OBJECT_TABLE, '`') \
         FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() \
         UNION ALL SELECT CONCAT(LOWER(ROUTINE_TYPE), ' `', ROUTINE_NAME, '`') \
         FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() \
         UNION ALL SELECT CONCAT('event `', EVENT_NAME, '`') \
         FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1";
    let found = rows(connection, sql.to_owned()).await?;
    Ok(found.iter().map(|row| plain_text(row, 0)).collect())
}
