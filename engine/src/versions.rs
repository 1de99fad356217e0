//! The versions of the policies that made what is remembered, by small numbers: a link keeps the one that made it.

use compact_str::CompactString;

/// Versions by number; a version never goes. There are as many as there were changes of the policy among live links.
#[derive(Debug, Default)]
pub(crate) struct Versions(Vec<CompactString>);

impl Versions {
    /// The number of a version, a new one included. From the 65,536th on all are the last.
    pub(crate) fn number(&mut self, version: &CompactString) -> u16 {
        let known = self.0.iter().position(|known| known == version);
        let at = known.unwrap_or_else(|| {
            if self.0.len() > usize::from(u16::MAX) {
                self.0.pop();
            }
            self.0.push(version.clone());
            self.0.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// The version with this number.
    pub(crate) fn get(&self, number: u16) -> &CompactString {
        &self.0[usize::from(number)]
    }
}
