//! TLS: a tool is trusted by the certificates that are configured, and by no others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use caseloom::outputs::Next;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::world::World;

/// Self-signed, for 127.0.0.1; its key guards nothing.
const CERT: &str = "tests/fixtures/tls/cert.pem";
const KEY: &str = "tests/fixtures/tls/key.pem";

/// A server that takes one connection; `true`: a request came through it.
fn serve() -> (String, JoinHandle<bool>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certs = CertificateDer::pem_file_iter(CERT).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            certs.map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_file(KEY).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut request = [0; 4_096];
        let came = stream.read(&mut request).is_ok_and(|length| length > 0);
        drop(stream.write_all(b"HTTP/1.1 202 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
        drop(stream.flush());
        came
    });
    (url, thread)
}

fn deliver(more: &str) -> (Next, bool) {
    let (url, server) = serve();
    let mut world = World::new(&format!("kind = \"webhook\"\nurl = \"{url}\"\n{more}"));
    world.open();
    let next = world.worker().step().unwrap();
    (next, server.join().unwrap())
}

#[test]
fn a_tool_with_a_certificate_that_is_named_is_told() {
    assert_eq!(
        deliver(&format!("ca_file = \"{CERT}\"")),
        (Next::Going, true)
    );
}

#[test]
fn a_tool_with_another_certificate_is_told_nothing() {
    let (next, came) = deliver("");
    assert!(matches!(next, Next::At(_)) && !came, "{next:?}");
}
