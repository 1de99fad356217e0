//! Ids given by the engine. All are assigned in log order, so a replay of the same log gives the same ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Number of a scope (tenant) in this store, from 0 in the order met.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ScopeId(pub u32);

/// Number of an activity, from 1 in the order opened.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ActivityId(pub u64);

/// Number of a group (candidate or case), from 1 in the order opened.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct GroupId(pub u64);

/// Number of a silence, from 1 in the order made.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SilenceId(pub u64);

/// The id of a case that the world sees: 64 bits of BLAKE3 over the identity, time and position of the group's
/// first alert.
///
/// Written as 13 digits of Crockford's base 32 in lower case (`0123456789abcdefghjkmnpqrstvwxyz`), fixed width,
/// so that text order is number order. Serialised as that text where the format is human-readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(pub u64);

/// A text that is not a case id: not 13 base-32 digits, or above 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a case id: expected 13 digits of 0-9 and a-z without i, l, o and u")]
pub struct InvalidCaseId;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const WIDTH: usize = 13;

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..WIDTH).rev() {
            let digit = (self.0 >> (5 * place)) & 31;
            let digit = usize::try_from(digit).unwrap_or(0);
            write!(f, "{}", char::from(DIGITS[digit]))?;
        }
        Ok(())
    }
}

impl FromStr for CaseId {
    type Err = InvalidCaseId;

    fn from_str(text: &str) -> Result<Self, InvalidCaseId> {
        if text.len() != WIDTH {
            return Err(InvalidCaseId);
        }
        let mut number: u64 = 0;
        for (place, byte) in text.bytes().enumerate() {
            let digit = DIGITS
                .iter()
                .position(|&d| d == byte.to_ascii_lowercase())
                .ok_or(InvalidCaseId)?;
            if place == 0 && digit > 15 {
                return Err(InvalidCaseId);
            }
            number = number << 5 | u64::try_from(digit).map_err(|_| InvalidCaseId)?;
        }
        Ok(Self(number))
    }
}

impl Serialize for CaseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for CaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            u64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_ids_read_back_and_keep_their_order() {
        for number in [0, 1, 31, 32, u64::MAX / 3, u64::MAX] {
            let text = CaseId(number).to_string();
            assert_eq!(text.len(), WIDTH);
            assert_eq!(text.parse(), Ok(CaseId(number)));
        }
        assert!(CaseId(31).to_string() < CaseId(32).to_string());
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "0", "zzzzzzzzzzzzz", "000000000000i", "00000000000000"] {
            assert_eq!(text.parse::<CaseId>(), Err(InvalidCaseId));
        }
    }
}
