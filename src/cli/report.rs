//! `caseloom report`: what came in, what became of it, and how long it took, as Markdown or JSON.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Value, json};

use super::CliError;
use super::client::{Client, ClientArgs};
use crate::plain::plain;

/// Rows of each table.
const ROWS_MAX: usize = 15;

/// Arguments of `caseloom report`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Cases that opened from then on, as 2026-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", env = "CASELOOM_FROM")]
    from: Option<String>,
    /// Cases that opened before then
    #[arg(long, value_name = "TIME", env = "CASELOOM_TO")]
    to: Option<String>,
    /// Only this scope
    #[arg(long, value_parser = super::scope, env = "CASELOOM_SCOPE")]
    scope: Option<String>,
}

const SECTIONS: [(&str, &str); 6] = [
    ("all", "All cases"),
    ("scope", "By scope"),
    ("severity", "By severity"),
    ("owner", "By owner"),
    ("verdict", "By verdict"),
    ("rule", "By rule"),
];

pub(super) fn report(args: &ReportArgs) -> Result<(), CliError> {
    let client = args.client.client();
    let mut answers = Vec::new();
    for (by, _) in SECTIONS {
        answers.push(ask(&client, args, by)?);
    }
    let text = match client.is_json() {
        true => {
            let named = SECTIONS.iter().zip(&answers);
            let named = named.map(|((by, _), answer)| ((*by).to_owned(), answer["items"].clone()));
            let by: serde_json::Map<String, Value> = named.collect();
            let truncated = answers.iter().any(is_truncated);
            format!(
                "{:#}\n",
                json!({"from": args.from, "to": args.to, "scope": args.scope, "truncated": truncated, "by": by})
            )
        }
        false => markdown(args, &answers),
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(CliError::failed)
}

fn ask(client: &Client, args: &ReportArgs, by: &str) -> Result<Value, CliError> {
    let mut query = vec![("by", by)];
    for (name, value) in [
        ("from", &args.from),
        ("to", &args.to),
        ("scope", &args.scope),
    ] {
        if let Some(value) = value {
            query.push((name, value));
        }
    }
    client.get("kpis", &query)
}

fn is_truncated(answer: &Value) -> bool {
    answer["truncated"].as_bool().unwrap_or(false)
}

fn markdown(args: &ReportArgs, answers: &[Value]) -> String {
    let end = |time: &Option<String>, open: &str| time.clone().unwrap_or_else(|| open.to_owned());
    let mut text = format!(
        "# Cases opened from {} to {}\n",
        end(&args.from, "the beginning"),
        end(&args.to, "now")
    );
    for ((_, title), answer) in SECTIONS.iter().zip(answers) {
        text.push_str(&section(title, answer));
    }
    text.push_str("\nTimes are medians, with the 90th percentile in brackets, over the cases that have them. To detect: opened - first \
        alert. To acknowledge: first taken by a person - opened. To contain, to resolve: contained, closed by a person - opened - on hold.\n");
    text
}

fn section(title: &str, answer: &Value) -> String {
    let mut text = format!(
        "\n## {title}\n\n| | cases | open | unowned | by silence | false positives | to detect | to acknowledge | to contain | to resolve |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    let mut items: Vec<&Value> = answer["items"].as_array().into_iter().flatten().collect();
    items.sort_by_key(|item| std::cmp::Reverse(item["cases"].as_u64()));
    let left = items.len().saturating_sub(ROWS_MAX);
    for item in items.into_iter().take(ROWS_MAX) {
        let number = |name: &str| item[name].as_u64().unwrap_or(0);
        let share = item["false_positive_share"].as_f64();
        let share = share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0));
        // A bar would end the cell.
        let key = plain(item["key"].as_str().unwrap_or_default()).replace('|', "\\|");
        writeln!(
            text,
            "| {key} | {} | {} | {} | {} | {share} | {} | {} | {} | {} |",
            number("cases"),
            number("open"),
            number("unowned"),
            number("closed_by_silence"),
            time(&item["mttd"]),
            time(&item["mtta"]),
            time(&item["mttc"]),
            time(&item["mttr"]),
        )
        .expect("writing to memory can't fail");
    }
    if is_truncated(answer) {
        text.push_str("\nThis table is not of all cases: there are too many to look at once. Ask for a shorter time.\n");
    }
    if left > 0 {
        writeln!(text, "\n{left} more.").expect("writing to memory can't fail");
    }
    text
}

fn time(summary: &Value) -> String {
    match (summary["p50"].as_f64(), summary["p90"].as_f64()) {
        (Some(median), Some(most)) => format!("{} ({})", length(median), length(most)),
        _ => "-".to_owned(),
    }
}

fn length(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.0} s"),
        ..3_600.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}
