//! Where the next page begins: behind an item, by its sort number and id. Not a row number, so that a page neither
//! repeats nor misses a case because others came, went or changed.
//!
//! ```text
//! base64url(version:1  sort:1  number:8  id:8)      sort: key of SortKey * 2 + descending
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caseloom_engine::ids::CaseId;

use super::query::{Sort, SortKey};

/// The place of an item in an order. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) sort: Sort,
    pub(super) number: i64,
    pub(super) case: CaseId,
}

/// A text that is not a cursor of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that an earlier page gave")]
pub struct InvalidCursor;

const VERSION: u8 = 1;
const BYTES: usize = 18;

impl Cursor {
    /// The order in which it is a place.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.sort.key as u8 * 2 + u8::from(self.sort.descending);
        bytes[2..10].copy_from_slice(&self.number.to_be_bytes());
        bytes[10..].copy_from_slice(&self.case.0.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let &[VERSION, sort, ref numbers @ ..] = bytes.as_slice() else {
            return Err(InvalidCursor);
        };
        let (&[number, case], []) = numbers.as_chunks() else {
            return Err(InvalidCursor);
        };
        let key = SortKey::ALL.get(usize::from(sort / 2));
        Ok(Self {
            sort: Sort {
                key: *key.ok_or(InvalidCursor)?,
                descending: sort % 2 == 1,
            },
            number: i64::from_be_bytes(number),
            case: CaseId(u64::from_be_bytes(case)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back() {
        for key in SortKey::ALL {
            let cursor = Cursor {
                sort: Sort {
                    key,
                    descending: key != SortKey::Risk,
                },
                number: -5,
                case: CaseId(u64::MAX),
            };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "x", "AAAA", "AQAAAAAAAAAAAAAAAAAAAAA", "AQ=="] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
        let long = URL_SAFE_NO_PAD.encode([1; BYTES + 8]);
        assert_eq!(long.parse::<Cursor>(), Err(InvalidCursor));
        let sort = URL_SAFE_NO_PAD.encode([1, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(sort.parse::<Cursor>(), Err(InvalidCursor));
    }
}
