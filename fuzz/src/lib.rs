//! Properties that must hold for any bytes that reach `oob-mfa`.
//!
//! One function per target. libFuzzer calls it with generated input (`cargo fuzz run TARGET`), and
//! `tests/corpus.rs` with every file of `corpus/TARGET/` on any toolchain. A function that returns
//! found nothing.

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
pub use message::{APART, message};
pub use phone::phone;
pub use record::{record, stored};
pub use token::{issued_tokens, seal, token};
