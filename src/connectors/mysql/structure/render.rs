//! Changes of structure as statements, one for each, since each commits by itself.

use super::super::catalog::quote;
use super::super::codec::quoted;
use super::super::config::Server;
use super::INDEX;
use super::types::{declared, default_text, replaced};
use crate::value::DataType;
use crate::value::structure::{
    ColumnDefinition, ColumnType, DefaultValue, ForeignKeyDefinition, IndexDefinition, IndexMethod,
    ReferentialAction, RenderedChange, StructureChange, TableDefinition,
};

/// Characters of a text in a key, of those that the columns of one index have together.
const IN_KEY: u32 = 255;

/// What the server does for a change.
///
/// # Errors
/// When it can't do it.
pub(in crate::connectors::mysql) fn render(
    change: &StructureChange,
    server: Server,
) -> Result<RenderedChange, String> {
    use StructureChange as C;
    Ok(match change {
        C::CreateExtension { name } => {
            differs(format!("MySQL and MariaDB have no extension `{name}`"))
        }
        C::CreateEnum(definition) => {
            differs(format!("enum `{}` is an ENUM of each column that has it", definition.name))
        }
        // An enum is part of its columns, which AlterColumn changes.
        C::DropExtension { .. }
        | C::RenameEnum { .. }
        | C::AddEnumValue { .. }
        | C::RemoveEnumValues { .. }
        | C::DropEnum(_) => RenderedChange { differences: Vec::new(), ..differs(String::new()) },
        C::CreateTable(table) => create_table(table, server)?,
        C::DropTable(table) => RenderedChange {
            loses: Some(format!("the rows of `{}`", table.name)),
            ..one(format!("DROP TABLE {}", quote(&table.name)), short(&table.name))
        },
        C::RenameTable { from, to } => {
            one(format!("RENAME TABLE {} TO {}", quote(from), quote(to)), short(from))
        }
        C::AddColumn { table, column } => {
            let copies = column.generated.is_some()
                || matches!(
                    column.default,
                    Some(DefaultValue::Uuid | DefaultValue::Identity | DefaultValue::Expression(_))
                );
            RenderedChange {
                differences: of_column(column, server),
                ..one(
                    alter(table, &format!("ADD COLUMN {}", column_text(column, server))),
                    if copies { copied(table) } else { short(table) },
                )
            }
        }
        C::DropColumn { table, column } => RenderedChange {
            loses: column
                .generated
                .is_none()
                .then(|| format!("the values of `{table}`.`{}`", column.name)),
            ..one(alter(table, &format!("DROP COLUMN {}", quote(&column.name))), copied(table))
        },
        C::RenameColumn { table, from, to } => one(
            alter(table, &format!("RENAME COLUMN {} TO {}", quote(from), quote(to))),
            short(table),
        ),
        C::AlterColumn { table, before, after } => {
            if before.generated != after.generated {
                return Err(format!(
                    "the server does not change how `{table}`.`{}` is computed; drop it and add it",
                    after.name
                ));
            }
            let only_words = ColumnDefinition { comment: None, default: None, ..before.clone() }
                == ColumnDefinition { comment: None, default: None, ..after.clone() };
            RenderedChange {
                differences: of_column(after, server),
                ..one(
                    alter(table, &format!("MODIFY COLUMN {}", column_text(after, server))),
                    if only_words { short(table) } else { copied(table) },
                )
            }
        }
        C::SetPrimaryKey { table, before, after } => {
            let mut parts = Vec::new();
            if !before.is_empty() {
                parts.push("DROP PRIMARY KEY".to_owned());
            }
            if !after.is_empty() {
                parts.push(format!("ADD PRIMARY KEY ({})", list(after)));
            }
            one(alter(table, &parts.join(", ")), copied(table))
        }
        C::AddUnique { table, unique } => one(
            alter(
                table,
                &format!(
                    "ADD CONSTRAINT {} UNIQUE ({})",
                    quote(&unique.name),
                    list(&unique.columns)
                ),
            ),
            read_once(table),
        ),
        C::DropUnique { table, unique } => {
            one(alter(table, &format!("DROP INDEX {}", quote(&unique.name))), short(table))
        }
        C::AddForeignKey { table, key } => one(
            alter(table, &format!("ADD {}", foreign_key(key)?)),
            format!("writes to `{table}` wait while it is copied"),
        ),
        C::DropForeignKey { table, key } => {
            let name = quote(&key.name);
            // The index that it brought along goes with it.
            let index = if server.mariadb {
                format!(", DROP INDEX IF EXISTS {name}")
            } else {
                String::new()
            };
            one(alter(table, &format!("DROP FOREIGN KEY {name}{index}")), short(table))
        }
        C::AddCheck { table, check } => one(
            alter(
                table,
                &format!("ADD CONSTRAINT {} CHECK ({})", quote(&check.name), check.expression),
            ),
            copied(table),
        ),
        C::DropCheck { table, check } => {
            one(alter(table, &format!("DROP CONSTRAINT {}", quote(&check.name))), short(table))
        }
        C::CreateIndex { table, index } => match left_out(index) {
            Some(why) => differs(why),
            None => RenderedChange {
                differences: index
                    .condition
                    .iter()
                    .map(|condition| {
                        format!(
                            "index `{}` covers all rows, not only those where {condition}",
                            index.name
                        )
                    })
                    .collect(),
                ..one(create_index(table, index, &|_| false), read_once(table))
            },
        },
        C::DropIndex { table, index } => {
            one(format!("DROP INDEX {} ON {}", quote(&index.name), quote(table)), short(table))
        }
        C::CommentTable { table, after, .. } => {
            let comment = quoted(after.as_deref().unwrap_or_default());
            one(alter(table, &format!("COMMENT = {comment}")), short(table))
        }
    })
}

