//! Elastic Security: detection alerts of Kibana, as documents of `.alerts-security.alerts-*` and as rule actions send them
//! (`{"alerts": [..], "rule": {..}}`, alone or under `context`). Keys are literal dotted strings, nested objects, or both in
//! one document; the older `signal.*` names are read as well.
//!
//! An alert is an ECS event plus `kibana.alert.*`. Thresholds, suppression and machine learning name further fields by
//! name and value. Building blocks are parts of other alerts and shown to nobody, so they are no alerts. Fields:
//! <https://www.elastic.co/docs/reference/security/fields-and-object-schemas/alert-schema>.

use super::super::detect::Need;
use super::super::dotted;
use super::super::draft::{Desk, Draft, Paths, Reading, each_text, first};
use super::super::ecs::{self, Ecs, attack};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "elastic",
    &[
        &[Need::Test(is_alert)],
        &[
            Need::present("alerts"),
            Need::Test(|record| has_alerts(record.get("alerts"))),
        ],
        &[
            Need::present("context"),
            Need::Test(|record| has_alerts(record.at("context.alerts"))),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "kibana.alert.original_time",
    rule: "kibana.alert.rule.rule_id",
};

/// Whether some key, nested or literal, begins with `kibana.alert` or is of the older `signal`.
fn is_alert(record: Value<'_>) -> bool {
    record.keys_and_values().any(|(key, value)| match key {
        "kibana" => value.keys().any(|key| key.starts_with("alert")),
        "signal" => value.get("rule").is_some(),
        _ => key.starts_with("kibana.alert.") || key.starts_with("signal.rule."),
    })
}

fn has_alerts(alerts: Option<Value<'_>>) -> bool {
    let first = alerts.and_then(|alerts| alerts.elements()?.next());
    first.is_some_and(|alert| is_alert(source(alert)))
}

/// The document of a hit, or what is none.
fn source(alert: Value<'_>) -> Value<'_> {
    alert.get("_source").unwrap_or(alert)
}

/// `kibana.alert.*`.
#[derive(Default)]
struct Detection<'a> {
    uuid: Option<Value<'a>>,
    original_time: Option<Value<'a>>,
    start: Option<Value<'a>>,
    updated: [Option<Value<'a>>; 2],
    rule_id: Option<Value<'a>>,
    rule_uuid: Option<Value<'a>>,
    rule_name: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    risk_score: Option<Value<'a>>,
    rule_severity: Option<Value<'a>>,
    rule_risk_score: Option<Value<'a>>,
    reason: Option<Value<'a>>,
    threat: Option<Value<'a>>,
    tags: Option<Value<'a>>,
    building_block: Option<Value<'a>>,
    suppressed: Option<Value<'a>>,
    /// Lists of `{"field": .., "value": ..}`.
    terms: [Option<Value<'a>>; 2],
    threshold_count: Option<Value<'a>>,
    influencers: Option<Value<'a>>,
    /// Fields of machine learning: `by_field_name` and `by_field_value`, and so on.
    pairs: [(Option<&'a str>, Option<Value<'a>>); 3],
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let alerts = record.get("alerts").or_else(|| record.at("context.alerts"));
    let Some(alerts) = alerts.filter(|_| !is_alert(record)) else {
        return read_alert(record, None, desk);
    };
    let rule = record.get("rule").or_else(|| record.at("context.rule"));
    desk.parts(alerts, |alert, desk| read_alert(source(alert), rule, desk))
}

/// Reads one alert. What the action said of its `rule` counts where the alert says nothing.
fn read_alert(
    record: Value<'_>,
    rule: Option<Value<'_>>,
    desk: &mut Desk<'_>,
) -> Result<Reading, Reject> {
    let mut detection = Detection::default();
    let mut ecs = Ecs::default();
    if let Some(rule) = rule {
        for (key, value) in rule.keys_and_values() {
            detection.set_rule(key, value);
        }
    }
    dotted::leaves_of(record, &is_wanted, |path, value| {
        if let Some(path) = path.strip_prefix("kibana.alert.") {
            detection.set(path, value);
        } else if let Some(path) = path.strip_prefix("signal.") {
            detection.set_signal(path, value);
        } else if !detection.set_anomaly(path, value) {
            ecs.set(path, value);
        }
    });
    if detection.building_block.is_some() {
        return Ok(Reading::NotAnAlert);
    }
    detection.set_terms(&mut ecs);
    let mut draft = desk.draft(ROOM.name);
    detection.tell(&ecs, &mut draft)?;
    ecs.tell(&mut draft);
    draft.finish(PATHS)
}

fn is_wanted(path: &str) -> bool {
    match path.split('.').next() {
        Some("kibana" | "signal") => !path.contains("ancestors"),
        _ => ecs::is_wanted(path),
    }
}

impl<'a> Detection<'a> {
    fn set(&mut self, path: &str, value: Value<'a>) {
        if value.is_nothing() {
            return;
        }
        let slot = match path {
            "uuid" => &mut self.uuid,
            "original_time" => &mut self.original_time,
            "start" => &mut self.start,
            "last_detected" => &mut self.updated[0],
            "workflow_status_updated_at" => &mut self.updated[1],
            "severity" => &mut self.severity,
            "risk_score" => &mut self.risk_score,
            "reason" => &mut self.reason,
            "building_block_type" => &mut self.building_block,
            "suppression.docs_count" => &mut self.suppressed,
            "suppression.terms" => &mut self.terms[0],
            "threshold_result.terms" => &mut self.terms[1],
            "threshold_result.count" => &mut self.threshold_count,
            _ => {
                if let Some(path) = path.strip_prefix("rule.") {
                    self.set_rule(path, value);
                }
                return;
            }
        };
        *slot = Some(value);
    }

    fn set_rule(&mut self, field: &str, value: Value<'a>) {
        if value.is_nothing() {
            return;
        }
        // The rule as it was written, which repeats what stands beside it.
        let (field, is_copy) = match field.strip_prefix("parameters.") {
            Some(field) => (field, true),
            None => (field, false),
        };
        let slot = match field {
            "rule_id" => &mut self.rule_id,
            "uuid" | "id" => &mut self.rule_uuid,
            "name" => &mut self.rule_name,
            "severity" => &mut self.rule_severity,
            "risk_score" => &mut self.rule_risk_score,
            "threat" => &mut self.threat,
            "tags" => &mut self.tags,
            "building_block_type" => &mut self.building_block,
            _ => return,
        };
        if slot.is_none() || !is_copy {
            *slot = Some(value);
        }
    }

    /// `signal.*` of versions before 8.
    fn set_signal(&mut self, path: &str, value: Value<'a>) {
        match path {
            "original_time" | "reason" => self.set(path, value),
            "threshold_result.terms" | "threshold_result.count" => self.set(path, value),
            _ => {
                if let Some(field) = path.strip_prefix("rule.") {
                    self.set_rule(field, value);
                }
            }
        }
    }

    /// What machine learning found unusual.
    fn set_anomaly(&mut self, path: &str, value: Value<'a>) -> bool {
        let (pair, is_name) = match path {
            "influencers" => {
                self.influencers = Some(value);
                return true;
            }
            "by_field_name" => (0, true),
            "by_field_value" => (0, false),
            "over_field_name" => (1, true),
            "over_field_value" => (1, false),
            "partition_field_name" => (2, true),
            "partition_field_value" => (2, false),
            _ => return false,
        };
        let pair = &mut self.pairs[pair];
        match is_name {
            true => pair.0 = value.as_str(),
            false => pair.1 = Some(value),
        }
        true
    }

    /// Fields that the rule grouped by or found unusual, as if they stood in the event.
    fn set_terms(&self, ecs: &mut Ecs<'a>) {
        for terms in self.terms.into_iter().flatten() {
            terms.each(|term| {
                let field = term.get("field").and_then(Value::as_str);
                if let (Some(field), Some(value)) = (field, term.get("value")) {
                    ecs.set_missing(field, value);
                }
            });
        }
        if let Some(influencers) = self.influencers {
            influencers.each(|influencer| {
                let field = influencer.get("influencer_field_name");
                let values = influencer.get("influencer_field_values");
                if let (Some(field), Some(values)) = (field.and_then(Value::as_str), values) {
                    ecs.set_missing(field, values);
                }
            });
        }
        for (field, value) in self.pairs {
            if let (Some(field), Some(value)) = (field, value) {
                ecs.set_missing(field, value);
            }
        }
    }

    fn tell(&self, ecs: &Ecs<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let time = self.original_time.or(ecs.time).or(self.start);
        draft.time(scalar(time), Unit::Auto, PATHS.time)?;
        draft.id(scalar(self.uuid), "kibana.alert.uuid")?;
        draft.rule_id(scalar(self.rule_id.or(self.rule_uuid)), PATHS.rule)?;
        draft.rule_name(scalar(self.rule_name));
        draft.title(scalar(self.reason));
        draft.severity_in_band(
            scalar(self.severity.or(self.rule_severity)),
            scalar(self.risk_score.or(self.rule_risk_score)),
        );
        let updated = self.updated[1].or(self.updated[0]);
        draft.updated(scalar(updated), Unit::Auto);
        match (self.suppressed, self.threshold_count) {
            // The count is of those that were suppressed after the first.
            (Some(count), _) => draft.count_more(scalar(Some(count)), 1),
            (None, Some(count)) => draft.count(scalar(Some(count))),
            (None, None) => {}
        }
        if let Some(threat) = self.threat {
            threat.each(|threat| attack(threat, draft));
        }
        if let Some(tags) = self.tags {
            // Sigma rules keep theirs there, at times all in one text.
            each_text(tags, |tags| {
                for tag in tags.split(',').map(str::trim_ascii) {
                    if tag
                        .get(..7)
                        .is_some_and(|start| start.eq_ignore_ascii_case("attack."))
                    {
                        draft.attack(tag);
                    }
                }
            });
        }
        Ok(())
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, |value| first(value).scalar_or_null())
}
