//! A flood: alerts that each bring four entities nobody has seen, faster than anything falls silent, through the grouping
//! step with sealing. Prints what is live, what was let go, the resident memory and the alerts a second of the processor.
//!
//!     cargo run --release -p caseloom-engine --example flood [ALERTS [ACTIVITIES_MAX]]
#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "it takes the time and reads its memory; the engine itself may not"
)]

use caseloom_engine::alert::{Alert, Lifecycle, Position, Severity, TopicId};
use caseloom_engine::correlator::{Correlator, Evicted};
use caseloom_engine::decision::Decision;
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::policy::Policy;
use caseloom_engine::time::{Span, Timestamp};
use cpu_time::ThreadTime;

// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: u64 = 4_096;
const BEGIN: Timestamp = Timestamp(1_767_571_200_000);

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u64| {
        let given = args.next();
        given.map_or(default, |text| text.parse().expect("a number"))
    };
    let alerts = number(10_000_000);
    let mut policy = Policy::default();
    policy.memory.activities_max =
        usize::try_from(number(policy.memory.activities_max as u64)).expect("fits");
    println!("{:?}, pairs {}", policy.memory, policy.recurrence.pairs_max);
    let mut correlator = Correlator::new(policy, [7; 16]);
    let (mut decision, mut evicted) = (Decision::default(), [0_u64; 4]);
    let (mut spent, mut slowest) = (0.0, 0.0_f64);
    let mut made = 0;
    while made < alerts {
        let batch: Vec<Alert> = (made..alerts.min(made + BATCH)).map(novel).collect();
        made += batch.len() as u64;
        let begun = ThreadTime::now();
        correlator.on_alerts(&batch, |alert| alert.time, &mut decision);
        correlator.seal(&mut decision);
        let took = begun.elapsed().as_secs_f64();
        (spent, slowest) = (spent + took, slowest.max(took));
        for (sum, more) in evicted.iter_mut().zip(decision.tally.evicted) {
            *sum += more;
        }
        decision.clear();
        if made % (alerts / 10).max(1) < BATCH {
            let sizes = correlator.sizes();
            println!(
                "{made} alerts: {} activities, {} entities, {} pairs, {} ids, {} MB, {:.0} alerts/s, slowest batch {:.0} ms",
                sizes.activities,
                sizes.entities,
                sizes.pairs,
                sizes.identities,
                memory("VmRSS:") / 1_000,
                made as f64 / spent,
                slowest * 1_000.0,
            );
        }
    }
    let let_go: Vec<String> = Evicted::ALL
        .iter()
        .zip(evicted)
        .map(|(what, count)| format!("{count} {}", what.as_str()))
        .collect();
    println!(
        "let go: {}; peak {} MB",
        let_go.join(", "),
        memory("VmHWM:") / 1_000
    );
    println!(
        "{:?}, balanced: {}",
        correlator.accounting(),
        correlator.accounting().is_balanced()
    );
}

/// The alert of this number, half a millisecond after the one before.
fn novel(n: u64) -> Alert {
    let address = format!(
        "{}.{}.{}.{}",
        20 + (n >> 24),
        n >> 16 & 255,
        n >> 8 & 255,
        n & 255
    );
    let entities = [
        (
            EntityKind::Host,
            Role::Affected,
            format!("ws-{n:08}.corp.example"),
        ),
        (EntityKind::User, Role::Actor, format!("user{n:08}")),
        (EntityKind::Ip, Role::Source, address),
        (
            EntityKind::Domain,
            Role::Target,
            format!("c{n}.badhost.example"),
        ),
    ];
    let entity = |(kind, role, value): (EntityKind, Role, String)| {
        Entity::new(kind, role, &value).expect("made to mean something")
    };
    let offset = i64::try_from(n).expect("small");
    Alert {
        id: Some(format!("{n:032x}").into()),
        position: Position {
            topic: TopicId(0),
            partition: 0,
            offset,
            index: 0,
        },
        time: BEGIN.plus(Span(offset / 2)),
        scope: "acme".into(),
        source: "suricata".into(),
        rule_id: format!("20{:05}", n % 2_000).into(),
        rule_name: "ET MALWARE observed command and control".into(),
        title: "".into(),
        severity: Severity::of(20 + u32::try_from(n % 30).expect("small")),
        attack: Default::default(),
        entities: entities.into_iter().map(entity).collect(),
        lifecycle: Lifecycle::Active,
        count: 1,
        updated: None,
    }
}

/// A line of what the system says of this process, in kB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|each| each.strip_prefix(line));
    let number = found.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}
