//! A server that answers the requests of Auth0's MFA API for SMS and voice with `oob-mfa`.
//!
//! The engine decides everything. A handler reads a request, names the operation, and writes the
//! answer; `Service::decide` is the one place that loads, asks the
//! engine, saves, asks again after a conflict, and sends.
//!
//! It is an example and no identity provider: it grants whatever scope and audience a request asks
//! for, and puts no limit on passwords tried. Both are the first factor's business, which an embedder
//! has already.
//!
//! Clock, randomness, store and outbox are parameters, so that tests run the whole server in their
//! own process and in their own time.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clients;
pub mod config;
pub mod http;
pub mod keys;
pub mod outbox;
pub mod service;
pub mod store;
pub mod tokens;
pub mod users;

use std::error::Error;
use std::sync::Arc;

use crate::cli::Flags;
use crate::config::Config;
use crate::outbox::{FileOutbox, Outbox, StandardOutput};
use crate::service::Service;

/// Starts what the flags ask for, and serves until ctrl-c or SIGTERM.
///
/// # Errors
///
/// What kept it from starting.
pub async fn run(flags: Flags, config: Config) -> Result<(), Box<dyn Error>> {
    let key = keys::read_or_make(&flags.key_file)
        .map_err(|error| format!("{}: {error}", flags.key_file.display()))?;
    let store = store::open(&flags.store).await?;
    let outbox: Arc<dyn Outbox> = match &flags.outbox {
        Some(path) => Arc::new(
            FileOutbox::open(path).map_err(|error| format!("{}: {error}", path.display()))?,
        ),
        None => Arc::new(StandardOutput),
    };
    let listener = tokio::net::TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("{}: {error}", flags.listen))?;
    let address = listener.local_addr()?;
    if flags.store.is_shared() && config.issuer.is_none() {
        tracing::warn!(
            "no issuer in the configuration: access tokens are good for this process alone"
        );
    }
    let service = Service::new(config, address, &key, store, outbox);
    tracing::info!(%address, issuer = service.issuer(), "listening");
    http::serve(listener, Arc::new(service), stop_signal()?).await;
    tracing::info!("stopped");
    Ok(())
}

/// Completes at ctrl-c, and at the SIGTERM of an orchestrator.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Registered before the first request, so that no early signal kills the process.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "no signal can stop the server");
            std::future::pending::<()>().await;
        }
    })
}
