//! `caseloom silence ...`: what is kept out of the cases, from a terminal, over the API.

use std::time::Duration;

use caseloom_engine::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::CliError;
use super::client::{Client, ClientArgs};
use crate::clock::{Clock, SystemClock};
use crate::config::parse_duration;
use crate::plain::plain;
use crate::silences::Repeat;

/// Arguments of `caseloom silence`.
#[derive(Clone, Debug, clap::Args)]
pub struct SilenceArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    verb: SilenceVerb,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, for as long as the process"
)]
enum SilenceVerb {
    /// List silences, the latest first
    List {
        /// Only of this scope
        #[arg(long)]
        scope: Option<String>,
        /// Only active, waiting, expired or ended ones
        #[arg(long)]
        state: Option<String>,
    },
    /// List what silences kept out, the latest first
    Suppressed {
        /// Only of this scope
        #[arg(long)]
        scope: Option<String>,
        /// Only by the silence of this number
        #[arg(long)]
        silence: Option<String>,
        /// Only of this rule, by id or name
        #[arg(long)]
        rule: Option<String>,
        /// Only with this entity, as host:web-01
        #[arg(long)]
        entity: Option<String>,
    },
    /// Say what a silence would have kept out
    Preview {
        #[command(flatten)]
        matcher: MatcherArgs,
        /// So many hours back from the scope's last alert
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// Make a silence
    Add {
        #[command(flatten)]
        matcher: MatcherArgs,
        /// Who answers for it
        #[arg(long)]
        owner: String,
        /// Why it is there
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        until: UntilArgs,
        /// From when on, as 2026-01-31T00:00:00Z; now without
        #[arg(long, value_name = "TIME")]
        starts: Option<String>,
        /// Only in certain times, as 'sat,sun 22:00-06:00 Europe/Berlin' or 'daily 01:00-02:00 UTC'
        #[arg(long, value_name = "DAYS TIMES ZONE")]
        repeat: Option<Repeat>,
    },
    /// Let a silence expire at another time
    Prolong {
        /// Its number
        silence: u64,
        #[command(flatten)]
        until: UntilArgs,
    },
    /// End a silence
    End {
        /// Its number
        silence: u64,
    },
}

/// What is matched: all that is said must hold of one alert.
#[derive(Clone, Debug, clap::Args)]
struct MatcherArgs {
    /// In this scope
    #[arg(long, default_value = "default")]
    scope: String,
    /// Id or name of the rule; * and ? stand for what they stand for in a shell
    #[arg(long)]
    rule: Option<String>,
    /// The product
    #[arg(long)]
    source: Option<String>,
    /// An entity, as ip:10.0.0.0/8 or host:build-*; several: all of them
    #[arg(long = "entity", value_name = "KIND:VALUE")]
    entities: Vec<String>,
    /// At most this severe, 0 to 100: what is worse is heard
    #[arg(long, value_name = "SCORE")]
    severity_max: Option<u8>,
}

/// When it expires.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct UntilArgs {
    /// So long from now, as 4h or 30d
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    length: Option<Duration>,
    /// Then, as 2026-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Does it, and prints the answer.
///
/// # Errors
/// No answer (start again later), or a refusal.
pub(super) fn silence(args: &SilenceArgs) -> Result<(), CliError> {
    let client = args.client.client();
    match &args.verb {
        SilenceVerb::List { scope, state } => {
            let query = query(&[("scope", scope.as_ref()), ("state", state.as_ref())]);
            client.show(&client.get("silences", &query)?, table)
        }
        SilenceVerb::Suppressed {
            scope,
            silence,
            rule,
            entity,
        } => {
            let (kind, value) = entity.as_deref().map(term).transpose()?.unzip();
            let mut query = query(&[
                ("scope", scope.as_ref()),
                ("silence", silence.as_ref()),
                ("rule", rule.as_ref()),
            ]);
            query.extend(kind.map(|kind| ("kind", kind)));
            query.extend(value.map(|value| ("entity", value)));
            client.show(&client.get("suppressed", &query)?, kept_out)
        }
        SilenceVerb::Preview { matcher, hours } => {
            let body = json!({"scope": matcher.scope, "matcher": matcher.body()?, "hours": hours});
            let answer = client.send("POST", "silences/preview", None, &body)?;
            client.show(&answer, previewed)
        }
        SilenceVerb::Add {
            matcher,
            owner,
            reason,
            until,
            starts,
            repeat,
        } => {
            let body = json!({
                "scope": matcher.scope, "matcher": matcher.body()?, "owner": owner, "reason": reason,
                "expires": until.time(), "starts": starts, "repeat": repeat,
            });
            client.show(&client.send("POST", "silences", None, &body)?, line)
        }
        SilenceVerb::Prolong { silence, until } => change(
            &client,
            *silence,
            "PATCH",
            &json!({"expires": until.time()}),
        ),
        SilenceVerb::End { silence } => change(&client, *silence, "DELETE", &Value::Null),
    }
}

fn change(client: &Client, silence: u64, method: &str, body: &Value) -> Result<(), CliError> {
    let path = format!("silences/{silence}");
    let revision = client.get(&path, &[])?["revision"].as_u64();
    client.show(&client.send(method, &path, revision, body)?, line)
}

fn query<'a>(pairs: &[(&'a str, Option<&'a String>)]) -> Vec<(&'a str, &'a str)> {
    let said = pairs
        .iter()
        .filter_map(|(name, value)| Some((*name, value.map(String::as_str)?)));
    said.chain([("limit", "500")]).collect()
}

