//! The sockets: routes, connections, and limits.
//!
//! A client has 10 seconds for the head of a request and 10 for its body. Between two requests a
//! connection stays open for 75 seconds (`keep_alive_seconds`). There are at most 512 connections, fewer
//! than the default limit of open files; further ones wait. An address has at most 64
//! (`connections_per_address`); further ones are closed. An attacker with 8 addresses can still keep
//! others out, and a client that does not read its responses keeps its connection.

pub(crate) mod answer;
mod api;
mod cors;
mod measure;
mod patience;
pub(crate) mod take_on;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use self::patience::Patient;
use crate::page;
use crate::peers::{Network, Places};
use crate::service::Service;

/// The peer of the connection that a request came over.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// How long a client may take for the head of a request.
const SLOWEST_HEAD: Duration = Duration::from_secs(10);
const MOST_CONNECTIONS: usize = 512;
/// How long to wait if too many files are open to accept a connection.
const NO_FILES: Duration = Duration::from_secs(1);
/// How long to wait for open connections at the end. Accepted requests have no such limit.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` completes; then accepts nothing more and finishes the accepted requests.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let origins = cors::origins(&service);
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(api::discovery))
        .route("/.well-known/jwks.json", get(api::key_set))
        .route("/healthz", get(api::health))
        .merge(page::routes(&service))
        .method_not_allowed_fallback(answer::no_method)
        .fallback(api::api)
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&service),
            take_on::take_on,
        ))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&service),
            measure::measure,
        ))
        .with_state(Arc::clone(&service));
    let routes = cors::with(origins, routes);
    serve_routes(listener, &service, routes, stop).await;
    service.tasks.close();
    service.tasks.wait().await;
}

/// The same for other routes, except that it leaves the tasks to [`serve`].
pub(crate) async fn serve_routes(
    listener: TcpListener,
    service: &Service,
    routes: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let settings = service.connections.clone();
    let addresses: Places = Places::at_most(settings.per_address);
    let routes = TowerToHyperService::new(routes);
    let mut http = http1::Builder::new();
    // The head and the time between requests have their own limits.
    http.header_read_timeout(None);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let peer = Peer(peer.ip().to_canonical());
        let counted = addresses.take(Network::of(peer.0));
        if counted.is_none() && !settings.trusted_proxies.has(peer.0) {
            continue;
        }
        let (stream, phase) = Patient::new(stream, SLOWEST_HEAD, settings.keep_alive);
        let routes = routes.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            phase.begin();
            request.extensions_mut().insert(peer);
            let (answered, phase) = (routes.call(request), phase.clone());
            async move {
                let answered = answered.await;
                phase.answered();
                answered
            }
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A client that disconnects or is too slow does not affect others.
            let _ = connection.await;
            drop((counted, place));
        });
    }
    tracing::info!("stopping");
    drop(listener);
    let _ = timeout(GRACE, connections.shutdown()).await;
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let accepted = match Arc::clone(places).acquire_owned().await {
            Ok(place) => {
                let accepted = listener.accept().await;
                accepted.map(|(stream, peer)| (stream, peer, place))
            }
            Err(closed) => Err(io::Error::other(closed)),
        };
        match accepted {
            Ok(accepted) => return accepted,
            // It was closed before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(NO_FILES).await;
            }
        }
    }
}
