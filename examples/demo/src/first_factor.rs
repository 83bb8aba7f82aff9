//! The first factor is a stub: one user, one client, and their secrets in the source.

use oob_mfa::Subject;
use oob_mfa::exchange::{Exchange, Grant, Passed};
use oob_mfa::wire::{ClientCredentials, ErrorAnswer};
use subtle::ConstantTimeEq;

const USER: &str = "alice@example.com";
const PASSWORD: &str = "correct horse battery staple";
const SUBJECT: &str = "auth0|alice";

const CLIENT: &str = "demo";
const CLIENT_SECRET: &str = "demo-secret";
/// The scopes that the client may request. There are no refresh tokens, so `offline_access` is not
/// one of them.
const SCOPES: [&str; 5] = [
    "openid",
    "profile",
    "enroll",
    "read:authenticators",
    "remove:authenticators",
];

/// Whether these are the credentials of the client.
pub(crate) fn is_client(credentials: &ClientCredentials) -> bool {
    credentials.client_id() == CLIENT && credentials.matches(Some(CLIENT_SECRET))
}

pub(crate) struct FirstFactor {
    mfa_audience: String,
}

impl FirstFactor {
    pub(crate) const fn new(mfa_audience: String) -> Self {
        Self { mfa_audience }
    }

    /// Answers the password grant.
    pub(crate) fn answer(&self, grant: Grant) -> Exchange {
        if grant.grant_type() != "password" {
            return grant.unsupported();
        }
        match self.judge(&grant) {
            Ok((subject, scope, audience)) => grant.first_factor(Passed {
                subject,
                scope,
                audience,
            }),
            Err(error) => grant.fail(error),
        }
    }

    fn judge(&self, grant: &Grant) -> Result<(Subject, String, String), ErrorAnswer> {
        let body = grant.body();
        let (name, password) = (body.required("username")?, body.required("password")?);
        let audience = body.optional("audience")?.unwrap_or_default();
        if !audience.is_empty() && audience != self.mfa_audience {
            let text = "The client is not allowed to ask for this audience.";
            return Err(ErrorAnswer::new(403, "access_denied", text));
        }
        let scope = grant.scope(&SCOPES)?;
        let subject = user(name, password)
            .ok_or_else(|| ErrorAnswer::new(403, "invalid_grant", "Wrong email or password."))?;
        Ok((subject, scope, audience.to_owned()))
    }
}

/// The user with this name and password.
///
/// A real server hashes passwords with argon2, and limits the number of tries.
fn user(name: &str, password: &str) -> Option<Subject> {
    let right = bool::from(password.as_bytes().ct_eq(PASSWORD.as_bytes()));
    (right && name == USER)
        .then(|| SUBJECT.parse().ok())
        .flatten()
}
