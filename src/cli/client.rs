//! Asking a running caseloom over its API: the address, the token, and refusals as errors.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::CliError;
use crate::plain::plain;

/// How a running caseloom is reached, and how its answers are shown.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// Where caseloom answers
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CASELOOM_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    url: String,
    /// The token to show; better in the environment than on the command line, which others see
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "CASELOOM_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// The answer as JSON, also on a terminal
    #[arg(long, global = true, env = "CASELOOM_JSON", value_parser = super::truth())]
    json: bool,
}

/// A client.
pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
    json: bool,
}

impl ClientArgs {
    pub(super) fn client(&self) -> Client {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Client {
            agent,
            url: self.url.trim_end_matches('/').to_owned(),
            token: self.token.clone(),
            json: self.json,
        }
    }
}

impl Client {
    /// Whether JSON was asked for.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// `GET` below `/api/v1`.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CliError> {
        self.answer(self.asked(path, query).call())
    }

    /// All items of a list, page by page.
    pub(super) fn all(&self, path: &str) -> Result<Value, CliError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut query = vec![("limit", "500")];
            if !cursor.is_empty() {
                query.push(("cursor", cursor.as_str()));
            }
            let mut page = self.get(path, &query)?;
            if let Some(more) = page["items"].as_array_mut() {
                items.append(more);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    /// The text of an answer to `GET`, as it came.
    pub(super) fn text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, CliError> {
        self.received(self.asked(path, query).call())
    }

    fn asked(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
        let mut request = self.agent.get(format!("{}/api/v1/{path}", self.url));
        for (name, value) in query {
            request = request.query(*name, *value);
        }
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// A write on a case at its revision, with a key, so that it is done once however often it is sent.
    pub(super) fn write(
        &self,
        method: &str,
        path: &str,
        revision: u64,
        body: &Value,
    ) -> Result<Value, CliError> {
        self.send(method, path, Some(revision), body)
    }

    /// The same on what may have no revision yet.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        revision: Option<u64>,
        body: &Value,
    ) -> Result<Value, CliError> {
        let url = format!("{}/api/v1/{path}", self.url);
        let mut request = match method {
            "PATCH" => self.agent.patch(url),
            "DELETE" => self.agent.delete(url).force_send_body(),
            _ => self.agent.post(url),
        };
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(revision) = revision {
            request = request.header("if-match", format!("\"{revision}\""));
        }
        let sent = request
            .header("content-type", "application/json")
            .header("idempotency-key", key()?)
            .send(body.to_string());
        self.answer(sent)
    }

    fn answer(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, CliError> {
        let text = self.received(sent)?;
        let url = &self.url;
        serde_json::from_str(&text)
            .map_err(|error| CliError::failed(format!("{url} gave no JSON: {error}")))
    }

    fn received(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<String, CliError> {
        let url = &self.url;
        let mut response =
            sent.map_err(|error| CliError::temporary(format!("no answer from {url}: {error}")))?;
        let text = response
            .body_mut()
            .read_to_string()
            .map_err(CliError::temporary)?;
        let status = response.status().as_u16();
        let answer: Value = match status {
            200..=299 => Value::Null,
            _ => serde_json::from_str(&text).unwrap_or_default(),
        };
        match status {
            200..=299 => Ok(text),
            308 => {
                let survivor = answer["merged_into"].as_str().unwrap_or("another case");
                let message = format!("the case is part of {}", plain(survivor));
                Err(CliError::failed(message))
            }
            status => {
                let detail = answer["detail"].as_str().unwrap_or("it gives no reason");
                let message = format!("{url} refused with {status}: {}", plain(detail));
                Err(match status {
                    500.. => CliError::temporary(message),
                    _ => CliError::failed(message),
                })
            }
        }
    }

    /// Prints an answer: as `table` says on a terminal, else as JSON.
    pub(super) fn show(
        &self,
        answer: &Value,
        table: impl FnOnce(&Value) -> String,
    ) -> Result<(), CliError> {
        let text = match self.json || !io::stdout().is_terminal() {
            true => format!("{answer:#}\n"),
            false => table(answer),
        };
        io::stdout()
            .write_all(text.as_bytes())
            .map_err(CliError::failed)
    }
}

/// A key that nobody else uses.
fn key() -> Result<String, CliError> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| CliError::failed(error.to_string()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
