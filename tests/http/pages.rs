use caseloom::http::HttpOptions;

use crate::fixture::{Fixture, id};

#[test]
fn hostile_titles_are_shown_and_do_nothing() {
    let fixture = Fixture::new();
    for path in ["/".to_owned(), format!("/cases/{}", id(5))] {
        let page = fixture.get(&path).text;
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{path}"
        );
        assert!(!page.contains("<script"), "{path}");
        assert!(!page.contains("<title><"), "{path}");
        assert!(!page.contains('\u{202e}'), "{path}");
        assert!(
            page.contains("<span class=\"unseen\">U+202E</span>"),
            "{path}"
        );
    }
}

#[test]
fn a_search_is_repeated_as_text() {
    let fixture = Fixture::new();
    let page = fixture.get("/?q=%27%3E%3Cscript%3E&live=1").text;
    assert!(page.contains("value=\"'&gt;&lt;script&gt;\""));
    assert!(!page.contains("<script"));
}

#[test]
fn pages_may_load_only_their_own_style() {
    let fixture = Fixture::new();
    for path in [
        "/",
        "/candidates",
        "/cases/0000000000001",
        "/cases/nonsense",
        "/?sort=x",
    ] {
        let answer = fixture.get(path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'"),
            "{path}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(
            answer.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        for forbidden in ["style=", "onclick", "http://", "https://", "<script"] {
            assert!(!answer.text.contains(forbidden), "{path}: {forbidden}");
        }
    }
    assert_eq!(
        fixture.get("/assets/caseloom.css").header("content-type"),
        "text/css; charset=utf-8"
    );
    assert_eq!(
        fixture.get("/assets/icon.svg").header("content-type"),
        "image/svg+xml"
    );
}

#[test]
fn the_list_shows_what_is_to_be_done() {
    let fixture = Fixture::new();
    let page = fixture.get("/").text;
    assert!(page.contains("Credential dumping on web-01"));
    assert!(!page.contains("Case number 3"));
    assert!(fixture.get("/?status=all").text.contains("Case number 3"));
    assert!(fixture.get("/candidates").text.contains("Case number 4"));
    assert!(
        fixture
            .get("/?owner=nobody-has-this-name")
            .text
            .contains("Nothing here.")
    );
    assert!(
        fixture
            .get("/?live=1")
            .text
            .contains("http-equiv=\"refresh\"")
    );
}

#[test]
fn a_case_shows_its_reasons() {
    let fixture = Fixture::new();
    let page = fixture.get(&format!("/cases/{}", id(1))).text;
    assert!(page.contains("shares <bdi>host web-01</bdi> with <a href=\"#a11\"><bdi>Rule 11</bdi> (11)</a>, 3 min apart"));
    assert!(page.contains("1 more link"));
    assert!(page.contains("opened the case"));
    let merged = fixture.get(&format!("/cases/{}", id(2)));
    assert_eq!(merged.status, 308);
    assert_eq!(merged.header("location"), format!("/cases/{}", id(1)));
}

#[test]
fn a_missing_case_is_a_page_for_people() {
    let fixture = Fixture::new();
    let answer = fixture.get(&format!("/cases/{}", id(99)));
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("no such case"));
}

#[test]
fn an_empty_store_has_pages_too() {
    let fixture = Fixture::with(HttpOptions::default(), &[]);
    let page = fixture.get("/").text;
    assert!(page.contains("Nothing here.") && page.contains("state: <bdi>starting</bdi>"));
}
