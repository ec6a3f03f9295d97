//! The record of one batch: every record's key and fate, in a few bytes each.
//!
//! Layout: a version byte; the target's shape in version 2; the reasons (count, texts); the entries (count, then each). An entry is
//! the length of the prefix that its key shares with the key before, the rest of the key, a byte
//! that holds fate, presence of a hash and the form of the id, a reason's number when there is one,
//! 8 bytes of hash, and the id. Numbers are LEB128. A key repeated as id is not stored again.

use std::sync::Arc;

use super::TargetShape;
use crate::value::Key;
use crate::value::codec::{read_bytes, read_number, read_text, write_bytes, write_number};

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is new in the target.
    Inserted,
    /// It changed a record of the target.
    Updated,
    /// The target held it already with the same content.
    Unchanged,
    /// It was left out, for this reason.
    Skipped(Arc<str>),
    /// It was refused, for this reason.
    Rejected(Arc<str>),
    /// Its source no longer has it, and the target no longer either.
    Deleted,
    /// Its source no longer has it, and the target's record says so.
    Marked,
}

impl Fate {
    /// The word in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped(_) => "skipped",
            Self::Rejected(_) => "rejected",
            Self::Deleted => "deleted",
            Self::Marked => "marked",
        }
    }

    /// Why, for skips and rejects.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Skipped(reason) | Self::Rejected(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the record was read and the target holds it.
    pub fn arrived(&self) -> bool {
        matches!(self, Self::Inserted | Self::Updated | Self::Unchanged)
    }
}

/// One record of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its source key, with the element's number when the phase explodes.
    pub key: Key,
    /// What became of it.
    pub fate: Fate,
    /// A hash of what was written ([`crate::value::codec::content_hash`]), when something was or
    /// would have been.
    pub hash: Option<u64>,
    /// The identity of its record in the target, when it has one that can't be made from the key.
    pub id: Option<Key>,
}

/// The record of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchRecord {
    /// The records in the order in which they were read.
    pub entries: Vec<Entry>,
    /// How its records are found in the target, when otherwise than the phase's record says: the
    /// spec changed before rejects were tried again. Its entries then name their ids.
    pub shape: Option<TargetShape>,
}

const VERSION: u8 = 1;
/// With a shape, as JSON, after the version.
const VERSION_WITH_SHAPE: u8 = 2;
const HAS_HASH: u8 = 0x08;
const ID_SAME: u8 = 0x10;
const ID_OWN: u8 = 0x20;

impl BatchRecord {
    /// The smallest and the largest key, by their encoding.
    pub fn bounds(&self) -> Option<(&Key, &Key)> {
        let first = self.entries.iter().map(|entry| &entry.key).min()?;
        let last = self.entries.iter().map(|entry| &entry.key).max()?;
        Some((first, last))
    }

