//! The structure of a database: what is declared is what is read, what is read can be made again,
//! and every change can be taken back.

use mapper::connectors::StoreErrorKind;
use mapper::value::structure::{
    CheckDefinition, ColumnDefinition, ColumnPlace, ColumnType, DefaultValue, EnumDefinition,
    ForeignKeyDefinition, IndexDefinition, IndexMethod, ReferentialAction, StructureChange,
    TableDefinition, UniqueDefinition,
};
use mapper::value::{DataType, IndexKey, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::fixture::{Fixture, names};

pub(crate) fn column(name: &str, data_type: DataType) -> ColumnDefinition {
    ColumnDefinition {
        name: name.into(),
        column_type: ColumnType::Portable(data_type),
        nullable: false,
        default: None,
        generated: None,
        comment: None,
    }
}

pub(crate) fn nullable(name: &str, data_type: DataType) -> ColumnDefinition {
    ColumnDefinition { nullable: true, ..column(name, data_type) }
}

fn with(default: DefaultValue, column: ColumnDefinition) -> ColumnDefinition {
    ColumnDefinition { default: Some(default), ..column }
}

pub(crate) fn index(name: &str, keys: &[&str]) -> IndexDefinition {
    let key = |key: &&str| IndexKey {
        path: key.trim_start_matches('-').into(),
        descending: key.starts_with('-'),
    };
    IndexDefinition {
        name: name.into(),
        keys: keys.iter().map(key).collect(),
        unique: false,
        condition: None,
        method: IndexMethod::Ordered,
    }
}

fn status() -> EnumDefinition {
    EnumDefinition {
        name: "taskStatus".into(),
        values: names(&["pending", "active", "it's done", "cancelled"]),
    }
}

const MONEY: DataType = DataType::Decimal { precision: Some(12), scale: Some(2) };

fn reference(name: &str, columns: &[&str], table: &str, to: &[&str]) -> ForeignKeyDefinition {
    ForeignKeyDefinition {
        name: name.into(),
        columns: names(columns),
        table: table.into(),
        references: names(to),
        on_delete: ReferentialAction::Cascade,
        on_update: ReferentialAction::NoAction,
    }
}

fn owners() -> TableDefinition {
    TableDefinition {
        name: "owners".into(),
        columns: vec![
            column("tenantId", DataType::Int { bits: 32, signed: true }),
            column("ownerId", DataType::INT64),
            nullable("fullName", DataType::Text { length: Some(80) }),
        ],
        primary_key: names(&["tenantId", "ownerId"]),
        ..TableDefinition::default()
    }
}

fn tasks() -> TableDefinition {
    let portable = |data_type| ColumnType::Portable(data_type);
    let enumerated = ColumnDefinition {
        column_type: ColumnType::Enum(status()),
        ..column("status", DataType::Any)
    };
    TableDefinition {
        name: "tasks".into(),
        columns: vec![
            with(DefaultValue::Uuid, column("id", DataType::Uuid)),
            column("tenantId", DataType::Int { bits: 32, signed: true }),
            nullable("ownerId", DataType::INT64),
            with(DefaultValue::Text("pending".into()), enumerated),
            with(
                DefaultValue::Text("it's".into()),
                column("title", DataType::Text { length: Some(40) }),
            ),
            with(DefaultValue::Number("0.00".into()), column("price", MONEY)),
            with(
                DefaultValue::Number("-7".into()),
                column("rank", DataType::Int { bits: 16, signed: true }),
            ),
            with(DefaultValue::Boolean(true), column("isOpen", DataType::Bool)),
            nullable("metadata", DataType::Json),
            with(DefaultValue::Now, column("createdAt", DataType::Timestamp)),
            nullable("dueOn", DataType::Date),
            nullable("ratio", DataType::FLOAT64),
            nullable("raw", DataType::Bytes),
            ColumnDefinition {
                generated: Some("rank * 2".into()),
                column_type: portable(DataType::INT64),
                ..nullable("twice", DataType::Any)
            },
        ],
        primary_key: names(&["id"]),
        unique: vec![UniqueDefinition {
            name: "tasks_title_key".into(),
            columns: names(&["tenantId", "title"]),
        }],
        foreign_keys: vec![reference(
            "tasks_owner_fkey",
            &["tenantId", "ownerId"],
            "owners",
            &["tenantId", "ownerId"],
        )],
        checks: vec![CheckDefinition {
            name: "tasks_price_check".into(),
            expression: "price >= 0".into(),
        }],
        indexes: vec![
            index("tasks_by_day", &["dueOn", "-createdAt"]),
            IndexDefinition { unique: true, ..index("tasks_rank", &["tenantId", "rank"]) },
        ],
        comment: None,
    }
}

pub(crate) async fn change(fixture: &Fixture, changes: &[StructureChange]) {
    let mut session = fixture.session().await;
    session.begin().await.unwrap();
    for change in changes {
        let done = session.change(change).await;
        assert!(done.is_ok(), "{}: {change:?}: {done:?}", fixture.name);
    }
    session.commit().await.unwrap();
}

/// A table with all that belongs to it.
pub(crate) fn create(table: &TableDefinition) -> Vec<StructureChange> {
    let bare = TableDefinition { foreign_keys: Vec::new(), indexes: Vec::new(), ..table.clone() };
    let name = || table.name.clone();
    let indexes = table.indexes.iter().cloned();
    let keys = table.foreign_keys.iter().cloned();
    std::iter::once(StructureChange::CreateTable(bare))
        .chain(indexes.map(|index| StructureChange::CreateIndex { table: name(), index }))
        .chain(keys.map(|key| StructureChange::AddForeignKey { table: name(), key }))
        .collect()
}

/// The same table under another name, with its constraints and indexes.
pub(crate) fn renamed(table: &TableDefinition, prefix: &str) -> TableDefinition {
    let mut table = table.clone();
    let rename = |name: &mut String| *name = format!("{prefix}{name}");
    rename(&mut table.name);
    table.unique.iter_mut().for_each(|it| rename(&mut it.name));
    table.checks.iter_mut().for_each(|it| rename(&mut it.name));
    table.foreign_keys.iter_mut().for_each(|it| rename(&mut it.name));
    table.indexes.iter_mut().for_each(|it| rename(&mut it.name));
    table
}

async fn structure(fixture: &Fixture, table: &str) -> TableDefinition {
    fixture.store.structure(table).await.unwrap().unwrap()
}

fn has_structure(fixture: &Fixture) -> bool {
    !fixture.documents() && fixture.name != "memory tables"
}

fn enums(of: &EnumDefinition) -> StructureChange {
    StructureChange::CreateEnum(of.clone())
}

pub(crate) async fn what_is_read_can_be_made_again(fixture: &Fixture) {
    if !has_structure(fixture) {
        return;
    }
    let mut changes = vec![enums(&status())];
    changes.extend(create(&owners()));
    changes.extend(create(&tasks()));
    change(fixture, &changes).await;
    let read = structure(fixture, "tasks").await;
    let wanted = tasks();
    let named = |table: &TableDefinition| -> Vec<String> {
        table.columns.iter().map(|column| column.name.clone()).collect()
    };
    assert_eq!(named(&read), named(&wanted), "{}", fixture.name);
    for (read, wanted) in read.columns.iter().zip(&wanted.columns) {
        assert_eq!(read.nullable, wanted.nullable, "{}: {}", fixture.name, wanted.name);
        assert_eq!(read.generated.is_some(), wanted.generated.is_some());
        if wanted.name != "metadata" {
            assert_eq!(read.default, wanted.default, "{}: {}", fixture.name, wanted.name);
        }
    }
    assert_eq!(read.primary_key, wanted.primary_key);
    assert_eq!(read.unique, wanted.unique);
    assert_eq!(read.foreign_keys, wanted.foreign_keys);
    assert_eq!(read.indexes, wanted.indexes);
    assert_eq!(read.checks.len(), 1, "{}: {:?}", fixture.name, read.checks);
    // Under another name, as it was read.
    change(fixture, &create(&renamed(&read, "copy_"))).await;
    assert_eq!(structure(fixture, "copy_tasks").await, renamed(&read, "copy_"), "{}", fixture.name);
    // The same a second time changes nothing.
    change(fixture, &changes).await;
    assert_eq!(structure(fixture, "tasks").await, read);
    // What the session sees is what the store sees.
    let mut session = fixture.session().await;
    assert_eq!(session.structure("tasks").await.unwrap().unwrap(), read);
}

pub(crate) async fn changes_are_taken_back(fixture: &Fixture) {
    if !has_structure(fixture) {
        return;
    }
    let mut changes = vec![enums(&status())];
    changes.extend(create(&owners()));
    changes.extend(create(&tasks()));
    change(fixture, &changes).await;
    fixture
        .insert("owners", &["tenantId", "ownerId"], vec![vec![Value::Int(1), Value::Int(1)]])
        .await;
    let row = |number: i64| {
        let title = format!("title {number}");
        vec![Value::Int(1), Value::Int(1), Value::Text(title.into()), Value::Int(number)]
    };
    let rows = (1..=3).map(row).collect();
    fixture.insert("tasks", &["tenantId", "ownerId", "title", "rank"], rows).await;
    let before = structure(fixture, "tasks").await;
    let dumped = fixture.dump();
    let owners_before = structure(fixture, "owners").await;
    for (forward, back) in pairs(&before) {
        change(fixture, std::slice::from_ref(&forward)).await;
        let changed = structure(fixture, "tasks").await;
        assert_ne!(changed, before, "{}: {forward:?}", fixture.name);
        // Again, as after an interruption.
        change(fixture, std::slice::from_ref(&forward)).await;
        assert_eq!(structure(fixture, "tasks").await, changed, "{}: {forward:?}", fixture.name);
        change(fixture, std::slice::from_ref(&back)).await;
        let after = structure(fixture, "tasks").await;
        assert_eq!(after, before, "{}: {back:?}", fixture.name);
        assert_eq!(fixture.dump(), dumped, "{back:?}");
        let count = fixture.store.count("tasks", &mapper::value::query::Filter::All).await;
        assert_eq!(count, Ok(3), "{}: {forward:?}", fixture.name);
    }
    assert_eq!(structure(fixture, "owners").await, owners_before);
    let rename =
        |from: &str, to: &str| StructureChange::RenameTable { from: from.into(), to: to.into() };
    change(fixture, &[rename("tasks", "Jobs")]).await;
    assert_eq!(fixture.store.structure("tasks").await, Ok(None));
    assert_eq!(structure(fixture, "Jobs").await.columns, before.columns);
    change(fixture, &[rename("tasks", "Jobs"), rename("Jobs", "tasks")]).await;
    assert_eq!(structure(fixture, "tasks").await, before);
}

/// Changes of the table of tasks, each with the one that takes it back.
fn pairs(tasks: &TableDefinition) -> Vec<(StructureChange, StructureChange)> {
    use StructureChange as C;
    let table = || "tasks".to_owned();
    let altered = |name: &str, edit: &dyn Fn(&mut ColumnDefinition)| {
        let before = tasks.column(name).unwrap().clone();
        let mut after = before.clone();
        edit(&mut after);
        let forward =
            C::AlterColumn { table: table(), before: before.clone(), after: after.clone() };
        (forward, C::AlterColumn { table: table(), before: after, after: before })
    };
    let added = |column: ColumnDefinition| {
        (
            C::AddColumn { table: table(), column: column.clone() },
            C::DropColumn { table: table(), column },
        )
    };
    let rename =
        |from: &str, to: &str| C::RenameColumn { table: table(), from: from.into(), to: to.into() };
    let unique = UniqueDefinition { name: "tasks_rank_key".into(), columns: names(&["rank"]) };
    let check = CheckDefinition { name: "tasks_rank_check".into(), expression: "rank < 90".into() };
    let owner = tasks.foreign_keys[0].clone();
    let indexed = index("tasks_open", &["isOpen", "-rank"]);
    let number = DataType::Decimal { precision: Some(14), scale: Some(2) };
    vec![
        added(nullable("notes", DataType::TEXT)),
        added(with(DefaultValue::Number("3".into()), column("level", DataType::INT64))),
        added(with(DefaultValue::Now, column("changedAt", DataType::Timestamp))),
        altered("price", &|it| it.column_type = ColumnType::Portable(number.clone())),
        altered("title", &|it| {
            it.column_type = ColumnType::Portable(DataType::Text { length: Some(90) });
        }),
        altered("ownerId", &|it| it.nullable = false),
        altered("rank", &|it| it.default = None),
        altered("isOpen", &|it| it.default = Some(DefaultValue::Boolean(false))),
        altered("ratio", &|it| it.default = Some(DefaultValue::Number("1.5".into()))),
        (rename("isOpen", "open now"), rename("open now", "isOpen")),
        (
            C::AddUnique { table: table(), unique: unique.clone() },
            C::DropUnique { table: table(), unique },
        ),
        (
            C::AddCheck { table: table(), check: check.clone() },
            C::DropCheck { table: table(), check },
        ),
        (
            C::DropForeignKey { table: table(), key: owner.clone() },
            C::AddForeignKey { table: table(), key: owner },
        ),
        (
            C::CreateIndex { table: table(), index: indexed.clone() },
            C::DropIndex { table: table(), index: indexed },
        ),
        (
            C::SetPrimaryKey {
                table: table(),
                before: names(&["id"]),
                after: names(&["tenantId", "rank"]),
            },
            C::SetPrimaryKey {
                table: table(),
                before: names(&["tenantId", "rank"]),
                after: names(&["id"]),
            },
        ),
    ]
}

pub(crate) async fn values_of_an_enum_come_and_go(fixture: &Fixture) {
    if !has_structure(fixture) {
        return;
    }
    let enum_types = {
        change(fixture, &[enums(&status())]).await;
        !fixture.store.enums().await.unwrap().is_empty()
    };
    let state = ColumnDefinition {
        column_type: ColumnType::Enum(status()),
        ..with(DefaultValue::Text("active".into()), column("state", DataType::Any))
    };
    let table = TableDefinition {
        name: "jobs".into(),
        columns: vec![column("id", DataType::INT64), state.clone()],
        primary_key: names(&["id"]),
        ..TableDefinition::default()
    };
    change(fixture, &create(&table)).await;
    fixture
        .insert(
            "jobs",
            &["id", "state"],
            vec![vec![Value::Int(1), "pending".into()], vec![Value::Int(2), Value::Missing]],
        )
        .await;
    let before = structure(fixture, "jobs").await;
    let mut longer = status();
    longer.values.insert(0, "new".into());
    longer.values.insert(3, "paused".into());
    let grow = if enum_types {
        let add = |value: &str, after: Option<&str>| StructureChange::AddEnumValue {
            name: longer.name.clone(),
            value: value.into(),
            after: after.map(str::to_owned),
        };
        vec![add("new", None), add("paused", Some("active"))]
    } else {
        let after =
            ColumnDefinition { column_type: ColumnType::Enum(longer.clone()), ..state.clone() };
        vec![StructureChange::AlterColumn { table: "jobs".into(), before: state.clone(), after }]
    };
    change(fixture, &grow).await;
    change(fixture, &grow).await;
    fixture.insert("jobs", &["id", "state"], vec![vec![Value::Int(3), "new".into()]]).await;
    let values = |table: &TableDefinition| match &table.column("state").unwrap().column_type {
        ColumnType::Enum(definition) => definition.values.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(values(&structure(fixture, "jobs").await), longer.values, "{}", fixture.name);
    let shrink = if enum_types {
        StructureChange::RemoveEnumValues {
            before: longer.clone(),
            after: status(),
            used_by: vec![ColumnPlace { table: "jobs".into(), column: "state".into() }],
        }
    } else {
        let before =
            ColumnDefinition { column_type: ColumnType::Enum(longer.clone()), ..state.clone() };
        StructureChange::AlterColumn { table: "jobs".into(), before, after: state }
    };
    // A row holds what is to go.
    let mut session = fixture.session().await;
    session.begin().await.unwrap();
    let error = session.change(&shrink).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Query, "{}: {error}", fixture.name);
    session.rollback().await.unwrap();
    drop(session);
    assert_eq!(values(&structure(fixture, "jobs").await), longer.values);
    let key = names(&["id"]);
    let mut session = fixture.session().await;
    let delete =
        mapper::connectors::Delete { entity: "jobs", key: &key, rows: &[vec![Value::Int(3)]] };
    session.delete(delete).await.unwrap();
    drop(session);
    change(fixture, &[shrink]).await;
    assert_eq!(structure(fixture, "jobs").await, before, "{}", fixture.name);
    let rows = fixture.rows("jobs", &["id", "state"]).await;
    assert_eq!(rows, [vec![Value::Int(1), "pending".into()], vec![Value::Int(2), "active".into()]]);
}

pub(crate) async fn rows_in_the_way_are_named_by_key(fixture: &Fixture) {
    if !has_structure(fixture) {
        return;
    }
    let simple = |name: &str| TableDefinition {
        name: name.into(),
        columns: vec![column("id", DataType::INT64), nullable("parentId", DataType::INT64)],
        primary_key: names(&["id"]),
        ..TableDefinition::default()
    };
    let mut changes = create(&simple("parents"));
    changes.extend(create(&simple("children")));
    change(fixture, &changes).await;
    fixture.insert("parents", &["id"], vec![vec![Value::Int(1)]]).await;
    let row = |id: i64| vec![Value::Int(100 + id), Value::Int(id)];
    fixture.insert("children", &["id", "parentId"], (1..=14).map(row).collect()).await;
    let key = reference("children_parent", &["parentId"], "parents", &["id"]);
    let add = StructureChange::AddForeignKey { table: "children".into(), key };
    let mut session = fixture.session().await;
    session.begin().await.unwrap();
    let error = session.change(&add).await.unwrap_err();
    assert!(error.message.contains("children_parent"), "{}: {error}", fixture.name);
    assert!(error.message.contains(": 102, 103, "), "{}: {error}", fixture.name);
    assert!(error.message.ends_with("111, and more"), "{}: {error}", fixture.name);
    session.rollback().await.unwrap();
    assert!(structure(fixture, "children").await.foreign_keys.is_empty());
}

pub(crate) async fn what_refers_to_a_table_made_anew_stays(fixture: &Fixture) {
    if !has_structure(fixture) {
        return;
    }
    let parents = TableDefinition {
        name: "parents".into(),
        columns: vec![
            with(DefaultValue::Identity, column("id", DataType::INT64)),
            nullable("name", DataType::Text { length: Some(20) }),
        ],
        primary_key: names(&["id"]),
        ..TableDefinition::default()
    };
    let children = TableDefinition {
        name: "children".into(),
        columns: vec![column("id", DataType::INT64), column("parentId", DataType::INT64)],
        primary_key: names(&["id"]),
        foreign_keys: vec![reference("children_parent", &["parentId"], "parents", &["id"])],
        ..TableDefinition::default()
    };
    let mut changes = create(&parents);
    changes.extend(create(&children));
    change(fixture, &changes).await;
    fixture.insert("parents", &["name"], vec![vec!["a".into()], vec!["b".into()]]).await;
    let rows = vec![vec![Value::Int(1), Value::Int(1)], vec![Value::Int(2), Value::Int(2)]];
    fixture.insert("children", &["id", "parentId"], rows).await;
    let before = parents.columns[1].clone();
    let after = ColumnDefinition {
        column_type: ColumnType::Portable(DataType::TEXT),
        nullable: false,
        ..before.clone()
    };
    let table = "parents".to_owned();
    let alter = StructureChange::AlterColumn { table, before: before.clone(), after };
    change(fixture, &[alter]).await;
    assert_eq!(fixture.rows("children", &["id"]).await.len(), 2, "{}", fixture.name);
    assert_eq!(structure(fixture, "children").await.foreign_keys, children.foreign_keys);
    // Numbers go on where they were.
    fixture.insert("parents", &["name"], vec![vec!["c".into()]]).await;
    let ids: Vec<_> = fixture.rows("parents", &["id"]).await.into_iter().flatten().collect();
    assert_eq!(ids, [Value::Int(1), Value::Int(2), Value::Int(3)], "{}", fixture.name);
    // And the rows that refer still go with the one that they refer to.
    let key = names(&["id"]);
    let mut session = fixture.session().await;
    let delete =
        mapper::connectors::Delete { entity: "parents", key: &key, rows: &[vec![Value::Int(1)]] };
    session.delete(delete).await.unwrap();
    drop(session);
    assert_eq!(fixture.rows("children", &["id"]).await, [vec![Value::Int(2)]], "{}", fixture.name);
}

/// What a store declares a column as.
fn declared(fixture: &Fixture, column: ColumnDefinition) -> String {
    let primary_key = match column.default {
        Some(DefaultValue::Identity) => names(&["c"]),
        _ => Vec::new(),
    };
    let table = TableDefinition {
        name: "t".into(),
        columns: vec![column],
        primary_key,
        ..TableDefinition::default()
    };
    let rendered = fixture.store.render(&StructureChange::CreateTable(table)).unwrap();
    let line = rendered.statements[0].lines().nth(1).unwrap().trim().trim_end_matches(',');
    let text = line.split_once(' ').map_or("", |(_, text)| text);
    // Every text of MariaDB is UTF-8 and compared byte by byte.
    let (start, end) = match text.split_once(" CHARACTER SET utf8mb4 COLLATE ") {
        Some((start, end)) => (start, end.split_once(' ').map_or("", |(_, end)| end)),
        None => (text, ""),
    };
    let text = format!("{start} {end}").trim().to_owned();
    let plain = text.strip_suffix("NULL").filter(|text| !text.ends_with("NOT "));
    let text = plain.map_or(text.as_str(), str::trim);
    if text.is_empty() { "no type".to_owned() } else { format!("`{text}`") }
}

/// The table of types in the documents is what the stores do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documents_tell_what_each_type_is() {
    let stores = Fixture::real().await;
    let stores: Vec<&Fixture> = ["PostgreSQL", "sqlite tables", "MariaDB"]
        .iter()
        .map(|name| stores.iter().find(|fixture| fixture.name == *name).unwrap())
        .collect();
    let mut columns: Vec<(String, ColumnDefinition)> = [
        "text",
        "text(20)",
        "integer(16)",
        "integer(32)",
        "integer",
        "unsigned(32)",
        "unsigned(64)",
        "float(32)",
        "float",
        "decimal",
        "decimal(12,2)",
        "decimal(30,2)",
        "boolean",
        "bytes",
        "date",
        "time",
        "datetime",
        "timestamp",
        "uuid",
        "objectid",
        "json",
        "array(text)",
        "any",
    ]
    .into_iter()
    .map(|name| (format!("`{name}`"), nullable("c", name.parse().unwrap())))
    .collect();
    let values = EnumDefinition { name: "mood".into(), values: names(&["good", "bad"]) };
    let mood =
        ColumnDefinition { column_type: ColumnType::Enum(values), ..nullable("c", DataType::Any) };
    columns.push(("an enum `mood`".into(), mood));
    let filled = |default, data_type| with(default, nullable("c", data_type));
    columns.push((
        "`timestamp`, default `now`".into(),
        filled(DefaultValue::Now, DataType::Timestamp),
    ));
    columns.push((
        "`integer`, default `identity`".into(),
        with(DefaultValue::Identity, column("c", DataType::INT64)),
    ));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/connectors.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<String> = columns
        .into_iter()
        .map(|(name, column)| {
            let cells: Vec<String> =
                stores.iter().map(|fixture| declared(fixture, column.clone())).collect();
            format!("| {name} | {} |", cells.join(" | "))
        })
        .collect();
    let missing = rows.iter().any(|row| !text.contains(row.as_str()));
    assert!(!missing, "docs/connectors.md should say:\n{}", rows.join("\n"));
}

