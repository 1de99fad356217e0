//! What a list request asks for: filters, an order, a page.

use caseloom_engine::alert::Severity;
use caseloom_engine::record::{GroupRecord, Status};
use caseloom_engine::time::Timestamp;

use super::Entry;
use super::cursor::Cursor;
use super::search::Search;

/// Filters, order and page of a list. The default: all, latest change first, from the beginning.
#[derive(Clone, Debug)]
pub struct CaseQuery {
    /// Only these workflow statuses; empty: all.
    pub status: Vec<Status>,
    /// Only this owner's.
    pub owner: Option<OwnerFilter>,
    /// Only this scope.
    pub scope: Option<String>,
    /// Only these scopes; `None`: all.
    pub scopes: Option<Vec<String>>,
    /// Only this severity.
    pub severity: Option<SeverityFilter>,
    /// Only what this finds.
    pub search: Option<Search>,
    /// Only changed at this moment or later.
    pub updated_since: Option<Timestamp>,
    /// The order.
    pub sort: Sort,
    /// Most on the page.
    pub limit: usize,
    /// Behind which item the page begins.
    pub cursor: Option<Cursor>,
}

/// Whose cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerFilter {
    /// Nobody's.
    Nobody,
    /// This one's.
    Is(String),
}

/// Which severities, by OCSF number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeverityFilter {
    /// This one.
    Is(u8),
    /// This one and above.
    AtLeast(u8),
}

/// An order: what by, and which end first. Equals are in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// What by.
    pub key: SortKey,
    /// Highest or latest first.
    pub descending: bool,
}

/// What a list can be sorted by. The numbers are in cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SortKey {
    /// Wall time of the last change.
    Updated,
    /// Risk.
    Risk,
    /// Severity score.
    Severity,
    /// Wall time when it became a case; candidates have none and come first.
    Opened,
    /// Earliest event time.
    First,
    /// Latest event time.
    Last,
}

impl Default for CaseQuery {
    fn default() -> Self {
        Self {
            status: Vec::new(),
            owner: None,
            scope: None,
            scopes: None,
            severity: None,
            search: None,
            updated_since: None,
            sort: Sort {
                key: SortKey::Updated,
                descending: true,
            },
            limit: 50,
            cursor: None,
        }
    }
}

impl CaseQuery {
    /// Whether an entry is asked for. The cheap questions come first.
    pub(super) fn matches(&self, entry: &Entry) -> bool {
        let group = &entry.group;
        (self.status.is_empty() || self.status.contains(&group.status))
            && self
                .severity
                .is_none_or(|filter| filter.holds(group.severity))
            && self
                .updated_since
                .is_none_or(|since| group.updated >= since)
            && self
                .scope
                .as_ref()
                .is_none_or(|scope| *scope == *group.scope_name)
            && self
                .scopes
                .as_ref()
                .is_none_or(|scopes| scopes.iter().any(|scope| *scope == *group.scope_name))
            && self.owner.as_ref().is_none_or(|owner| owner.holds(group))
            && self
                .search
                .as_ref()
                .is_none_or(|search| search.holds(entry))
    }
}

/// The words of severities, by OCSF number.
pub const SEVERITIES: [&str; 6] = [
    "unknown",
    "informational",
    "low",
    "medium",
    "high",
    "critical",
];

impl OwnerFilter {
    /// `none` is nobody: no account is called that.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "none" => Self::Nobody,
            name => Self::Is(name.to_owned()),
        }
    }

    pub(super) fn holds(&self, group: &GroupRecord) -> bool {
        match self {
            Self::Nobody => group.owner.is_none(),
            Self::Is(owner) => group.owner.as_deref() == Some(owner),
        }
    }
}

impl SeverityFilter {
    /// `high` is that one, `high+` and `>=high` that and above.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let number = |word: &str| {
            let place = SEVERITIES.iter().position(|known| *known == word)?;
            u8::try_from(place).ok()
        };
        // `high+` is easier to type into an address than `>=high`; its plus arrives as a blank where nobody encoded it.
        let at_least = word
            .strip_prefix(">=")
            .or_else(|| word.strip_suffix(['+', ' ']));
        match at_least {
            Some(word) => number(word).map(Self::AtLeast),
            None => number(word).map(Self::Is),
        }
    }

    pub(super) fn holds(self, severity: Severity) -> bool {
        match self {
            Self::Is(id) => severity.ocsf_id() == id,
            Self::AtLeast(id) => severity.ocsf_id() >= id,
        }
    }
}

impl SortKey {
    /// Every key, in stored order.
    pub const ALL: [Self; 6] = [
        Self::Updated,
        Self::Risk,
        Self::Severity,
        Self::Opened,
        Self::First,
        Self::Last,
    ];

    /// The word in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Risk => "risk",
            Self::Severity => "severity",
            Self::Opened => "opened",
            Self::First => "first",
            Self::Last => "last",
        }
    }

    /// A number that sorts as the key does.
    pub(super) fn of(self, group: &GroupRecord) -> i64 {
        match self {
            Self::Updated => group.updated.0,
            // Bits of floats from 0 on sort as the floats; 1000 is the highest risk.
            Self::Risk => group.risk.clamp(0.0, 1_000.0).to_bits().cast_signed(),
            Self::Severity => group.severity.score.into(),
            Self::Opened => group.opened.map_or(i64::MIN, |time| time.0),
            Self::First => group.first.0,
            Self::Last => group.last.0,
        }
    }
}

impl Sort {
    /// The order called `risk`, `-updated` and so on; `-`: highest or latest first.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let (descending, name) = match word.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, word),
        };
        let key = SortKey::ALL.into_iter().find(|key| key.as_str() == name)?;
        Some(Self { key, descending })
    }
}
