//! Finding text in a case's header: a part of a word is enough, letter case doesn't matter.
//!
//! Each case in the view has its [`Haystack`], made once per change: lower-casing 100,000 titles, and writing as many
//! ids, for each search took six times as long as looking through them.

use std::fmt::Write;

use caseloom_engine::record::GroupRecord;

/// A text to be found, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle(String);

/// What a search looks through: title, id, scope, owner and ATT&CK ids, in lower case, a line each.
#[derive(Debug)]
pub(super) struct Haystack(Box<str>);

impl Needle {
    /// What to find; `None` for blank text, which is in everything. A line break is in nothing.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_lowercase()))
    }
}

impl Haystack {
    pub(super) fn new(group: &GroupRecord) -> Self {
        let mut text = group.title.replace('\n', " ");
        write!(text, "\n{}\n{}", group.case, group.scope_name)
            .expect("writing to memory can't fail");
        for more in group.owner.iter().chain(&group.attack) {
            text.push('\n');
            text.push_str(more);
        }
        Self(text.to_lowercase().into())
    }

    pub(super) fn holds(&self, needle: &Needle) -> bool {
        self.0.contains(&needle.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_does_not_matter_in_any_script() {
        let find = |needle: &str, text: &str| {
            Haystack(text.to_lowercase().into()).holds(&Needle::new(needle).unwrap())
        };
        assert!(find("SSH brute", "An ssh BRUTE force"));
        assert!(find("größe", "Die GRÖSSE? Nein: GRÖßE"));
        assert!(!find("sshd", "ssh"));
        assert!(!find("é", "e"));
    }

    #[test]
    fn blank_text_asks_for_nothing() {
        assert_eq!(Needle::new(" \t"), None);
    }
}
