//! The first factor, and it is a stub: one user, one client, and their secrets in the source.

use oob_mfa::Subject;
use oob_mfa::wire::{BadRequest, Body};
use subtle::ConstantTimeEq;

const USER: &str = "alice@example.com";
const PASSWORD: &str = "correct horse battery staple";
const SUBJECT: &str = "auth0|alice";

const CLIENT: &str = "demo";
const CLIENT_SECRET: &str = "demo-secret";

/// The user whose name and password these are.
///
/// A real one hashes passwords with argon2, and limits how many may be tried.
pub(crate) fn user(name: &str, password: &str) -> Option<Subject> {
    let right = bool::from(password.as_bytes().ct_eq(PASSWORD.as_bytes()));
    (right && name == USER)
        .then(|| SUBJECT.parse().ok())
        .flatten()
}

/// The id of the client that a request comes from, once it has authenticated.
pub(crate) fn client(body: &Body, authorization: Option<&str>) -> Result<&'static str, BadRequest> {
    let credentials = body.client(authorization)?;
    if credentials.client_id() == CLIENT && credentials.matches(Some(CLIENT_SECRET)) {
        Ok(CLIENT)
    } else {
        Err(BadRequest::InvalidClient)
    }
}