fn term(text: &str) -> Result<(&str, &str), CliError> {
    let parts = text.split_once(':');
    parts.ok_or_else(|| CliError::Usage(format!("{text:?} is no entity such as host:web-01")))
}

impl MatcherArgs {
    fn body(&self) -> Result<Value, CliError> {
        let entities = self.entities.iter().map(|text| {
            let (kind, value) = term(text)?;
            Ok(json!({"kind": kind, "value": value}))
        });
        let entities = entities.collect::<Result<Vec<_>, CliError>>()?;
        Ok(json!({
            "rule": self.rule, "source": self.source, "entities": entities,
            "severity_max": self.severity_max,
        }))
    }
}

impl UntilArgs {
    fn time(&self) -> String {
        let from_now = |length: Duration| {
            let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
            SystemClock.now().plus(Span(length))
        };
        let time = self.length.map(from_now).map(Timestamp::to_rfc3339);
        time.or_else(|| self.until.clone()).unwrap_or_default()
    }
}

fn table(answer: &Value) -> String {
    let mut out: String = items(answer).map(line).collect();
    out.push_str(more(answer));
    out
}

fn line(silence: &Value) -> String {
    let repeat = silence["repeat"]
        .as_str()
        .map_or(String::new(), |repeat| format!(", {}", plain(repeat)));
    format!(
        "silence {} in {} is {} until {}{repeat}: {}, for {}: {}; {} alerts\n",
        silence["id"],
        text(&silence["scope"]),
        text(&silence["state"]),
        text(&silence["expires"]),
        plain(&silence["matcher"].to_string()),
        text(&silence["owner"]),
        text(&silence["reason"]),
        silence["alerts"],
    )
}

fn kept_out(answer: &Value) -> String {
    let line = |kept: &Value| {
        format!(
            "{}  {} x {}  {}, by silence {}\n",
            text(&kept["last"]),
            kept["count"],
            text(&kept["source"]),
            text(&kept["title"]),
            kept["silence"],
        )
    };
    let mut out: String = items(answer).map(line).collect();
    out.push_str(more(answer));
    out
}

fn previewed(answer: &Value) -> String {
    let mut out = format!(
        "since {}: {} alerts in {} activities; {} of them in {} cases, {} of which consist of nothing else; {} background\n",
        text(&answer["since"]),
        answer["alerts"],
        answer["activities"],
        answer["alerts_in_cases"],
        answer["cases"],
        answer["cases_not_opened"],
        answer["alerts_background"],
    );
    for rule in answer["rules"].as_array().into_iter().flatten() {
        let (source, name) = (text(&rule["source"]), text(&rule["rule_name"]));
        out.push_str(&format!("{:>8}  {source}  {name}\n", rule["alerts"]));
    }
    for subject in answer["subjects"].as_array().into_iter().flatten() {
        let (kind, value) = (text(&subject["kind"]), text(&subject["value"]));
        out.push_str(&format!("{:>8}  {kind} {value}\n", subject["alerts"]));
    }
    if answer["truncated"] == true {
        out.push_str("there was more than is looked at: the numbers are too low\n");
    }
    out
}

fn items(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["items"].as_array().into_iter().flatten()
}

fn more(answer: &Value) -> &'static str {
    match answer["next_cursor"].is_null() {
        true => "",
        false => "there are more: filter\n",
    }
}

fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default()).to_string()
}
