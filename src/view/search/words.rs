//! The fields of a search, and what their values may be.

use caseloom_engine::command::Verdict;
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::record::Status;
use caseloom_engine::time::Timestamp;

use super::super::query::{OwnerFilter, SeverityFilter};
use super::super::signature::Pattern;
use super::super::text::{Mark, folded, line};
use super::{Bound, NumberField, Range, Test, TimeField};

/// Every field, but for the kinds of entities.
const FIELDS: [(&str, Field); 21] = [
    ("status", Field::Status),
    ("severity", Field::Severity),
    ("owner", Field::Owner),
    ("scope", Field::Scope),
    ("id", Field::Id),
    ("rule", Field::Mark(Mark::Rule)),
    ("source", Field::Mark(Mark::Source)),
    ("tag", Field::Mark(Mark::Tag)),
    ("team", Field::Mark(Mark::Team)),
    ("verdict", Field::Verdict),
    ("attack", Field::Mark(Mark::Attack)),
    ("risk", Field::Number(NumberField::Risk)),
    ("alerts", Field::Number(NumberField::Alerts)),
    ("activities", Field::Number(NumberField::Activities)),
    ("entities", Field::Number(NumberField::Entities)),
    ("opened", Field::Time(TimeField::Opened)),
    ("updated", Field::Time(TimeField::Updated)),
    ("closed", Field::Time(TimeField::Closed)),
    ("first", Field::Time(TimeField::First)),
    ("last", Field::Time(TimeField::Last)),
    ("time", Field::Time(TimeField::Last)),
];

const DAY_MS: i64 = 86_400_000;

/// What stands before the colon.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Status,
    Severity,
    Owner,
    Scope,
    Id,
    Verdict,
    Mark(Mark),
    Number(NumberField),
    Time(TimeField),
}

/// What stands behind it.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) is_quoted: bool,
}

impl Field {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let known = FIELDS.iter().find(|(name, _)| *name == word);
        let kind = || {
            EntityKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == word)
        };
        known
            .map(|(_, field)| *field)
            .or_else(|| kind().map(|kind| Self::Mark(Mark::Entity(kind))))
    }

    /// All names, for whoever wrote another.
    pub(super) fn names() -> String {
        let kinds = EntityKind::ALL.into_iter().map(EntityKind::as_str);
        let names: Vec<_> = kinds.chain(FIELDS.iter().map(|(name, _)| *name)).collect();
        names.join(", ")
    }

    /// What it asks for with this value, or what the value must be.
    pub(super) fn test(self, value: &Value, now: Timestamp) -> Result<Test, String> {
        let text = value.text.as_str();
        match self {
            Self::Status => Status::from_word(text).map(Test::Status).ok_or_else(|| {
                "a status is new, investigating, contained, on_hold or closed".to_owned()
            }),
            Self::Severity => SeverityFilter::from_word(text).map(Test::Severity).ok_or_else(|| {
                "a severity is unknown, informational, low, medium, high or critical; high+ or >=high for that and above".to_owned()
            }),
            Self::Owner => Ok(Test::Owner(OwnerFilter::from_word(text))),
            Self::Scope => Ok(Test::Scope(text.to_owned())),
            Self::Id => Ok(Test::Id(text.to_lowercase())),
            Self::Verdict => match Verdict::ALL.iter().any(|verdict| verdict.as_str() == text) {
                true => Ok(whole(Mark::Verdict, text)),
                false => {
                    let words: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
                    Err(format!("a verdict is {}", words.join(", ")))
                }
            },
            Self::Mark(mark) => known(mark, value),
            Self::Number(field) => range(text, number)
                .map(|range| Test::Number(field, range))
                .ok_or_else(|| "write a number, >=N, >N, <=N, <N, or A..B".to_owned()),
            Self::Time(field) => times(text, now)
                .map(|range| Test::Time(field, range))
                .ok_or_else(|| {
                    "write a day (2026-01-31), or >=T, >T, <=T, <T or A..B with times such as 2026-01-31T08:00:00Z, 2026-01-31, now or now-24h".to_owned()
                }),
        }
    }
}

