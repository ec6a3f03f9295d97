//! A table that is there already, compared with the declared one as the catalog would spell it.

use std::sync::Arc;

use crate::connectors::{Session, Store, StoreError};
use crate::plan::evolve::{self, Names};
use crate::value::constraint::Constraint;
use crate::value::structure::{
    CheckDefinition, ForeignKeyDefinition, IndexDefinition, StructureChange, TableDefinition,
    UniqueDefinition,
};

/// The name under which a declared table is made to be compared.
const SCRATCH: &str = "zz_mapper_scratch";

/// What a comparison found.
pub(super) enum Compared {
    /// The same shape. Comments are no part of it, and names of constraints need not be the same.
    Same(Box<Same>),
    /// Another shape, one phrase for each difference.
    Differs(Vec<String>),
}

/// A table that is there and has the declared shape.
pub(super) struct Same {
    /// What the catalog says.
    pub catalog: TableDefinition,
    /// The declared table with the comments that are there.
    pub declared: TableDefinition,
    /// Names of constraints and indexes, declared and there, where they differ.
    pub names: Names,
}

/// Compares a table that is there with a declared one.
pub(super) async fn compare(
    store: &Arc<dyn Store>,
    declared: &TableDefinition,
) -> Result<Compared, StoreError> {
    let Some(live) = store.structure(&declared.name).await? else {
        return Ok(Compared::Differs(vec!["it is no table".to_owned()]));
    };
    let mut missing = Vec::new();
    let mut reachable = declared.clone();
    for key in &declared.foreign_keys {
        if key.table != declared.name && store.describe(&key.table).await?.is_none() {
            missing.push(format!("foreign key {} is not there", evolve::foreign_key_text(key)));
            reachable.foreign_keys.retain(|other| other.name != key.name);
        }
    }
    let expected = match expected(store, &reachable).await {
        Ok(Some(expected)) => expected,
        Ok(None) => return Ok(Compared::Differs(vec!["it can't be compared".to_owned()])),
        Err(error) => {
            return Ok(Compared::Differs(vec![format!("it can't be compared: {error}")]));
        }
    };
    let without_comments = |table: &TableDefinition| {
        let mut table = table.clone();
        table.comment = None;
        table.columns.iter_mut().for_each(|column| column.comment = None);
        table
    };
    let mut differences =
        evolve::differences(&without_comments(&expected), &without_comments(&live));
    differences.extend(missing);
    if !differences.is_empty() {
        return Ok(Compared::Differs(differences));
    }
    let names = names(declared, &expected, &live);
    let mut declared = declared.clone();
    declared.comment.clone_from(&live.comment);
    for column in &mut declared.columns {
        column.comment = live
            .columns
            .iter()
            .find(|other| other.name == column.name)
            .and_then(|other| other.comment.clone());
    }
    Ok(Compared::Same(Box::new(Same { catalog: live, declared, names })))
}

/// A declared table as the catalog spells it: it is made under another name, and taken back.
async fn expected(
    store: &Arc<dyn Store>,
    declared: &TableDefinition,
) -> Result<Option<TableDefinition>, StoreError> {
    let scratch = under_another_name(declared);
    let mut session = store.session().await?;
    session.begin().await?;
    let found = make(&mut *session, &scratch).await;
    if store.capabilities().transactional_definitions {
        session.rollback().await?;
    } else {
        let drop = session.change(&StructureChange::DropTable(scratch.clone())).await;
        session.commit().await?;
        // The first failure is the one to tell.
        if found.is_ok() {
            drop?;
        }
    }
    // Defaults and conditions may name the table.
    let own = declared.name.rsplit('.').next().unwrap_or(&declared.name);
    Ok(found?.map(|table| {
        serde_json::to_string(&table)
            .ok()
            .and_then(|text| serde_json::from_str(&text.replace(SCRATCH, own)).ok())
            .unwrap_or(table)
    }))
}

async fn make(
    session: &mut dyn Session,
    scratch: &TableDefinition,
) -> Result<Option<TableDefinition>, StoreError> {
    for change in evolve::create(scratch) {
        session.change(&change).await?;
    }
    session.structure(&scratch.name).await
}

fn under_another_name(declared: &TableDefinition) -> TableDefinition {
    let mut table = declared.clone();
    let name = match declared.name.rsplit_once('.') {
        Some((schema, _)) => format!("{schema}.{SCRATCH}"),
        None => SCRATCH.to_owned(),
    };
    for key in table.foreign_keys.iter_mut().filter(|key| key.table == declared.name) {
        key.table.clone_from(&name);
    }
    table.name = name;
    let names = table
        .unique
        .iter_mut()
        .map(|unique| &mut unique.name)
        .chain(table.foreign_keys.iter_mut().map(|key| &mut key.name))
        .chain(table.checks.iter_mut().map(|check| &mut check.name))
        .chain(table.indexes.iter_mut().map(|index| &mut index.name));
    for (at, name) in names.enumerate() {
        *name = format!("{SCRATCH}_{at}");
    }
    table
}

/// Names of constraints where those that are there differ from the declared ones.
fn names(declared: &TableDefinition, expected: &TableDefinition, live: &TableDefinition) -> Names {
    let scratch = under_another_name(declared);
    let mut names = Names::new();
    // The catalog's form has the scratch name with the table's own name in it.
    let own = declared.name.rsplit('.').next().unwrap_or(&declared.name);
    let own = |made: &str| made.replace(SCRATCH, own);
    let mut add = |more: Names| names.extend(more);
    add(pairs::<UniqueDefinition>(declared, &scratch, expected, live, own));
    add(pairs::<ForeignKeyDefinition>(declared, &scratch, expected, live, own));
    add(pairs::<CheckDefinition>(declared, &scratch, expected, live, own));
    add(pairs::<IndexDefinition>(declared, &scratch, expected, live, own));
    names
}

/// The names of one kind. A declared constraint's meaning is found by the name of its double in the
/// table that was made to see it as the catalog tells it.
fn pairs<C: Constraint>(
    declared: &TableDefinition,
    scratch: &TableDefinition,
    expected: &TableDefinition,
    live: &TableDefinition,
    own: impl Fn(&str) -> String,
) -> Names {
    let doubles = C::all(declared).iter().zip(C::all(scratch));
    let pair = |(ours, double): (&C, &C)| {
        let told = own(double.name());
        let form = C::all(expected).iter().find(|one| one.name() == told)?;
        let there = C::all(live).iter().find(|one| one.means_the_same(form))?;
        let differs = there.name() != ours.name();
        differs.then(|| (ours.name().to_owned(), there.name().to_owned()))
    };
    doubles.filter_map(pair).collect()
}
