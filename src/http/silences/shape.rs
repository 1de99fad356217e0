//! Silences as JSON, and the bodies that make them. An unknown field is refused: a misspelt one would silence more than
//! was meant.

use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{ActivityId, CaseId};
use caseloom_engine::silence::{EntityTerm, Matcher, Silence};
use caseloom_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::http::problem::HttpError;
use crate::http::query::moment;
use crate::silences::{Preview, Repeat};

/// A silence.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Silence)]
pub(in crate::http) struct SilenceShape {
    id: u64,
    scope: String,
    #[schema(value_type = crate::http::words::SilenceStateWord)]
    state: &'static str,
    matcher: MatcherBody,
    owner: String,
    reason: String,
    starts: String,
    expires: String,
    /// When it comes again, in words; null: it holds all the time.
    repeat: Option<String>,
    /// How often it comes, of those times that are not over.
    times_left: usize,
    created: String,
    created_by: String,
    created_by_proof: String,
    ended: Option<String>,
    revision: u64,
    /// Alerts that it kept out.
    alerts: u64,
    last_match: Option<String>,
}

/// What a silence matches: all that is said must hold of one alert.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Matcher)]
pub(in crate::http) struct MatcherBody {
    /// Id or name of the rule; may have * and ?.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The product; may have * and ?.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<TermBody>,
    /// At most this severe, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity_max: Option<u8>,
}

/// An entity of a matcher, in whatever role.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MatcherEntity)]
pub(in crate::http) struct TermBody {
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    /// May have * and ?; of an address also a network such as 10.0.0.0/8.
    value: String,
}

/// A silence to make.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSilence)]
pub(in crate::http) struct CreateBody {
    pub(super) scope: String,
    pub(super) matcher: MatcherBody,
    pub(super) owner: String,
    pub(super) reason: String,
    /// Now without.
    pub(super) starts: Option<String>,
    pub(super) expires: String,
    pub(super) repeat: Option<Repeat>,
}

/// How a silence shall be. Only what is named changes.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SilenceChange)]
pub(in crate::http) struct ChangeBody {
    pub(super) owner: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) expires: Option<String>,
}

/// A silence to try.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SilencePreview)]
pub(in crate::http) struct PreviewBody {
    pub(super) scope: String,
    pub(super) matcher: MatcherBody,
    /// So many hours back from the scope's last alert; 24 without, at most 744.
    #[serde(default = "a_day")]
    pub(super) hours: u32,
}

/// The most hours of a preview: a month.
pub(super) const HOURS_MAX: u32 = 744;

fn a_day() -> u32 {
    24
}

/// What a silence would have kept out.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Previewed)]
pub(in crate::http) struct PreviewShape {
    since: String,
    /// Alerts that it would have kept out.
    alerts: u64,
    alerts_in_cases: u64,
    alerts_background: u64,
    activities: u64,
    /// Alerts that another silence keeps out already; not in `alerts`.
    suppressed: u64,
    /// Cases with at least one of them.
    cases: u64,
    /// Cases that opened in this time and consist of nothing else.
    cases_not_opened: u64,
    case_list: Vec<PreviewCase>,
    rules: Vec<PreviewRule>,
    subjects: Vec<PreviewSubject>,
    samples: Vec<PreviewSample>,
    /// There was more than is looked at: the numbers are too low.
    truncated: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct PreviewCase {
    #[schema(value_type = String)]
    id: CaseId,
    title: String,
    /// It consists of nothing else.
    not_opened: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct PreviewRule {
    source: String,
    rule_id: String,
    rule_name: String,
    alerts: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct PreviewSubject {
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    value: String,
    alerts: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct PreviewSample {
    #[schema(value_type = u64)]
    activity: ActivityId,
    source: String,
    rule_id: String,
    title: String,
    #[schema(value_type = String)]
    severity: &'static str,
    first: String,
    last: String,
    count: u64,
    #[schema(value_type = Option<String>)]
    case: Option<CaseId>,
}

impl SilenceShape {
    pub(in crate::http) fn new(silence: &Silence, now: Timestamp) -> Self {
        let left = silence.times.iter().filter(|(_, end)| *end > now);
        Self {
            id: silence.id.0,
            scope: silence.scope_name.to_string(),
            state: silence.state(now).as_str(),
            matcher: MatcherBody::new(&silence.matcher),
            owner: silence.owner.to_string(),
            reason: silence.reason.to_string(),
            starts: silence.starts.to_rfc3339(),
            expires: silence.expires.to_rfc3339(),
            repeat: Some(silence.repeat.to_string()).filter(|text| !text.is_empty()),
            times_left: left.count(),
            created: silence.created.to_rfc3339(),
            created_by: silence.created_by.name.to_string(),
            created_by_proof: silence.created_by.proof.as_str().to_owned(),
            ended: silence.ended.map(Timestamp::to_rfc3339),
            revision: silence.revision,
            alerts: silence.alerts,
            last_match: silence.last.map(Timestamp::to_rfc3339),
        }
    }
}

impl MatcherBody {
    fn new(matcher: &Matcher) -> Self {
        let entities = matcher.entities.iter().map(|term| TermBody {
            kind: term.kind,
            value: term.value.to_string(),
        });
        Self {
            rule: matcher.rule.as_ref().map(ToString::to_string),
            source: matcher.source.as_ref().map(ToString::to_string),
            entities: entities.collect(),
            severity_max: matcher.severity_max,
        }
    }

    pub(super) fn into_matcher(self) -> Matcher {
        let entities = self.entities.into_iter().map(|term| EntityTerm {
            kind: term.kind,
            value: term.value.into(),
        });
        Matcher {
            rule: self.rule.map(Into::into),
            source: self.source.map(Into::into),
            entities: entities.collect(),
            severity_max: self.severity_max,
        }
    }
}

/// A time of a body.
pub(super) fn time(field: &str, text: &str) -> Result<Timestamp, HttpError> {
    moment(text).ok_or_else(|| {
        HttpError::Body(format!(
            "{field} must be a time such as 2026-01-31T00:00:00Z"
        ))
    })
}

impl PreviewShape {
    pub(super) fn new(preview: Preview) -> Self {
        let cases = preview.some_cases.iter().map(|(group, all)| PreviewCase {
            id: group.case,
            title: group.title.to_string(),
            not_opened: *all,
        });
        let rules = preview.by_rule.into_iter();
        let rules = rules.map(|((source, rule_id, rule_name), alerts)| PreviewRule {
            source,
            rule_id,
            rule_name,
            alerts,
        });
        let subjects = preview.by_subject.into_iter();
        let subjects = subjects.map(|((kind, value), alerts)| PreviewSubject {
            kind,
            value,
            alerts,
        });
        let samples = preview.samples.into_iter().map(|sample| PreviewSample {
            activity: sample.activity.id,
            source: sample.activity.source.to_string(),
            rule_id: sample.activity.rule_id.to_string(),
            title: sample.activity.title.to_string(),
            severity: sample.tally.severity.as_str(),
            first: sample.tally.first.to_rfc3339(),
            last: sample.tally.last.to_rfc3339(),
            count: sample.tally.count,
            case: sample.case,
        });
        Self {
            since: preview.since.to_rfc3339(),
            alerts: preview.alerts,
            alerts_in_cases: preview.in_cases,
            alerts_background: preview.background,
            activities: preview.activities,
            suppressed: preview.suppressed,
            cases: preview.cases,
            cases_not_opened: preview.not_opened,
            case_list: cases.collect(),
            rules: rules.collect(),
            subjects: subjects.collect(),
            samples: samples.collect(),
            truncated: preview.is_cut,
        }
    }
}
