//! MongoDB object ids.

use std::fmt;
use std::str::FromStr;

/// A 12-byte object id, shown as 24 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub [u8; 12]);

impl ObjectId {
    /// Makes a new one: the time, and chance.
    #[must_use]
    pub fn generate() -> Self {
        let unique = uuid::Uuid::now_v7().into_bytes();
        let seconds = chrono::Utc::now().timestamp();
        let mut id = [0; 12];
        id[..4].copy_from_slice(&seconds.to_be_bytes()[4..]);
        id[4..].copy_from_slice(&unique[8..]);
        Self(id)
    }
}

/// The text is not 24 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object id is 24 hexadecimal digits")]
pub struct ParseObjectIdError;

impl FromStr for ObjectId {
    type Err = ParseObjectIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.as_bytes();
        if text.len() != 24 {
            return Err(ParseObjectIdError);
        }
        let mut id = [0; 12];
        for (byte, pair) in id.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |c: u8| (c as char).to_digit(16).ok_or(ParseObjectIdError);
            *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?)
                .map_err(|_| ParseObjectIdError)?;
        }
        Ok(Self(id))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_24_hexadecimal_digits_are_an_id() {
        for text in
            ["", "5f1d7f3a2b4c6d8e9f0a1b2", "5f1d7f3a2b4c6d8e9f0a1b2cc", "+f1d7f3a2b4c6d8e9f0a1b2c"]
        {
            assert_eq!(text.parse::<ObjectId>(), Err(ParseObjectIdError), "{text}");
        }
        // 24 bytes, not 24 digits.
        assert_eq!("éééééééééééé".parse::<ObjectId>(), Err(ParseObjectIdError));
        let upper: ObjectId = "5F1D7F3A2B4C6D8E9F0A1B2C".parse().unwrap();
        assert_eq!(upper.to_string(), "5f1d7f3a2b4c6d8e9f0a1b2c");
    }

    proptest! {
        #[test]
        fn text_is_read_back_and_sorts_as_the_bytes(a in any::<[u8; 12]>(), b in any::<[u8; 12]>()) {
            let (a, b) = (ObjectId(a), ObjectId(b));
            prop_assert_eq!(a.to_string().parse::<ObjectId>(), Ok(a));
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }
    }
}
