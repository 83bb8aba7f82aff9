//! A server for Auth0's MFA API for SMS and voice, built on `oob-mfa`.
//!
//! The crate decides everything: `driver` passes each step of a request to the part of the server
//! that does it.
//!
//! It is an example, not an identity provider: users, clients and their rights are in the
//! configuration, and each process has its own password limits. Your server already has a first
//! factor.
//!
//! Clock, randomness, store and outbox are parameters: tests run the whole server in their own
//! process with their own clock.
#![forbid(unsafe_code)]

pub mod admin;
mod admission;
pub mod audit;
pub mod cli;
pub mod clients;
pub mod config;
pub mod demo;
mod driver;
mod files;
mod first_factor;
pub mod http;
pub mod keys;
pub mod log;
pub mod metrics;
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

use tokio_util::sync::CancellationToken;

use crate::admin::Operators;
use crate::cli::Flags;
use crate::config::Config;
use crate::outbox::{FileOutbox, Outbox, StandardOutput};
use crate::service::Service;
use crate::store::{Store, StoreUrl};

/// Runs the command of the flags, and serves until ctrl-c or SIGTERM.
///
/// # Errors
///
/// Why it cannot start.
pub async fn run(
    flags: Flags,
    config: Config,
    operators: Option<Operators>,
) -> Result<(), Box<dyn Error>> {
    for warning in cli::warnings(&flags, &config) {
        tracing::warn!("{warning}");
    }
    let of_key_file = |error| format!("{}: {error}", flags.key_file.display());
    let algorithm = config.signing_algorithm;
    let keys = keys::read(&flags.key_file, algorithm).map_err(of_key_file)?;
    let store = open_store(&flags.store).await?;
    let key_file = flags.key_file.display();
    let keys = match keys {
        Some(keys) => {
            tracing::info!(path = %key_file, "key file read");
            keys
        }
        None if store.is_empty().await? => {
            let keys = keys::make_and_read(&flags.key_file, algorithm).map_err(of_key_file)?;
            tracing::info!(path = %key_file, "key file created: keep a copy. Without it, pending codes and tokens are invalid");
            keys
        }
        // With new keys, every pending token and code would be invalid.
        None => {
            return Err(
                format!("{key_file}: the key file is missing, but the store has accounts: restore the key file").into(),
            );
        }
    };
    let outbox: Arc<dyn Outbox> = match &flags.outbox {
        Some(path) => {
            let outbox = FileOutbox::open(path);
            let outbox = outbox.map_err(|error| format!("{}: {error}", path.display()))?;
            tracing::info!(path = %path.display(), "messages go to a file");
            Arc::new(outbox)
        }
        None => {
            tracing::info!("messages go to standard output");
            Arc::new(StandardOutput)
        }
    };
    let listener = flags.listen.bind().await?;
    let address = listener.local_addr()?;
    let admin_listener = match &flags.admin_listen {
        Some(admin) => Some(admin.bind().await?),
        None => None,
    };
    let service = Service::new(config, address, keys, store, outbox);
    let is_demonstration = flags.config.is_none() && address.ip().is_loopback();
    // The page shows every code, so only this machine may reach it.
    let service = if is_demonstration {
        tracing::info!("the demo page: http://{address}/");
        service.with_page()
    } else {
        service
    };
    let service = Arc::new(service);
    // Before the server logs that it listens: an early signal must not kill the process.
    let stop = stop_signal()?;
    let stopping = CancellationToken::new();
    let stopped = stopping.clone();
    let mut servers = tokio::task::JoinSet::new();
    if let (Some(listener), Some(operators)) = (admin_listener, operators) {
        tracing::info!(at = %listener.local_addr()?, "administration and /metrics");
        let (service, stopped) = (Arc::clone(&service), stopping.clone());
        servers.spawn(async move {
            admin::serve(listener, service, operators, stopped.cancelled_owned()).await;
        });
    }
    tracing::info!(%address, issuer = service.issuer(), "listening");
    let served = CancellationToken::new();
    let logged = tokio::spawn(audit::follow(Arc::clone(&service), served.clone()));
    servers.spawn(async move { http::serve(listener, service, stopped.cancelled_owned()).await });
    stop.await;
    stopping.cancel();
    servers.join_all().await;
    // Log the events of the last requests before the process ends.
    served.cancel();
    logged.await?;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the store, and logs where it is.
async fn open_store(url: &StoreUrl) -> Result<Arc<dyn Store>, String> {
    let made = matches!(url, StoreUrl::Redb(path) if !path.exists());
    let store = store::open(url).await?;
    match url {
        StoreUrl::Redb(path) if made => tracing::info!(path = %path.display(), "store created"),
        StoreUrl::Redb(path) => tracing::info!(path = %path.display(), "store opened"),
        StoreUrl::Postgres { .. } => tracing::info!("store opened: PostgreSQL"),
        StoreUrl::Redis { .. } => tracing::info!("store opened: Redis"),
    }
    Ok(store)
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
