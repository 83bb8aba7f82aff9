//! The exchange through its public API: every answer byte for byte, every step, and random drivers.

mod answers;
mod bodies;
mod codes;
mod conflicts;
mod denials;
mod grants;
mod http;
mod interleaved;
mod minting;
mod order;
mod routes;
mod secrets;
mod sending;
mod server;
mod sessions;
