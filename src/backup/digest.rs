//! What rows amount to, in whatever order they come.

use sha2::{Digest as _, Sha256};

use super::form;
use crate::connectors::Layout;
use crate::value::{Problem, Row, Value};

/// A checksum over rows in their canonical form, and how many there are. The order of rows makes no
/// difference; the order of a table's columns neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Rows.
    pub rows: u64,
    sum: u128,
}

impl Digest {
    /// Takes a row in.
    ///
    /// # Errors
    /// When it holds something that extended JSON has no form for.
    pub fn add(&mut self, layout: &Layout, row: &Row) -> Result<(), Problem> {
        let mut text = Vec::new();
        match layout {
            Layout::Document => {
                form::write(&mut text, row.first().unwrap_or(&Value::Missing))?;
            }
            Layout::Columns(names) => {
                let mut fields: Vec<(&str, &Value)> =
                    names.iter().map(String::as_str).zip(row).collect();
                fields.sort_unstable_by_key(|(name, _)| *name);
                for (name, value) in fields {
                    // Lengths keep names and values apart.
                    text.extend(name.len().to_le_bytes());
                    text.extend(name.as_bytes());
                    let before = text.len();
                    form::write(&mut text, value)?;
                    text.extend((text.len() - before).to_le_bytes());
                }
            }
        }
        let hash = Sha256::digest(&text);
        let mut part = [0; 16];
        part.copy_from_slice(&hash[..16]);
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(part));
        self.rows += 1;
        Ok(())
    }

    /// The checksum as text.
    pub fn text(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(names: &[&str], rows: &[Row]) -> Digest {
        let layout = Layout::Columns(names.iter().map(|name| (*name).to_owned()).collect());
        let mut digest = Digest::default();
        for row in rows {
            digest.add(&layout, row).unwrap();
        }
        digest
    }

    #[test]
    fn order_makes_no_difference_and_content_does() {
        let (one, two) = (vec![Value::Int(1), "a".into()], vec![Value::Int(2), Value::Null]);
        let both = digest(&["id", "name"], &[one.clone(), two.clone()]);
        assert_eq!(both, digest(&["id", "name"], &[two.clone(), one.clone()]));
        let turned = vec![vec!["a".into(), Value::Int(1)], vec![Value::Null, Value::Int(2)]];
        assert_eq!(both, digest(&["name", "id"], &turned));
        assert_ne!(both, digest(&["id", "name"], std::slice::from_ref(&one)));
        assert_ne!(both, digest(&["id", "note"], &[one.clone(), two]));
        assert_ne!(both, digest(&["id", "name"], &[one, vec![Value::Int(2), "".into()]]));
    }
}
