//! Changes of structure as statements. SQLite changes little of a table that is there; the rest is
//! done by making the table anew (`rebuild.rs`).

use super::parse::{Clause, Kind};
use super::types::{declared, default_text, literal, replaced};
use crate::connectors::sqlite::catalog::quote;
use crate::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnType, DefaultValue, ForeignKeyDefinition,
    IndexDefinition, IndexMethod, ReferentialAction, RenderedChange, StructureChange,
    TableDefinition, UniqueDefinition,
};

const SHORT: &str = "the file, for writing, for a moment";

/// How a change is made.
pub(super) enum Way {
    /// With statements of SQLite.
    Statements(Vec<String>),
    /// By making the table anew; what is new of it.
    Rebuild(String, String),
    /// There is nothing to do.
    Nothing,
}

/// How SQLite makes a change.
pub(super) fn way(change: &StructureChange) -> Way {
    use StructureChange as C;
    let rebuild = |table: &str, what: String| Way::Rebuild(table.to_owned(), what);
    let one = |statement: String| Way::Statements(vec![statement]);
    match change {
        // An enum is a check of each of its columns, which AlterColumn changes.
        C::CreateExtension { .. }
        | C::DropExtension { .. }
        | C::CreateEnum(_)
        | C::RenameEnum { .. }
        | C::AddEnumValue { .. }
        | C::RemoveEnumValues { .. }
        | C::DropEnum(_)
        | C::CommentTable { .. } => Way::Nothing,
        C::CreateTable(table) => one(create_table(table)),
        C::DropTable(table) => one(format!("DROP TABLE {}", quote(&table.name))),
        C::RenameTable { from, to } => {
            one(format!("ALTER TABLE {} RENAME TO {}", quote(from), quote(to)))
        }
        C::AddColumn { table, column } if can_be_added(column) => {
            one(format!("ALTER TABLE {} ADD COLUMN {}", quote(table), column_text(column, false)))
        }
        C::AddColumn { table, column } => rebuild(table, column_text(column, false)),
        C::DropColumn { table, column } => {
            one(format!("ALTER TABLE {} DROP COLUMN {}", quote(table), quote(&column.name)))
        }
        C::RenameColumn { table, from, to } => one(format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            quote(table),
            quote(from),
            quote(to)
        )),
        C::AlterColumn { before, after, .. } if same(before, after) => Way::Nothing,
        C::AlterColumn { table, after, .. } => rebuild(table, column_text(after, false)),
        C::SetPrimaryKey { table, after, .. } => {
            let none = "/* no PRIMARY KEY */".to_owned();
            rebuild(table, if after.is_empty() { none } else { primary_key(after) })
        }
        C::AddUnique { table, unique } => rebuild(table, unique_text(unique)),
        C::AddCheck { table, check } => rebuild(table, check_text(check)),
        C::AddForeignKey { table, key } => rebuild(table, foreign_key_text(key)),
        C::DropUnique { table, unique: UniqueDefinition { name, .. } }
        | C::DropCheck { table, check: CheckDefinition { name, .. } }
        | C::DropForeignKey { table, key: ForeignKeyDefinition { name, .. } } => {
            rebuild(table, format!("/* no CONSTRAINT {} */", quote(name)))
        }
        C::CreateIndex { index, .. } if index.method != IndexMethod::Ordered => Way::Nothing,
        C::CreateIndex { table, index } => one(create_index(table, index)),
        C::DropIndex { index, .. } if index.method != IndexMethod::Ordered => Way::Nothing,
        C::DropIndex { index, .. } => one(format!("DROP INDEX {}", quote(&index.name))),
    }
}

