//! What lists say of a case's entities, in words, and what its risk is made of: for pages, the API and reports.

use std::collections::BTreeMap;

use caseloom_engine::entity::EntityKind;
use caseloom_engine::knowledge::{Fact, FactKind, Mark};
use caseloom_engine::record::{ActivityRecord, FactsRecord, GroupRecord, TallyRecord};
use caseloom_engine::recurrence::Standing;
use compact_str::CompactString;

/// The most that a risk can be.
const RISK_MAX: f64 = 1000.0;

/// One thing that a risk is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RiskPart {
    /// `severity`, `tactics`, `user`, `asset`, `intel`, `enrichment_max` or `risk_max`.
    pub(crate) part: &'static str,
    /// Of `severity` a sum, of the bounds the bound, else a factor.
    pub(crate) value: f64,
    /// Why, in words.
    pub(crate) text: String,
}

/// What is said of an entity, in a sentence without its end.
pub(crate) fn sentence(fact: &Fact) -> String {
    let (kind, value, source) = (
        fact.entity.as_str().replace('_', " "),
        &fact.value,
        &fact.source,
    );
    let what = match (fact.kind, fact.mark) {
        (_, Mark::Vip) => "is a VIP".to_owned(),
        (_, Mark::Criticality(criticality)) => {
            format!("is an asset of {} criticality", criticality.as_str())
        }
        (_, Mark::Confidence(confidence)) => {
            format!("is known to be bad, with confidence {confidence}")
        }
        (FactKind::User, Mark::Plain) => "is a known user".to_owned(),
        (FactKind::Asset, Mark::Plain) => "is a known asset".to_owned(),
        (FactKind::Intel, Mark::Plain) => "is known to be bad".to_owned(),
    };
    format!("{kind} {value} {what}, says {source}")
}

/// What is said of an entity, by name: what raises the risk first.
pub(crate) fn fields(fact: &Fact) -> Vec<(&str, String)> {
    let mark = match fact.mark {
        Mark::Plain => None,
        Mark::Vip => Some(("vip", "yes".to_owned())),
        Mark::Criticality(criticality) => Some(("criticality", criticality.as_str().to_owned())),
        Mark::Confidence(confidence) => Some(("confidence", confidence.to_string())),
    };
    let said = fact
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_string()));
    mark.into_iter().chain(said).collect()
}

/// What the risk of a case is made of, in the order in which it is reckoned.
pub(crate) fn risk_parts(
    group: &GroupRecord,
    activities: &[(ActivityRecord, TallyRecord)],
    known: Option<&FactsRecord>,
) -> Vec<RiskPart> {
    let (sum, pairs) = severities(activities);
    let tactics = group
        .attack
        .iter()
        .filter(|id| id.starts_with("TA"))
        .count();
    let mut parts = vec![RiskPart {
        part: "severity",
        value: sum as f64,
        text: format!("the highest severities of {pairs} rules on their subjects, added up"),
    }];
    let breadth = 0.25f64.mul_add((tactics.max(1) - 1) as f64, 1.0);
    if tactics > 1 {
        let text = format!(
            "times 1.25, 1.5 and so on for more than one ATT&CK tactic: here are {tactics}"
        );
        parts.push(RiskPart {
            part: "tactics",
            value: breadth,
            text,
        });
    }
    let raise = known.map_or(1.0, |known| known.raise);
    if let Some(known) = known {
        parts.extend(raises(known));
    }
    if sum as f64 * breadth * raise > RISK_MAX {
        let text = "it can't be more".to_owned();
        parts.push(RiskPart {
            part: "risk_max",
            value: RISK_MAX,
            text,
        });
    }
    parts
}

/// The factors of what is known, each with the fact that is behind it.
fn raises(known: &FactsRecord) -> Vec<RiskPart> {
    let mut parts = Vec::new();
    for (kind, bonus) in FactKind::ALL.into_iter().zip(known.parts) {
        let telling = known
            .facts
            .iter()
            .find(|fact| fact.kind == kind && fact.mark != Mark::Plain);
        if let (true, Some(fact)) = (bonus > 0.0, telling) {
            let text = format!("times: {}", sentence(fact));
            parts.push(RiskPart {
                part: kind.as_str(),
                value: 1.0 + bonus,
                text,
            });
        }
    }
    let product: f64 = parts.iter().map(|part| part.value).product();
    // Both are made of the same factors, but not in the same order.
    if product > known.raise + 1e-9 {
        let text = "what is known multiplies by no more".to_owned();
        parts.push(RiskPart {
            part: "enrichment_max",
            value: known.raise,
            text,
        });
    }
    parts
}

/// The sum over distinct (rule, subject) of the highest severity of news, and how many such pairs there are.
fn severities(activities: &[(ActivityRecord, TallyRecord)]) -> (u64, usize) {
    type Pair<'a> = (&'a str, &'a str, Option<(EntityKind, &'a CompactString)>);
    let mut pairs: BTreeMap<Pair<'_>, u8> = BTreeMap::new();
    for (activity, tally) in activities
        .iter()
        .filter(|(_, tally)| tally.standing == Standing::News)
    {
        let is_linked = |at: &u16| !activity.grounds.unlinked.contains(at);
        let subject = activity
            .subject
            .filter(is_linked)
            .and_then(|_| activity.subject_entity());
        let subject = subject.map(|entity| (entity.kind, &entity.value));
        let highest = pairs
            .entry((&activity.source, &activity.rule_id, subject))
            .or_default();
        *highest = tally.severity.score.max(*highest);
    }
    (
        pairs.values().map(|score| u64::from(*score)).sum(),
        pairs.len(),
    )
}