pub(crate) async fn collections_change_too(fixture: &Fixture) {
    if !fixture.documents() {
        return;
    }
    let bare = TableDefinition {
        name: "jobs".into(),
        columns: vec![column("title", DataType::TEXT), nullable("notes", DataType::TEXT)],
        ..TableDefinition::default()
    };
    let table = || "jobs".to_owned();
    let by_title = index("by_title", &["title", "-rank"]);
    let unique = UniqueDefinition { name: "title_key".into(), columns: names(&["title"]) };
    let twice = |change: StructureChange| [change.clone(), change];
    change(fixture, &twice(StructureChange::CreateTable(bare.clone()))).await;
    let create = StructureChange::CreateIndex { table: table(), index: by_title.clone() };
    change(fixture, &twice(create)).await;
    let add = StructureChange::AddUnique { table: table(), unique: unique.clone() };
    change(fixture, &twice(add.clone())).await;
    let indexes = structure(fixture, "jobs").await.indexes;
    let title_key = IndexDefinition { unique: true, ..index("title_key", &["title"]) };
    assert_eq!(indexes, [by_title.clone(), title_key], "{}", fixture.name);
    let row = |id: i64, title: &str| vec![Value::Int(id), title.into(), "n".into()];
    let rows = vec![row(1, "a"), row(2, "b")];
    fixture.insert("jobs", &["_id", "title", "notes"], rows).await;
    let rename = |from: &str, to: &str| StructureChange::RenameColumn {
        table: table(),
        from: from.into(),
        to: to.into(),
    };
    change(fixture, &twice(rename("notes", "remarks"))).await;
    let read = fixture.rows("jobs", &["_id", "notes", "remarks"]).await;
    let renamed = vec![Value::Int(1), Value::Missing, "n".into()];
    assert_eq!(read[0], renamed, "{}", fixture.name);
    let remarks = nullable("remarks", DataType::TEXT);
    let drop = StructureChange::DropColumn { table: table(), column: remarks };
    assert!(fixture.store.render(&drop).unwrap().loses.is_some());
    change(fixture, &twice(drop)).await;
    let read = fixture.rows("jobs", &["_id", "title", "remarks"]).await;
    assert_eq!(read[1], [Value::Int(2), "b".into(), Value::Missing], "{}", fixture.name);
    let unindex = StructureChange::DropIndex { table: table(), index: by_title };
    change(fixture, &twice(unindex)).await;
    change(fixture, &twice(StructureChange::DropUnique { table: table(), unique })).await;
    assert!(structure(fixture, "jobs").await.indexes.is_empty());
    // Two of one title are in its way.
    fixture.insert("jobs", &["_id", "title"], vec![vec![Value::Int(3), "a".into()]]).await;
    let error = fixture.session().await.change(&add).await.unwrap_err();
    assert!(error.message.contains("title_key"), "{}: {error}", fixture.name);
    let rename = StructureChange::RenameTable { from: table(), to: "tasks".into() };
    change(fixture, &twice(rename)).await;
    assert_eq!(fixture.store.structure("jobs").await, Ok(None));
    assert_eq!(fixture.rows("tasks", &["_id"]).await.len(), 3, "{}", fixture.name);
    let renamed = TableDefinition { name: "tasks".into(), ..bare };
    change(fixture, &twice(StructureChange::DropTable(renamed))).await;
    assert_eq!(fixture.store.structure("tasks").await, Ok(None));
}

