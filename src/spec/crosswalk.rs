//! `[crosswalk.NAME]`: a code-to-code table.

use crate::document::{Spanned, Text};
use crate::value::Value;

/// A crosswalk.
#[derive(Clone, Debug)]
pub struct Crosswalk {
    /// Its name.
    pub name: Text,
    /// Codes with what they become, in order, `*` left out. The code is a value's canonical text.
    pub entries: Vec<(Text, Spanned<Value>)>,
    /// What any other code becomes (`"*"`). Without it an unknown code is a reject.
    pub otherwise: Option<Spanned<Value>>,
}

impl Crosswalk {
    /// What a code becomes.
    pub fn get(&self, code: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|(entry, _)| entry.as_str() == code)
            .map(|(_, value)| value)
            .or(self.otherwise.as_ref())
            .map(|value| &value.value)
    }
}
