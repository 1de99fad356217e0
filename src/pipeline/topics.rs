//! The input topics: their numbers in the store and how their messages are read.

use caseloom_engine::alert::TopicId;
use caseloom_engine::input::Format;

use crate::config::StoreRaw;

/// How the messages of one topic are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// The topic.
    pub name: String,
    /// What its messages are.
    pub format: Format,
    /// Whose its alerts are, whatever they say.
    pub scope: Option<String>,
    /// A longer message is rejected unparsed.
    pub message_bytes_max: usize,
    /// Which messages to keep.
    pub store_raw: StoreRaw,
}

/// Input topics by their numbers. A topic keeps its number for as long as the store lives.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    settings: Vec<(TopicId, TopicSettings)>,
    /// Numbers that the store doesn't know yet.
    unstored: Vec<(TopicId, String)>,
}

impl Topics {
    /// Gives each topic the number that the store knows it by, or the next free one.
    #[must_use]
    pub fn number(stored: &[(TopicId, String)], topics: Vec<TopicSettings>) -> Self {
        let mut next = stored.iter().map(|(id, _)| id.0 + 1).max().unwrap_or(0);
        let mut numbered = Self::default();
        for settings in topics {
            let known = stored.iter().find(|(_, name)| *name == settings.name);
            let id = known.map_or_else(
                || {
                    let id = TopicId(next);
                    next += 1;
                    numbered.unstored.push((id, settings.name.clone()));
                    id
                },
                |(id, _)| *id,
            );
            numbered.settings.push((id, settings));
        }
        numbered
    }

    /// The settings of a topic.
    ///
    /// # Panics
    /// For a number that is none of the configured topics': the source reads no others.
    #[must_use]
    pub fn get(&self, id: TopicId) -> &TopicSettings {
        let found = self.settings.iter().find(|(topic, _)| *topic == id);
        &found.expect("the source reads configured topics only").1
    }

    /// All, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (TopicId, &TopicSettings)> {
        self.settings.iter().map(|(id, settings)| (*id, settings))
    }

    /// The numbers that are to be stored with the next batch.
    #[must_use]
    pub fn unstored(&self) -> &[(TopicId, String)] {
        &self.unstored
    }

    /// Notes that the numbers are stored.
    pub fn stored(&mut self) {
        self.unstored.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str) -> TopicSettings {
        TopicSettings {
            name: name.into(),
            format: Format::Auto,
            scope: None,
            message_bytes_max: 1,
            store_raw: StoreRaw::First,
        }
    }

    #[test]
    fn a_topic_keeps_its_number_and_a_new_one_gets_the_next() {
        let stored = [
            (TopicId(0), "old".to_owned()),
            (TopicId(1), "kept".to_owned()),
        ];
        let topics = Topics::number(&stored, vec![settings("new"), settings("kept")]);
        let numbers: Vec<_> = topics
            .iter()
            .map(|(id, s)| (id.0, s.name.as_str()))
            .collect();
        assert_eq!(numbers, [(2, "new"), (1, "kept")]);
        assert_eq!(topics.unstored(), [(TopicId(2), "new".to_owned())]);
    }
}
