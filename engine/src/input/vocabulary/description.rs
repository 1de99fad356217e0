//! Fields that describe an alert: its time, rule, title, severity, id and techniques.

use super::{ACTION, Meaning, POLICY, REASON, WEAK, has};

/// What is no entity: time, rule, severity and the like.
pub(super) fn description(words: &[&str]) -> Option<Meaning> {
    time(words).or_else(|| {
        Some(match words {
            ["alert", "id" | "uuid" | "uid" | "guid"] => Meaning::Id(1),
            ["uuid" | "guid"] => Meaning::Id(3),
            ["id" | "uid"] => Meaning::Id(4),
            [
                "detection" | "finding" | "notable" | "offense",
                "id" | "uuid" | "uid" | "guid",
            ] => Meaning::Id(5),
            // Several alerts may be of one incident.
            ["incident", "id" | "uuid" | "uid" | "guid"] => Meaning::Id(6),
            [
                "rule" | "signature" | "detector" | "analytic" | "sig" | "sid" | "detection",
                "rule" | "id" | "uuid" | "uid" | "code",
            ]
            | ["alert", "rule" | "signature", "id"]
            | ["attack" | "plugin" | "model", "id"]
            | ["sid" | "sidid" | "attackid" | "virusid"]
            | ["rule", "sidid"] => Meaning::RuleId(1),
            ["reason", "code"] => Meaning::RuleId(2),
            ["policy", "id"] => Meaning::RuleId(3),
            ["rule" | "alert", "rule" | "signature", "name"]
            | [
                "rule" | "signature",
                "name" | "title" | "msg" | "message" | "comment",
            ]
            | ["rule" | "signature" | "rulename"] => Meaning::RuleName(1),
            ["alert" | "detection" | "analytic" | "search", "name"] | ["alertname"] => {
                Meaning::RuleName(2)
            }
            ["correlation", "rule"]
            | ["correlation" | "use", "search" | "case", ..]
            | ["alert", "rule" | "signature" | "title"]
            | [
                "detection" | "finding" | "detector" | "model" | "watchlist" | "analytic",
                "title" | "name",
            ]
            | ["model"]
            | ["rules", "list"]
            | ["event", "definition", "title"]
            | ["risk", "event", "type"] => Meaning::RuleName(3),
            ["report", "name"] => Meaning::RuleName(4),
            [
                "attack" | "threat" | "malware" | "virus",
                "name" | "signature" | "title",
            ] => Meaning::RuleName(4),
            ["attack" | "threat" | "malware" | "virus" | "detection"] => Meaning::RuleName(5),
            ["incident" | "notable" | "offense", "name" | "title"] | ["title"] => Meaning::Headline,
            [
                "alert" | "detection" | "threat" | "finding" | "attack",
                "type" | "category" | "class" | "classification",
            ]
            | ["alert"] => Meaning::RuleName(7),
            ["policy", "name"] => Meaning::RuleName(POLICY),
            ["classification"] | ["event", "name"] => Meaning::RuleName(WEAK),
            ["name"] => Meaning::RuleName(WEAK + 1),
            ["event", "type"] | ["type"] | ["event"] | ["eventid"] => Meaning::RuleName(WEAK + 3),
            ["action"] => Meaning::RuleName(ACTION),
            ["category"] | ["event", "category"] => Meaning::RuleName(WEAK + 2),
            ["summary" | "headline" | "subject"]
            | ["alert", "summary" | "message" | "description"] => Meaning::Title(1),
            ["message" | "msg" | "description" | "desc"]
            | [
                "event" | "rule" | "threat" | "policy" | "model",
                "message" | "description",
            ] => Meaning::Title(2),
            ["reason" | "human"] => Meaning::Title(REASON),
            ["severity" | "sev"]
            | [
                "alert" | "event" | "threat" | "rule" | "finding" | "detection" | "incident",
                "severity",
            ]
            | ["severity", "name" | "label" | "level"]
            | ["security", "severity", "level"]
            | ["rule", "security", "severity", "level"] => Meaning::Severity(1),
            ["urgency" | "criticality" | "criticity" | "crlevel"]
            | ["risk" | "threat" | "alert", "level" | "rating"] => Meaning::Severity(2),
            ["risk"]
            | ["risk", "score"]
            | ["severity", "score" | "id"]
            | ["alert", "score"]
            | ["score"] => Meaning::Severity(3),
            ["level"] | ["rule", "level"] => Meaning::Severity(4),
            ["priority"] | ["alert" | "event", "priority"] => Meaning::Priority,
            _ => return attack(words),
        })
    })
}

fn attack(words: &[&str]) -> Option<Meaning> {
    let is_about = has(
        words,
        &[
            "mitre",
            "technique",
            "techniques",
            "tactic",
            "tactics",
            "subtechnique",
            "ttp",
            "ttps",
        ],
    );
    let is_other = has(
        words,
        &[
            "url",
            "reference",
            "version",
            "framework",
            "description",
            "count",
        ],
    );
    (is_about && !is_other).then_some(Meaning::Attack)
}

fn time(words: &[&str]) -> Option<Meaning> {
    Some(match words {
        [
            "event" | "alert" | "detection" | "incident" | "attack",
            "time" | "timestamp" | "date" | "datetime" | "ts",
        ]
        | [
            "detected" | "occurred" | "observed" | "triggered" | "activity" | "click",
            "at" | "time" | "on" | "date",
        ]
        | ["occurred" | "occured" | "eventtime" | "detected" | "when"] => Meaning::Time(1),
        ["timestamp" | "datetime" | "ts"]
        | ["date", "time"]
        | ["time", "stamp" | "utc"]
        | ["timestamp", "utc" | "iso" | "ms"]
        | ["utc", "time"] => Meaning::Time(2),
        ["time"] => Meaning::Time(3),
        ["date"] => Meaning::Date,
        ["starts" | "started", "at"]
        | ["message" | "receipt", "time"]
        | ["first", "packet", "second"]
        | ["start" | "first", "time" | "seen" | "occurred" | "event"]
        | ["start", "timestamp" | "date"]
        | ["begin", "time"]
        | ["first", "seen", "at"]
        | ["epoch"]
        | ["unix", "time"] => Meaning::Time(4),
        [
            "created" | "raised" | "generated" | "opened" | "published" | "fired",
            "at" | "time" | "date" | "on",
        ]
        | ["created" | "published"]
        | [
            "create" | "creation" | "generation",
            "time" | "date" | "timestamp",
        ] => Meaning::Time(5),
        [
            "log" | "received" | "receive" | "ingest" | "ingested" | "updated" | "last",
            "time" | "timestamp" | "at" | "seen" | "updated" | "date",
        ] => Meaning::Time(6),
        _ => return None,
    })
}
