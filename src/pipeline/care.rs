//! Care: what breaks the loop of a message that ends the process each time it is read.
//!
//! At each start the process notes the batch behind which it begins, and takes the note back when it ends in order. A
//! start that finds a note knows of a crash. After two behind the same batch it decides one message at a time
//! and notes each before it reads it; so the third crash names its message, and the next start rejects it unread.
//!
//! Notes are not synced: they must outlive a process, not a machine. Nothing is noted while all goes well.

use serde::{Deserialize, Serialize};

use caseloom_engine::alert::TopicId;

/// Crashes behind the same batch before messages are taken one at a time.
const CRASHES: u32 = 2;

/// A message, by its place.
pub type Place = (TopicId, i32, i64);

/// What a process notes before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The last batch that was whole.
    pub batch_no: u64,
    /// Crashes since then.
    pub crashes: u32,
    /// The message at hand.
    pub suspect: Option<Place>,
}

/// How carefully to begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Care {
    /// To be noted before anything is read.
    pub attempt: Attempt,
    /// The message that is rejected unread.
    pub quarantine: Option<Place>,
}

impl Care {
    /// What to do behind batch `batch_no`, given what the last process noted.
    #[must_use]
    pub fn after(batch_no: u64, found: Option<Attempt>) -> Self {
        let begin = Attempt {
            batch_no,
            ..Attempt::default()
        };
        let crashed = |crashes| Attempt { crashes, ..begin };
        match found {
            Some(found) if found.batch_no == batch_no => Self {
                attempt: crashed(found.crashes.saturating_add(1)),
                quarantine: found.suspect,
            },
            // It came further than where it had begun, and crashed here.
            Some(_) => Self {
                attempt: crashed(1),
                quarantine: None,
            },
            None => Self {
                attempt: begin,
                quarantine: None,
            },
        }
    }

    /// Whether messages are to be taken one at a time.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.attempt.crashes >= CRASHES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POISON: Place = (TopicId(1), 2, 3);

    #[test]
    fn the_third_crash_behind_a_batch_names_its_message() {
        let mut care = Care::after(7, None);
        assert!(!care.is_needed());
        care = Care::after(7, Some(care.attempt));
        assert!(!care.is_needed());
        care = Care::after(7, Some(care.attempt));
        assert!(care.is_needed() && care.quarantine.is_none());
        // One message was decided since, the next one crashes.
        let noted = Attempt {
            batch_no: 8,
            suspect: Some(POISON),
            ..care.attempt
        };
        care = Care::after(8, Some(noted));
        assert_eq!(care.quarantine, Some(POISON));
        assert!(care.is_needed(), "another may be bad too");
    }

    #[test]
    fn a_batch_in_between_forgets_crashes_but_the_last() {
        let crashed = Attempt {
            batch_no: 7,
            crashes: 5,
            suspect: Some(POISON),
        };
        let care = Care::after(9, Some(crashed));
        assert_eq!((care.attempt.crashes, care.quarantine), (1, None));
        assert!(!care.is_needed());
    }
}
