//! Finding text in a case's header: a part of a word is enough, letter case doesn't matter.

use caseloom_engine::record::GroupRecord;

/// A text to be found, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle(String);

impl Needle {
    /// What to find; `None` for blank text, which is in everything.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_lowercase()))
    }

    /// Whether title, id, scope, owner or an ATT&CK id holds it.
    pub(super) fn is_in(&self, group: &GroupRecord) -> bool {
        self.is_in_text(&group.title)
            || self.is_in_text(&group.scope_name)
            || group.owner.as_ref().is_some_and(|o| self.is_in_text(o))
            || group.attack.iter().any(|id| self.is_in_text(id))
            || (self.0.len() <= 13 && group.case.to_string().contains(&self.0))
    }

    fn is_in_text(&self, text: &str) -> bool {
        if text.is_ascii() {
            return is_in_ascii(self.0.as_bytes(), text.as_bytes());
        }
        text.to_lowercase().contains(&self.0)
    }
}

/// The same without making a lower-case copy of each text: most are ASCII, and there are 100,000 of them.
fn is_in_ascii(needle: &[u8], text: &[u8]) -> bool {
    let Some(&first) = needle.first() else {
        return true;
    };
    text.windows(needle.len())
        .any(|part| part[0].to_ascii_lowercase() == first && part.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_does_not_matter_in_any_script() {
        let find = |needle: &str, text: &str| Needle::new(needle).unwrap().is_in_text(text);
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
