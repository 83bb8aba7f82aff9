//! Which endpoint a request is for.

use crate::names::named;

/// An endpoint of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `POST /oauth/token`
    Token,
    /// `POST /mfa/associate`
    Associate,
    /// `POST /mfa/challenge`
    Challenge,
    /// `GET /mfa/authenticators`
    Authenticators,
    /// `DELETE /mfa/authenticators/{id}`
    RemoveAuthenticator,
}

named!(Endpoint {
    Token: "token";
    Associate: "associate";
    Challenge: "challenge";
    Authenticators: "authenticators";
    RemoveAuthenticator: "remove_authenticator";
});

/// The result of routing a method and a path.
pub(super) enum Route {
    Found(Endpoint),
    /// `OPTIONS`: the methods of a resource, or of the server.
    Options(&'static str),
    /// 405: the resource has only these methods.
    MethodNotAllowed(&'static str),
    NotFound,
}

const POST: &str = "POST, OPTIONS";
const GET: &str = "GET, HEAD, OPTIONS";
const DELETE: &str = "DELETE, OPTIONS";
const ALL: &str = "GET, HEAD, POST, DELETE, OPTIONS";

impl Route {
    pub(super) fn of(method: &str, path: &str) -> Self {
        let (endpoint, allowed) = match path {
            "/oauth/token" => (Endpoint::Token, POST),
            "/mfa/associate" => (Endpoint::Associate, POST),
            "/mfa/challenge" => (Endpoint::Challenge, POST),
            "/mfa/authenticators" => (Endpoint::Authenticators, GET),
            "*" if method == "OPTIONS" => return Self::Options(ALL),
            path => match path.strip_prefix("/mfa/authenticators/") {
                Some(id) if !id.is_empty() && !id.contains('/') => {
                    (Endpoint::RemoveAuthenticator, DELETE)
                }
                _ => return Self::NotFound,
            },
        };
        match method {
            "OPTIONS" => Self::Options(allowed),
            method if allowed.split(", ").any(|known| known == method) => Self::Found(endpoint),
            _ => Self::MethodNotAllowed(allowed),
        }
    }
}
