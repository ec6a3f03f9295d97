//! `[crosswalk.NAME]`: a code-to-code table.

use super::literal;
use crate::diagnostics::{Diagnostic, Diagnostics, codes};
use crate::document::{Entry, KeyKind, Shape, Spanned, Text};
use crate::value::Value;

use super::read::Context;

/// The shape of a crosswalk.
pub(super) static SHAPE: Shape = Shape::MapOf(KeyKind::Code, &Shape::Literal);

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

impl Crosswalk {
    pub(super) fn read(entry: &Entry, context: &mut Context<'_>) -> Option<Self> {
        let table = entry.value.as_table()?;
        let diagnostics: &mut Diagnostics = context.diagnostics;
        if table.entries.is_empty() {
            diagnostics.push(
                Diagnostic::new(&codes::EMPTY, format!("the crosswalk `{}` is empty", entry.key))
                    .at(entry.value.span, "has no codes"),
            );
        }
        let mut crosswalk = Self { name: entry.key.clone(), entries: Vec::new(), otherwise: None };
        for code in &table.entries {
            let Some(value) = literal::read(&code.value, diagnostics) else { continue };
            if code.key.as_str() == "*" {
                crosswalk.otherwise = Some(value);
            } else {
                crosswalk.entries.push((code.key.clone(), value));
            }
        }
        Some(crosswalk)
    }
}
