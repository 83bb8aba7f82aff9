//! A client's walk through the whole API, over a real socket, against a server in its own process.
//!
//! The servers of `examples` differ only in their transport, which clients do not see: the same
//! steps test each of them.
#![forbid(unsafe_code)]

pub mod answer;
mod bad_requests;
pub mod client;
mod life;
mod parallel;
pub mod refusal;
mod server;

pub use crate::server::Server;

/// The whole walk, each part on a server without accounts.
///
/// # Panics
///
/// If a response does not match the API.
pub fn walk(start: impl Fn() -> Server) {
    life::whole_life(&start());
    bad_requests::bad_requests(&start());
    parallel::parallel_answers(&start());
}
