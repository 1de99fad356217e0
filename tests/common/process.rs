//! The real binary as a child: started with a configuration, asked over HTTP, killed by its id, gone when the test ends.

#![allow(
    dead_code,
    reason = "each test uses what it needs; an expectation would fail where all is used"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kafka_client::Patience;

/// Nothing here takes so long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);
/// How much of its log a failed wait shows.
const LAST_LINES: usize = 30;
/// How often a wait looks.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Runs the binary to its end. Returns its exit code and all that it said.
pub(crate) fn caseloom(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .args(args)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// A running `caseloom run`.
pub(crate) struct Daemon {
    child: Child,
    base: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    /// Starts it and waits until it listens.
    pub(crate) fn start(config: &Path) -> Self {
        Self::start_with(config, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(config: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_caseloom"))
            .args(["run", "--log-format", "json", "--config"])
            .arg(config)
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::default();
        let lines = lines_of(&mut child, Arc::clone(&said));
        // From here on the guard ends it, whatever happens.
        let mut daemon = Self {
            child,
            base: String::new(),
            said,
        };
        daemon.base = format!("http://{}", daemon.wait_for_address(&lines));
        daemon
    }

    fn wait_for_address(&self, lines: &Receiver<String>) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let fields: Value = serde_json::from_str(&line).unwrap_or_default();
                    if let ("listening", Some(address)) = (
                        fields["message"].as_str().unwrap_or_default(),
                        fields["address"].as_str(),
                    ) {
                        return address.to_owned();
                    }
                    seen.push(line);
                }
                Err(RecvTimeoutError::Timeout) => panic!("it does not listen: {seen:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended: {seen:#?}"),
            }
        }
    }

    /// Where a path is asked for.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The body of a 200; `None` when nobody answers.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let mut answer = ureq::get(format!("{}{path}", self.base)).call().ok()?;
        answer.body_mut().read_to_string().ok()
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).unwrap()).unwrap()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics(self.get("/metrics").unwrap_or_default())
    }

    /// Waits until the metrics say so, for as long as they move. Looks often enough that a kill hits where it is meant
    /// to, and not so often that it takes the processor away from what it waits for.
    pub(crate) fn wait_until(&mut self, what: &str, mut is_so: impl FnMut(&Metrics) -> bool) {
        let mut patience = Patience::new([0; 5]);
        loop {
            let metrics = self.metrics();
            if is_so(&metrics) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "it ended before it was {what}: {ended:?}\n{}",
                self.last_said()
            );
            assert!(
                patience.lasts(metrics.moving()),
                "never {what}:\n{}\n{}",
                metrics.told(),
                self.last_said()
            );
            std::thread::park_timeout(LOOK_EVERY);
        }
    }

    /// The end of its log. A failed test says it last, where a cut report still has it.
    fn last_said(&self) -> String {
        let said = self.said.lock().unwrap();
        said[said.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    /// SIGKILL, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it in its tracks until [`Self::resume`].
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal("-TERM");
        self.wait_for_end().0
    }

    /// Its end, and all that it said.
    pub(crate) fn wait_for_end(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.said.lock().unwrap().join("\n"));
            }
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::park_timeout(LOOK_EVERY);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Fails where it has ended, which is as well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What it logs, line by line; also handed on, so that a failed test shows it. The pipe must never be full.
fn lines_of(child: &mut Child, said: Arc<Mutex<Vec<String>>>) -> Receiver<String> {
    let (to, lines) = channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            eprintln!("{line}");
            said.lock().unwrap().push(line.clone());
            // Nobody listens any more once the address is known.
            drop(to.send(line));
        }
    });
    lines
}

/// A scrape.
pub(crate) struct Metrics(pub(crate) String);

impl Metrics {
    /// The sum over all series of a metric whose labels hold `label`; `None`: there is none.
    pub(crate) fn sum(&self, name: &str, label: &str) -> Option<f64> {
        let series = self.0.lines().filter_map(|line| {
            let (series, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
            let is_it = (series.is_empty() || series.starts_with('{')) && series.contains(label);
            is_it.then(|| value.parse::<f64>().unwrap())
        });
        series.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    /// The same as a whole number; 0 when there is none.
    pub(crate) fn count(&self, name: &str, label: &str) -> u64 {
        self.sum(name, label).unwrap_or(0.0) as u64
    }

    /// Nothing that was sent is left to read or to publish.
    pub(crate) fn is_done(&self, messages: u64) -> bool {
        self.count("caseloom_messages_received_total", "") == messages
            && self.sum("kafka_consumer_lag", "") == Some(0.0)
            && self.sum("caseloom_outbox_pending", "") == Some(0.0)
    }

    /// Both sums of the accounting, as a reader of the metrics would check them.
    pub(crate) fn assert_balanced(&self) {
        assert_eq!(self.count("caseloom_accounting_imbalance", ""), 0);
        assert_eq!(
            self.count("caseloom_messages_total", ""),
            self.count("caseloom_messages_received_total", "")
        );
        assert_eq!(
            self.count("caseloom_alerts_total", ""),
            self.count("caseloom_alerts_received_total", "")
        );
    }

    /// What changes while it gets on.
    fn moving(&self) -> [u64; 5] {
        let names = [
            "caseloom_messages_received_total",
            "caseloom_events_published_total",
            "caseloom_dead_letters_total",
            "caseloom_outbox_pending",
            "kafka_consumer_lag",
        ];
        names.map(|name| self.count(name, ""))
    }

    fn told(&self) -> String {
        let ours = |line: &&str| !line.starts_with('#') && !line.contains("_bucket");
        self.0.lines().filter(ours).collect::<Vec<_>>().join("\n")
    }
}
