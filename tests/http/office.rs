//! A whole office: a store, the owner that decides and commits, and the HTTP side in front of both. It can be closed and
//! opened again on the same store.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use caseloom::evidence::EvidenceStore;
use caseloom::http::{Access, HttpOptions, HttpParts, Readiness, serve};
use caseloom::shutdown::Shutdown;
use caseloom::store::StoreReader;
use serde_json::Value;

use crate::common::{Rig, Running, critical, messages};

pub(crate) struct Office {
    rig: Rig,
    evidence: tempfile::TempDir,
    open: Option<Open>,
}

/// An office with people in it.
pub(crate) struct Open {
    pub(crate) base: String,
    agent: ureq::Agent,
    pub(crate) reader: StoreReader,
    shutdown: Shutdown,
    closing: Arc<AtomicBool>,
    owner: JoinHandle<()>,
    server: JoinHandle<()>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

/// What a write says in its head.
#[derive(Default)]
pub(crate) struct Head<'a> {
    pub(crate) revision: Option<u64>,
    pub(crate) key: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
    pub(crate) more: &'a [(&'a str, &'a str)],
}

/// At a revision, and nothing else.
pub(crate) fn at(revision: u64) -> Head<'static> {
    Head {
        revision: Some(revision),
        ..Head::default()
    }
}

/// Everybody on this machine may write.
pub(crate) fn anonymous() -> Access {
    Access {
        anonymous_reads: true,
        anonymous_writes: true,
        ..Access::default()
    }
}

impl Office {
    /// An office with one open case, on `web-01`.
    pub(crate) fn new(access: Access) -> Self {
        Self::with(access, &[("a1", "web-01")])
    }

    /// An office with an open case for each of these alerts, an id and a host.
    pub(crate) fn with(access: Access, alerts: &[(&str, &str)]) -> Self {
        let mut office = Self {
            rig: Rig::new(),
            evidence: tempfile::tempdir().unwrap(),
            open: None,
        };
        let mut running = office.rig.start();
        let alerts: Vec<_> = alerts.iter().map(|(id, host)| critical(id, host)).collect();
        running.step(&messages(alerts));
        office.open = Some(office.open(running, access));
        office
    }

    /// Everybody goes home, and comes back.
    pub(crate) fn reopen(&mut self, access: Access) {
        self.close();
        self.open = Some(self.open(self.rig.start(), access));
    }

    /// Everybody goes home, alerts come in the night, and everybody comes back. `alerts` begin with those that came before.
    pub(crate) fn hear(&mut self, access: Access, alerts: &[String]) {
        self.close();
        let mut running = self.rig.start();
        running.step(&messages(alerts.iter().cloned()));
        self.open = Some(self.open(running, access));
    }

    pub(crate) fn people(&self) -> &Open {
        self.open.as_ref().unwrap()
    }

    fn open(&self, running: Running, access: Access) -> Open {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let parts = HttpParts {
            view: Arc::clone(&running.view),
            reader: running.reader.clone(),
            metrics: Arc::clone(&running.metrics),
            readiness: Readiness::new(),
            clock: Arc::new(self.rig.clock.clone()),
            desk: Some(running.desk.clone()),
            evidence: Some(EvidenceStore::beside(self.evidence.path())),
            access,
            live: running.live.clone(),
        };
        let (reader, shutdown) = (running.reader.clone(), Shutdown::new());
        let closing = Arc::new(AtomicBool::new(false));
        let (stop, end) = (shutdown.clone(), Arc::clone(&closing));
        let mut owner = running.owner;
        let owner = std::thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                owner.obey().unwrap();
                std::thread::park_timeout(Duration::from_millis(1));
            }
        });
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let options = HttpOptions::default();
                serve(listener, parts, options, stop.requested())
                    .await
                    .unwrap();
            });
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A write that is refused unread ends its connection: none is used again.
            .max_idle_connections(0)
            .build()
            .new_agent();
        Open {
            base,
            agent,
            reader,
            shutdown,
            closing,
            owner,
            server,
        }
    }

    pub(crate) fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.shutdown.request();
        open.server.join().unwrap();
        open.closing.store(true, Ordering::SeqCst);
        open.owner.join().unwrap();
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.close();
    }
}

impl Open {
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_as(path, None)
    }

    pub(crate) fn get_as(&self, path: &str, token: Option<&str>) -> Reply {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Reply::of(request.call().unwrap())
    }

    /// The JSON of a 200.
    pub(crate) fn json(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()
    }

    /// The id of the one case.
    pub(crate) fn case(&self) -> String {
        let list = self.json("/api/v1/cases");
        list["items"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn patch(&self, path: &str, head: &Head<'_>, body: &str) -> Reply {
        self.send(self.agent.patch(format!("{}{path}", self.base)), head, body)
    }

    pub(crate) fn post(&self, path: &str, head: &Head<'_>, body: &str) -> Reply {
        self.send(self.agent.post(format!("{}{path}", self.base)), head, body)
    }

    pub(crate) fn delete(&self, path: &str, head: &Head<'_>) -> Reply {
        let request = self.agent.delete(format!("{}{path}", self.base));
        self.send(request.force_send_body(), head, "")
    }

    fn send(
        &self,
        mut request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        head: &Head<'_>,
        body: &str,
    ) -> Reply {
        if let Some(revision) = head.revision {
            request = request.header("if-match", format!("\"{revision}\""));
        }
        if let Some(key) = head.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(token) = head.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let named = |name: &str| head.more.iter().any(|(other, _)| *other == name);
        if !named("content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in head.more {
            request = request.header(*name, *value);
        }
        Reply::of(request.send(body).unwrap())
    }
}

impl Reply {
    fn of(mut response: ureq::http::Response<ureq::Body>) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The kind of a problem document.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let kind = self.json()["type"].as_str().unwrap().to_owned();
        kind.trim_start_matches("urn:caseloom:problem:").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}
