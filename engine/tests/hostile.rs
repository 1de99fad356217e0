//! What an attacker may send: the engine must not hang, break a promise or slow down for the others.
#![expect(clippy::unwrap_used, reason = "a broken promise should stop the test")]

mod common;

use caseloom_engine::alert::Alert;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{Decision, Grouping, Outcome};
use caseloom_engine::policy::Policy;
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
