//! The JSON Schema of the spec language, generated from the shapes.

use serde_json::{Map, Value as Json, json};

use super::root;
use crate::document::{GroupRule, KeyKind, Shape, TableShape, TextKind};

/// The schema (draft 7, which editors read best).
pub fn json_schema() -> Json {
    let mut definitions = Map::new();
    let root = table(&root::SHAPE, &mut definitions);
    definitions.sort_keys();
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".into(), json!("mapper spec, version 1"));
    if let Json::Object(root) = root {
        schema.extend(root);
    }
    // Editors write this key in JSON; in TOML it is a comment.
    schema.insert("definitions".into(), Json::Object(definitions));
    if let Some(spec) = schema.get_mut("properties").and_then(|p| p.get_mut("spec")) {
        *spec = json!({ "const": root::VERSION, "description": "the version of the language: 1" });
    }
    Json::Object(schema)
}

fn table(shape: &'static TableShape, definitions: &mut Map<String, Json>) -> Json {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut schema = schema(key.shape, definitions);
        if let Some(object) = schema.as_object_mut() {
            // Draft 7 ignores what stands beside `$ref`.
            if object.contains_key("$ref") {
                schema = json!({ "description": key.summary, "allOf": [schema] });
            } else {
                object.insert("description".into(), json!(key.summary));
            }
        }
        properties.insert(key.name.into(), schema);
    }
    let mut object = json!({
        "type": "object",
        "description": shape.summary,
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> =
        shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    let groups: Vec<Json> = shape
        .groups
        .iter()
        .map(|group| {
            let has: Vec<Json> =
                group.keys.iter().map(|key| json!({ "required": [key] })).collect();
            match group.rule {
                GroupRule::ExactlyOne => json!({ "oneOf": has }),
                GroupRule::AtLeastOne => json!({ "anyOf": has }),
                GroupRule::AtMostOne => {
                    let mut choices = has.clone();
                    choices.push(json!({ "not": { "anyOf": has } }));
                    json!({ "oneOf": choices })
                }
            }
        })
        .collect();
    if !groups.is_empty() {
        object["allOf"] = json!(groups);
    }
    object
}

/// A reference to a table's definition, which is made on the way.
fn reference(shape: &'static TableShape, definitions: &mut Map<String, Json>) -> Json {
    if !definitions.contains_key(shape.id) {
        // A place is kept first, since tables refer to each other.
        definitions.insert(shape.id.into(), Json::Null);
        let schema = table(shape, definitions);
        definitions.insert(shape.id.into(), schema);
    }
    json!({ "$ref": format!("#/definitions/{}", shape.id) })
}

fn schema(shape: &'static Shape, definitions: &mut Map<String, Json>) -> Json {
    // A text that holds a variable may stand for a number or a truth value.
    let or_variable =
        |schema: Json| json!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{" }] });
    match shape {
        Shape::Text(kind) => text(*kind),
        Shape::Integer { min, max } => {
            let mut integer = json!({ "type": "integer" });
            if *min != i64::MIN {
                integer["minimum"] = json!(min);
            }
            if *max != i64::MAX {
                integer["maximum"] = json!(max);
            }
            or_variable(integer)
        }
        Shape::Boolean => or_variable(json!({ "type": "boolean" })),
        Shape::Choice(words) => or_variable(json!({ "enum": words })),
        Shape::Duration | Shape::Percent | Shape::Bound | Shape::Rate => {
            let pattern = match shape {
                Shape::Percent | Shape::Bound => "%\\s*$|\\$\\{",
                Shape::Rate => "^[0-9]+ */ *(s|sec|second|min|minute|h|hour)$|\\$\\{",
                _ => "^\\s*[0-9]|\\$\\{",
            };
            json!({ "type": "string", "pattern": pattern })
        }
        Shape::Literal => json!({}),
        Shape::Record | Shape::Filter => json!({ "type": "object" }),
        Shape::Names(kind) => {
            json!({ "anyOf": [text(*kind), { "type": "array", "items": text(*kind), "minItems": 1 }] })
        }
        Shape::List(element) => json!({ "type": "array", "items": schema(element, definitions) }),
        Shape::NonEmptyList(element) => {
            json!({ "type": "array", "items": schema(element, definitions), "minItems": 1 })
        }
        Shape::MapOf(kind, value) => {
            let mut object = json!({
                "type": "object",
                "additionalProperties": schema(value, definitions),
            });
            match kind {
                KeyKind::Name => {
                    object["propertyNames"] = json!({ "pattern": "^[A-Za-z0-9_-]+$" });
                }
                KeyKind::Target => {
                    object["propertyNames"] = json!({ "pattern": "^[^.]+(\\.[^.]+)*$" });
                }
                KeyKind::Reference | KeyKind::Code | KeyKind::Header => {}
            }
            object
        }
        Shape::Table(shape) => reference(shape, definitions),
        Shape::OneOf(shapes) => {
            let shapes: Vec<Json> = shapes.iter().map(|shape| schema(shape, definitions)).collect();
            json!({ "anyOf": shapes })
        }
    }
}

fn text(kind: TextKind) -> Json {
    match kind {
        TextKind::Plain | TextKind::Template => json!({ "type": "string" }),
        TextKind::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$|\\$\\{" }),
        TextKind::Secret => {
            json!({ "type": "string", "pattern": "^(\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-)?\\})*$" })
        }
        TextKind::Url => {
            json!({ "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]+:.|\\$\\{" })
        }
        TextKind::Character => json!({ "type": "string", "maxLength": 1, "minLength": 1 }),
        _ => json!({ "type": "string", "minLength": 1 }),
    }
}
