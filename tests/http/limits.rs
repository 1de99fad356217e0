use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use caseloom::http::HttpOptions;

use crate::fixture::Fixture;

/// What the server says to these bytes until it closes the connection.
fn exchange(fixture: &Fixture, request: &str) -> String {
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(line: &str, host: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
}

#[test]
fn every_answer_carries_the_headers_that_bind_a_browser() {
    let fixture = Fixture::new();
    for path in [
        "/api/v1/cases",
        "/livez",
        "/metrics",
        "/nothing",
        "/api/v1/cases?limit=x",
    ] {
        let answer = fixture.get(path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
    }
}

#[test]
fn nothing_can_be_written_by_somebody_unknown() {
    let fixture = Fixture::new();
    for line in ["POST /api/v1/cases", "PATCH /api/v1/cases/0000000000001"] {
        let answer = exchange(&fixture, &request(line, "localhost"));
        assert!(answer.starts_with("HTTP/1.1 401 "), "{line}: {answer}");
    }
    for line in ["TRACE /livez", "PUT /"] {
        let answer = exchange(&fixture, &request(line, "localhost"));
        assert!(answer.starts_with("HTTP/1.1 405 "), "{line}: {answer}");
        assert!(
            answer.to_lowercase().contains("\r\nallow: get,head\r\n"),
            "{line}: {answer}"
        );
        assert!(
            answer.contains("urn:caseloom:problem:method_not_allowed"),
            "{line}: {answer}"
        );
    }
}

#[test]
fn a_foreign_name_is_refused_on_loopback() {
    let options = HttpOptions {
        hosts: vec!["cases.example.org".to_owned()],
        ..HttpOptions::default()
    };
    let fixture = Fixture::with(options, &[]);
    for (host, status) in [
        ("127.0.0.1:8080", "200"),
        ("[::1]:8080", "200"),
        ("LOCALHOST", "200"),
        ("cases.example.org", "200"),
        ("evil.example.org:8080", "421"),
        ("127.0.0.1.evil.example.org", "421"),
        ("a b", "4"),
    ] {
        let answer = exchange(&fixture, &request("GET /livez", host));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{host}: {answer}"
        );
    }
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let options = HttpOptions {
        head_timeout: Duration::from_millis(100),
        ..HttpOptions::default()
    };
    let fixture = Fixture::with(options, &[]);
    let answer = exchange(&fixture, "GET /livez HTTP/1.1\r\nhost: loc");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[test]
fn a_head_without_end_is_refused() {
    let fixture = Fixture::with(HttpOptions::default(), &[]);
    let long = "a".repeat(64 << 10);
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The server may close before all is written.
    drop(stream.write_all(request(&format!("GET /{long}"), "localhost").as_bytes()));
    let mut answer = [0; 12];
    if stream.read_exact(&mut answer).is_ok() {
        assert!(
            answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(fixture.get("/livez").status, 200);
}

#[test]
fn more_connections_than_allowed_wait() {
    let options = HttpOptions {
        connections_max: 1,
        head_timeout: Duration::from_millis(200),
        ..HttpOptions::default()
    };
    let fixture = Fixture::with(options, &[]);
    let idle = TcpStream::connect(fixture.address).unwrap();
    assert_eq!(fixture.get("/livez").status, 200);
    drop(idle);
    let text = fixture.metrics.render();
    assert!(
        !text.contains("caseloom_bounds_reached_total{bound=\"http_connections\"} 0"),
        "{text}"
    );
}

#[test]
fn a_stop_does_not_wait_for_idle_connections() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.get("/livez").status, 200);
    let _idle = TcpStream::connect(fixture.address).unwrap();
    fixture.stop();
    assert!(TcpStream::connect(fixture.address).is_err());
}

#[test]
fn who_asks_too_often_waits_and_probes_do_not() {
    let options = HttpOptions {
        requests_per_second: 1,
        ..HttpOptions::default()
    };
    let fixture = Fixture::with(options, &[]);
    let refused = (0..100)
        .map(|_| fixture.get("/api/v1/cases"))
        .find(|answer| answer.status != 200)
        .expect("five and a few more are let through");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(
        refused.json()["type"],
        "urn:caseloom:problem:too_many_requests"
    );
    for path in ["/livez", "/metrics"] {
        assert_eq!(fixture.get(path).status, 200, "{path}");
    }
    let metrics = fixture.get("/metrics").text;
    assert!(
        metrics.contains("caseloom_bounds_reached_total{bound=\"http_rate\"} 1"),
        "{metrics}"
    );
}
