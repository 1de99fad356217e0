//! Behaviour: caseloom's own JSON is read as it is meant, leniently where that is harmless.

mod parsing;

use parsing::{alert, reason, story};

#[test]
fn fixtures() {
    for (name, text) in parsing::fixtures("native") {
        insta::assert_snapshot!(format!("native__{name}"), story(&text));
    }
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(
        reason(r#"{"time":1772352000,"rule":"r","title":"t"}"#),
        "accepted"
    );
    assert_eq!(
        reason(r#"{"rule":"r","entities":[{"kind":"host","value":"h"}]}"#),
        "missing_time"
    );
    assert_eq!(
        reason(r#"{"time":"later","rule":"r","title":"t"}"#),
        "bad_time"
    );
    assert_eq!(
        reason(r#"{"time":1772352000,"rule":{},"title":"t"}"#),
        "missing_rule"
    );
    assert_eq!(
        reason(r#"{"time":1772352000,"rule":"r","entities":[]}"#),
        "missing_entity"
    );
    assert_eq!(
        reason(r#"{"time":1772352000,"rule":"r"}"#),
        "unknown_format"
    );
    assert_eq!(
        reason(r#"{"time":1772352000,"rule":"r","title":"t","scope":"a b"}"#),
        "bad_scope"
    );
}

#[test]
fn a_rule_has_an_id_or_a_name() {
    let rule = |rule: &str| {
        let alert = alert(&format!(
            r#"{{"time":1772352000,"title":"t","rule":{rule}}}"#
        ));
        (alert.rule_id.to_string(), alert.rule_name.to_string())
    };
    let both = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    assert_eq!(rule(r#""Name""#), both("Name", "Name"));
    assert_eq!(rule(r#"{"id":7}"#), both("7", "7"));
    assert_eq!(rule(r#"{"name":"Name"}"#), both("Name", "Name"));
    assert_eq!(rule(r#"{"name":"Name","id":"R"}"#), both("R", "Name"));
}

#[test]
fn an_id_that_is_too_long_is_not_cut_but_a_title_is() {
    let long = "x".repeat(2000);
    assert_eq!(
        reason(&format!(
            r#"{{"time":1772352000,"rule":"r","title":"t","id":"{long}"}}"#
        )),
        "string_too_long"
    );
    assert_eq!(
        reason(&format!(
            r#"{{"time":1772352000,"rule":{{"id":"{long}"}},"title":"t"}}"#
        )),
        "string_too_long"
    );
    let (parsed, alerts) = parsing::parse(&format!(
        r#"{{"time":1772352000,"rule":"r","title":"{long}"}}"#
    ));
    assert_eq!(parsed.map(|parsed| parsed.notes.texts_cut), Ok(1));
    assert_eq!(alerts[0].title.chars().count(), 1025);
}

#[test]
fn entities_beyond_the_limit_are_counted() {
    let entities: Vec<String> = (0..100)
        .map(|at| format!(r#"{{"kind":"host","value":"h-{at}"}}"#))
        .collect();
    let text = format!(
        r#"{{"time":1772352000,"rule":"r","entities":[{}]}}"#,
        entities.join(",")
    );
    let (parsed, alerts) = parsing::parse(&text);
    assert_eq!(parsed.map(|parsed| parsed.notes.entities_over), Ok(36));
    assert_eq!(alerts[0].entities.len(), 64);
}
