//! `[[outputs]]`: tools that cases are told to over HTTP. One flat form for all kinds; which keys a kind needs is checked
//! here, so that `caseloom check` names the key that is missing.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::checker::Checker;
use super::kafka::Property;
use super::secret::Secret;
use super::tree::{KeyPath, Step};
use super::{duration, word};

/// Outputs in one configuration; each has a thread of its own.
const OUTPUTS_MAX: usize = 16;
/// Longest PEM file that is read.
const CA_BYTES_MAX: u64 = 1 << 20;

/// An output, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolConfig {
    /// Its name: in logs, metrics and dead letters, and of its place in the store.
    pub name: String,
    /// The product behind it.
    pub kind: ToolKind,
    /// Where the product is; a secret where whoever knows it may write.
    pub url: Property,
    /// How to prove who we are.
    pub login: Login,
    /// Which events it gets.
    pub wanted: Wanted,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Certificates to trust instead of the built-in ones, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Address of our own pages, for links back; unset: no links.
    pub console: Option<String>,
    /// DFIR-IRIS: the customer's number.
    pub customer: i64,
    /// Jira: the project's key.
    pub project: String,
    /// Jira: the type of the issues.
    pub issue_type: String,
    /// Jira: Data Center instead of Cloud.
    pub data_center: bool,
    /// Splunk SOAR: the label of the containers.
    pub label: String,
}

/// How to prove who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Not at all, or by the address.
    None,
    /// A token or API key.
    Token(Secret),
    /// HTTP basic authentication.
    Basic {
        /// The user.
        user: String,
        /// The password, or a token in its place.
        password: Secret,
    },
}

/// Which events an output gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these scopes; empty: of all.
    pub scopes: Vec<String>,
    /// Of cases of at least this severity.
    pub severity_min: SeverityWord,
    /// Of these types; empty: of all.
    pub events: Vec<String>,
}

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// TheHive 5: alerts.
    #[serde(rename = "thehive")]
    TheHive,
    /// DFIR-IRIS: alerts.
    Iris,
    /// ServiceNow Event Management: `em_event`.
    #[serde(rename = "servicenow")]
    ServiceNow,
    /// Splunk SOAR: containers.
    SplunkSoar,
    /// Jira: issues.
    Jira,
    /// Slack's incoming webhooks, and what understands them: Mattermost, Rocket.Chat.
    Slack,
    /// The CloudEvent as it is.
    Webhook,
}

/// A severity by its word, in order; the number is OCSF's `severity_id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeverityWord {
    /// 1, and everything.
    #[default]
    Informational = 1,
    /// 2.
    Low = 2,
    /// 3.
    Medium = 3,
    /// 4.
    High = 4,
    /// 5.
    Critical = 5,
}

/// Types of events; the T of `io.caseloom.case.T.v1`.
const EVENTS: [&str; 15] = [
    "opened", "updated", "merged", "unmerged", "split", "moved", "related", "status", "assigned",
    "note", "task", "evidence", "closed", "reopened", "purged",
];

/// `[[outputs]]` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputFile {
    #[serde(deserialize_with = "word::name")]
    name: String,
    kind: ToolKind,
    #[serde(deserialize_with = "word::text")]
    url: String,
    token: Option<String>,
    user: Option<String>,
    password: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    severity_min: SeverityWord,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default = "timeout", deserialize_with = "duration::deserialize")]
    timeout: Duration,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    plain_http: bool,
    console: Option<String>,
    customer: Option<i64>,
    project: Option<String>,
    issue_type: Option<String>,
    #[serde(default)]
    data_center: bool,
    label: Option<String>,
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

impl ToolKind {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TheHive => "thehive",
            Self::Iris => "iris",
            Self::ServiceNow => "servicenow",
            Self::SplunkSoar => "splunk_soar",
            Self::Jira => "jira",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }
}

