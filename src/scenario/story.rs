//! A story: lines into steps. What a line says is in `docs/scenarios.md`.

use std::collections::HashMap;

use caseloom_engine::time::{Span, Timestamp};

use super::Trouble;
use super::alert;

/// Midnight of the day on which all stories begin: 2026-01-05, a Monday.
const BEGIN: Timestamp = Timestamp(1_767_571_200_000);

/// Most alerts of one `repeat`: a month of one a minute.
const REPEATS_MAX: u32 = 50_000;

/// A story as read.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// The policy's file, relative to the story's.
    pub(super) policy_file: Option<String>,
    /// Keys of the policy with their values as written, and their lines.
    pub(super) keys: Vec<(usize, String, String)>,
    pub(super) steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A message comes in.
    Message {
        /// What its alert is called; `None`: by the alert's own id.
        name: Option<String>,
        /// The scope of alerts that bring none.
        scope: String,
        json: String,
    },
    /// Time passed; all input is read (`caught_up`), or more is waiting.
    Time { at: Timestamp, caught_up: bool },
}

/// What is carried from line to line.
struct Reader {
    story: Story,
    scope: String,
    /// How often each alert id came.
    met: HashMap<String, u32>,
}

/// Reads a story.
pub(super) fn parse(text: &str) -> Result<Story, Trouble> {
    let mut reader = Reader {
        story: Story::default(),
        scope: "default".into(),
        met: HashMap::new(),
    };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        reader.read(index + 1, line).map_err(|problem| Trouble {
            line: index + 1,
            problem,
        })?;
    }
    Ok(reader.story)
}

impl Reader {
    fn read(&mut self, number: usize, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match verb {
            "policy" => return self.policy(number, rest),
            "scope" => self.scope = rest.to_owned(),
            "alert" => self.alert(number, rest, Span::ZERO, None)?,
            "repeat" => self.repeat(number, rest)?,
            "message" => self.message(number, rest),
            "time" | "backlog" => {
                let at = time(rest)?;
                let caught_up = verb == "time";
                self.push(number, What::Time { at, caught_up });
            }
            // At the end everything gathered is announced anyway.
            "finish" => {}
            other => {
                return Err(format!(
                    "unknown word {other:?}; known are policy, scope, alert, repeat, message, time, backlog, finish"
                ));
            }
        }
        Ok(())
    }

    /// `file FILE` or `KEY = VALUE`.
    fn policy(&mut self, number: usize, rest: &str) -> Result<(), String> {
        if !self.story.steps.is_empty() {
            return Err("the policy stands before all that happens".into());
        }
        if let Some((key, value)) = rest.split_once('=') {
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            self.story.keys.push((number, key, value));
            return Ok(());
        }
        let file = rest
            .strip_prefix("file ")
            .ok_or("expected policy KEY = VALUE, or policy file FILE")?;
        self.story.policy_file = Some(file.trim().to_owned());
        Ok(())
    }

    fn alert(
        &mut self,
        number: usize,
        rest: &str,
        later: Span,
        nth: Option<u32>,
    ) -> Result<(), String> {
        let mut words = alert::Words::parse(rest)?;
        words.time = words.time.plus(later);
        if let (Some(id), Some(nth)) = (&mut words.id, nth) {
            id.push_str(&format!(".{nth}"));
        }
        let name = match (&words.id, nth) {
            (Some(id), _) => self.name(id),
            (None, Some(nth)) => format!("line{number}.{nth}"),
            (None, None) => format!("line{number}"),
        };
        let what = What::Message {
            name: Some(name),
            scope: self.scope.clone(),
            json: words.to_json().to_string(),
        };
        self.push(number, what);
        Ok(())
    }

    /// `N every SPAN alert ...`: the ids get `.1`, `.2` and so on.
    fn repeat(&mut self, number: usize, rest: &str) -> Result<(), String> {
        let form = "expected repeat N every SPAN alert ...";
        let mut words = rest.splitn(5, ' ');
        let (count, every) = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(count), Some("every"), Some(every), Some("alert")) => (count, span(every)?),
            _ => return Err(form.into()),
        };
        let count: u32 = count.parse().map_err(|_| form)?;
        if count > REPEATS_MAX {
            return Err(format!("at most {REPEATS_MAX} repeats"));
        }
        let alert = words.next().ok_or(form)?;
        for nth in 1..=count {
            self.alert(number, alert, every.times(i64::from(nth) - 1), Some(nth))?;
        }
        Ok(())
    }

    fn message(&mut self, number: usize, json: &str) {
        let what = What::Message {
            name: None,
            scope: self.scope.clone(),
            json: json.to_owned(),
        };
        self.push(number, what);
    }

    fn push(&mut self, line: usize, what: What) {
        self.story.steps.push(Step { line, what });
    }

    /// An id that came before is told apart by how often it came: `a1`, `a1#2`.
    fn name(&mut self, id: &str) -> String {
        let times = self.met.entry(id.to_owned()).or_default();
        *times += 1;
        match *times {
            1 => id.to_owned(),
            times => format!("{id}#{times}"),
        }
    }
}

/// A time as written: `[DAY+]HH:MM[:SS]`, day 0 being the first.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is no time such as 08:00, 08:00:30 or 2+08:00");
    let (days, clock) = text.split_once('+').unwrap_or(("0", text));
    let numbers: Result<Vec<i64>, _> = clock.split(':').map(str::parse).collect();
    let (hours, minutes, seconds) = match numbers.map_err(|_| wrong())?.as_slice() {
        [hours, minutes] => (*hours, *minutes, 0),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return Err(wrong()),
    };
    if !((0..24).contains(&hours) && (0..60).contains(&minutes) && (0..60).contains(&seconds)) {
        return Err(wrong());
    }
    let days: u16 = days.parse().map_err(|_| wrong())?;
    Ok(BEGIN
        .plus(Span::DAY.times(days.into()))
        .plus(Span::SECOND.times(hours * 3_600 + minutes * 60 + seconds)))
}

/// The same back.
pub(super) fn say_time(at: Timestamp) -> String {
    let since = at.since(BEGIN).0;
    let (day, ms) = (since.div_euclid(Span::DAY.0), since.rem_euclid(Span::DAY.0));
    let seconds = ms / 1_000;
    let mut text = match day {
        0 => String::new(),
        day => format!("{day}+"),
    };
    text.push_str(&format!("{:02}:{:02}", seconds / 3_600, seconds / 60 % 60));
    if seconds % 60 != 0 {
        text.push_str(&format!(":{:02}", seconds % 60));
    }
    text
}

/// A length of time: a number and one of `s m h d`.
pub(super) fn span(text: &str) -> Result<Span, String> {
    let wrong = || format!("{text:?} is no length of time such as 30s, 5m, 1h or 2d");
    let unit = match text.chars().last() {
        Some('s') => Span::SECOND,
        Some('m') => Span::MINUTE,
        Some('h') => Span::HOUR,
        Some('d') => Span::DAY,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(unit.times(number.into()))
}
