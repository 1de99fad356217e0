//! A small HTTP server that plays a product, and fails when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By name, decoded.
    pub(crate) query: BTreeMap<String, String>,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What goes wrong with the next request.
#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    /// It is answered so, and nothing is done.
    Answer(u16, &'static [(&'static str, &'static str)]),
    /// It is done, and the connection is cut before the answer.
    CutAfter,
    /// The connection is cut, and nothing is done.
    CutBefore,
}

/// A product: what it does with a request.
pub(crate) trait Product: Send + 'static {
    fn handle(&mut self, asked: &Asked) -> (u16, Value);
}

/// The server.
pub(crate) struct Fake<P> {
    pub(crate) url: String,
    product: Arc<Mutex<P>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Vec<Asked>>,
    plan: Mutex<VecDeque<Option<Mishap>>>,
    ends: AtomicBool,
}

impl<P: Product> Fake<P> {
    pub(crate) fn new(product: P) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let product = Arc::new(Mutex::new(product));
        let shared = Arc::new(Shared::default());
        let (theirs, plan) = (Arc::clone(&product), Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if plan.ends.load(Ordering::SeqCst) {
                    return;
                }
                serve(&stream.unwrap(), &theirs, &plan);
            }
        });
        Self {
            url,
            product,
            shared,
            thread: Some(thread),
        }
    }

    /// What the product holds.
    pub(crate) fn look(&self) -> MutexGuard<'_, P> {
        self.product.lock().unwrap()
    }

    /// Lets the next requests fail, one for each.
    pub(crate) fn plan(&self, mishaps: &[Mishap]) {
        let mishaps = mishaps.iter().cloned().map(Some);
        self.shared.plan.lock().unwrap().extend(mishaps);
    }

    /// Lets one request fail, after so many others.
    pub(crate) fn plan_after(&self, others: usize, mishap: &Mishap) {
        let mut plan = self.shared.plan.lock().unwrap();
        plan.extend(vec![None; others]);
        plan.push_back(Some(mishap.clone()));
    }

    /// All requests so far.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().clone()
    }
}

impl<P> Drop for Fake<P> {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        let address = self.url.trim_start_matches("http://");
        drop(TcpStream::connect(address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve<P: Product>(stream: &TcpStream, product: &Mutex<P>, shared: &Shared) {
    let Some(asked) = read(stream) else { return };
    shared.log.lock().unwrap().push(asked.clone());
    let mishap = shared.plan.lock().unwrap().pop_front().flatten();
    let (status, headers, body) = match mishap {
        Some(Mishap::CutBefore) => return,
        Some(Mishap::CutAfter) => {
            product.lock().unwrap().handle(&asked);
            return;
        }
        Some(Mishap::Answer(status, headers)) => (status, headers, "as told".to_owned()),
        None => {
            let (status, json) = product.lock().unwrap().handle(&asked);
            (status, &[] as &[_], json.to_string())
        }
    };
    let more: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{body}",
        body.len()
    );
    let mut stream = stream;
    drop(stream.write_all(answer.as_bytes()));
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Asked {
        method,
        path: decoded(path),
        query: pairs
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}

pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, tail @ ..]) = (first, tail) {
            let hex = std::str::from_utf8(&[*high, *low]).unwrap().to_owned();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}
