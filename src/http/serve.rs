//! Takes connections until asked to stop, then lets answers under way finish.
//!
//! Own accept loop over hyper, because axum's has no bound on connections, no time for a slow head, and no end to its
//! graceful shutdown: one client that sends a byte a minute would keep the process from stopping.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::options::HttpOptions;
use super::patient::Patient;
use super::rate::Peer;
use super::{HttpParts, router};
use crate::metrics::{Bound, Metrics};

/// Longest request line with headers.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Wait after a failed accept: out of descriptors, most often, which passes when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves on `listener` until `shutdown` ends, then up to `drain_timeout` longer for answers under way.
///
/// Cancelled, connections are dropped as they are; nothing but answers is lost.
///
/// # Errors
/// When the listener has no address. A connection that fails is its client's affair.
pub async fn serve(
    listener: TcpListener,
    parts: HttpParts,
    options: HttpOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let is_local = listener.local_addr()?.ip().is_loopback();
    let metrics = Arc::clone(&parts.metrics);
    let live = parts.live.clone();
    let server = Server {
        router: router(parts, &options, is_local),
        http: http(&options),
        write_timeout: options.write_timeout,
        graceful: GracefulShutdown::new(),
    };
    tokio::pin!(shutdown);
    let places = Arc::new(Semaphore::new(options.connections_max.max(1)));
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places, &metrics) => accepted,
        };
        let ((stream, peer), place) = accepted;
        server.take(stream, peer, place);
    }
    drop(listener);
    // Listeners would stay for ever.
    live.close();
    let drained = server.graceful.shutdown();
    if tokio::time::timeout(options.drain_timeout, drained)
        .await
        .is_err()
    {
        tracing::info!("http connections were still open at the end");
    }
    Ok(())
}

/// What each connection gets.
struct Server {
    router: Router,
    http: http1::Builder,
    write_timeout: Duration,
    graceful: GracefulShutdown,
}

impl Server {
    fn take(&self, stream: TcpStream, peer: IpAddr, place: OwnedSemaphorePermit) {
        // Answers are written whole; waiting to fill a packet only delays the last one.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set nodelay");
        }
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.call(request)
        });
        let stream = TokioIo::new(Patient::new(stream, self.write_timeout));
        let connection = self.http.serve_connection(stream, service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an http connection failed");
            }
            drop(place);
        });
    }
}

fn http(options: &HttpOptions) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX);
    http
}

/// The next connection with its place. Cancel safe: a place is given back, a connection stays in the listener's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    metrics: &Metrics,
) -> ((TcpStream, IpAddr), OwnedSemaphorePermit) {
    if places.available_permits() == 0 {
        metrics.bound_reached(Bound::HttpConnections);
    }
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return ((stream, peer.ip()), place),
            Err(error) => {
                tracing::warn!(%error, "cannot accept an http connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
