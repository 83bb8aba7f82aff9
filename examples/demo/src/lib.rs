//! All of a small server but the transport: what `examples/actix` and `examples/blocking` share.
//!
//! `service` is what an embedder writes: it reads a request, opens the token, asks the engine and makes
//! the answer, each endpoint in a few lines. The rest stands for what he has already: `first_factor` for
//! his passwords, `store` for his database, `access_tokens` for his tokens, `outbox` for his provider.
//!
//! Everything is in memory and gone with the process, and there is one user. `examples/server` is a
//! server that keeps what it is told.
#![forbid(unsafe_code)]

mod access_tokens;
mod first_factor;
mod outbox;
mod service;
mod store;

use std::net::{AddrParseError, SocketAddr};

pub use crate::service::{Request, Service};

/// Where to listen: the first argument of the program, or port 8080 of this machine.
///
/// # Errors
///
/// The argument is no address.
pub fn address() -> Result<SocketAddr, AddrParseError> {
    let argument = std::env::args().nth(1);
    argument.as_deref().unwrap_or("127.0.0.1:8080").parse()
}
