//! The conditions of a transfer's statement.

/// What must hold of a row, each condition once.
#[derive(Default)]
pub(crate) struct Conditions(Vec<String>);

impl Conditions {
    /// Adds one.
    pub(crate) fn add(&mut self, condition: String) {
        if !self.0.contains(&condition) {
            self.0.push(condition);
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
