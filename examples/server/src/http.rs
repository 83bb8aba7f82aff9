//! The sockets: routes, connections, and what is common to every answer.
//!
//! A client gets 10 seconds for the head of a request, as long for its body, and as long for the next
//! request of its connection. There are 512 connections at the most, fewer than the files that a process
//! may have open by default; what comes on top waits until one of them ends. So silent clients are rid of,
//! and no more than that: whoever opens connections faster than they are closed keeps others out, and a
//! client that does not read its answers keeps its connection. A proxy in front bounds connections by
//! address.

mod answer;
mod endpoints;
mod request;
mod take_on;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{delete, get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use self::answer::Failure;
use crate::service::Service;

/// How long a client may take for the head of a request; so long a connection may be idle too.
const SLOWEST_HEAD: Duration = Duration::from_secs(10);
const MOST_CONNECTIONS: usize = 512;
/// How long connections are waited for that cannot be taken, because too many files are open.
const NO_FILES: Duration = Duration::from_secs(1);
/// How long open connections are waited for at the end. What was taken on is waited for as long as
/// it takes.
const GRACE: Duration = Duration::from_secs(10);

/// Every route of the service.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/oauth/token", post(endpoints::token))
        .route("/mfa/associate", post(endpoints::associate))
        .route("/mfa/challenge", post(endpoints::challenge))
        .route("/mfa/authenticators", get(endpoints::authenticators))
        .route(
            "/mfa/authenticators/{id}",
            delete(endpoints::remove_authenticator),
        )
        .route(
            "/.well-known/openid-configuration",
            get(endpoints::discovery),
        )
        .route("/.well-known/jwks.json", get(endpoints::key_set))
        .route("/healthz", get(endpoints::health))
        .fallback(|| async { Failure::of(404, "not_found", "There is no such endpoint.") })
        .method_not_allowed_fallback(|| async {
            Failure::of(
                405,
                "method_not_allowed",
                "The endpoint does not take this method.",
            )
        })
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&service),
            take_on::take_on,
        ))
        .with_state(service)
}

/// Serves until `stop` completes; then takes nothing on and finishes what it did.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let tasks = service.tasks.clone();
    let service = TowerToHyperService::new(router(service));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_HEAD);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut stop = pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off or is too slow hurts nobody else.
            let _ = connection.await;
            drop(place);
        });
    }
    tracing::info!("stopping");
    drop(listener);
    let _ = timeout(GRACE, connections.shutdown()).await;
    tasks.close();
    tasks.wait().await;
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let accepted = match Arc::clone(places).acquire_owned().await {
            Ok(place) => listener.accept().await.map(|(stream, _)| (stream, place)),
            Err(closed) => Err(io::Error::other(closed)),
        };
        match accepted {
            Ok(accepted) => return accepted,
            // It was gone before it was taken.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                sleep(NO_FILES).await;
            }
        }
    }
}
