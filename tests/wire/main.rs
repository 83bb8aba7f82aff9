//! The wire, byte for byte: the guide's own bodies, every answer, and every row of the error table.

mod answers;
mod bodies;
mod channels;
mod denials;
mod errors;
mod requests;

use oob_mfa::wire::*;
use oob_mfa::*;
use oob_mfa_testing::*;

fn json(body: &str) -> Body {
    serde_json::from_str(body).unwrap()
}

fn form(body: &str) -> Body {
    serde_urlencoded::from_str(body).unwrap()
}

fn text(answer: &impl serde::Serialize) -> String {
    serde_json::to_string(answer).unwrap()
}