fn data_types() -> impl Strategy<Value = DataType> {
    prop_oneof![
        Just(DataType::Bool),
        Just(DataType::Int { bits: 16, signed: true }),
        Just(DataType::Int { bits: 32, signed: true }),
        Just(DataType::INT64),
        Just(DataType::Int { bits: 32, signed: false }),
        Just(DataType::FLOAT64),
        Just(DataType::Float { bits: 32 }),
        (1_u32..30, 0_u32..6).prop_map(|(more, scale)| DataType::Decimal {
            precision: Some(more + scale),
            scale: Some(scale)
        }),
        (1_u32..200).prop_map(|length| DataType::Text { length: Some(length) }),
        Just(DataType::TEXT),
        Just(DataType::Bytes),
        Just(DataType::Date),
        Just(DataType::Time),
        Just(DataType::DateTime),
        Just(DataType::Timestamp),
        Just(DataType::Uuid),
        Just(DataType::ObjectId),
        Just(DataType::Json),
    ]
}

fn columns() -> impl Strategy<Value = ColumnDefinition> {
    (data_types(), any::<bool>(), "[a-zA-Z][a-zA-Z ']{0,9}", any::<bool>()).prop_map(
        |(data_type, nullable, text, filled)| {
            let default = match &data_type {
                DataType::Bool => Some(DefaultValue::Boolean(text.len() % 2 == 0)),
                DataType::Int { .. } => Some(DefaultValue::Number(text.len().to_string())),
                DataType::Text { length } => {
                    let most = length.map_or(99, |length| length as usize);
                    let fits = length.is_some() && text.len() <= most;
                    fits.then(|| DefaultValue::Text(text.clone()))
                }
                DataType::Timestamp | DataType::DateTime => Some(DefaultValue::Now),
                DataType::Uuid => Some(DefaultValue::Uuid),
                _ => None,
            };
            ColumnDefinition {
                name: text,
                column_type: ColumnType::Portable(data_type),
                nullable,
                default: default.filter(|_| filled),
                generated: None,
                comment: None,
            }
        },
    )
}