fn one(statement: String, locks: String) -> RenderedChange {
    RenderedChange { statements: vec![statement], locks, loses: None, differences: Vec::new() }
}

fn differs(difference: String) -> RenderedChange {
    RenderedChange {
        statements: Vec::new(),
        locks: "nothing".to_owned(),
        loses: None,
        differences: vec![difference],
    }
}

fn short(table: &str) -> String {
    format!("`{table}`, for a moment")
}

fn copied(table: &str) -> String {
    format!("writes to `{table}` wait while it is copied")
}

fn read_once(table: &str) -> String {
    format!("`{table}`, for a moment before and after it is read once; reads and writes go on")
}

fn alter(table: &str, what: &str) -> String {
    format!("ALTER TABLE {} {what}", quote(table))
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
}

/// Why an index is not made.
pub(super) fn left_out(index: &IndexDefinition) -> Option<String> {
    match &index.method {
        IndexMethod::Contents => Some(format!(
            "index `{}` is left out: the server has no index of what is inside a document",
            index.name
        )),
        _ if index.unique && index.condition.is_some() => Some(format!(
            "index `{}` is left out: the server has no index of some rows, and of all rows it \
             would forbid more",
            index.name
        )),
        _ => None,
    }
}

fn of_column(column: &ColumnDefinition, server: Server) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(text) = replaced(&column.column_type, server) {
        all.push(format!("column `{}`: {text}", column.name));
    }
    if column.default == Some(DefaultValue::Uuid) {
        all.push(format!("column `{}`: the default is UUID(), of version 1", column.name));
    }
    if let Some(generated) = column.generated.as_ref().filter(|_| !column.nullable) {
        all.push(format!("column `{}`: it may be null, where {generated} is", column.name));
    }
    all
}

/// A column as it stands in CREATE TABLE.
fn column_text(column: &ColumnDefinition, server: Server) -> String {
    column_of(column, &declared(&column.column_type, server), server)
}

fn column_of(column: &ColumnDefinition, declared: &str, server: Server) -> String {
    let mut text = format!("{} {declared}", quote(&column.name));
    if let Some(expression) = &column.generated {
        text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
    } else {
        text.push_str(if column.nullable { " NULL" } else { " NOT NULL" });
        match &column.default {
            Some(DefaultValue::Identity) => text.push_str(" AUTO_INCREMENT"),
            Some(default) => {
                if let Some(default) = default_text(default, &column.column_type, server) {
                    text.push_str(&format!(" DEFAULT {default}"));
                }
            }
            None => {}
        }
    }
    if let Some(comment) = &column.comment {
        text.push_str(&format!(" COMMENT {}", quoted(comment)));
    }
    text
}