impl Checker<'_> {
    /// The outputs to use; of those with a fault nothing is left but the report.
    pub(super) fn tools(&mut self, files: Vec<OutputFile>, base: &Path) -> Vec<ToolConfig> {
        if files.len() > OUTPUTS_MAX {
            let message = format!("at most {OUTPUTS_MAX} outputs");
            self.report(KeyPath::of("outputs"), message);
        }
        let mut tools: Vec<ToolConfig> = Vec::new();
        for (index, file) in files.into_iter().enumerate() {
            if tools.iter().any(|tool| tool.name == file.name) {
                let message = format!("{} is the name of another output already", file.name);
                self.report(of_output(index, "name"), message);
            }
            tools.push(self.tool(index, file, base));
        }
        tools
    }

    fn tool(&mut self, index: usize, file: OutputFile, base: &Path) -> ToolConfig {
        let tool = ToolConfig {
            url: self.url(index, &file, base),
            login: self.login(index, &file, base),
            wanted: self.wanted(index, &file),
            timeout: file.timeout,
            ca_file: file.ca_file.as_ref().map(|path| base.join(path)),
            console: file.console.map(|url| url.trim_end_matches('/').to_owned()),
            customer: file.customer.unwrap_or(0),
            project: file.project.clone().unwrap_or_default(),
            issue_type: file.issue_type.unwrap_or_else(|| "Task".into()),
            data_center: file.data_center,
            label: file.label.unwrap_or_else(|| "events".into()),
            kind: file.kind,
            name: file.name,
        };
        if tool.kind == ToolKind::Iris && file.customer.is_none() {
            let message = "DFIR-IRIS needs the number of the customer whose alerts these are";
            self.report(of_output(index, "customer"), message);
        }
        if tool.kind == ToolKind::Jira && tool.project.is_empty() {
            let message = "Jira needs the key of the project for the issues";
            self.report(of_output(index, "project"), message);
        }
        if let Some(path) = &tool.ca_file
            && let Err(message) = certificates(path)
        {
            self.report(of_output(index, "ca_file"), message);
        }
        tool
    }

    fn url(&mut self, index: usize, file: &OutputFile, base: &Path) -> Property {
        let key = || of_output(index, "url");
        let url = if Secret::is_reference(&file.url) {
            match Secret::resolve(&file.url, base, self.environment) {
                Ok(secret) => Property::Secret(secret),
                Err(error) => {
                    self.report(key(), error.to_string());
                    return Property::Plain(String::new());
                }
            }
        } else if file.kind == ToolKind::Slack {
            let message =
                "who knows the address may write to the channel: write file:PATH or env:NAME";
            self.report(key(), message);
            Property::Plain(file.url.clone())
        } else {
            Property::Plain(file.url.trim_end_matches('/').to_owned())
        };
        // The message must not show what may be a secret.
        match scheme(url.value()) {
            Scheme::Tls => {}
            Scheme::PlainLocal => {}
            Scheme::Plain if file.plain_http => {}
            Scheme::Plain => self.report(
                key(),
                "http:// shows tokens and cases to the network: write https://, or plain_http = true",
            ),
            Scheme::Unknown => self.report(key(), "must be an address that begins with https://"),
        }
        url
    }

    fn login(&mut self, index: usize, file: &OutputFile, base: &Path) -> Login {
        let secret = |checker: &mut Self, key: &str, reference: &str| {
            let found = Secret::resolve(reference, base, checker.environment);
            found
                .map_err(|error| checker.report(of_output(index, key), error.to_string()))
                .ok()
        };
        let login = match (&file.token, &file.user, &file.password) {
            (Some(token), None, None) => secret(self, "token", token).map(Login::Token),
            (None, Some(user), Some(password)) => {
                secret(self, "password", password).map(|password| Login::Basic {
                    user: user.clone(),
                    password,
                })
            }
            (None, None, None) => Some(Login::None),
            _ => {
                let message = "write either token, or user and password";
                self.report(of_output(index, "token"), message);
                None
            }
        };
        let needs = match file.kind {
            ToolKind::TheHive | ToolKind::Iris | ToolKind::SplunkSoar => Some("token"),
            ToolKind::ServiceNow | ToolKind::Jira => Some("token, or user and password"),
            ToolKind::Slack | ToolKind::Webhook => None,
        };
        match (&login, needs) {
            (Some(Login::None), Some(needs)) => {
                let message = format!("{} needs {needs}", file.kind.as_str());
                self.report(of_output(index, "token"), message);
            }
            (Some(Login::Basic { .. }), Some("token")) => {
                let message = format!("{} knows tokens alone", file.kind.as_str());
                self.report(of_output(index, "user"), message);
            }
            _ => {}
        }
        login.unwrap_or(Login::None)
    }

    fn wanted(&mut self, index: usize, file: &OutputFile) -> Wanted {
        for scope in &file.scopes {
            if !word::is_scope(scope) {
                let message = format!("{scope:?} is no scope: 1 to 128 of A-Z a-z 0-9 . _ -");
                self.report(of_output(index, "scopes"), message);
            }
        }
        for event in &file.events {
            if !EVENTS.contains(&event.as_str()) {
                let hint = super::error::suggestion(event, &EVENTS);
                self.report(
                    of_output(index, "events"),
                    format!("unknown event {event:?}{hint}"),
                );
            }
        }
        Wanted {
            scopes: file.scopes.clone(),
            severity_min: file.severity_min,
            events: file.events.clone(),
        }
    }
}

/// The certificates in a PEM file.
///
/// # Errors
/// Why there are none.
pub(crate) fn certificates(path: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>, String> {
    use std::io::Read;
    let path_shown = path.display();
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(CA_BYTES_MAX).read_to_end(&mut pem))
        .map_err(|error| format!("cannot read {path_shown}: {error}"))?;
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        match item {
            Ok(ureq::tls::PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(format!("{path_shown} is not PEM")),
        }
    }
    match found.is_empty() {
        true => Err(format!("{path_shown} holds no certificate")),
        false => Ok(found),
    }
}

enum Scheme {
    Tls,
    /// Without TLS, and on this machine.
    PlainLocal,
    Plain,
    Unknown,
}

fn scheme(url: &str) -> Scheme {
    let Ok(uri) = url.parse::<ureq::http::Uri>() else {
        return Scheme::Unknown;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Scheme::Tls,
        Some("http") if is_local => Scheme::PlainLocal,
        Some("http") if !host.is_empty() => Scheme::Plain,
        _ => Scheme::Unknown,
    }
}

fn of_output(index: usize, key: &str) -> KeyPath {
    KeyPath(vec![
        Step::Key("outputs".into()),
        Step::Index(index),
        Step::Key(key.into()),
    ])
}
