//! `[table.NAME]`: a table that must be there.

use crate::document::Text;

/// A table that must exist: it is checked, never created.
#[derive(Clone, Debug)]
pub struct ExistingTable {
    /// Its name.
    pub name: Text,
    /// The connection. `None` only after an error.
    pub connection: Option<Text>,
}
