//! How a phase meets its target: columns and types, the key, what identifies a record.

use crate::connectors::{Fitter, Layout, Store, StoreError, StoreErrorKind};
use crate::ledger::{IdShape, TargetShape};
use crate::plan::{Phase, WriteMode};
use crate::value::{Column, FieldPath, Schema};

/// How a phase's mapped rows stand to its target.
#[derive(Clone)]
pub struct Shape {
    /// Whether the target is a collection.
    pub documents: bool,
    /// The layout of inserted rows.
    pub layout: Layout,
    /// The mapped fields by name, in the order of the mapping.
    pub fields: Vec<String>,
    /// The mapped fields as paths.
    pub paths: Vec<FieldPath>,
    /// Per field: what makes a value one that the target's column holds.
    pub fitters: Vec<Fitter>,
    /// Per field: whether the target refuses null.
    pub required: Vec<bool>,
    /// Per field: whether the target fills it when it is left out.
    pub defaulted: Vec<bool>,
    /// Per field: whether a service fills it.
    pub enriched: Vec<bool>,
    /// Where the key's fields are among the mapped ones.
    pub key: Vec<usize>,
    /// The key's columns or paths.
    pub key_names: Vec<String>,
    /// The columns or paths that identify a record.
    pub identity: Vec<String>,
    /// Where the identity's fields are among the mapped ones; `None` when one is not mapped.
    pub identity_fields: Option<Vec<usize>>,
    /// The field that holds the record's new id, which updates leave alone.
    pub id_field: Option<usize>,
    /// Whether the identity is made from the source key alone.
    pub identity_from_key: bool,
    /// Columns of the target that the phase does not map, in order.
    pub unmapped: Vec<String>,
}

impl Shape {
    /// Finds out how a phase meets its target. `schema` is the target's, when it exists.
    ///
    /// # Errors
    /// When the target is a table that lacks a column: no record could be written.
    pub fn new(
        phase: &Phase,
        store: &dyn Store,
        schema: Option<&Schema>,
    ) -> Result<Self, StoreError> {
        let documents = store.capabilities().documents;
        let paths: Vec<FieldPath> =
            phase.mapping.fields.iter().map(|(path, _)| path.clone()).collect();
        let fields: Vec<String> = paths.iter().map(ToString::to_string).collect();
        let column = |name: &str| schema.and_then(|schema| schema.column(name));
        if let Some(schema) = schema.filter(|_| !documents)
            && let Some(path) = paths.iter().find(|path| schema.column(path.root()).is_none())
        {
            let (table, column) = (&phase.target.entity, path.root());
            let message = format!("table `{table}` has no column `{column}`");
            return Err(StoreError::new(StoreErrorKind::NotFound, message));
        }
        let of = |path: &FieldPath| if documents { None } else { column(path.root()) };
        let fitters = paths
            .iter()
            .map(|path| store.fitter(&of(path).cloned().unwrap_or_else(Column::any)))
            .collect();
        let required =
            paths.iter().map(|path| of(path).is_some_and(|column| !column.nullable)).collect();
        let defaulted =
            paths.iter().map(|path| of(path).is_some_and(|column| column.has_default)).collect();
        let enriched = paths
            .iter()
            .map(|path| phase.enrich.iter().any(|enrich| enrich.field == *path))
            .collect();
        let key_names: Vec<String> = phase.target.key.iter().map(ToString::to_string).collect();
        let position = |name: &str| fields.iter().position(|field| field == name);
        let key = key_names.iter().filter_map(|name| position(name)).collect();
        let id_field = phase.id_field().and_then(|(path, _)| position(&path.to_string()));
        let identity = identity_of(phase, documents, schema);
        let identity_fields = identity.iter().map(|name| position(name)).collect();
        let identity_from_key = id_field.is_some_and(|field| identity == [fields[field].clone()])
            && phase.id_field().is_some_and(|(_, rule)| rule.is_from_key());
        let unmapped = match schema {
            Some(schema) if !documents => schema
                .columns
                .iter()
                .filter(|column| !column.generated && position(&column.name).is_none())
                .map(|column| column.name.clone())
                .collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            documents,
            layout: if documents {
                Layout::Document
            } else {
                Layout::Columns(fields.clone().into())
            },
            fields,
            paths,
            fitters,
            required,
            defaulted,
            enriched,
            key,
            key_names,
            identity,
            identity_fields,
            id_field,
            identity_from_key,
            unmapped,
        })
    }

    /// Where the identity that the ledger keeps of an inserted record is among the mapped fields;
    /// `None` when it is not among them, or made anew from the source key whenever it is asked for.
    pub fn identity_to_keep(&self) -> Option<&[usize]> {
        let identity = self.identity_fields.as_deref()?;
        let made = self.identity_from_key && self.id_field.is_some_and(|id| identity == [id]);
        (!made).then_some(identity)
    }

    /// What the ledger keeps of it.
    pub fn target(&self, phase: &Phase) -> TargetShape {
        let inserts = matches!(phase.target.write, WriteMode::Insert(_) | WriteMode::Append);
        TargetShape {
            entity: phase.target.entity.clone(),
            identity: self.identity.clone(),
            fields: if self.documents && inserts { Vec::new() } else { self.fields.clone() },
            id: if self.identity_from_key {
                phase.id_field().and_then(|(_, rule)| IdShape::of(rule))
            } else {
                None
            },
        }
    }
}

/// What identifies a record of a phase's target: `_id` of a document, a table's primary key, else
/// the field that gets a new id, else the conflict key.
pub fn identity_of(phase: &Phase, documents: bool, schema: Option<&Schema>) -> Vec<String> {
    if documents {
        return vec!["_id".to_owned()];
    }
    if let Some(schema) = schema
        && !schema.primary_key.is_empty()
    {
        return schema.primary_key.clone();
    }
    if let Some((path, _)) = phase.id_field() {
        return vec![path.to_string()];
    }
    phase.target.key.iter().map(ToString::to_string).collect()
}
