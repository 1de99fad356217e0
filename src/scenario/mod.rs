//! Scenarios: stories about a policy as text files, played through the engine, with what should come of them.
//!
//! ```text
//! # Two steps on one machine are one case; a scan elsewhere is none of its business.
//! policy promotion.risk = 100
//! alert a1 08:00 dump   70 host:ws-1 user:alice/actor
//! alert a2 08:20 beacon 60 ip:203.0.113.9/target host:ws-1/source
//! alert b1 08:21 scan   20 host:db-1
//! ---- cases
//! g1 case: a1 a2
//! g2 candidate: b1
//! ```
//!
//! Before the first `----` stands the story, after each `---- NAME` a section of its outcome. Only the sections that a file
//! has are compared, so a file says no more than it wants to hold. The language is in `docs/scenarios.md`. A story
//! is told in the words of the engine's own scenarios (`engine/tests/scenarios`), whose outcome shows more of the engine's
//! inside; the policy's keys are those of `policy.toml`, and nothing is restarted.
//!
//! Rooms: `file` cuts a file into story and sections, `story` and `alert` read the story, `rules` its policy; `play` tells
//! the engine, `outcome` puts what came of it into words, `lines` compares.

mod file;
mod story;
mod alert;
mod rules;
mod play;
mod outcome;
mod lines;

use std::path::Path;

use caseloom_engine::input::Parser;

use file::ScenarioFile;

/// What a file was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every section is as written.
    Passed,
    /// Some are not: the sections with their differences, line by line.
    Failed(String),
    /// The file was given its outcome.
    Updated,
    /// It can't be told: which line, and why.
    Broken(String),
}

/// What all scenarios of a run have in common.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The policy that a story without one of its own has, as the text of a policy file.
    pub policy: &'a str,
    /// Write the outcome into the files instead of comparing.
    pub update: bool,
}

/// A line of a story that can't be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
struct Trouble {
    line: usize,
    problem: String,
}

/// Plays the scenario at `path`.
pub fn run(path: &Path, setting: &Setting<'_>, parser: &mut Parser) -> Verdict {
    match try_run(path, setting, parser) {
        Ok(verdict) => verdict,
        Err(problem) => Verdict::Broken(problem),
    }
}

fn try_run(path: &Path, setting: &Setting<'_>, parser: &mut Parser) -> Result<Verdict, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read: {error}"))?;
    let mut file = ScenarioFile::parse(&text).map_err(|trouble| trouble.to_string())?;
    let story = story::parse(&file.story).map_err(|trouble| trouble.to_string())?;
    let beside = path.parent().unwrap_or_else(|| Path::new(""));
    let policy = rules::policy(&story, setting.policy, beside)?;
    let played = play::play(&story, policy, parser).map_err(|trouble| trouble.to_string())?;
    if setting.update {
        file.take(&played)?;
        let text = file.to_string();
        std::fs::write(path, text).map_err(|error| format!("cannot write: {error}"))?;
        return Ok(Verdict::Updated);
    }
    if file.sections.is_empty() {
        return Err("it expects nothing: no line begins with ---- (--update writes one)".into());
    }
    let mut differences = String::new();
    for section in &file.sections {
        let told = outcome::section(&section.name, &played)?;
        if let Some(difference) = lines::difference(&section.lines, &told) {
            differences.push_str(&format!("---- {}\n{difference}", section.name));
        }
    }
    Ok(match differences.is_empty() {
        true => Verdict::Passed,
        false => Verdict::Failed(differences),
    })
}
