//! Sources that change, vanish, are too large, and hold for a time.

use std::path::Path;

use super::*;

fn list(name: &str, file: &Path) -> ListConfig {
    ListConfig {
        name: name.into(),
        kind: FactKind::Intel,
        file: file.to_owned(),
        format: ListFormat::Auto,
        scope: None,
        confidence: 50,
        stale_after: Some(Duration::from_secs(60)),
    }
}

fn lists(lists: Vec<ListConfig>) -> Lists {
    Lists::new(EnrichmentConfig {
        lists,
        entries_max: 3,
        file_bytes_max: 1_000,
    })
}

#[test]
fn a_source_that_can_not_be_read_keeps_what_it_said() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.txt"), dir.path().join("b.txt"));
    std::fs::write(&a, "203.0.113.1\nnonsense\n").unwrap();
    let mut lists = lists(vec![list("a", &a), list("b", &b)]);
    let now = Timestamp(1_767_571_200_000);
    let reports = lists.refresh(now);
    assert_eq!(reports.len(), 2);
    assert_eq!((reports[0].entries, reports[0].bad), (1, 1));
    assert_eq!(reports[0].complaints[0].at, "line 2");
    assert!(reports[1].unreadable.as_ref().unwrap().contains("b.txt"));
    assert_eq!(lists.knowledge().len(), 1);
    assert!(lists.refresh(now).is_empty(), "nothing changed");

    std::fs::write(&b, "203.0.113.2\n203.0.113.3\n").unwrap();
    assert_eq!(lists.refresh(now).len(), 1);
    assert_eq!(lists.knowledge().len(), 3);

    std::fs::write(&b, "203.0.113.2\n203.0.113.3\n203.0.113.4\n").unwrap();
    let reports = lists.refresh(now);
    let error = reports[0].unreadable.as_ref().unwrap();
    assert!(
        error.contains("4 entries, more than enrichment.entries_max"),
        "{error}"
    );
    std::fs::remove_file(&a).unwrap();
    assert!(lists.refresh(now)[0].unreadable.is_some());
    assert_eq!(lists.knowledge().len(), 3, "both keep what they said");

    lists.configure(EnrichmentConfig {
        lists: vec![list("b", &b)],
        entries_max: 3,
        file_bytes_max: 10,
    });
    let error = lists.refresh(now).remove(0).unreadable.unwrap();
    assert!(error.contains("more than 10 bytes"), "{error}");
    assert_eq!(lists.knowledge().len(), 2);
    assert_eq!(lists.knowledge().sources().len(), 1);
}

#[test]
fn what_ceases_to_hold_is_left_out_without_a_change_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.csv");
    std::fs::write(
        &file,
        "value,valid_until\n203.0.113.1,2026-01-06\n203.0.113.2,\n",
    )
    .unwrap();
    let mut lists = lists(vec![list("a", &file)]);
    let before = Timestamp(1_767_571_200_000);
    assert_eq!(lists.refresh(before)[0].entries, 2);
    let after = before.plus(Span::DAY);
    assert!(lists.refresh(after.plus(Span(-1))).is_empty());
    let reports = lists.refresh(after);
    assert_eq!(
        (reports[0].entries, &reports[0].skipped),
        (1, &[("expired", 1)].into())
    );
}
