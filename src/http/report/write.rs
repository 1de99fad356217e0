//! What a report says, in blocks.

use serde_json::Value;

use super::Report;
use super::block::Block;

/// All of it, in the order in which it is read.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let case = &report.case;
    let mut blocks = vec![
        Block::Title(format!("Case {}: {}", case.case.id, case.case.title)),
        Block::Said(format!(
            "Made {} for {} by caseloom {}, at revision {}.",
            report.made, report.made_for, report.version, case.case.revision
        )),
    ];
    if !report.incomplete.is_empty() {
        blocks.push(Block::Said(format!(
            "This report has not all of: {}. The API has it, page by page.",
            report.incomplete.join(", ")
        )));
    }
    blocks.push(Block::Facts(facts(report)));
    work(report, &mut blocks);
    known(report, &mut blocks);
    blocks.push(Block::Heading("Entities"));
    let rows = case.entity_list.iter().map(|entity| {
        let roles: Vec<_> = entity.roles.iter().map(|role| role.as_str()).collect();
        vec![
            entity.kind.as_str().to_owned(),
            entity.value.clone(),
            roles.join(", "),
            entity.activities.to_string(),
        ]
    });
    blocks.push(Block::Table(
        vec!["kind", "value", "roles", "activities"],
        rows.collect(),
    ));
    blocks.push(Block::Heading("Timeline"));
    blocks.push(Block::Table(
        vec!["time", "clock", "what", "why, by whom"],
        report.timeline.iter().map(line).collect(),
    ));
    activities(report, &mut blocks);
    evidence(report, &mut blocks);
    audit(report, &mut blocks);
    blocks
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let case = &report.case.case;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let mut facts = vec![
        ("scope", case.scope.clone()),
        ("stage", case.stage.to_owned()),
        ("status", case.status.as_str().to_owned()),
        ("owner", text(&case.owner)),
        (
            "severity",
            format!("{} ({})", case.severity, case.severity_score),
        ),
        ("risk", case.risk.to_string()),
        (
            "size",
            format!(
                "{} alerts, {} activities, {} entities",
                case.alerts, case.activities, case.entities
            ),
        ),
        ("first alert", case.first.clone()),
        ("last alert", case.last.clone()),
        ("opened", text(&case.opened)),
        ("changed", case.updated.clone()),
        ("closed", text(&case.closed)),
        ("ATT&CK", case.attack.join(", ")),
    ];
    if !report.merged.is_empty() {
        let merged: Vec<_> = report.merged.iter().map(ToString::to_string).collect();
        facts.push(("merged into it", merged.join(", ")));
    }
    let Some(work) = &report.case.work else {
        return facts;
    };
    facts.push(("verdict", work.verdict.unwrap_or("none").to_owned()));
    facts.push(("resolution", text(&work.resolution)));
    facts.push(("team", text(&work.team)));
    facts.push(("tags", work.tags.join(", ")));
    let fields = work.fields.iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    facts.push(("fields", fields.join("; ")));
    facts
}

/// What the risk is made of, and what lists say.
fn known(report: &Report, blocks: &mut Vec<Block>) {
    let case = &report.case;
    blocks.push(Block::Heading("Risk"));
    let rows = case.risk_parts.iter().map(|part| {
        let (name, value) = (part.part.replace('_', " "), format!("{:.2}", part.value));
        vec![name, value, part.text.clone()]
    });
    blocks.push(Block::Table(vec!["part", "value", "why"], rows.collect()));
    if case.enrichment.is_empty() {
        return;
    }
    blocks.push(Block::Heading("Known of its entities"));
    let rows = case.enrichment.iter().map(|known| {
        let fields = known.fields.iter();
        let fields: Vec<String> = fields
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let stale = if known.stale { " (stale)" } else { "" };
        vec![
            known.entity.kind.as_str().to_owned(),
            known.entity.value.clone(),
            fields.join("; "),
            format!("{} ({})", known.source, known.kind),
            format!("{}{stale}", known.as_of),
        ]
    });
    let head = vec!["kind", "value", "what is known", "by", "as of"];
    blocks.push(Block::Table(head, rows.collect()));
}

