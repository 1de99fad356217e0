//! A case with a life, and the worker that tells a tool of it.

use std::sync::Arc;

use caseloom::clock::Clock;
use caseloom::config::Config;
use caseloom::outputs::{
    Client, Next, Shelf, ShelfBounds, Worker, WorkerParts, token_header, tool,
};
use caseloom::pipeline::Wish;
use caseloom_engine::command::{Action, Actor, Answer, Change, Proof, Verdict};
use caseloom_engine::record::Status;
use caseloom_engine::time::Span;

use crate::common::*;

/// More steps than any story takes.
const STEPS_MAX: usize = 10_000;

/// What the feed may hold unless a test says otherwise.
pub(crate) const BOUNDS: ShelfBounds = ShelfBounds {
    bytes_max: 64 << 20,
    age_max: Span(7 * 24 * 3_600_000),
};

pub(crate) struct World {
    pub(crate) rig: Rig,
    pub(crate) running: Option<Running>,
    settings: String,
}

impl World {
    /// `settings`: the keys of the one output but its name.
    pub(crate) fn new(settings: &str) -> Self {
        let rig = Rig::new();
        let running = Some(rig.start());
        Self {
            rig,
            running,
            settings: settings.to_owned(),
        }
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        self.running.as_mut().unwrap()
    }

    /// A case opens, on two hosts.
    pub(crate) fn open(&mut self) {
        self.running().step(&messages([critical("a1", "web-01")]));
    }

    /// More alerts come to it, and five seconds later it says so.
    pub(crate) fn grow(&mut self, number: usize) {
        let alert = format!(
            r#"{{"id":"g{number}","time":"2026-01-31T07:59:30Z","source":"edr","rule":{{"id":"R{number}","name":"Rule {number}"}},"severity":"high","title":"t","entities":[{{"kind":"host","value":"web-01","role":"affected"}}]}}"#
        );
        let offset = 100 + number as i64;
        let mut messages = messages([alert]);
        messages[0].offset = offset;
        self.running().step(&messages);
        self.rig.clock.advance(Span(6_000));
        self.running().step(&[]);
    }

    pub(crate) fn act(&mut self, action: Action) {
        let running = self.running();
        let wish = Wish {
            scope: "default".into(),
            case: groups(&running.reader)[0].case,
            actor: Actor {
                name: "ana".into(),
                proof: Proof::Token,
            },
            expected: None,
            key: None,
            action,
        };
        let told = running.desk.submit(wish).unwrap();
        running.owner.obey().unwrap();
        assert!(matches!(told.blocking_recv(), Ok(Answer::Done(_))));
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.act(Action::Note { text: text.into() });
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.act(Action::Change(Box::new(change)));
    }

    /// Opened, grown, a note, worked on, closed: six events.
    pub(crate) fn live(&mut self) {
        self.open();
        self.grow(1);
        self.note("seen <!channel> *bold* [x](http://e)");
        self.change(Change {
            status: Some(Status::Investigating),
            owner: Some("ana".into()),
            ..Change::default()
        });
        self.change(Change {
            status: Some(Status::Closed),
            verdict: Some(Verdict::TruePositive),
            resolution: Some("cleaned".into()),
            ..Change::default()
        });
    }

    pub(crate) fn shelf(&mut self, bounds: ShelfBounds) -> Arc<Shelf> {
        let running = self.running();
        let names = ["tool".to_owned()];
        let (feed, metrics) = (Arc::clone(&running.feed), Arc::clone(&running.metrics));
        Arc::new(Shelf::open(feed, &names, 0, bounds, metrics).unwrap())
    }

    /// A worker as a start makes it.
    pub(crate) fn worker(&mut self) -> Worker {
        let shelf = self.shelf(BOUNDS);
        self.worker_on(shelf)
    }

    pub(crate) fn worker_on(&mut self, shelf: Arc<Shelf>) -> Worker {
        let text = format!("[[outputs]]\nname = \"tool\"\n{}", self.settings);
        let secrets = [
            ("SECRET".to_owned(), "s3cret".to_owned()),
            ("URL".to_owned(), url_of(&self.settings)),
        ];
        let parsed = Config::parse(
            &text,
            "c.toml",
            std::path::Path::new(""),
            secrets.into_iter(),
        );
        let config = parsed.unwrap().outputs.remove(0);
        let clock: Arc<dyn Clock> = Arc::new(self.rig.clock.clone());
        let client = Client::new(&config, token_header(config.kind), Arc::clone(&clock)).unwrap();
        let running = self.running();
        Worker::new(WorkerParts {
            name: config.name.clone(),
            wanted: config.wanted.clone(),
            tool: tool(&config),
            client,
            shelf,
            mailbox: running.mailbox.clone(),
            metrics: Arc::clone(&running.metrics),
            clock,
            seed: 7,
        })
    }

    /// Steps until nothing is left, moving the clock where the worker waits. Returns how often it waited.
    pub(crate) fn drain(&mut self, worker: &mut Worker) -> Vec<Span> {
        let mut waits = Vec::new();
        for _ in 0..STEPS_MAX {
            match worker.step().unwrap() {
                Next::Going => {}
                Next::Idle => return waits,
                Next::At(due) => {
                    waits.push(due.since(self.rig.clock.now()));
                    self.rig.clock.set(due);
                    self.running().step(&[]);
                }
            }
        }
        panic!("it never ends: {waits:?}");
    }

    /// The process ends, as a crash does, and another begins.
    pub(crate) fn crash(&mut self) {
        drop(self.running.take().unwrap().end());
        self.running = Some(self.rig.start());
    }

    pub(crate) fn count(&mut self, metric: &str) -> u64 {
        let text = self.running().metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(metric));
        let line = line.unwrap_or_else(|| panic!("{metric} is not there"));
        line.trim().parse().unwrap()
    }
}

/// The address that a comment in the settings names, for kinds whose address is a secret.
fn url_of(settings: &str) -> String {
    let line = settings
        .lines()
        .find_map(|line| line.strip_prefix("# url "));
    line.unwrap_or_default().to_owned()
}
