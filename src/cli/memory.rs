//! `caseloom background` and `caseloom hubs`: what is remembered of rules and entities, from the store. It is only read, so
//! a daemon may be running on it.

use std::io::{self, Write};

use caseloom_engine::entity::EntityKind;

use super::{CliError, ConfigArgs};
use crate::memory::{self, BackgroundFilter, BackgroundPair, Hub, HubFilter};
use crate::plain::plain;
use crate::store::{ReadOnlyStore, StoreReader};

/// Arguments of `caseloom background`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackgroundArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Of this scope only
    #[arg(long, value_name = "NAME", env = "CASELOOM_SCOPE")]
    scope: Option<String>,
    /// Of this product only
    #[arg(long, value_name = "NAME", env = "CASELOOM_SOURCE")]
    source: Option<String>,
    /// Of this rule only, by id or name
    #[arg(long, value_name = "RULE", env = "CASELOOM_RULE")]
    rule: Option<String>,
    /// On this subject only
    #[arg(long, value_name = "VALUE", env = "CASELOOM_SUBJECT")]
    subject: Option<String>,
    /// Also what was background and is not now
    #[arg(long, env = "CASELOOM_ALL", value_parser = super::truth())]
    all: bool,
}

/// Arguments of `caseloom hubs`.
#[derive(Clone, Debug, clap::Args)]
pub struct HubsArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Of this scope only
    #[arg(long, value_name = "NAME", env = "CASELOOM_SCOPE")]
    scope: Option<String>,
    /// Of this kind only, such as host or ip
    #[arg(long, value_name = "KIND", env = "CASELOOM_KIND", value_parser = kind)]
    kind: Option<EntityKind>,
    /// This entity only
    #[arg(long, value_name = "VALUE", env = "CASELOOM_ENTITY")]
    entity: Option<String>,
}

/// Items read at once.
const PAGE: usize = 500;

/// Prints which pairs are background, since when and why.
///
/// # Errors
/// No store where the configuration says, or one that can't be read.
pub(super) fn background(args: &BackgroundArgs) -> Result<(), CliError> {
    let filter = BackgroundFilter {
        seen: None,
        scope: args.scope.clone(),
        source: args.source.clone(),
        rule: args.rule.clone(),
        kind: None,
        subject: args.subject.clone(),
        any_standing: args.all,
    };
    let read = |store: &StoreReader, cursor: Option<&[u8]>| {
        memory::background(store, &filter, PAGE, cursor)
    };
    print_all(&args.config, read, of_pair)
}

/// Prints which entities are worth less than their kind, since when and until when.
///
/// # Errors
/// As [`background`].
pub(super) fn hubs(args: &HubsArgs) -> Result<(), CliError> {
    let filter = HubFilter {
        seen: None,
        scope: args.scope.clone(),
        kind: args.kind,
        value: args.entity.clone(),
    };
    let read =
        |store: &StoreReader, cursor: Option<&[u8]>| memory::hubs(store, &filter, PAGE, cursor);
    print_all(&args.config, read, of_hub)
}

fn print_all<T>(
    config: &ConfigArgs,
    read: impl Fn(&StoreReader, Option<&[u8]>) -> Result<memory::Page<T>, crate::store::StoreError>,
    line: impl Fn(&T) -> String,
) -> Result<(), CliError> {
    let config = config.load()?;
    let store = ReadOnlyStore::open(&config.store.path).map_err(CliError::temporary)?;
    let mut out = io::stdout().lock();
    let mut cursor: Option<Vec<u8>> = None;
    loop {
        let (items, next) = read(&store.reader, cursor.as_deref()).map_err(CliError::temporary)?;
        for item in &items {
            writeln!(out, "{}", plain(&line(item))).map_err(CliError::failed)?;
        }
        match next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

fn of_pair(pair: &BackgroundPair) -> String {
    let scope = pair.scope.as_deref().unwrap_or("every scope");
    let on = pair.subject.as_ref().map_or_else(
        || "every subject".to_owned(),
        |(kind, value)| format!("{} {value}", kind.as_str()),
    );
    let name = match pair.rule_name.is_empty() || pair.rule_name == pair.rule_id {
        true => String::new(),
        false => format!(" ({})", pair.rule_name),
    };
    let mut text = format!(
        "{scope}: {} {}{name} on {on}: {}",
        pair.source,
        pair.rule_id,
        pair.standing.as_str()
    );
    match (pair.why, pair.measured) {
        ("pinned", _) => text.push_str(", pinned by the policy"),
        (_, Some(measured)) => text.push_str(&format!(
            ", seen in {} of 168 hours ({} make background), at most {} alerts in five minutes",
            measured.hours_seen, pair.hours_needed, measured.usual_peak
        )),
        _ => text.push_str(", not seen for weeks"),
    }
    if let Some(since) = pair.since {
        text.push_str(&format!(", first {}", moment(since)));
    }
    text
}

fn of_hub(hub: &Hub) -> String {
    let scope = hub.scope.as_deref().unwrap_or("every scope");
    let (kind, value, worth) = (hub.kind.as_str(), &hub.value, hub.worth.as_str());
    let mut text = format!("{scope}: {kind} {value}: {worth}");
    match &hub.measured {
        None => text.push_str(" by the policy"),
        Some(of) => text.push_str(&format!(
            " since {}, {} busy hours of the last 24, until {} unless it gets busy again",
            moment(of.since),
            of.busy_hours.len(),
            moment(of.ends)
        )),
    }
    text
}

fn moment(time: caseloom_engine::time::Timestamp) -> String {
    time.to_rfc3339()
}

fn kind(text: &str) -> Result<EntityKind, String> {
    let known = EntityKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text);
    known.ok_or_else(|| {
        let all: Vec<_> = EntityKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("a kind is one of {}", all.join(", "))
    })
}
