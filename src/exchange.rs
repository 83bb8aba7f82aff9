//! One request's whole way, as a machine of steps.
mod account;
mod endpoints;
mod machine;
mod reply;
mod request;
mod route;

pub use self::endpoints::Passed;
pub use self::machine::{Admit, Client, Exchange, Grant, Load, Mint, Replace, Send, Token};
pub use self::reply::Reply;
pub use self::request::Request;
pub use self::route::Endpoint;
