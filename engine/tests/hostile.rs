//! What an attacker may send: the engine must not hang, break a promise or slow down for the others.
#![expect(clippy::unwrap_used, reason = "a broken promise should stop the test")]

mod common;

use caseloom_engine::alert::Alert;
use caseloom_engine::correlator::{Correlator, Sizes};
use caseloom_engine::decision::{Decision, Grouping, Outcome};
use caseloom_engine::policy::Policy;
use caseloom_engine::record::Record;
use caseloom_engine::time::{Span, Timestamp};

/// A correlator that is fed line by line.
struct Feed {
    correlator: Correlator,
    decision: Decision,
    fed: i64,
}

impl Feed {
    fn new(policy: Policy) -> Self {
        policy.check().unwrap();
        Self {
            correlator: Correlator::new(policy, common::SEED),
            decision: Decision::default(),
            fed: 0,
        }
    }

    fn feed(&mut self, alert: &Alert) -> Outcome {
        self.decision.clear();
        let now = common::BEGIN.max(alert.time);
        self.correlator.on_alert(now, alert, &mut self.decision);
        self.fed += 1;
        self.decision.outcomes[0].outcome
    }

    /// Lets time pass until nothing is pending; returns when that is.
    fn fall_silent(&mut self, mut now: Timestamp) -> Timestamp {
        let mut steps = 0;
        while let Some(due) = self.correlator.next_deadline() {
            now = now.max(due);
            self.correlator.on_time(now, true, &mut self.decision);
            self.correlator.seal(&mut self.decision);
            self.decision.clear();
            steps += 1;
            assert!(steps < 10_000, "each step gets on");
        }
        now
    }

    fn line(&mut self, line: &str) -> Outcome {
        self.feed(&common::alert(line, self.fed))
    }

    fn grouping(&mut self, line: &str) -> Grouping {
        match self.line(line) {
            Outcome::Opened { grouping, .. } => grouping,
            other => panic!("{line}: {other:?}"),
        }
    }
}

/// ` host:PREFIX1 host:PREFIX2 ...`
fn hosts(prefix: &str, count: usize) -> String {
    (0..count).map(|n| format!(" host:{prefix}{n}")).collect()
}

#[test]
fn continuations_that_lead_in_a_circle_end() {
    let mut policy = Policy::default();
    policy.caps.entities = 64;
    let mut feed = Feed::new(policy);
    // The first group has 60 entities, its continuation 64, and the continuation of that has 3.
    assert_eq!(
        feed.grouping(&format!("- 08:00 r 10{}", hosts("a", 60))),
        Grouping::Opened
    );
    let wide = format!("- 08:01 r 10 host:a0{}", hosts("b", 20));
    assert!(matches!(feed.grouping(&wide), Grouping::Continued(_)));
    let wide = format!("- 08:02 r 10 host:b0{}", hosts("c", 43));
    assert_eq!(feed.grouping(&wide), Grouping::Joined);
    assert!(matches!(
        feed.grouping("- 08:03 r 10 host:b0 host:d0 host:d1"),
        Grouping::Continued(_)
    ));
    // The third is small enough to be merged into the first, which it continues by way of the second.
    assert_eq!(
        feed.grouping("- 08:04 r 10 host:d0 host:a0"),
        Grouping::Merged
    );
    let wide = format!("- 08:05 r 10 host:a1{}", hosts("e", 20));
    assert!(matches!(feed.grouping(&wide), Grouping::Continued(_)));
}

#[test]
fn times_at_both_ends_of_the_range_are_decided() {
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    for first in ends {
        for second in ends {
            let mut feed = Feed::new(Policy::default());
            for (n, time) in [first, second, first, common::BEGIN.0, second, first]
                .into_iter()
                .enumerate()
            {
                let mut alert = common::alert(&format!("id{n} 08:00 r{n} 60 host:a user:b"), 0);
                alert.time = Timestamp(time);
                feed.feed(&alert);
                feed.correlator.seal(&mut feed.decision);
                feed.correlator
                    .on_time(Timestamp(time).plus(Span::HOUR), true, &mut feed.decision);
                assert!(feed.correlator.accounting().is_balanced());
                let sizes = feed.correlator.sizes();
                let due = feed.correlator.next_deadline();
                assert_eq!(due.is_some(), sizes.candidates + sizes.cases > 0);
            }
            feed.correlator
                .on_time(Timestamp::MAX, true, &mut feed.decision);
            feed.correlator.finish(Timestamp::MAX, &mut feed.decision);
        }
    }
}

#[test]
fn a_flood_of_entities_leaves_nothing_behind() {
    let mut feed = Feed::new(Policy::default());
    for n in 0..50_000 {
        let id = if n % 2 == 0 {
            format!("id{n}")
        } else {
            "-".into()
        };
        let mut alert = common::alert(
            &format!(
                "{id} 08:00 r{} 10 host:a{n} user:b{n} ip:10.{}.{}.{} host:c{n}/source",
                n % 1_000,
                n >> 16,
                n >> 8 & 255,
                n & 255
            ),
            n,
        );
        alert.time = alert.time.plus(Span(n));
        feed.feed(&alert);
    }
    let full = feed.correlator.sizes();
    assert_eq!(
        (full.entities, full.candidates, full.identities),
        (200_000, 50_000, 25_000)
    );
    // A day later the ids are too old, and with the last group all is gone.
    feed.line("- 3+08:00 r 10");
    feed.fall_silent(common::time("3+08:00"));
    let sizes = feed.correlator.sizes();
    // Pairs are remembered for a week and more.
    let pairs = sizes.pairs;
    assert_eq!(
        sizes,
        Sizes {
            pairs,
            ..Sizes::default()
        }
    );
}

#[test]
fn a_flood_on_one_entity_ends_too() {
    let mut feed = Feed::new(Policy::default());
    for n in 0..1_000 {
        let mut alert = common::alert(
            &format!("- 08:00 r 10 host:hub{}", hosts(&format!("{n}x"), 63)),
            n,
        );
        alert.time = alert.time.plus(Span(n));
        feed.feed(&alert);
    }
    let full = feed.correlator.sizes();
    assert_eq!((full.entities, full.activities), (63_001, 1_000));
    feed.fall_silent(common::time("08:00"));
    let sizes = feed.correlator.sizes();
    // Pairs are remembered for a week and more.
    let pairs = sizes.pairs;
    assert_eq!(
        sizes,
        Sizes {
            pairs,
            ..Sizes::default()
        }
    );
}

#[test]
fn made_up_attack_ids_are_not_kept_without_end() {
    let mut feed = Feed::new(Policy::default());
    for n in 0..40 {
        let ids: String = (0..32)
            .map(|at| format!(" attack=T{}", 1_000 + n * 32 + at))
            .collect();
        feed.line(&format!("- 08:00 r{n} 10 host:a{ids}"));
    }
    feed.correlator.seal(&mut feed.decision);
    let kept = feed
        .decision
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Group(group) => Some(group.attack.len()),
            _ => None,
        });
    assert_eq!(kept.collect::<Vec<_>>(), [128]);
}
