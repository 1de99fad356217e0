//! Small worlds in which everything happens, drawn at random.

use std::fmt;
use std::ops::Deref;

use caseloom_engine::alert::{Alert, Lifecycle};
use caseloom_engine::policy::Policy;
use caseloom_engine::time::Span;
use proptest::prelude::*;

/// Alerts in the order of their arrival; prints as the lines of a scenario.
#[derive(Clone)]
pub struct Alerts(pub Vec<Alert>);

/// How a world is drawn.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// Most alerts.
    pub alerts: usize,
    /// How late an alert may be, in seconds.
    pub late_s: i64,
    /// How far event time jumps now and then, in seconds.
    pub jump_s: i64,
}

impl World {
    /// Jumps of minutes to days, and alerts up to 6 hours late.
    pub fn of(alerts: usize) -> Self {
        Self {
            alerts,
            late_s: 20_000,
            jump_s: 200_000,
        }
    }

    /// The alerts of one world in the order of their arrival: few hosts, users and hashes, all severities.
    pub fn strategy(self) -> impl Strategy<Value = Alerts> {
        // Windows, gaps and lateness as they are used, so that alerts fall on their very ends.
        let exact = || prop::sample::select(&[0i64, 600, 3_600, 10_800, 14_400][..]);
        let step =
            prop_oneof![6 => 0i64..120, 3 => exact(), 3 => 0i64..7_200, 1 => 0i64..self.jump_s];
        let late_s = exact().prop_map(move |late| late.min(self.late_s));
        let late =
            prop_oneof![16 => Just(0i64), 1 => late_s, 2 => 0i64..3_600, 2 => 0i64..=self.late_s];
        prop::collection::vec((step, late, line()), 1..self.alerts).prop_map(|drawn| {
            let mut clock = super::BEGIN;
            let mut made = Vec::new();
            for (step, late, line) in drawn {
                clock = clock.plus(Span::SECOND.times(step));
                let mut alert = super::alert(&line, made.len() as i64);
                alert.time = clock.minus(Span::SECOND.times(late));
                made.push(alert);
            }
            Alerts(made)
        })
    }
}

impl Deref for Alerts {
    type Target = Vec<Alert>;

    fn deref(&self) -> &Vec<Alert> {
        &self.0
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        self.0.iter().try_for_each(|alert| print(alert, f))
    }
}

fn print(alert: &Alert, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let since = alert.time.since(super::BEGIN).0.div_euclid(1_000);
    let (days, second) = (since.div_euclid(86_400), since.rem_euclid(86_400));
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let id = alert.id.as_deref().unwrap_or("-");
    let severity = match alert.severity.assumed {
        true => "-".into(),
        false => alert.severity.score.to_string(),
    };
    let (rule, scope, count) = (&alert.rule_id, &alert.scope, alert.count);
    write!(
        f,
        "alert {id} {days}+{hour:02}:{minute:02}:{second:02} {rule} {severity}"
    )?;
    for entity in &alert.entities {
        let (kind, role) = (entity.kind.as_str(), entity.role.as_str());
        write!(f, " {kind}:{}/{role}", entity.value)?;
    }
    for id in &alert.attack {
        write!(f, " attack={id}")?;
    }
    if alert.lifecycle == Lifecycle::Sample {
        write!(f, " status=sample")?;
    }
    writeln!(f, " scope={scope} count={count}")
}

/// One alert as a line of a scenario; its time is set later.
fn line() -> impl Strategy<Value = String> {
    let severity = prop_oneof![4 => Just("10"), 4 => Just("30"), 3 => Just("50"), 1 => Just("90"), 1 => Just("-")];
    let who = (0u8..9, 0u8..6, 0u8..14, 0u8..9, 0u8..3);
    let odd = (0u8..20, 0u16..40, 1u8..4);
    (0u8..6, severity, who, odd).prop_map(|(rule, severity, who, (odd, id, count))| {
        let (host, user, hash, other, scope) = who;
        let id = if odd < 4 {
            format!("id{id}")
        } else {
            "-".into()
        };
        let mut line = format!("{id} 00:00 r{rule} {severity} scope=s{scope} count={count}");
        if host < 7 {
            line.push_str(&format!(" host:h{host}"));
        }
        match other {
            // The same value in two roles, an observer, and a second host.
            0 if host < 7 => line.push_str(&format!(" host:h{host}/target")),
            1 => line.push_str(" host:sensor/observer"),
            2 => line.push_str(&format!(" host:h{}/source", (host + 1) % 7)),
            _ => {}
        }
        if user > 0 {
            line.push_str(&format!(" user:u{user}/actor"));
        }
        if hash < 3 {
            line.push_str(&format!(" hash:{:032x}", u32::from(hash) + 1));
        }
        if odd == 5 {
            line.push_str(" status=sample");
        }
        if odd == 6 {
            line.push_str(" attack=TA0001 attack=T1059");
        }
        if odd == 7 {
            line.push_str(" attack=TA0002");
        }
        line
    })
}

/// Caps low enough to be reached in a small world.
pub fn tight_policy() -> Policy {
    let mut policy = Policy::default();
    policy.caps.activities = 6;
    policy.caps.entities = 64;
    policy.caps.age = Span::DAY.times(2);
    policy.dedup.ids_max = 50;
    policy
}
