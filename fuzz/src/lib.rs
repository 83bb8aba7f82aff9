//! Properties that must hold for any bytes that reach `oob-mfa`.
//!
//! One function per target. libFuzzer calls it with generated input (`cargo fuzz run TARGET`);
//! `tests/corpus.rs` calls it with every file of `corpus/TARGET/`, on any toolchain. A finding is a
//! panic.

mod body;
pub mod commands;
pub mod exchange;
mod message;
mod phone;
mod record;
mod token;
mod typed;

pub use body::body;
pub use commands::commands;
pub use exchange::exchange;
pub use message::message;
pub use phone::phone;
pub use record::{record, stored};
pub use token::{issued_tokens, seal, token};