fn work(report: &Report, blocks: &mut Vec<Block>) {
    if !report.notes.is_empty() {
        blocks.push(Block::Heading("Notes"));
    }
    for note in &report.notes {
        let edited = note.edited.as_ref();
        let edited = edited.map_or(String::new(), |time| format!(", last written anew {time}"));
        blocks.push(Block::Said(format!(
            "Note {} by {} ({}), {}{edited}:",
            note.number, note.author, note.proof, note.time
        )));
        blocks.push(Block::Quote(note.text.clone()));
        for former in &note.former {
            blocks.push(Block::Said(format!(
                "It said before, from {}:",
                former.time
            )));
            blocks.push(Block::Quote(former.text.clone()));
        }
    }
    if report.tasks.is_empty() {
        return;
    }
    blocks.push(Block::Heading("Tasks"));
    let rows = report.tasks.iter().map(|task| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            task.number.to_string(),
            task.title.clone(),
            text(&task.assignee),
            text(&task.due),
            task.state.to_owned(),
            text(&task.ended),
            text(&task.ended_by),
        ]
    });
    let head = vec!["no", "task", "assignee", "due", "state", "ended", "by"];
    blocks.push(Block::Table(head, rows.collect()));
}

fn line(moment: &super::Moment) -> Vec<String> {
    let act = moment.act.as_ref();
    let by = act.map(|act| match act.text.is_empty() {
        true => format!("{} ({})", act.actor, act.proof),
        false => format!("{} ({}): {}", act.actor, act.proof, act.text),
    });
    let alerts = moment
        .alerts
        .map_or(String::new(), |alerts| format!(" ({alerts} alerts)"));
    vec![
        moment.time.clone(),
        moment.clock.to_owned(),
        format!("{}{alerts}", moment.text),
        by.or_else(|| moment.reason.clone()).unwrap_or_default(),
    ]
}

fn activities(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Activities"));
    let rows = report.case.activity_list.iter().map(|activity| {
        vec![
            activity.id.0.to_string(),
            activity.first.clone(),
            activity.last.clone(),
            activity.count.to_string(),
            activity.severity.to_owned(),
            activity.source.clone(),
            format!("{} ({})", activity.rule.name, activity.rule.id),
            activity.reason.clone(),
        ]
    });
    let head = vec![
        "no",
        "first",
        "last",
        "alerts",
        "severity",
        "source",
        "rule",
        "why it stands here",
    ];
    blocks.push(Block::Table(head, rows.collect()));
}

fn evidence(report: &Report, blocks: &mut Vec<Block>) {
    if report.evidence.is_empty() {
        return;
    }
    blocks.push(Block::Heading("Evidence"));
    let mut custody = Vec::new();
    let rows = report.evidence.iter().map(|piece| {
        let log = piece.custody.iter();
        custody.extend(log.map(|act| {
            let who = format!("{} ({})", act.actor, act.proof);
            vec![
                piece.number.to_string(),
                act.time.clone(),
                act.verb.to_owned(),
                who,
            ]
        }));
        vec![
            piece.number.to_string(),
            piece.name.clone(),
            piece.text.clone(),
            piece.bytes.to_string(),
            piece.sha256.clone(),
            format!("{} by {}", piece.added, piece.by),
            piece.custody_total.to_string(),
        ]
    });
    let head = vec![
        "no",
        "name",
        "text",
        "bytes",
        "SHA-256",
        "added",
        "entries of its custody log",
    ];
    blocks.push(Block::Table(head, rows.collect()));
    blocks.push(Block::Said(
        "Custody, of each piece the first 200 entries:".to_owned(),
    ));
    blocks.push(Block::Table(vec!["piece", "time", "what", "who"], custody));
}

fn audit(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Audit"));
    blocks.push(Block::Said(match &report.audit_head {
        Some(head) => format!(
            "The chain of scope {} ended at record {} with the hash {} when this was made.",
            report.case.case.scope, head.seq, head.hash
        ),
        None => "Nobody has acted in this scope.".to_owned(),
    }));
    let rows = report.audit.iter().map(|record| {
        let fields: Value = serde_json::from_str(record.record.get()).unwrap_or_default();
        let seq = fields["seq"].to_string();
        vec![seq, record.hash.clone(), record.record.get().to_owned()]
    });
    blocks.push(Block::Table(
        vec!["record", "hash", "as it was hashed"],
        rows.collect(),
    ));
}
