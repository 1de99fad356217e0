//! Jira: a case is an issue. Cloud by REST API version 3 (`/rest/api/3/issue`, `/rest/api/3/search/jql`, texts in the
//! Atlassian Document Format), Data Center by version 2 (`/rest/api/2/search`, plain text), by Atlassian's reference of each.
//!
//! Jira knows no key of ours, so each issue carries a label with it and is looked for before one is made. The index behind
//! the search lags by seconds: an attempt whose answer was lost is repeated after a wait, and could still make a second
//! issue. The summary follows the case; everything else is people's, and what happens is a comment.

use serde_json::{Value, json};

use super::known::Known;
use super::{Links, Tool, encoded, strange, text_of};
use crate::config::ToolConfig;
use crate::outputs::client::{Answer, Client, Method, Trouble};
use crate::outputs::told::Told;
use crate::outputs::words::{comment, cut, description, line, mark, plain};

/// Characters of a summary; line breaks are refused.
const SUMMARY_MAX: usize = 255;
/// Characters of a description or comment.
const TEXT_MAX: usize = 32_767;
/// Characters of a label; blanks are refused.
const LABEL_MAX: usize = 255;
/// Comments looked through for one of ours, the latest.
const COMMENTS_MAX: u32 = 100;

/// The product.
#[derive(Debug)]
pub(super) struct Jira {
    links: Links,
    project: String,
    issue_type: String,
    is_data_center: bool,
    known: Known,
}

impl Jira {
    pub(super) fn new(links: Links, config: &ToolConfig) -> Self {
        Self {
            links,
            project: config.project.clone(),
            issue_type: config.issue_type.clone(),
            is_data_center: config.data_center,
            known: Known::default(),
        }
    }

    fn api(&self) -> &'static str {
        match self.is_data_center {
            true => "/rest/api/2",
            false => "/rest/api/3",
        }
    }

    /// A text as this version of the API takes it.
    fn text(&self, text: &str) -> Value {
        let text = cut(text, TEXT_MAX);
        if self.is_data_center {
            // The wiki's markup would be obeyed: a text in braces is shown as it is.
            return format!(
                "{{noformat}}\n{}\n{{noformat}}",
                text.replace("{noformat}", "{ noformat}")
            )
            .into();
        }
        let lines = text.lines().filter(|line| !line.is_empty());
        let paragraph =
            |line: &str| json!({"type": "paragraph", "content": [{"type": "text", "text": line}]});
        json!({
            "type": "doc",
            "version": 1,
            "content": lines.map(paragraph).collect::<Vec<_>>(),
        })
    }

    /// The issue of the case and whether it was made just now.
    fn issue(&mut self, told: &Told<'_>, client: &Client) -> Result<(String, bool), Trouble> {
        let reference = told.reference();
        if let Some(key) = self.known.get(&reference) {
            return Ok((key, false));
        }
        let (key, is_new) = match self.find(told, client)? {
            Some(key) => (key, false),
            None => (self.create(told, client)?, true),
        };
        self.known.put(&reference, &key);
        Ok((key, is_new))
    }

    fn find(&self, told: &Told<'_>, client: &Client) -> Result<Option<String>, Trouble> {
        let jql = format!(
            "project = \"{}\" AND labels = \"{}\" ORDER BY created ASC",
            self.project.replace(['"', '\\'], ""),
            label(told)
        );
        let search = match self.is_data_center {
            true => "search",
            false => "search/jql",
        };
        let path = format!(
            "{}/{search}?jql={}&maxResults=1&fields=summary",
            self.api(),
            encoded(&jql)
        );
        let answer = client.ask(Method::Get, &path, "", None)?;
        let issues = answer.json["issues"].as_array();
        let issues = issues.ok_or_else(|| strange("list of issues"))?;
        Ok(issues.first().and_then(|issue| text_of(&issue["key"])))
    }

    fn create(&self, told: &Told<'_>, client: &Client) -> Result<String, Trouble> {
        let text = description(told, self.links.of(told).as_deref(), plain);
        let issue = json!({"fields": {
            "project": {"key": self.project},
            "issuetype": {"name": self.issue_type},
            "summary": summary(told),
            "description": self.text(&text),
            "labels": ["caseloom", label(told)],
        }});
        let path = format!("{}/issue", self.api());
        let Answer { json } = client.ask(Method::Post, &path, &told.id, Some(&issue))?;
        text_of(&json["key"]).ok_or_else(|| strange("key"))
    }

    /// Whether a comment of this event is there.
    fn is_said(&self, told: &Told<'_>, path: &str, client: &Client) -> Result<bool, Trouble> {
        let path = format!("{path}/comment?orderBy=-created&maxResults={COMMENTS_MAX}");
        let answer = client.ask(Method::Get, &path, "", None)?;
        let comments = answer.json["comments"].as_array().into_iter().flatten();
        let mark = mark(told);
        // As text a document holds its texts whole.
        let mut texts = comments.map(|comment| comment["body"].to_string());
        Ok(texts.any(|text| text.contains(&mark)))
    }
}

impl Tool for Jira {
    fn deliver(&mut self, told: &Told<'_>, in_doubt: bool, client: &Client) -> Result<(), Trouble> {
        let (key, is_new) = self.issue(told, client)?;
        let path = format!("{}/issue/{}", self.api(), encoded(&key));
        if !is_new {
            let fields = json!({"fields": {"summary": summary(told)}});
            client.ask(Method::Put, &path, &told.id, Some(&fields))?;
        }
        if !told.is_word() || (in_doubt && self.is_said(told, &path, client)?) {
            return Ok(());
        }
        let body = json!({"body": self.text(&comment(told, plain))});
        let path = format!("{path}/comment");
        client.ask(Method::Post, &path, &told.id, Some(&body))?;
        Ok(())
    }
}

/// `[High] title`, without line breaks.
fn summary(told: &Told<'_>) -> String {
    line(
        &format!("[{}] {}", told.severity_word, told.title),
        SUMMARY_MAX,
    )
}

/// `caseloom-SCOPE-CASE`: of letters, digits and `._-`.
fn label(told: &Told<'_>) -> String {
    let label = format!("caseloom-{}-{}", told.own.scope, told.own.case_id);
    cut(&label, LABEL_MAX)
}
