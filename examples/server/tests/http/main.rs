//! The whole server over HTTP, in this process.
//!
//! One program, because each links the whole server.

mod admin;
mod bad_input;
mod clock;
#[path = "../common/world.rs"]
mod common;
mod concurrency;
mod cors;
mod encoded;
mod erased;
mod errors;
mod life;
mod limits;
mod minted;
mod passwords;
mod scopes;
mod switched;
