use std::collections::BTreeSet;

use caseloom_engine::accounting::MessageOutcome;

use super::*;

fn value(text: &str, series: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no {series} in\n{text}"))
        .parse()
        .unwrap()
}

fn sum(text: &str, name: &str) -> f64 {
    let series = text
        .lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|r| r.starts_with('{')));
    series
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

fn accounting() -> Accounting {
    let mut accounting = Accounting::default();
    for outcome in [
        MessageOutcome::WithAlerts,
        MessageOutcome::Empty,
        MessageOutcome::Rejected,
    ] {
        accounting.count_message(outcome);
    }
    for disposition in [Disposition::Case, Disposition::Case, Disposition::Ignored] {
        accounting.count_alert(disposition);
    }
    accounting
}

#[test]
fn the_table_holds_each_name_once_with_a_help() {
    let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), TABLE.len());
    for row in TABLE {
        assert!(row.help.ends_with('.'), "{}", row.name);
        assert_eq!(
            row.kind == "histogram",
            !row.buckets.is_empty(),
            "{}",
            row.name
        );
    }
}

#[test]
fn the_sums_of_a_scrape_agree_also_after_a_restart() {
    let mut sums = accounting();
    let first_run = Metrics::new();
    first_run.set_accounting(&sums, &[("native", 3)]);
    let second_run = Metrics::new();
    second_run.set_accounting(&sums, &[]);
    sums.count_message(MessageOutcome::WithAlerts);
    sums.count_alert(Disposition::Candidate);
    second_run.set_accounting(&sums, &[("suricata", 1)]);

    for (metrics, alerts, messages) in [(first_run, 3.0, 3.0), (second_run, 4.0, 4.0)] {
        let text = metrics.render();
        assert_eq!(sum(&text, "caseloom_alerts_total"), alerts);
        assert_eq!(sum(&text, "caseloom_alerts_received_total"), alerts);
        assert_eq!(sum(&text, "caseloom_messages_total"), messages);
        assert_eq!(value(&text, "caseloom_messages_received_total"), messages);
        assert_eq!(value(&text, "caseloom_accounting_imbalance"), 0.0);
    }
}

#[test]
fn scrapes_do_not_count_twice() {
    let metrics = Metrics::new();
    metrics.set_accounting(&accounting(), &[("native", 3)]);
    drop(metrics.render());
    let text = metrics.render();
    assert_eq!(value(&text, "caseloom_messages_received_total"), 3.0);
    assert_eq!(
        value(&text, "caseloom_alerts_received_total{format=\"native\"}"),
        3.0
    );
}

#[test]
fn a_decision_is_counted_by_its_words() {
    let metrics = Metrics::new();
    let tally = Tally {
        late: 1,
        links: [5, 0, 0, 0, 1],
        cases_closed: 2,
        continued: [0, 3, 0, 0, 0],
        ..Tally::default()
    };
    let moved = Move {
        from: Disposition::Candidate,
        to: Disposition::Case,
        alerts: 7,
    };
    metrics.observe_decision(&tally, &[moved]);
    let text = metrics.render();
    for (series, count) in [
        ("caseloom_late_alerts_total", 1.0),
        ("caseloom_links_total{kind=\"shared_entity\"}", 5.0),
        ("caseloom_cases_closed_total{verdict=\"none\"}", 2.0),
        (
            "caseloom_cases_continued_total{reason=\"cap_entities\"}",
            3.0,
        ),
        (
            "caseloom_alert_moves_total{from=\"candidate\",to=\"case\"}",
            7.0,
        ),
    ] {
        assert_eq!(value(&text, series), count, "{series}");
    }
}
