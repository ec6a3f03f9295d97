//! The tables of the language reference, generated from the shapes.

use super::root;
use crate::document::{GroupRule, Shape, TableShape};

/// The reference as Markdown: for each kind of table its keys, what they take and what they do.
pub fn markdown() -> String {
    let mut tables = vec![&root::SHAPE];
    let mut next = 0;
    while next < tables.len() {
        for key in tables[next].keys {
            collect(key.shape, &mut tables);
        }
        next += 1;
    }
    let sections: Vec<String> = tables.into_iter().map(section).collect();
    sections.join("\n")
}

fn collect(shape: &'static Shape, tables: &mut Vec<&'static TableShape>) {
    match shape {
        Shape::Table(table) if tables.iter().any(|known| known.id == table.id) => {}
        Shape::Table(table) => tables.push(table),
        Shape::List(inner) | Shape::NonEmptyList(inner) | Shape::MapOf(_, inner) => {
            collect(inner, tables);
        }
        Shape::OneOf(shapes) => shapes.iter().for_each(|shape| collect(shape, tables)),
        _ => {}
    }
}

fn section(table: &TableShape) -> String {
    let mut text = format!("### {}\n\n{}\n\n", table.id, table.summary);
    text.push_str("| key | takes | |\n|---|---|---|\n");
    for key in table.keys {
        let name =
            if key.required { format!("**`{}`**", key.name) } else { format!("`{}`", key.name) };
        let takes = match key.shape {
            Shape::NotYet => "not yet supported".to_owned(),
            shape => shape.describe(),
        };
        let summary = key.summary.replace('|', "\\|");
        text.extend(["| ", &name, " | ", &takes, " | ", &summary, " |\n"]);
    }
    for group in table.groups {
        let keys: Vec<String> = group.keys.iter().map(|key| format!("`{key}`")).collect();
        let rule = match group.rule {
            GroupRule::AtMostOne => "At most one of",
            GroupRule::ExactlyOne => "Exactly one of",
            GroupRule::AtLeastOne => "At least one of",
        };
        text.extend(["\n", rule, " ", &keys.join(", "), ".\n"]);
    }
    text
}
