//! Rows as documents.

use crate::connectors::{Layout, Violation, ViolationKind, WriteError};
use crate::value::{FieldPath, Object, ObjectId, Row, Value};

/// The document of a row; columns become its fields.
pub(crate) fn to_document(layout: &Layout, row: &Row) -> Result<Object, WriteError> {
    let mut document = match (layout, row.first()) {
        (Layout::Document, Some(Value::Object(document))) => Object::clone(document),
        (Layout::Document, _) => return Err(refused("_id")),
        (Layout::Columns(names), _) => {
            let mut document = Object::with_capacity(names.len());
            for (name, value) in names.iter().zip(row) {
                path_of(name)?.set(&mut document, value.clone());
            }
            document
        }
    };
    if document.get("_id").is_none_or(|id| matches!(id, Value::Missing)) {
        document.remove("_id");
        let mut whole = Object::with_capacity(document.len() + 1);
        whole.insert("_id", Value::ObjectId(ObjectId::generate()));
        for (name, value) in document {
            whole.insert(name, value);
        }
        document = whole;
    }
    Ok(document)
}

/// The path of a column.
pub(crate) fn path_of(path: &str) -> Result<FieldPath, WriteError> {
    path.parse().map_err(|_| refused(path))
}

/// A value that the store does not hold.
pub(crate) fn refused(column: &str) -> WriteError {
    WriteError::Record(Violation {
        kind: ViolationKind::Value,
        constraint: None,
        column: Some(column.to_owned()),
    })
}
