//! The report of a case: complete, and harmless in all its forms.

use crate::fixture::{Fixture, HOSTILE};
use crate::office::{Head, Office, anonymous, at};

#[test]
fn a_report_tells_the_whole_story() {
    let office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    let case = format!("/api/v1/cases/{id}");
    let note = "# seen\n<b>on</b> [web-01](http://evil.example) | x";
    let body = serde_json::json!({"text": note}).to_string();
    assert_eq!(
        people.post(&format!("{case}/notes"), &at(1), &body).status,
        201
    );
    let task = people.post(
        &format!("{case}/tasks"),
        &at(2),
        r#"{"title": "isolate it"}"#,
    );
    assert_eq!(task.status, 201);
    let bytes = Head {
        more: &[("content-type", "text/plain")],
        ..at(3)
    };
    let kept = people.post(&format!("{case}/evidence?name=memory.txt"), &bytes, "abc");
    assert_eq!(kept.status, 201, "{}", kept.text);

    let report = people.json(&format!("{case}/report"));
    assert_eq!(report["case"]["id"], id.as_str());
    assert_eq!(report["notes"][0]["text"], note);
    assert_eq!(report["tasks"][0]["title"], "isolate it");
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(report["evidence"][0]["sha256"], sha256);
    assert_eq!(report["audit"].as_array().unwrap().len(), 3);
    assert_eq!(report["audit_head"]["seq"], 3);
    assert_eq!(report["audit_head"]["hash"], report["audit"][2]["hash"]);
    assert_eq!(report["incomplete"], serde_json::json!([]));

    let markdown = people.get(&format!("{case}/report?format=markdown"));
    assert_eq!(
        markdown.header("content-type"),
        "text/markdown; charset=utf-8"
    );
    assert!(markdown.text.contains("> \\# seen"), "{}", markdown.text);
    assert!(
        markdown
            .text
            .contains(r"&lt;b&gt;on&lt;/b&gt; \[web-01\](http\://evil.example) \| x"),
        "{}",
        markdown.text
    );
    assert!(markdown.text.contains(sha256) && !markdown.text.contains("<b>"));

    let html = people.get(&format!("{case}/report?format=html"));
    assert!(
        html.header("content-security-policy")
            .contains("default-src 'none'; style-src 'sha256-")
    );
    assert!(html.text.contains("&lt;b&gt;on&lt;/b&gt;") && html.text.contains(sha256));
    for forbidden in [
        "<script",
        "<b>",
        "http-equiv=\"refresh",
        "href=",
        "src=",
        "url(",
    ] {
        assert!(!html.text.contains(forbidden), "{forbidden}");
    }
    assert_eq!(people.get(&format!("{case}/report?format=pdf")).status, 400);
}

#[test]
fn a_hostile_title_stays_text_and_a_merged_case_leads_on() {
    let fixture = Fixture::new();
    let path = "/api/v1/cases/0000000000005/report";
    assert_eq!(fixture.json(path)["case"]["title"], HOSTILE);
    for format in ["markdown", "html"] {
        let text = fixture.get(&format!("{path}?format={format}")).text;
        assert!(
            !text.contains("<script") && !text.contains('\u{202e}'),
            "{text}"
        );
        assert!(text.contains("202E"), "{text}");
    }
    let merged = fixture.get("/api/v1/cases/0000000000002/report");
    assert_eq!(merged.status, 308);
    assert_eq!(
        merged.header("location"),
        "/api/v1/cases/0000000000001/report"
    );
}
