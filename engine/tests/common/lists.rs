//! Lists as one line of text: `SOURCE[@SCOPE]:KIND:VALUE=MARK`..., where MARK is `vip`, a criticality, a confidence or
//! `plain`; `-SOURCE` can't be read.

use std::sync::Arc;

use caseloom_engine::knowledge::{Criticality, Entry, FactKind, Knowledge, Mark, Source};
use caseloom_engine::time::{Span, Timestamp};

/// What the lists say.
pub fn knowledge(line: &str, now: Timestamp) -> Arc<Knowledge> {
    let (mut sources, mut entries, mut absent): (Vec<Source>, Vec<Entry>, Vec<_>) =
        Default::default();
    for word in line.split_whitespace() {
        if let Some(name) = word.strip_prefix('-') {
            absent.push(name.into());
            continue;
        }
        let (source, rest) = word.split_once(':').unwrap();
        let (entity, mark) = rest.rsplit_once('=').unwrap();
        let (name, scope) = source
            .split_once('@')
            .map_or((source, None), |(name, scope)| (name, Some(scope)));
        let mark = match (mark, Criticality::from_word(mark)) {
            ("vip", _) => Mark::Vip,
            ("plain", _) => Mark::Plain,
            (_, Some(criticality)) => Mark::Criticality(criticality),
            _ => Mark::Confidence(mark.parse().unwrap()),
        };
        let at = sources
            .iter()
            .position(|source| source.name == name)
            .unwrap_or_else(|| {
                sources.push(Source {
                    name: name.into(),
                    kind: match mark {
                        Mark::Vip => FactKind::User,
                        Mark::Confidence(_) => FactKind::Intel,
                        _ => FactKind::Asset,
                    },
                    scope: scope.map(Into::into),
                    as_of: now,
                    stale_from: now.plus(Span::DAY),
                });
                sources.len() - 1
            });
        let named = super::entity(entity);
        entries.push(Entry {
            kind: named.kind,
            value: named.value,
            source: u16::try_from(at).unwrap(),
            mark,
            as_of: None,
            fields: Box::new([]),
        });
    }
    Arc::new(Knowledge::new(sources, entries, absent))
}

/// One of several lists over the hosts, users and addresses of the random worlds, by number.
pub fn some(number: u8, now: Timestamp) -> Arc<Knowledge> {
    let line = match number {
        0 => "",
        1 => "people:user:u1=vip feed:ip:10.0.0.9=80",
        2 => {
            "machines:host:h1=critical machines:host:h2=low feed:ip:10.0.0.9=80 feed:ip:10.0.0.9=30"
        }
        3 => "machines:host:h1=high -feed people:user:u2=vip",
        4 => "-machines -people -feed",
        5 => "north@t1:host:h0=critical feed:process:p1=100 other:process:p1=50 feed:host:h1=60",
        _ => "machines:host:h0=plain machines:host:h1=critical people:user:u1=vip feed:host:h2=100",
    };
    knowledge(line, now)
}
