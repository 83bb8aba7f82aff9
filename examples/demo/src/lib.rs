//! A small server without its transport: the part that `examples/actix` and `examples/blocking`
//! share.
//!
//! `service` is the part that an embedder writes: a loop over the steps of a request. The rest
//! replaces what they already have: `first_factor` their passwords, `store` their database,
//! `access_tokens` their tokens, `outbox` their provider.
//!
//! Everything is in memory and lost at the end of the process. There is one user. `examples/server`
//! keeps its data.
#![forbid(unsafe_code)]

mod access_tokens;
mod first_factor;
mod outbox;
mod service;
mod store;

use std::net::{AddrParseError, SocketAddr};

pub use crate::service::Service;

/// Where to listen: the first argument of the program, or port 8080 of this machine.
///
/// # Errors
///
/// The argument is not an address.
pub fn address() -> Result<SocketAddr, AddrParseError> {
    let argument = std::env::args().nth(1);
    argument.as_deref().unwrap_or("127.0.0.1:8080").parse()
}
