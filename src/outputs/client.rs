//! HTTP to one tool: what is asked, what came back, and what that means for the event. Redirects are not followed: they
//! would carry the token elsewhere. No address, no token and no answer's text goes to the log: addresses hold secrets.

use std::sync::Arc;
use std::time::Duration;

use caseloom_engine::time::{Span, Timestamp};
use serde_json::Value;

use crate::clock::Clock;
use crate::config::{Login, ToolConfig, certificates};
use crate::events::one_line;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// Idle connections are given up early: one that the other side closes meanwhile would leave a request in doubt.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// Bytes of a refusal's text that go into a dead letter.
const REASON_BYTES_MAX: usize = 512;

/// Asks one tool.
pub struct Client {
    agent: ureq::Agent,
    clock: Arc<dyn Clock>,
    base: String,
    /// Name and value of the header that proves who we are.
    login: Option<(&'static str, String)>,
}

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub(super) method: Method,
    /// Behind the address; with its query.
    pub(super) path: &'a str,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Patch,
}

/// An answer of the kind that is hoped for.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Its JSON; null where it has none.
    pub(super) json: Value,
}

/// Why an event is not delivered.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The tool can't be reached, is overloaded, or does not know us: nothing against this event. The same again, later.
    Away {
        /// In words.
        reason: String,
        /// The tool said how long to wait.
        wait: Option<Span>,
    },
    /// The tool fails over it. The same again, but not for ever.
    Failing(String),
    /// The tool refuses it and will refuse it again.
    Refused {
        /// The status.
        status: u16,
        /// In words; partly the tool's.
        reason: String,
        /// The answer's JSON, where a tool's refusal says more.
        answer: Value,
    },
}