    /// The bytes that the ledger stores.
    pub fn encode(&self) -> Vec<u8> {
        let mut reasons: Vec<&str> = Vec::new();
        let mut body = Vec::with_capacity(self.entries.len() * 16);
        let mut before: &[u8] = &[];
        for entry in &self.entries {
            let key = entry.key.as_bytes();
            let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
            write_number(&mut body, shared as u64);
            write_bytes(&mut body, &key[shared..]);
            before = key;
            let mut flags = match entry.fate {
                Fate::Inserted => 0,
                Fate::Updated => 1,
                Fate::Unchanged => 2,
                Fate::Skipped(_) => 3,
                Fate::Rejected(_) => 4,
                Fate::Deleted => 5,
                Fate::Marked => 6,
            };
            if entry.hash.is_some() {
                flags |= HAS_HASH;
            }
            match &entry.id {
                Some(id) if *id == entry.key => flags |= ID_SAME,
                Some(_) => flags |= ID_OWN,
                None => {}
            }
            body.push(flags);
            if let Some(reason) = entry.fate.reason() {
                let number =
                    reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
                        reasons.push(reason);
                        reasons.len() - 1
                    });
                write_number(&mut body, number as u64);
            }
            if let Some(hash) = entry.hash {
                body.extend_from_slice(&hash.to_be_bytes());
            }
            if let Some(id) = entry.id.as_ref().filter(|id| **id != entry.key) {
                write_bytes(&mut body, id.as_bytes());
            }
        }
        let shape = self.shape.as_ref().and_then(|shape| serde_json::to_vec(shape).ok());
        let mut bytes = vec![if shape.is_some() { VERSION_WITH_SHAPE } else { VERSION }];
        if let Some(shape) = shape {
            write_bytes(&mut bytes, &shape);
        }
        write_number(&mut bytes, reasons.len() as u64);
        for reason in reasons {
            write_bytes(&mut bytes, reason.as_bytes());
        }
        write_number(&mut bytes, self.entries.len() as u64);
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads what [`BatchRecord::encode`] gave; `None` when the bytes are damaged.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let (&version, rest) = bytes.split_first()?;
        *bytes = rest;
        let shape = match version {
            VERSION => None,
            VERSION_WITH_SHAPE => Some(serde_json::from_slice(read_bytes(bytes)?).ok()?),
            _ => return None,
        };
        let mut reasons: Vec<Arc<str>> = Vec::new();
        for _ in 0..read_number(bytes)? {
            reasons.push(Arc::from(read_text(bytes)?));
        }
        let count = usize::try_from(read_number(bytes)?).ok()?;
        let mut entries: Vec<Entry> = Vec::with_capacity(count.min(bytes.len()));
        let mut key: Vec<u8> = Vec::with_capacity(32);
        for _ in 0..count {
            let shared = usize::try_from(read_number(bytes)?).ok()?;
            if shared > key.len() {
                return None;
            }
            key.truncate(shared);
            key.extend_from_slice(read_bytes(bytes)?);
            let (&flags, rest) = bytes.split_first()?;
            *bytes = rest;
            let mut reason = || -> Option<Arc<str>> {
                Some(Arc::clone(reasons.get(usize::try_from(read_number(bytes)?).ok()?)?))
            };
            let fate = match flags & 0x07 {
                0 => Fate::Inserted,
                1 => Fate::Updated,
                2 => Fate::Unchanged,
                3 => Fate::Skipped(reason()?),
                4 => Fate::Rejected(reason()?),
                5 => Fate::Deleted,
                6 => Fate::Marked,
                _ => return None,
            };
            let hash = if flags & HAS_HASH == 0 {
                None
            } else {
                let (hash, rest) = bytes.split_first_chunk::<8>()?;
                *bytes = rest;
                Some(u64::from_be_bytes(*hash))
            };
            let key = Key::from_bytes(&key);
            let id = match flags & (ID_SAME | ID_OWN) {
                0 => None,
                ID_SAME => Some(key.clone()),
                _ => Some(Key::from_bytes(read_bytes(bytes)?)),
            };
            entries.push(Entry { key, fate, hash, id });
        }
        Some(Self { entries, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use proptest::prelude::*;

    fn key(number: i64) -> Key {
        Key::new([&Value::Int(number)]).unwrap()
    }

    fn any_fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            Just(Fate::Inserted),
            Just(Fate::Updated),
            Just(Fate::Unchanged),
            "[a-z_]{1,8}".prop_map(|reason| Fate::Skipped(reason.into())),
            "[a-z_]{1,8}".prop_map(|reason| Fate::Rejected(reason.into())),
            Just(Fate::Deleted),
            Just(Fate::Marked),
        ]
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        (any::<i64>(), any_fate(), any::<Option<u64>>(), proptest::option::of(any::<i64>()))
            .prop_map(|(number, fate, hash, id)| Entry {
                key: key(number),
                fate,
                hash,
                id: id.map(key),
            })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(entries in proptest::collection::vec(any_entry(), 0..40)) {
            let shape = entries.first().map(|_| TargetShape::default());
            let record = BatchRecord { entries, shape };
            prop_assert_eq!(BatchRecord::decode(&record.encode()), Some(record));
        }

        #[test]
        fn damaged_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut versioned = vec![VERSION];
            versioned.extend(bytes);
            let _ = BatchRecord::decode(&versioned);
        }
    }

    #[test]
    fn consecutive_keys_take_few_bytes() {
        let entries = (0..1000)
            .map(|number| Entry {
                key: key(1_000_000 + number),
                fate: Fate::Inserted,
                hash: Some(number.unsigned_abs()),
                id: None,
            })
            .collect();
        let bytes = BatchRecord { entries, shape: None }.encode();
        assert!(bytes.len() < 12_500, "{}", bytes.len());
    }
}
