//! A scenario file: its story, and the sections of its outcome.

use std::fmt;

use super::Trouble;
use super::outcome;
use super::play::Played;

/// The section that a file is given when it has none.
const FIRST_SECTION: &str = "cases";

/// A file, cut up.
#[derive(Debug)]
pub(super) struct ScenarioFile {
    pub(super) story: String,
    pub(super) sections: Vec<Section>,
}

/// `---- NAME` and the lines below it; blank ones and comments are no part of it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) lines: Vec<String>,
}

impl ScenarioFile {
    pub(super) fn parse(text: &str) -> Result<Self, Trouble> {
        let mut file = Self {
            story: String::new(),
            sections: Vec::<Section>::new(),
        };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("----") {
                file.begin(name.trim()).map_err(|problem| Trouble {
                    line: index + 1,
                    problem,
                })?;
                continue;
            }
            match file.sections.last_mut() {
                None => file.story.extend([line, "\n"]),
                Some(_) if line.is_empty() || line.starts_with('#') => {}
                Some(section) => section.lines.push(line.to_owned()),
            }
        }
        Ok(file)
    }

    fn begin(&mut self, name: &str) -> Result<(), String> {
        if !outcome::SECTIONS.contains(&name) {
            let known = outcome::SECTIONS.join(", ");
            return Err(format!("unknown section {name:?}; known are {known}"));
        }
        if self.sections.iter().any(|section| section.name == name) {
            return Err(format!("a second section {name}"));
        }
        self.sections.push(Section {
            name: name.to_owned(),
            lines: Vec::new(),
        });
        Ok(())
    }

    /// Takes what was played as what is expected.
    pub(super) fn take(&mut self, played: &Played) -> Result<(), String> {
        if self.sections.is_empty() {
            self.begin(FIRST_SECTION)?;
        }
        for section in &mut self.sections {
            section.lines = outcome::section(&section.name, played)?;
        }
        Ok(())
    }
}

impl fmt::Display for ScenarioFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.story.trim_end())?;
        for section in &self.sections {
            writeln!(f, "---- {}", section.name)?;
            for line in &section.lines {
                writeln!(f, "{line}")?;
            }
        }
        Ok(())
    }
}
