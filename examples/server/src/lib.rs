//! A server that answers the requests of Auth0's MFA API for SMS and voice with `oob-mfa`.
//!
//! The engine decides everything. A handler reads a request, names the operation, and writes the
//! answer; `Service::decide` is the one place that loads, asks the
//! engine, saves, asks again after a conflict, and sends.
//!
//! It is an example and no identity provider: users, clients and what each client may ask for stand in
//! the configuration, and the limits on passwords are kept by each process for itself. An embedder has a
//! first factor already.
//!
//! Clock, randomness, store and outbox are parameters, so that tests run the whole server in their
//! own process and in their own time.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clients;
pub mod config;
pub mod demo;
mod files;
pub mod http;
pub mod keys;
pub mod origin;
pub mod outbox;
mod page;
pub mod peers;
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
    let of_key_file = |error| format!("{}: {error}", flags.key_file.display());
    let algorithm = config.signing_algorithm;
    let keys = keys::read(&flags.key_file, algorithm).map_err(of_key_file)?;
    let store = store::open(&flags.store).await?;
    let keys = match keys {
        Some(keys) => keys,
        None if store.is_empty().await? => {
            keys::make_and_read(&flags.key_file, algorithm).map_err(of_key_file)?
        }
        // With new keys no token would open, and no code that is in flight would be right.
        None => {
            let path = flags.key_file.display();
            return Err(
                format!("{path}: the key file is missing, and the store has accounts").into(),
            );
        }
    };
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
    let service = Service::new(config, address, keys, store, outbox);
    let is_demonstration = flags.config.is_none() && address.ip().is_loopback();
    // It shows every code, so nobody else may reach it.
    let service = if is_demonstration {
        tracing::info!("the page of the demonstration: http://{address}/");
        service.with_page()
    } else {
        service
    };
    if !service.any_client_manages_factors() {
        tracing::warn!(
            "no client has manages_factors: nobody can add a second phone or remove one"
        );
    }
    // Before anybody hears that it listens, so that no early signal kills the process.
    let stop = stop_signal()?;
    tracing::info!(%address, issuer = service.issuer(), "listening");
    http::serve(listener, Arc::new(service), stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// Completes at ctrl-c, and at the SIGTERM of an orchestrator.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
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
