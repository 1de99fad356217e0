//! `caseloom explain CASE [ALERT [OTHER]]`: asks a running caseloom, over its API, why alerts stand together; with two
//! cases, why they do not.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;

use super::CliError;
use crate::plain::plain;

/// Arguments of `caseloom explain`.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// Where caseloom answers
    #[arg(
        long,
        value_name = "URL",
        env = "CASELOOM_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    url: String,
    /// The answer as JSON
    #[arg(long, env = "CASELOOM_JSON", value_parser = super::truth())]
    json: bool,
    /// Id of the case
    #[arg(value_name = "CASE")]
    case: String,
    /// What the case would fall into without this entity, such as ip:192.0.2.1
    #[arg(
        long,
        value_name = "KIND:VALUE",
        env = "CASELOOM_WITHOUT",
        conflicts_with = "alert"
    )]
    without: Option<String>,
    /// An alert's id, or the number of its activity; without it every activity with its reason. Another case, or
    /// CASE:ALERT: why they are not one
    #[arg(value_name = "ALERT")]
    alert: Option<String>,
    /// Another one; without it the one that opened the case
    #[arg(value_name = "OTHER", requires = "alert")]
    other: Option<String>,
}

/// The part of a case that is shown.
#[derive(Deserialize)]
struct CaseAnswer {
    id: String,
    title: String,
    activity_list: Vec<Activity>,
    truncated: bool,
}

#[derive(Deserialize)]
struct Activity {
    id: u64,
    title: String,
    first: String,
    count: u64,
    reason: String,
}

#[derive(Deserialize)]
struct ChainAnswer {
    alert: End,
    other: End,
    connected: bool,
    chain: Vec<Step>,
    truncated: bool,
}

#[derive(Deserialize)]
struct End {
    activity: u64,
    rule: String,
    title: String,
}

#[derive(Deserialize)]
struct ApartAnswer {
    a: String,
    b: String,
    reasons: Vec<Step>,
}

#[derive(Deserialize)]
struct PartsAnswer {
    case: String,
    falls_apart: bool,
    parts: Vec<PartAnswer>,
    truncated: bool,
}

#[derive(Deserialize)]
struct PartAnswer {
    title: String,
    activities: Vec<u64>,
    alerts: u64,
}

#[derive(Deserialize)]
struct Step {
    sentence: String,
}

/// Asks, and prints the answer.
///
/// # Errors
/// No answer (start again later), or a refusal.
pub(super) fn explain(args: &ExplainArgs) -> Result<(), CliError> {
    let answer = ask(args)?;
    let text = match &args.alert {
        _ if args.json => format!("{answer:#}\n"),
        _ if args.without.is_some() => of_parts(&read(answer)?),
        _ if answer["together"] == false => of_apart(&read(answer)?),
        None => of_case(&read(answer)?),
        Some(_) => of_chain(&read(answer)?),
    };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(CliError::failed)
}

fn ask(args: &ExplainArgs) -> Result<Value, CliError> {
    let case = &args.case;
    let is_pair = args.other.is_none() && args.alert.as_deref().is_some_and(is_case);
    if !is_pair && !case.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(CliError::Usage(format!("{case:?} is no case id")));
    }
    let url = args.url.trim_end_matches('/');
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let request = match &args.alert {
        Some(other) if is_pair => agent
            .get(format!("{url}/api/v1/explain"))
            .query("a", case)
            .query("b", other),
        None if args.without.is_some() => agent
            .get(format!("{url}/api/v1/cases/{case}/explain"))
            .query("without", args.without.as_deref().unwrap_or_default()),
        None => agent.get(format!("{url}/api/v1/cases/{case}")),
        Some(alert) => {
            let request = agent
                .get(format!("{url}/api/v1/cases/{case}/explain"))
                .query("alert", alert);
            match &args.other {
                Some(other) => request.query("other", other),
                None => request,
            }
        }
    };
    let mut response = request
        .call()
        .map_err(|error| CliError::temporary(format!("no answer from {url}: {error}")))?;
    let text = response
        .body_mut()
        .read_to_string()
        .map_err(CliError::temporary)?;
    let answer: Value = serde_json::from_str(&text)
        .map_err(|error| CliError::failed(format!("{url} gave no JSON: {error}")))?;
    match response.status().as_u16() {
        200 => Ok(answer),
        status => {
            let detail = answer["detail"].as_str().unwrap_or("it gives no reason");
            let message = format!("{url} refused with {status}: {}", plain(detail));
            Err(if status >= 500 {
                CliError::temporary(message)
            } else {
                CliError::failed(message)
            })
        }
    }
}

/// Whether a text names a case, or an alert of one as `CASE:ALERT`.
fn is_case(text: &str) -> bool {
    let case = text.split_once(':').map_or(text, |(case, _)| case);
    case.parse::<caseloom_engine::ids::CaseId>().is_ok()
}

fn of_apart(answer: &ApartAnswer) -> String {
    let mut text = format!(
        "cases {} and {} are apart:\n",
        plain(&answer.a),
        plain(&answer.b)
    );
    for reason in &answer.reasons {
        text.push_str(&format!("  {}\n", plain(&reason.sentence)));
    }
    text
}

fn of_parts(answer: &PartsAnswer) -> String {
    let case = plain(&answer.case);
    let mut text = match answer.falls_apart {
        true => format!(
            "case {case} would fall into {} parts:\n",
            answer.parts.len()
        ),
        false => format!("case {case} would stay whole\n"),
    };
    for part in answer.parts.iter().filter(|_| answer.falls_apart) {
        let (count, alerts) = (part.activities.len(), part.alerts);
        let title = plain(&part.title);
        text.push_str(&format!("  {count} activities, {alerts} alerts: {title}\n"));
    }
    if answer.truncated {
        text.push_str("the case has more activities than were looked at\n");
    }
    text
}

fn read<'de, T: Deserialize<'de>>(answer: Value) -> Result<T, CliError> {
    T::deserialize(answer)
        .map_err(|error| CliError::failed(format!("the answer is not understood: {error}")))
}

fn of_case(case: &CaseAnswer) -> String {
    let mut text = format!("case {}  {}\n", plain(&case.id), plain(&case.title));
    for Activity {
        id,
        title,
        first,
        count,
        reason,
    } in &case.activity_list
    {
        let (title, reason) = (plain(title), plain(reason));
        text.push_str(&format!(
            "{first}  activity {id}, {count} alerts: {title}\n    {reason}\n"
        ));
    }
    if case.truncated {
        text.push_str("the case has more than this answer holds\n");
    }
    text
}

fn of_chain(answer: &ChainAnswer) -> String {
    let name = |end: &End| {
        let title = if end.title.is_empty() {
            &end.rule
        } else {
            &end.title
        };
        format!("activity {} ({})", end.activity, plain(title))
    };
    let (alert, other) = (name(&answer.alert), name(&answer.other));
    let mut text = match (answer.connected, answer.chain.len()) {
        (true, 0) => format!("{alert}: both are this activity\n"),
        (true, 1) => format!("{alert} and {other} are linked:\n"),
        (true, links) => format!("{alert} and {other} are connected by {links} links:\n"),
        (false, _) => {
            format!("{alert} and {other}: no chain of links among the activities of this answer\n")
        }
    };
    for (place, step) in answer.chain.iter().enumerate() {
        text.push_str(&format!("  {}. {}\n", place + 1, plain(&step.sentence)));
    }
    if answer.truncated {
        text.push_str("the case has more activities than were looked at\n");
    }
    text
}
