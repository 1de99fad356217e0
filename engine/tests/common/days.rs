//! Days in which everything of the policy happens: pairs that recur, bursts of them, news beside them, hubs, rare rules,
//! hot subjects, weak entities. Drawn as episodes that share few machines and few hours, so that they meet.

use caseloom_engine::alert::Alert;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::policy::{Pin, Policy};
use caseloom_engine::time::Span;
use proptest::prelude::*;

use super::worlds::Alerts;

/// How many hours the days have.
const HOURS: i64 = 40;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Episode {
    /// A rule fires on a host every few hours.
    Recurring {
        who: Who,
        begin: i64,
        every: i64,
        times: i64,
    },
    /// A rule fires on a host again and again within five minutes.
    Burst { who: Who, begin: i64, times: i64 },
    /// A rule that recurs fires once more, several times, while other rules fire on the host.
    Beside {
        who: Who,
        begin: i64,
        usual: i64,
        times: i64,
        rules: i64,
        shift: i64,
    },
    /// Different rules fire on a host within minutes.
    Story { who: Who, begin: i64, rules: i64 },
    /// A host stands in many happenings, hour after hour.
    Busy {
        who: Who,
        begin: i64,
        hours: i64,
        each: i64,
    },
    /// One rule fires on all hosts within minutes.
    Spread { who: Who, begin: i64 },
    /// Rules that were never seen fire on a host, hours apart.
    Novel {
        who: Who,
        begin: i64,
        every: i64,
        rules: i64,
    },
    /// One alert.
    Lone { who: Who, begin: i64 },
}

/// Rule, host, and what else the alerts say.
#[derive(Clone, Debug)]
pub struct Who {
    rule: i64,
    host: i64,
    severity: u8,
    other: u8,
    /// Seconds by which one alert follows another.
    step: i64,
}

fn who() -> impl Strategy<Value = Who> {
    let severity =
        prop_oneof![6 => Just(10), 6 => Just(30), 3 => Just(50), 1 => Just(65), 1 => Just(90)];
    let step =
        prop_oneof![3 => Just(60), 2 => Just(30), 2 => Just(59), 2 => 0i64..200, 1 => Just(0)];
    let other = prop_oneof![6 => Just(0), 6 => 1u8..12];
    (0i64..5, 0i64..3, severity, other, step).prop_map(|(rule, host, severity, other, step)| Who {
        rule,
        host,
        severity,
        other,
        step,
    })
}

/// A second of the days: mostly in a few minutes of an hour, often at its very end.
fn begin() -> impl Strategy<Value = i64> {
    let minute =
        prop_oneof![4 => Just(0i64), 2 => Just(59i64), 3 => 0i64..6, 2 => 53i64..60, 2 => 0i64..60];
    let second = prop_oneof![4 => Just(0i64), 1 => Just(59i64), 1 => 0i64..60];
    (0..HOURS, minute, second)
        .prop_map(|(hour, minute, second)| hour * 3_600 + minute * 60 + second)
}

fn episode() -> impl Strategy<Value = Episode> {
    prop_oneof![
        4 => (who(), begin(), 1i64..5, 2i64..12)
            .prop_map(|(who, begin, every, times)| Episode::Recurring { who, begin, every, times }),
        3 => (who(), begin(), 2i64..14).prop_map(|(who, begin, times)| Episode::Burst { who, begin, times }),
        5 => (who(), begin(), 1i64..7, 1i64..13, 0i64..4, -4i64..8).prop_map(
            |(who, begin, usual, times, rules, minutes)| {
                let shift = minutes * 60 - i64::from(who.other % 2);
                Episode::Beside { who, begin, usual, times, rules, shift }
            }
        ),
        4 => (who(), begin(), 2i64..4).prop_map(|(who, begin, rules)| Episode::Story { who, begin, rules }),
        1 => (who(), begin(), 2i64..6, 2i64..4)
            .prop_map(|(who, begin, hours, each)| Episode::Busy { who, begin, hours, each }),
        2 => (who(), begin()).prop_map(|(who, begin)| Episode::Spread { who, begin }),
        1 => (who(), begin(), 0i64..8, 2i64..5)
            .prop_map(|(who, begin, every, rules)| Episode::Novel { who, begin, every, rules }),
        4 => (who(), begin()).prop_map(|(who, begin)| Episode::Lone { who, begin }),
    ]
}

impl Episode {
    fn alerts(&self, add: &mut impl FnMut(i64, i64, i64, &Who)) {
        match self {
            Self::Recurring {
                who,
                begin,
                every,
                times,
            } => {
                (0..*times).for_each(|n| {
                    add(
                        begin + n * every * 3_600 + (n % 3) * who.step,
                        who.rule,
                        who.host,
                        who,
                    )
                });
            }
            Self::Burst { who, begin, times } => {
                let bin = begin - begin.rem_euclid(300);
                (0..*times).for_each(|n| add(bin + n * who.step % 300, who.rule, who.host, who));
            }
            Self::Beside {
                who,
                begin,
                usual,
                times,
                rules,
                shift,
            } => {
                (0..*usual).for_each(|n| add(begin - (n + 1) * 3 * 3_600, who.rule, who.host, who));
                let bin = begin - begin.rem_euclid(300);
                (0..*times).for_each(|n| add(bin + n * who.step % 300, who.rule, who.host, who));
                (0..*rules)
                    .for_each(|n| add(bin + shift + n * 40, who.rule + 5 + n, who.host, who));
            }
            Self::Story { who, begin, rules } => {
                (0..*rules)
                    .for_each(|n| add(begin + n * who.step, who.rule + 5 + n, who.host, who));
            }
            Self::Busy {
                who,
                begin,
                hours,
                each,
            } => {
                for hour in 0..*hours {
                    (0..*each).for_each(|n| {
                        add(begin + hour * 3_600 + n * who.step, 10 + n, who.host, who)
                    });
                }
            }
            Self::Spread { who, begin } => {
                (0..3).for_each(|host| add(begin + host * who.step, who.rule, host, who));
            }
            Self::Novel {
                who,
                begin,
                every,
                rules,
            } => {
                (0..*rules)
                    .for_each(|n| add(begin + n * every * 3_600, 20 + who.rule + n, who.host, who));
            }
            Self::Lone { who, begin } => add(*begin, who.rule, who.host, who),
        }
    }
}