fn create_table(table: &TableDefinition, server: Server) -> Result<RenderedChange, String> {
    let mut differences = Vec::new();
    let mut parts = Vec::new();
    for column in &table.columns {
        let name = &column.name;
        let in_key = table.primary_key.contains(name)
            || table.unique.iter().any(|unique| unique.columns.contains(name))
            || table.foreign_keys.iter().any(|key| key.columns.contains(name));
        // What has no bound can't be in a key.
        let unbounded = matches!(
            &column.column_type,
            ColumnType::Portable(DataType::Text { length: None } | DataType::Any)
        );
        let mut type_text = declared(&column.column_type, server);
        if in_key && unbounded {
            type_text = type_text.replacen("LONGTEXT", &format!("VARCHAR({IN_KEY})"), 1);
            differences.push(format!("column `{name}`: in a key text is VARCHAR({IN_KEY})"));
        }
        parts.push(column_of(column, &type_text, server));
        differences.extend(of_column(column, server));
    }
    if !table.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", list(&table.primary_key)));
    }
    for unique in &table.unique {
        let columns = list(&unique.columns);
        parts.push(format!("CONSTRAINT {} UNIQUE ({columns})", quote(&unique.name)));
    }
    for check in &table.checks {
        parts.push(format!("CONSTRAINT {} CHECK ({})", quote(&check.name), check.expression));
    }
    for key in &table.foreign_keys {
        parts.push(foreign_key(key)?);
    }
    let comment =
        table.comment.as_ref().map_or_else(String::new, |it| format!(" COMMENT = {}", quoted(it)));
    let statement = format!(
        "CREATE TABLE {} (\n  {}\n) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET \
         utf8mb4 COLLATE {}{comment}",
        quote(&table.name),
        parts.join(",\n  "),
        server.exact_collation()
    );
    Ok(RenderedChange { differences, ..one(statement, "nothing that is in use".to_owned()) })
}

fn foreign_key(key: &ForeignKeyDefinition) -> Result<String, String> {
    if key.references.is_empty() {
        return Err(format!("foreign key `{}` names no columns of `{}`", key.name, key.table));
    }
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        quote(&key.name),
        list(&key.columns),
        quote(&key.table),
        list(&key.references)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            ReferentialAction::NoAction => "NO ACTION",
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => {
                return Err(format!(
                    "foreign key `{}`: the server does not set columns to their defaults",
                    key.name
                ));
            }
        };
        text.push_str(&format!(" ON {event} {action}"));
    }
    Ok(text)
}

/// The statement that makes an index. `is_long` tells the columns of which it takes the beginning.
pub(super) fn create_index(
    table: &str,
    index: &IndexDefinition,
    is_long: &dyn Fn(&str) -> bool,
) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            // What begins with a parenthesis is the beginning of a column.
            let path = match key.path.strip_prefix('(').and_then(|path| path.strip_suffix(')')) {
                Some(path) => path.to_owned(),
                None if is_long(&key.path) && !index.unique => {
                    format!("{}({})", quote(&key.path), super::PREFIX)
                }
                None => quote(&key.path),
            };
            format!("{path}{}", if key.descending { " DESC" } else { "" })
        })
        .collect();
    let kind = match &index.method {
        IndexMethod::Native(method) => format!("{} ", method.to_uppercase()),
        _ if index.unique => "UNIQUE ".to_owned(),
        _ => String::new(),
    };
    // Otherwise it would be taken for a unique constraint.
    let comment = if index.unique { format!(" COMMENT {}", quoted(INDEX)) } else { String::new() };
    format!(
        "CREATE {kind}INDEX {} ON {} ({}){comment}",
        quote(&index.name),
        quote(table),
        keys.join(", ")
    )
}