/// What SQLite does for a change.
pub(in crate::connectors::sqlite) fn render(change: &StructureChange) -> RenderedChange {
    let (statements, locks) = match way(change) {
        Way::Statements(statements) => (statements, SHORT.to_owned()),
        Way::Nothing => (Vec::new(), "nothing".to_owned()),
        Way::Rebuild(table, what) => {
            let (old, new) = (quote(&table), quote(&format!("mapper_new_{table}")));
            let statements = vec![
                format!("CREATE TABLE {new} (/* all of {old}, and */ {what})"),
                format!("INSERT INTO {new} SELECT /* its columns */ FROM {old}"),
                format!("DROP TABLE {old}"),
                format!("ALTER TABLE {new} RENAME TO {old} /* with its indexes and triggers */"),
            ];
            (statements, format!("the file, for writing, while `{table}` is copied"))
        }
    };
    RenderedChange { statements, locks, loses: loses(change), differences: differences(change) }
}

fn loses(change: &StructureChange) -> Option<String> {
    match change {
        StructureChange::DropTable(table) => Some(format!("the rows of `{}`", table.name)),
        StructureChange::DropColumn { table, column } if column.generated.is_none() => {
            Some(format!("the values of `{table}`.`{}`", column.name))
        }
        _ => None,
    }
}

fn differences(change: &StructureChange) -> Vec<String> {
    use StructureChange as C;
    match change {
        C::CreateExtension { name } => vec![format!("SQLite has no extension `{name}`")],
        C::CreateEnum(definition) => {
            vec![format!("enum `{}` is TEXT with a CHECK where it is used", definition.name)]
        }
        C::CreateTable(table) => {
            let mut all: Vec<String> = table.columns.iter().flat_map(of_column).collect();
            if table.comment.is_some() {
                all.push(no_comment(&table.name));
            }
            all
        }
        C::AddColumn { column, .. } | C::AlterColumn { after: column, .. } => of_column(column),
        C::CommentTable { table, after: Some(_), .. } => vec![no_comment(table)],
        C::CreateIndex { index, .. } if index.method != IndexMethod::Ordered => vec![format!(
            "index `{}` is left out: SQLite has no index of what is inside a value",
            index.name
        )],
        _ => Vec::new(),
    }
}

fn of_column(column: &ColumnDefinition) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(text) = replaced(&column.column_type) {
        all.push(format!("column `{}`: {text}", column.name));
    }
    if column.comment.is_some() {
        all.push(no_comment(&column.name));
    }
    all
}

fn no_comment(of: &str) -> String {
    format!("the comment of `{of}` is in the spec only")
}

/// Whether two columns are one to SQLite, which has no comments.
fn same(before: &ColumnDefinition, after: &ColumnDefinition) -> bool {
    let plain = |column: &ColumnDefinition| ColumnDefinition { comment: None, ..column.clone() };
    plain(before) == plain(after)
}

/// Whether rows that are there can be given the column without being written.
fn can_be_added(column: &ColumnDefinition) -> bool {
    let constant = matches!(
        column.default,
        Some(
            DefaultValue::Text(_)
                | DefaultValue::Number(_)
                | DefaultValue::Boolean(_)
                | DefaultValue::Json(_)
        )
    );
    column.generated.is_none() && (constant || (column.default.is_none() && column.nullable))
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
}

pub(super) fn primary_key(columns: &[String]) -> String {
    format!("PRIMARY KEY ({})", list(columns))
}

pub(super) fn unique_text(unique: &UniqueDefinition) -> String {
    format!("CONSTRAINT {} UNIQUE ({})", quote(&unique.name), list(&unique.columns))
}

pub(super) fn check_text(check: &CheckDefinition) -> String {
    format!("CONSTRAINT {} CHECK ({})", quote(&check.name), check.expression)
}

pub(super) fn foreign_key_text(key: &ForeignKeyDefinition) -> String {
    let references = match key.references.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", list(columns)),
    };
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}{references}",
        quote(&key.name),
        list(&key.columns),
        quote(&key.table)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            ReferentialAction::NoAction => continue,
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        };
        text.push_str(&format!(" ON {event} {action}"));
    }
    text
}

