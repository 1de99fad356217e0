//! What the tool calls our cases: found once, remembered for as long as there is room. Not stored: every product can be
//! asked, and a place less can't be wrong.

use std::collections::{BTreeMap, VecDeque};

/// Cases remembered, the latest; about 100 bytes each.
const KNOWN_MAX: usize = 10_000;

/// Ids of the tool by our reference.
#[derive(Debug, Default)]
pub(super) struct Known {
    ids: BTreeMap<String, String>,
    order: VecDeque<String>,
}

impl Known {
    pub(super) fn get(&self, reference: &str) -> Option<String> {
        self.ids.get(reference).cloned()
    }

    pub(super) fn put(&mut self, reference: &str, id: &str) {
        if self
            .ids
            .insert(reference.to_owned(), id.to_owned())
            .is_some()
        {
            return;
        }
        self.order.push_back(reference.to_owned());
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let mut known = Known::default();
        for number in 0..=KNOWN_MAX {
            known.put(&number.to_string(), "id");
            known.put("7", "other");
        }
        assert_eq!(known.get("0"), None);
        assert_eq!(known.get("7").as_deref(), Some("other"));
        assert_eq!(known.ids.len(), KNOWN_MAX);
        assert_eq!(known.order.len(), KNOWN_MAX);
    }
}