impl Client {
    /// A client for a tool; connects when it is first asked.
    ///
    /// # Errors
    /// The certificates can't be read.
    pub fn new(
        config: &ToolConfig,
        token_header: Option<&'static str>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let mut tls = ureq::tls::TlsConfig::builder();
        if let Some(path) = &config.ca_file {
            let roots = certificates(path)?;
            tls = tls.root_certs(ureq::tls::RootCerts::new_with_certs(&roots));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(config.timeout))
            .max_idle_age(IDLE_MAX)
            .user_agent(concat!("caseloom/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build()
            .new_agent();
        Ok(Self {
            agent,
            clock,
            base: config.url.value().trim_end_matches('/').to_owned(),
            login: header_of(&config.login, token_header),
        })
    }

    /// Asks with a JSON body.
    pub(super) fn ask(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Trouble> {
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if body.is_some() {
            headers.push(("content-type".into(), "application/json".into()));
            headers.push(("idempotency-key".into(), key.into()));
        }
        self.send(Question {
            method,
            path,
            headers,
            body: body.map(|body| body.to_string().into_bytes()),
        })
    }

    /// Asks.
    pub(super) fn send(&self, question: Question<'_>) -> Result<Answer, Trouble> {
        let url = format!("{}{}", self.base, question.path);
        let method = match question.method {
            Method::Get => ureq::http::Method::GET,
            Method::Post => ureq::http::Method::POST,
            Method::Put => ureq::http::Method::PUT,
            Method::Patch => ureq::http::Method::PATCH,
        };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in &question.headers {
            request = request.header(name, value);
        }
        if let Some((name, value)) = &self.login {
            request = request.header(*name, value);
        }
        let sent = match question.body {
            Some(body) => request.body(body).map(|request| self.agent.run(request)),
            None => request.body(()).map(|request| self.agent.run(request)),
        };
        // Only what the configuration holds can be no header: a token with a line break in it, say.
        let sent = sent.map_err(|_| away("the address or the token can't be sent"))?;
        let mut response = sent.map_err(|error| away(unreached(&error)))?;
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").cloned();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let text = body.read_to_string();
        // An answer that breaks off leaves it open what was done.
        let text = match (status, text) {
            (_, Ok(text)) => text,
            (200..=299, Err(_)) => return Err(away("the answer broke off")),
            (_, Err(_)) => String::new(),
        };
        let wait = wait.as_ref().and_then(|wait| wait.to_str().ok());
        let wait = wait.and_then(|wait| retry_after(wait, self.clock.now()));
        judge(status, wait, &text)
    }
}

fn header_of(login: &Login, token_header: Option<&'static str>) -> Option<(&'static str, String)> {
    use base64::Engine as _;
    match (login, token_header) {
        (Login::None, _) => None,
        (Login::Token(token), Some(name)) => Some((name, token.expose().to_owned())),
        (Login::Token(token), None) => {
            Some(("authorization", format!("Bearer {}", token.expose())))
        }
        (Login::Basic { user, password }, _) => {
            let pair = format!("{user}:{}", password.expose());
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            Some(("authorization", format!("Basic {pair}")))
        }
    }
}

/// What a status means for the event.
fn judge(status: u16, wait: Option<Span>, text: &str) -> Result<Answer, Trouble> {
    let json = serde_json::from_str(text).unwrap_or_default();
    let said = || format!("it answers {status}");
    match status {
        200..=299 => Ok(Answer { json }),
        // The address or the login is wrong, which no event can mend; or it asks for time.
        300..=399 | 401 | 403 | 407 | 408 | 425 | 429 | 502..=504 => Err(Trouble::Away {
            reason: said(),
            wait,
        }),
        500.. => Err(Trouble::Failing(said())),
        _ => Err(Trouble::Refused {
            status,
            reason: format!("{}: {}", said(), one_line(text, REASON_BYTES_MAX)),
            answer: json,
        }),
    }
}

/// `Retry-After` of RFC 9110: seconds, or a date.
fn retry_after(text: &str, now: Timestamp) -> Option<Span> {
    if let Ok(seconds) = text.trim().parse::<i64>() {
        return Some(Span(seconds.clamp(0, i64::MAX / 1_000) * 1_000));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    let at = Timestamp(at.timestamp().as_millisecond());
    Some(Span(at.since(now).0.max(0)))
}

impl std::fmt::Debug for Client {
    /// Without address and login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

fn away(reason: impl Into<String>) -> Trouble {
    Trouble::Away {
        reason: reason.into(),
        wait: None,
    }
}

/// Why there is no answer, without the address.
fn unreached(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => format!("no answer: {}", error.kind()),
        ureq::Error::Timeout(_) => "no answer in time".into(),
        ureq::Error::HostNotFound => "its name is not known".into(),
        ureq::Error::ConnectionFailed => "it can't be connected to".into(),
        ureq::Error::Rustls(error) => format!("no TLS: {error}"),
        ureq::Error::Tls(what) => format!("no TLS: {what}"),
        ureq::Error::BadUri(_) => "its address is not understood".into(),
        _ => "no answer that is HTTP".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whose_fault_it_is() {
        assert!(judge(204, None, "").is_ok());
        for status in [302, 401, 403, 408, 429, 503] {
            let told = judge(status, Some(Span::SECOND), "");
            let wait = Some(Span::SECOND);
            assert!(matches!(told, Err(Trouble::Away { wait: found, .. }) if found == wait));
        }
        assert!(matches!(judge(500, None, ""), Err(Trouble::Failing(_))));
        let refused = judge(422, None, "no\u{1b}[2J such field").unwrap_err();
        let Trouble::Refused { status, reason, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (status, &*reason),
            (422, "it answers 422: no␛[2J such field")
        );
    }

    #[test]
    fn how_long_to_wait_comes_as_seconds_or_as_a_date() {
        let now = Timestamp(1_445_412_470_000);
        assert_eq!(retry_after(" 120 ", now), Some(Span(120_000)));
        let date = retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now);
        assert_eq!(date, Some(Span(10_000)));
        assert_eq!(
            retry_after("Wed, 21 Oct 2015 07:00:00 GMT", now),
            Some(Span(0))
        );
        assert_eq!(retry_after("soon", now), None);
        assert!(retry_after("99999999999999999", now).is_some());
    }
}
