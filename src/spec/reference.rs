//! The tables of the language reference, generated from the shapes.

use super::root;
use crate::diagnostics::wording;
use crate::document::{GroupRule, KeyKind, Shape, TableShape};

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

/// What a key takes, with links to the sections of tables.
fn linked(shape: &Shape) -> String {
    let link = |table: &TableShape| format!("[{}](#{})", table.id, table.id);
    match shape {
        Shape::Table(table) => format!("a table: {}", link(table)),
        Shape::MapOf(KeyKind::Name | KeyKind::Reference, Shape::Table(table)) => {
            format!("tables by name: {}", link(table))
        }
        Shape::List(Shape::Table(table)) | Shape::NonEmptyList(Shape::Table(table)) => {
            format!("a list of tables: {}", link(table))
        }
        Shape::MapOf(KeyKind::Target, Shape::OneOf([_, Shape::Table(table)])) => {
            format!("paths or tables by field: {}", link(table))
        }
        Shape::OneOf(shapes) if shapes.iter().any(|shape| matches!(shape, Shape::Table(_))) => {
            let each: Vec<String> = shapes.iter().map(|shape| linked(shape)).collect();
            wording::join(&each, "or")
        }
        shape => shape.describe(),
    }
}

fn section(table: &TableShape) -> String {
    let mut text = format!("### {}\n\n{}\n\n", table.id, table.summary);
    text.push_str("| key | takes | |\n|---|---|---|\n");
    for key in table.keys {
        let name =
            if key.required { format!("**`{}`**", key.name) } else { format!("`{}`", key.name) };
        let takes = linked(key.shape);
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
