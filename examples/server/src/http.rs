//! The sockets: routes, and what is common to every answer.

mod answer;
mod endpoints;
mod request;
mod take_on;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use self::answer::Failure;
use crate::service::Service;

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
///
/// # Errors
///
/// The listener's.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let tasks: TaskTracker = service.tasks.clone();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, router(service)).with_graceful_shutdown(async move {
        stop.await;
        tracing::info!("stopping");
        let _ = stopping.send(());
    });
    let grace = async {
        let _ = stopped.await;
        tokio::time::sleep(GRACE).await;
    };
    let served = tokio::select! {
        served = server.into_future() => served,
        () = grace => Ok(()),
    };
    tasks.close();
    tasks.wait().await;
    served
}
