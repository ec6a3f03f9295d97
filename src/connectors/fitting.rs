//! What makes values fit the columns of an entity.

use super::{Fitter, Store, StoreError};
use crate::value::{Column, Schema};

/// One fitter per name, in order. A name that the schema does not have promises nothing.
pub fn fitters(store: &dyn Store, schema: Option<&Schema>, names: &[String]) -> Vec<Fitter> {
    let fitter = |name: &String| {
        let column = schema.and_then(|schema| schema.column(name));
        column.map_or_else(|| store.fitter(&Column::any()), |column| store.fitter(column))
    };
    names.iter().map(fitter).collect()
}

/// The same by what the catalog says of an entity.
///
/// # Errors
/// When the catalog can't be read.
pub async fn fitters_of(
    store: &dyn Store,
    entity: &str,
    names: &[String],
) -> Result<Vec<Fitter>, StoreError> {
    let schema = if store.capabilities().documents { None } else { store.describe(entity).await? };
    Ok(fitters(store, schema.as_ref(), names))
}
