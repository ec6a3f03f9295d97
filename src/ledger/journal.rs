//! The journal: what was there before a record was changed.

use crate::value::codec::{
    read_number, read_text, read_value, write_bytes, write_number, write_value,
};
use crate::value::{Key, Value};

/// The fields that a change touched, as they were before. `Missing` is a field that was not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BeforeImage {
    /// Column or dotted path, and its value.
    pub fields: Vec<(String, Value)>,
    /// A hash of what these fields were set to, in this order.
    pub after_hash: u64,
}

impl BeforeImage {
    /// The bytes that the ledger stores.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.after_hash.to_be_bytes().to_vec();
        write_number(&mut bytes, self.fields.len() as u64);
        for (name, value) in &self.fields {
            write_bytes(&mut bytes, name.as_bytes());
            write_value(&mut bytes, value);
        }
        bytes
    }

    /// Reads what [`BeforeImage::encode`] gave; `None` when the bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (hash, mut bytes) = bytes.split_first_chunk::<8>()?;
        let bytes = &mut bytes;
        let mut fields = Vec::new();
        for _ in 0..read_number(bytes)? {
            let name = read_text(bytes)?.to_owned();
            fields.push((name, read_value(bytes)?));
        }
        Some(Self { fields, after_hash: u64::from_be_bytes(*hash) })
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// Its place within the batch.
    pub ordinal: u64,
    /// The source key of the record that caused the change.
    pub source: Key,
    /// The identity of the changed record in the target.
    pub id: Key,
    /// What was there before.
    pub before: BeforeImage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let image = BeforeImage {
            fields: vec![("a.b".into(), Value::Missing), ("c".into(), Value::Float(0.1))],
            after_hash: 7,
        };
        let bytes = image.encode();
        assert_eq!(BeforeImage::decode(&bytes), Some(image));
        for cut in 0..bytes.len() {
            let _ = BeforeImage::decode(&bytes[..cut]);
        }
    }
}
