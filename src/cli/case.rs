//! `caseloom case ...`: working cases from a terminal, over the API.

use std::io::Write;

use serde_json::{Value, json};

use super::CliError;
use super::client::{Client, ClientArgs};
use crate::plain::plain;

/// Arguments of `caseloom case`.
#[derive(Clone, Debug, clap::Args)]
pub struct CaseArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Only if the case still has this revision; without it, whatever it has
    #[arg(long, global = true, value_name = "N", env = "CASELOOM_REVISION")]
    revision: Option<u64>,
    #[command(subcommand)]
    verb: CaseVerb,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
enum CaseVerb {
    /// List cases, those that changed last first
    List(ListArgs),
    /// List candidates
    Candidates(ListArgs),
    /// Show one case with its timeline
    Show {
        /// Id of the case
        case: String,
    },
    /// Write everything about a case down: for a lawyer, an auditor, whoever was not there
    Report {
        /// Id of the case
        case: String,
        /// As what
        #[arg(long, value_enum, default_value = "markdown")]
        format: ReportFormat,
    },
    /// Give a case to somebody; an empty name gives it to nobody
    Assign {
        /// Id of the case
        case: String,
        /// Their name
        owner: String,
        /// The team it is with
        #[arg(long)]
        team: Option<String>,
        /// What they should know
        #[arg(long)]
        note: Option<String>,
    },
    /// Set the status: investigating, contained, on_hold
    Status {
        /// Id of the case
        case: String,
        /// The status
        status: String,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Write a note
    Note {
        /// Id of the case
        case: String,
        /// What it says
        text: String,
    },
    /// Add a task
    Task {
        /// Id of the case
        case: String,
        /// What is to be done
        title: String,
        /// Who does it
        #[arg(long)]
        assignee: Option<String>,
        /// Until when, as 2026-01-31T00:00:00Z
        #[arg(long)]
        due: Option<String>,
    },
    /// Note that a task is done
    Done {
        /// Id of the case
        case: String,
        /// Number of the task
        task: u64,
        /// What came of it
        #[arg(long)]
        note: Option<String>,
    },
    /// Set the tags of a case
    Tag {
        /// Id of the case
        case: String,
        /// All of its tags
        tags: Vec<String>,
    },
    /// Close a case
    Close {
        /// Id of the case
        case: String,
        /// true_positive, benign, false_positive, insufficient_data, duplicate or test
        #[arg(long)]
        verdict: String,
        /// How it ended, in a sentence
        #[arg(long)]
        resolution: String,
    },
    /// Work on a closed case again
    Reopen {
        /// Id of the case
        case: String,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Make two cases one; the older survives
    Merge {
        /// Id of the case
        case: String,
        /// Id of the other one
        other: String,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Take a case that was merged into this one out again, for good
    Unmerge {
        /// Id of the case
        case: String,
        /// Id of the one that was merged into it
        other: String,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Make a case of its own of some activities, for good
    Split {
        /// Id of the case
        case: String,
        /// Numbers of the activities
        #[arg(required = true)]
        activities: Vec<u64>,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Move some activities into another case, for good
    Move {
        /// Id of the case
        case: String,
        /// Id of the one into which they go
        other: String,
        /// Numbers of the activities
        #[arg(required = true)]
        activities: Vec<u64>,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Keep two cases apart, whatever connects them
    Pin {
        /// Id of the case
        case: String,
        /// Id of the other one
        other: String,
        /// Let alerts make them one again
        #[arg(long)]
        undo: bool,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
    /// Make a candidate a case
    Approve {
        /// Id of the candidate
        case: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// End a candidate: it is no case
    Dismiss {
        /// Id of the candidate
        case: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// What a report of a case is written as.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ReportFormat {
    /// Text with marks, for tickets and wikis.
    Markdown,
    /// For programs.
    Json,
    /// A page to print and keep; it needs nothing from elsewhere.
    Html,
}

/// Which cases.
#[derive(Clone, Debug, clap::Args)]
struct ListArgs {
    /// Only these statuses, with commas between them
    #[arg(long)]
    status: Option<String>,
    /// Only this owner's; none: nobody's
    #[arg(long)]
    owner: Option<String>,
    /// Only this scope
    #[arg(long)]
    scope: Option<String>,
    /// Only this severity; high+ for that and above
    #[arg(long)]
    severity: Option<String>,
    /// Only with this text
    #[arg(long)]
    q: Option<String>,
    /// updated, risk, severity, opened, first or last; - before it for descending
    #[arg(long, default_value = "-updated", allow_hyphen_values = true)]
    sort: String,
    /// Most lines
    #[arg(long, default_value = "50")]
    limit: String,
}

/// Does it, and prints the answer.
///
/// # Errors
/// No answer (start again later), or a refusal.
pub(super) fn case(args: &CaseArgs) -> Result<(), CliError> {
    let client = args.client.client();
    let act = |case: &str, way: &Way, body: Value| act(&client, args.revision, case, way, &body);
    match &args.verb {
        CaseVerb::List(list) => show_list(&client, "cases", list),
        CaseVerb::Candidates(list) => show_list(&client, "candidates", list),
        CaseVerb::Show { case } => show(&client, case),
        CaseVerb::Report { case, format } => report(&client, case, *format),
        CaseVerb::Assign {
            case,
            owner,
            team,
            note,
        } => act(
            case,
            &CHANGE,
            named(&[
                ("owner", Some(owner)),
                ("team", team.as_ref()),
                ("note", note.as_ref()),
            ]),
        ),
        CaseVerb::Status { case, status, note } => act(
            case,
            &CHANGE,
            named(&[("status", Some(status)), ("note", note.as_ref())]),
        ),
        CaseVerb::Note { case, text } => act(case, &post("notes"), json!({"text": text})),
        CaseVerb::Task {
            case,
            title,
            assignee,
            due,
        } => act(
            case,
            &post("tasks"),
            named(&[
                ("title", Some(title)),
                ("assignee", assignee.as_ref()),
                ("due", due.as_ref()),
            ]),
        ),
        CaseVerb::Done { case, task, note } => {
            let mut body = named(&[("note", note.as_ref())]);
            body["state"] = json!("done");
            let way = Way("PATCH", "cases", format!("/tasks/{task}"));
            act(case, &way, body)
        }
        CaseVerb::Tag { case, tags } => act(case, &CHANGE, json!({"tags": tags})),
        CaseVerb::Close {
            case,
            verdict,
            resolution,
        } => act(
            case,
            &CHANGE,
            json!({"status": "closed", "verdict": verdict, "resolution": resolution}),
        ),
        CaseVerb::Reopen { case, note } => {
            let mut body = named(&[("note", note.as_ref())]);
            body["status"] = json!("investigating");
            act(case, &CHANGE, body)
        }
        CaseVerb::Merge { case, other, note } => {
            let body = named(&[("other", Some(other)), ("note", note.as_ref())]);
            act(case, &post("merge"), body)
        }
        CaseVerb::Unmerge { case, other, note } => {
            let body = named(&[("other", Some(other)), ("note", note.as_ref())]);
            act(case, &post("unmerge"), body)
        }
        CaseVerb::Split {
            case,
            activities,
            note,
        } => {
            let mut body = named(&[("note", note.as_ref())]);
            body["activities"] = json!(activities);
            act(case, &post("split"), body)
        }
        CaseVerb::Move {
            case,
            other,
            activities,
            note,
        } => {
            let mut body = named(&[("other", Some(other)), ("note", note.as_ref())]);
            body["activities"] = json!(activities);
            act(case, &post("move"), body)
        }
        CaseVerb::Pin {
            case,
            other,
            undo,
            note,
        } => {
            let mut body = named(&[("other", Some(other)), ("note", note.as_ref())]);
            body["apart"] = json!(!undo);
            act(case, &post("pin"), body)
        }
        CaseVerb::Approve { case, reason } => {
            let way = Way("POST", "candidates", "/approve".into());
            act(case, &way, json!({"reason": reason}))
        }
        CaseVerb::Dismiss { case, reason } => {
            let way = Way("POST", "candidates", "/dismiss".into());
            act(case, &way, json!({"reason": reason}))
        }
    }
}

/// Method, list and what follows the case's id.
struct Way(&'static str, &'static str, String);

const CHANGE: Way = Way("PATCH", "cases", String::new());

fn post(what: &str) -> Way {
    Way("POST", "cases", format!("/{what}"))
}

/// An object of what was said.
fn named(pairs: &[(&str, Option<&String>)]) -> Value {
    let said = pairs
        .iter()
        .filter_map(|(name, value)| Some(((*name).to_owned(), json!((*value)?))));
    Value::Object(said.collect())
}

fn act(
    client: &Client,
    revision: Option<u64>,
    case: &str,
    Way(method, list, rest): &Way,
    body: &Value,
) -> Result<(), CliError> {
    must_be_id(case)?;
    let revision = match revision {
        Some(revision) => revision,
        None => client.get(&format!("cases/{case}"), &[])?["revision"]
            .as_u64()
            .unwrap_or(0),
    };
    let answer = client.write(method, &format!("{list}/{case}{rest}"), revision, body)?;
    client.show(&answer, |answer| {
        let number = answer["number"]
            .as_u64()
            .map_or(String::new(), |no| format!(", number {no}"));
        format!(
            "case {} is {}, {}'s, revision {}{number}\n",
            text(&answer["case"]["id"]),
            text(&answer["case"]["status"]),
            answer["case"]["owner"]
                .as_str()
                .map_or_else(|| "nobody".into(), plain),
            answer["revision"],
        )
    })
}

fn report(client: &Client, case: &str, format: ReportFormat) -> Result<(), CliError> {
    must_be_id(case)?;
    let format = match format {
        ReportFormat::Markdown => "markdown",
        ReportFormat::Json => "json",
        ReportFormat::Html => "html",
    };
    let text = client.text(&format!("cases/{case}/report"), &[("format", format)])?;
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(CliError::failed)
}

fn show_list(client: &Client, what: &str, args: &ListArgs) -> Result<(), CliError> {
    let mut query: Vec<(&str, &str)> = vec![("sort", &args.sort), ("limit", &args.limit)];
    for (name, value) in [
        ("status", &args.status),
        ("owner", &args.owner),
        ("scope", &args.scope),
        ("severity", &args.severity),
        ("q", &args.q),
    ] {
        if let Some(value) = value {
            query.push((name, value));
        }
    }
    let answer = client.get(what, &query)?;
    client.show(&answer, table)
}

fn table(answer: &Value) -> String {
    let mut lines = vec![format!(
        "{:<13}  {:<13}  {:<12}  {:<13}  {:>5}  {:>6}  {}",
        "case", "status", "owner", "severity", "risk", "alerts", "title"
    )];
    for case in answer["items"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{:<13}  {:<13}  {:<12}  {:<13}  {:>5.0}  {:>6}  {}",
            text(&case["id"]),
            text(&case["status"]),
            case["owner"].as_str().map_or_else(|| "-".into(), plain),
            text(&case["severity"]),
            case["risk"].as_f64().unwrap_or(0.0),
            case["alerts"].as_u64().unwrap_or(0),
            text(&case["title"]),
        ));
    }
    if !answer["next_cursor"].is_null() {
        lines.push("there are more: raise --limit, or filter".into());
    }
    lines.join("\n") + "\n"
}

fn show(client: &Client, case: &str) -> Result<(), CliError> {
    must_be_id(case)?;
    let mut answer = client.get(&format!("cases/{case}"), &[])?;
    answer["timeline"] = client.all(&format!("cases/{case}/timeline"))?;
    client.show(&answer, page)
}

fn page(case: &Value) -> String {
    let fact = |name: &str, value: &Value| match value {
        Value::Null => format!("{name:<11} -\n"),
        Value::String(value) => format!("{name:<11} {}\n", plain(value)),
        value => format!("{name:<11} {value}\n"),
    };
    let mut out = format!("case {}  {}\n", text(&case["id"]), text(&case["title"]));
    for name in [
        "scope", "status", "owner", "severity", "risk", "alerts", "revision",
    ] {
        out.push_str(&fact(name, &case[name]));
    }
    for name in ["verdict", "resolution", "team"] {
        if !case["work"][name].is_null() {
            out.push_str(&fact(name, &case["work"][name]));
        }
    }
    out.push('\n');
    for moment in case["timeline"].as_array().into_iter().flatten() {
        let who = moment["act"]["actor"]
            .as_str()
            .map_or(String::new(), |who| format!("{} ", plain(who)));
        let said = moment["act"]["text"].as_str().unwrap_or_default();
        let said = match said.is_empty() {
            true => String::new(),
            false => format!(": {}", plain(said)),
        };
        out.push_str(&format!(
            "{}  {who}{}{said}\n",
            text(&moment["time"]),
            text(&moment["text"])
        ));
    }
    out
}

fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default()).to_string()
}

fn must_be_id(case: &str) -> Result<(), CliError> {
    match case.chars().all(|c| c.is_ascii_alphanumeric()) {
        true => Ok(()),
        false => Err(CliError::Usage(format!("{case:?} is no case id"))),
    }
}