/// A text anywhere.
pub(super) fn anywhere(text: &str) -> Test {
    text_of(&folded(text))
}

/// A whole line, or its beginning before a star.
fn known(mark: Mark, value: &Value) -> Result<Test, String> {
    let text = value.text.as_str();
    if let Some(beginning) = text.strip_suffix('*').filter(|_| !value.is_quoted) {
        let pattern = format!("\n{}", line(mark, beginning));
        return Ok(text_of(&pattern));
    }
    let Mark::Entity(kind) = mark else {
        return Ok(whole(mark, text));
    };
    // As alerts bring it, it became one form: so does what is looked for.
    let entity = Entity::new(kind, Role::Affected, text).ok_or_else(|| {
        format!(
            "this can't be a {}: no alert brings one like it; for a beginning write a star behind it",
            kind.as_str()
        )
    })?;
    Ok(whole(mark, &entity.value))
}

fn whole(mark: Mark, text: &str) -> Test {
    text_of(&format!("\n{}\n", line(mark, text)))
}

fn text_of(pattern: &str) -> Test {
    Test::Text(Box::new(Pattern::new(pattern)))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// `>=A`, `>A`, `<=A`, `<A`, `A..B` with both ends in it or left out, `A`.
fn range<T: Copy>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Range<T>> {
    if let Some(range) = compared(text, &read) {
        return range;
    }
    let bound = |text: &str| match text {
        "" => Some(None),
        text => read(text).map(|at| Some(Bound { at, is_in: true })),
    };
    if let Some((from, to)) = text.split_once("..") {
        return Some(Range {
            from: bound(from)?,
            to: bound(to)?,
        })
        .filter(|range| range.from.is_some() || range.to.is_some());
    }
    let at = Some(Bound {
        at: read(text)?,
        is_in: true,
    });
    Some(Range { from: at, to: at })
}

/// With a sign of comparison before it; `None`: there is none.
fn compared<T: Copy>(text: &str, read: &impl Fn(&str) -> Option<T>) -> Option<Option<Range<T>>> {
    let signs = [
        (">=", true, true),
        ("<=", false, true),
        (">", true, false),
        ("<", false, false),
    ];
    let (rest, is_from, is_in) = signs
        .iter()
        .find_map(|(sign, is_from, is_in)| Some((text.strip_prefix(sign)?, *is_from, *is_in)))?;
    let range = read(rest).map(|at| {
        let bound = Some(Bound { at, is_in });
        match is_from {
            true => Range {
                from: bound,
                to: None,
            },
            false => Range {
                from: None,
                to: bound,
            },
        }
    });
    Some(range)
}

/// A day is the whole of it; between two dots the end is left out.
fn times(text: &str, now: Timestamp) -> Option<Range<i64>> {
    let read = |text: &str| moment(text, now);
    if let Some(range) = compared(text, &read) {
        return range;
    }
    if text.contains("..") {
        let mut range = range(text, read)?;
        if let Some(to) = &mut range.to {
            to.is_in = false;
        }
        return Some(range);
    }
    let day = day(text)?;
    Some(Range {
        from: Some(Bound {
            at: day,
            is_in: true,
        }),
        to: Some(Bound {
            at: day + DAY_MS,
            is_in: false,
        }),
    })
}

fn moment(text: &str, now: Timestamp) -> Option<i64> {
    if let Some(ago) = text.strip_prefix("now") {
        return match ago {
            "" => Some(now.0),
            ago => now.0.checked_sub(length(ago.strip_prefix('-')?)?),
        };
    }
    let exact = || {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond)
    };
    day(text).or_else(exact)
}

/// `90m`, `24h`, `7d`.
fn length(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => DAY_MS,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits
        .parse::<i64>()
        .ok()
        .filter(|_| is_number)?
        .checked_mul(unit)
}

/// The first millisecond of a day in UTC.
fn day(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = (text.len() == 10).then(|| text.parse().ok())??;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}
