//! Server-sent events: what is durable is told, whoever comes back goes on, nobody hears of another's scope.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use caseloom::access::{Role, Tokens};
use caseloom::http::Access;

use crate::office::{Office, Open, anonymous, at};

struct Listener {
    lines: BufReader<TcpStream>,
    heard: String,
}

/// One event as it was sent.
#[derive(Debug, Default)]
struct Heard {
    id: String,
    event: String,
    data: String,
}

impl Listener {
    fn new(people: &Open, query: &str, headers: &str) -> Self {
        let host = people.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        write!(
            stream,
            "GET /api/v1/stream{query} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n"
        )
        .unwrap();
        Self {
            lines: BufReader::new(stream),
            heard: String::new(),
        }
    }

    /// The next event. Heads of answers and of chunks are passed over.
    fn next(&mut self) -> Option<Heard> {
        let mut heard = Heard::default();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            self.heard.push_str(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            match line.split_once(": ") {
                Some(("id", id)) => heard.id = id.to_owned(),
                Some(("event", event)) => heard.event = event.to_owned(),
                Some(("data", data)) => heard.data = data.to_owned(),
                _ if line.is_empty() && !heard.event.is_empty() => return Some(heard),
                _ => {}
            }
        }
    }
}

#[test]
fn changes_are_heard_and_whoever_comes_back_goes_on() {
    let mut office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    let mut listener = Listener::new(people, "", "");
    let ready = listener.next().unwrap();
    assert_eq!(ready.event, "ready");
    let case = format!("/api/v1/cases/{id}");
    assert_eq!(
        people.patch(&case, &at(1), r#"{"owner": "ana"}"#).status,
        200
    );
    let heard = listener.next().unwrap();
    assert_eq!(heard.event, "assigned");
    let data: serde_json::Value = serde_json::from_str(&heard.data).unwrap();
    assert_eq!(
        (&data["case"]["id"], &data["case"]["owner"]),
        (&id.as_str().into(), &"ana".into())
    );
    assert_eq!(data["act"]["actor"], "anonymous");
    assert!(
        listener.heard.contains("text/event-stream"),
        "{}",
        listener.heard
    );

    let mut back = Listener::new(people, "", &format!("last-event-id: {}\r\n", ready.id));
    assert_eq!(back.next().unwrap().event, "ready");
    assert_eq!(back.next().unwrap().id, heard.id);
    let mut lost = Listener::new(people, "", "last-event-id: 000000000000-7\r\n");
    assert_eq!(lost.next().unwrap().event, "ready");
    let gap = lost.next().unwrap();
    assert_eq!(
        (gap.event.as_str(), gap.data.as_str()),
        ("gap", r#"{"reason":"restarted"}"#)
    );
    let mut other = Listener::new(people, "?case=0000000000000", "");
    assert_eq!(other.next().unwrap().event, "ready");

    assert_eq!(
        people.patch(&case, &at(2), r#"{"owner": "bo"}"#).status,
        200
    );
    assert_eq!(lost.next().unwrap().event, "assigned");
    office.close();
    let end = other.next().unwrap();
    assert_eq!(
        (end.event.as_str(), end.data.as_str()),
        ("end", r#"{"reason":"stopping"}"#)
    );
    assert!(other.next().is_none());
}

#[test]
fn nobody_hears_of_another_scope() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let new = |name: &str, scope: &str| {
        Tokens::add(&path, name, Role::Analyst, &[scope.to_owned()]).unwrap()
    };
    let (here, elsewhere) = (new("ana", "default"), new("bo", "acme"));
    let mut office = Office::new(Access {
        tokens: Tokens::load(&path).unwrap(),
        ..Access::read_only()
    });
    let people = office.people();
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    let mut ana = Listener::new(people, "", &bearer(&here));
    let mut bo = Listener::new(people, "", &bearer(&elsewhere));
    let mut bo_asks = Listener::new(people, "?scope=default", &bearer(&elsewhere));
    for listener in [&mut ana, &mut bo, &mut bo_asks] {
        assert_eq!(listener.next().unwrap().event, "ready");
    }
    let case = format!("/api/v1/cases/{}", people.case());
    let head = crate::office::Head {
        token: Some(&here),
        ..at(1)
    };
    assert_eq!(
        people.patch(&case, &head, r#"{"owner": "ana"}"#).status,
        200
    );
    assert_eq!(ana.next().unwrap().event, "assigned");
    office.close();
    for listener in [&mut bo, &mut bo_asks] {
        assert_eq!(listener.next().unwrap().event, "end");
    }
}