/// The line of an alert, its time aside.
fn line(rule: i64, host: i64, who: &Who, n: usize) -> String {
    let mut line = format!("a{n} 00:00 r{rule} {} ", who.severity);
    let entities = match who.other {
        1 => format!("host:h{host} user:u1/actor"),
        2 => format!("host:h{host} user:u2/actor"),
        3 => format!("host:h{host} user:u1/actor process:p1"),
        4 => format!("process:p1 file:f{host}"),
        5 => "process:p1 process:p2/actor file:f1".to_owned(),
        6 => format!("host:h{host}/source process:p{host}"),
        7 => format!("host:h{host} host:h{}", (host + 1) % 3),
        8 => format!("host:h{} host:h{host}", (host + 1) % 3),
        9 => format!("host:h{host} ip:10.0.0.9/source"),
        10 => "ip:10.0.0.9/source user:u1".to_owned(),
        // One happening with two sets of entities.
        11 if n.is_multiple_of(2) => format!("host:h{host} process:p{}", n % 3),
        _ => format!("host:h{host}"),
    };
    line.push_str(&entities);
    if rule % 4 == 1 {
        line.push_str(" attack=TA0002");
    }
    if rule % 4 == 2 {
        line.push_str(" attack=TA0001");
    }
    line
}

/// Days in the order of their alerts' times, each with an id.
pub fn days(episodes: usize) -> impl Strategy<Value = Alerts> {
    prop::collection::vec(episode(), 1..episodes).prop_map(|episodes| {
        let mut drawn: Vec<(i64, i64, i64, Who)> = Vec::new();
        for episode in &episodes {
            episode.alerts(&mut |at, rule, host, who| drawn.push((at, rule, host, who.clone())));
        }
        drawn.sort_by_key(|(at, ..)| *at);
        let alerts = drawn
            .iter()
            .enumerate()
            .map(|(n, (at, rule, host, who))| -> Alert {
                let mut alert = super::alert(&line(*rule, *host, who, n), n as i64);
                alert.time = super::BEGIN.plus(Span::SECOND.times(*at));
                alert
            });
        Alerts(alerts.collect())
    })
}

/// Policies under which little is enough for everything to happen.
pub fn eager() -> impl Strategy<Value = Policy> {
    let hours =
        |choice: &'static [i64]| prop::sample::select(choice).prop_map(|h| Span::HOUR.times(h));
    let minutes =
        |choice: &'static [i64]| prop::sample::select(choice).prop_map(|m| Span::MINUTE.times(m));
    let recurrence = (
        prop::sample::select(&[1u32, 2, 3, 6][..]),
        hours(&[0, 1, 3]),
        prop::sample::select(&[1.0, 1.5, 3.0][..]),
        any::<bool>(),
        0u8..6,
    );
    let evidence = (
        0u32..4,
        hours(&[1, 5, 72]),
        2u32..4,
        hours(&[1, 24]),
        minutes(&[0, 1, 2]),
    );
    let hubs = (2u8..4, 1u32..3, 2u32..5);
    let rest = (
        minutes(&[20, 60, 60, 180]),
        hours(&[1, 4]),
        hours(&[1, 24]),
        any::<bool>(),
        hours(&[0, 1, 6]),
        hours(&[0, 0, 2, 24]),
    );
    (recurrence, evidence, hubs, rest).prop_map(|(recurrence, evidence, hubs, rest)| {
        let settle = rest.5;
        let mut policy = Policy::default();
        let of = &mut policy.recurrence;
        of.settle = settle;
        (of.hours, of.horizon, of.burst, of.attach) = (
            recurrence.0,
            recurrence.1,
            recurrence.2,
            recurrence.3 || recurrence.4 > 0,
        );
        if recurrence.4 == 5 {
            of.pins = pins();
        }
        let of = &mut policy.evidence;
        (
            of.rule_hours,
            of.baseline,
            of.hot_rules,
            of.hot_gap,
            of.rule_gap,
        ) = evidence;
        of.rule_gap = evidence.4;
        let of = &mut policy.hubs;
        (of.per_hour, of.common_hours, of.hub_hours) = hubs;
        // In some days one rule beside two others is enough.
        of.peers = if of.hub_hours == 4 { 2 } else { 65 };
        let (lateness, host, auto_close, is_ignored, within, _) = rest;
        policy.reopen.within = within;
        policy.lateness = lateness;
        policy.auto_close_after = auto_close;
        policy.gaps[EntityKind::Host as usize] = host;
        policy.caps.activities = usize::MAX;
        policy.caps.entities = usize::MAX;
        if is_ignored && recurrence.4 == 4 {
            policy.ignored_entities = vec![(EntityKind::Host, "h2".into())];
        }
        policy
    })
}

/// One rule is always background, save on one host.
fn pins() -> Vec<Pin> {
    let pin = |subject: Option<&str>, is_background| Pin {
        source: "ids".into(),
        rule_id: "r1".into(),
        subject: subject.map(|host| (EntityKind::Host, host.into())),
        is_background,
    };
    vec![pin(None, true), pin(Some("h1"), false)]
}
