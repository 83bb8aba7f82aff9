//! A client's walk through the whole API, over a real socket, against a server in a process of its own.
//!
//! The servers of `examples` differ in their transport and in nothing that a client sees: each is driven
//! by these same steps.
#![forbid(unsafe_code)]

mod bad_requests;
mod client;
mod life;
mod parallel;
mod server;

pub use crate::server::Server;

/// The whole walk, each part of it on a server that knows no account.
///
/// # Panics
///
/// At the first answer that is not the API's.
pub fn walk(start: impl Fn() -> Server) {
    life::whole_life(&start());
    bad_requests::bad_requests(&start());
    parallel::parallel_answers(&start());
}
