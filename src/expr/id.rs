//! Ids made from source keys: the same in every run, on every worker.

use std::borrow::Cow;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::value::{Key, ObjectId, Value};

/// How a record's id is made.
#[derive(Clone, Debug, PartialEq)]
pub struct IdRule {
    /// What kind of id.
    pub kind: IdKind,
    /// The spec's name, part of what the id is made of.
    pub spec: String,
    /// The phase's name (its first one, when it was renamed), part of what the id is made of.
    pub phase: String,
    /// A template for the name instead of spec, phase and key.
    pub name: Option<String>,
}

/// Kinds of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// A UUID, version 5 (RFC 9562), in this namespace or mapper's own.
    Uuid(Option<Uuid>),
    /// An object id: the first 12 bytes of the SHA-256 of the name.
    ObjectId,
    /// The source key as it is.
    Keep,
}

/// The namespace of ids whose spec names none.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d61_7070_6572_5000_8000_7370_6563_6964);

impl IdRule {
    /// The id of a record.
    ///
    /// `key` is its source key (with the element's number where the phase explodes); `name` is
    /// what the name template rendered, when there is one.
    pub fn make(&self, key: &Key, name: Option<&str>) -> Value {
        let bytes = || match name {
            Some(name) => Cow::Borrowed(name.as_bytes()),
            None => Cow::Owned(row_id_bytes(&self.spec, &self.phase, key)),
        };
        match self.kind {
            IdKind::Uuid(namespace) => {
                // As `Uuid::new_v5` does, with a SHA-1 that uses what the processor has for it.
                let mut sha = Sha1::new();
                sha.update(namespace.unwrap_or(NAMESPACE).as_bytes());
                sha.update(bytes());
                let mut id = [0; 16];
                id.copy_from_slice(&sha.finalize()[..16]);
                Value::Uuid(uuid::Builder::from_sha1_bytes(id).into_uuid())
            }
            IdKind::ObjectId => {
                let digest = Sha256::digest(bytes());
                let mut id = [0; 12];
                id.copy_from_slice(&digest[..12]);
                Value::ObjectId(ObjectId(id))
            }
            IdKind::Keep => {
                let mut values = key.values().unwrap_or_default();
                if values.len() == 1 { values.remove(0) } else { Value::array(values) }
            }
        }
    }

    /// The namespace of a UUID.
    pub fn namespace(&self) -> Option<Uuid> {
        match self.kind {
            IdKind::Uuid(namespace) => Some(namespace.unwrap_or(NAMESPACE)),
            IdKind::ObjectId | IdKind::Keep => None,
        }
    }

    /// Whether the id can be made again from the source key alone.
    pub fn is_from_key(&self) -> bool {
        self.name.is_none()
    }
}

/// The bytes that a default id is made of: spec, phase and key, each with its length before it.
pub fn row_id_bytes(spec: &str, phase: &str, key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spec.len() + phase.len() + key.as_bytes().len() + 12);
    for part in [spec.as_bytes(), phase.as_bytes(), key.as_bytes()] {
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: IdKind) -> IdRule {
        IdRule { kind, spec: "s".into(), phase: "p".into(), name: None }
    }

    fn key(values: &[Value]) -> Key {
        Key::new(values).unwrap()
    }

    #[test]
    fn ids_never_change() {
        // Computed outside of this project, from the description of `row_id_bytes`.
        let id = rule(IdKind::Uuid(None)).make(&key(&[Value::Int(7)]), None);
        assert_eq!(id.canonical_text().unwrap(), "ecc23eb7-4e17-5d90-bf12-d1fc5a7b9063");
        let id = rule(IdKind::ObjectId).make(&key(&[Value::Int(7)]), None);
        assert_eq!(id.canonical_text().unwrap(), "4b6fd5b55f5c92061d58ba43");
    }

    #[test]
    fn keys_that_read_alike_give_different_ids() {
        let id = |values: &[Value]| rule(IdKind::Uuid(None)).make(&key(values), None);
        assert_ne!(id(&[Value::Int(1), Value::Int(11)]), id(&[Value::Int(11), Value::Int(1)]));
        assert_ne!(id(&[Value::Int(1)]), id(&[Value::text("1")]));
    }

    #[test]
    fn a_named_id_is_plain_version_5() {
        let kind = IdKind::Uuid(Some(Uuid::NAMESPACE_DNS));
        let id = rule(kind).make(&key(&[Value::Int(1)]), Some("www.example.com"));
        assert_eq!(id, Value::Uuid(Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"www.example.com")));
    }
}