fn tables() -> impl Strategy<Value = TableDefinition> {
    (prop::collection::vec(columns(), 1..7), any::<bool>(), any::<bool>()).prop_map(
        |(columns, unique, descending)| {
            let mut table = TableDefinition { name: "some Table".into(), ..Default::default() };
            table.columns.push(column("id", DataType::INT64));
            for (at, mut column) in columns.into_iter().enumerate() {
                // Names differ, whatever their case.
                column.name = format!("{} {at}", column.name);
                table.columns.push(column);
            }
            table.primary_key = names(&["id"]);
            let small = |column: &&ColumnDefinition| {
                matches!(
                    column.column_type,
                    ColumnType::Portable(DataType::Int { .. } | DataType::Date | DataType::Uuid)
                )
            };
            let keys: Vec<String> =
                table.columns.iter().filter(small).map(|column| column.name.clone()).collect();
            if let Some(last) = keys.last() {
                let mut both = index("some Index", &["id"]);
                both.keys.push(IndexKey { path: last.clone(), descending });
                if last != "id" {
                    table.indexes.push(IndexDefinition { unique, ..both });
                }
            }
            if unique && keys.len() > 1 {
                let columns = keys.into_iter().rev().take(2).collect();
                table.unique.push(UniqueDefinition { name: "some Key".into(), columns });
            }
            table
        },
    )
}

pub(crate) async fn any_table_can_be_made_again(fixture: &Fixture) {
    if !has_structure(fixture) {
        return;
    }
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    for _ in 0..24 {
        let table = tables().new_tree(&mut runner).unwrap().current();
        change(fixture, &create(&table)).await;
        let read = structure(fixture, &table.name).await;
        let defaults = |table: &TableDefinition| -> Vec<_> {
            table.columns.iter().map(|column| (column.nullable, column.default.clone())).collect()
        };
        assert_eq!(defaults(&read), defaults(&table), "{}", fixture.name);
        assert_eq!((&read.unique, &read.indexes), (&table.unique, &table.indexes));
        let copy = renamed(&read, "copy ");
        change(fixture, &create(&copy)).await;
        assert_eq!(structure(fixture, &copy.name).await, copy, "{}", fixture.name);
        let drop = |table: TableDefinition| StructureChange::DropTable(table);
        change(fixture, &[drop(copy.clone()), drop(table.clone()), drop(copy)]).await;
        assert_eq!(fixture.store.structure(&table.name).await, Ok(None));
    }
}