/// What a column has besides name and type. `identity` says that it numbers the rows by itself,
/// which only the whole primary key can.
pub(super) fn clauses(column: &ColumnDefinition, identity: bool) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut push = |name: Option<&str>, kind: Kind, text: String| {
        let text = match name {
            Some(name) => format!("CONSTRAINT {} {text}", quote(name)),
            None => text,
        };
        clauses.push(Clause { name: name.map(str::to_owned), kind, text });
    };
    if identity {
        let kind = Kind::PrimaryKey { columns: Vec::new(), autoincrement: true };
        push(None, kind, "PRIMARY KEY AUTOINCREMENT".to_owned());
    }
    if let Some(expression) = &column.generated {
        let kind = Kind::Generated { expression: expression.clone() };
        push(None, kind, format!("GENERATED ALWAYS AS ({expression}) STORED"));
    } else if let Some(default) = &column.default
        && let Some(text) = default_text(default, &column.column_type)
    {
        push(None, Kind::Default { text: text.clone() }, format!("DEFAULT {text}"));
    }
    if !column.nullable {
        push(None, Kind::NotNull, "NOT NULL".to_owned());
    }
    if let ColumnType::Enum(definition) = &column.column_type {
        let values: Vec<String> = definition.values.iter().map(|value| literal(value)).collect();
        let expression = format!("{} IN ({})", quote(&column.name), values.join(", "));
        let kind = Kind::Check { expression: expression.clone() };
        push(Some(&definition.name), kind, format!("CHECK ({expression})"));
    }
    clauses
}

/// The type of a column; one that numbers the rows has to be INTEGER.
pub(super) fn declared_type(column: &ColumnDefinition, identity: bool) -> String {
    if identity { "INTEGER".to_owned() } else { declared(&column.column_type) }
}

fn column_text(column: &ColumnDefinition, identity: bool) -> String {
    let mut text = quote(&column.name);
    let declared = declared_type(column, identity);
    if !declared.is_empty() {
        text.push_str(&format!(" {declared}"));
    }
    for clause in clauses(column, identity) {
        text.push_str(&format!(" {}", clause.text));
    }
    text
}

/// Whether a column numbers the rows of its table.
pub(super) fn is_identity(column: &ColumnDefinition, primary_key: &[String]) -> bool {
    column.default == Some(DefaultValue::Identity) && *primary_key == [column.name.clone()]
}

fn create_table(table: &TableDefinition) -> String {
    let is_identity = |column: &ColumnDefinition| is_identity(column, &table.primary_key);
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| column_text(column, is_identity(column))).collect();
    if !table.primary_key.is_empty() && !table.columns.iter().any(is_identity) {
        parts.push(primary_key(&table.primary_key));
    }
    parts.extend(table.unique.iter().map(unique_text));
    parts.extend(table.checks.iter().map(check_text));
    parts.extend(table.foreign_keys.iter().map(foreign_key_text));
    format!("CREATE TABLE {} (\n  {}\n)", quote(&table.name), parts.join(",\n  "))
}

fn create_index(table: &str, index: &IndexDefinition) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            // What begins with a parenthesis is an expression.
            let path = if key.path.starts_with('(') { key.path.clone() } else { quote(&key.path) };
            format!("{path}{}", if key.descending { " DESC" } else { "" })
        })
        .collect();
    let condition =
        index.condition.as_ref().map_or_else(String::new, |text| format!(" WHERE {text}"));
    format!(
        "CREATE {}INDEX {} ON {} ({}){condition}",
        if index.unique { "UNIQUE " } else { "" },
        quote(&index.name),
        quote(table),
        keys.join(", ")
    )
}

/// Whether two types are one in the file.
pub(super) fn same_type(one: &ColumnType, other: &ColumnType) -> bool {
    match (one, other) {
        (ColumnType::Enum(one), ColumnType::Enum(other)) => one == other,
        (ColumnType::Enum(_), _) | (_, ColumnType::Enum(_)) => false,
        (one, other) => {
            // A column that numbers the rows is INTEGER, whatever its size was to be.
            let of = |it: &ColumnType| declared(it);
            let number = |it: &str| matches!(it, "INT" | "INTEGER" | "SMALLINT");
            of(one) == of(other) || (number(&of(one)) && number(&of(other)))
        }
    }
}
