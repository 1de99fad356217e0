//! Examples: messages that the author of a mapping gave with it, and which of its paths none of them has. Alerts are not
//! made of them here; a parser that knows the mapping is asked for those.

use super::super::json::Readers;
use super::super::limits::Limits;
use super::Mapping;
use super::file::File;

/// A message that stands in a mapping file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The message as it would come from a topic.
    pub message: String,
    /// The line of the file in which it begins, from 1.
    pub line: usize,
}

pub(super) fn read(file: &File, text: &str) -> Vec<Example> {
    let line = |start: usize| 1 + text.get(..start).unwrap_or(text).matches('\n').count();
    let examples = file.example.iter().map(|example| Example {
        message: example.message.get_ref().clone(),
        line: line(example.message.span().start),
    });
    examples.collect()
}

impl Mapping {
    /// The messages that stand in the file, in their order.
    #[must_use]
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// The paths of the mapping that lead to nothing in any of `documents`, each once, in the order of the file; all of
    /// them where no document is one JSON object. What envelopes hold is not looked into.
    #[must_use]
    pub fn paths_without_value(&self, documents: &[&str], limits: &Limits) -> Vec<String> {
        let mut paths: Vec<(String, usize)> = Vec::new();
        self.file.clone().each_path(|path| {
            if !paths.iter().any(|(_, slot)| *slot == path.slot) {
                paths.push((path.text.to_string(), path.slot));
            }
        });
        let mut readers = Readers::new(limits);
        for document in documents {
            let Some(mut reader) = readers.take_for(document) else {
                continue;
            };
            let result = reader.read(document.as_bytes(), |root| {
                let found = self.plan.find(root);
                paths.retain(|(_, slot)| !found.has(*slot));
                Ok(())
            });
            readers.put_back(reader);
            // One that can't be read has nothing anywhere.
            drop(result);
        }
        paths.into_iter().map(|(path, _)| path).collect()
    }
}
