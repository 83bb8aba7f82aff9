//! Access tokens and ID tokens: signed JWTs, and what clients need to verify them.

use std::fmt;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Header, Validation};
use oob_mfa::wire::TokenAnswer;
use oob_mfa::{Assurance, Denied, MfaSession, SessionId, TrustedClaims, Verified};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::UtcDateTime;

use crate::keys::{SigningKey, SigningKeys};

/// Mints and opens tokens.
pub struct Tokens {
    issuer: String,
    lifetime: Duration,
    keys: SigningKeys,
    validation: Validation,
}

/// The type of an access token (RFC 9068): an ID token cannot pass as one.
const ACCESS_TOKEN: &str = "at+jwt";
const ID_TOKEN: &str = "JWT";

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    /// When the user authenticated. A token that only confirmed a phone keeps the earlier time.
    auth_time: i64,
    jti: String,
    /// The client, in Auth0's claim.
    azp: String,
    /// The client, in the claim of RFC 9068.
    client_id: String,
    scope: String,
    amr: Vec<String>,
}

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    amr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// Signing failed because memory ran out.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsigned;

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no token could be signed")
    }
}

impl std::error::Error for Unsigned {}

impl Tokens {
    /// Tokens of an issuer, valid for `lifetime`, signed with the current key.
    #[must_use]
    pub fn new(issuer: String, lifetime: Duration, keys: SigningKeys) -> Self {
        let mut validation = Validation::new(keys.current().algorithm());
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[format!("{issuer}mfa/")]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        // The library reads the system's clock; ours is a parameter.
        validation.validate_exp = false;
        Self {
            issuer,
            lifetime,
            keys,
            validation,
        }
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The tokens of a completed login or a confirmed phone.
    ///
    /// Scope and audience are those granted to the request for the `mfa_token`. Without an audience
    /// the token is for `<issuer>userinfo`, as with Auth0. There is an ID token if the scope has
    /// `openid`; it has the e-mail address if the scope has `email`.
    ///
    /// An access token that confirmed a phone is not extended: the new tokens expire with it and carry
    /// its `auth_time`. Otherwise a stolen token could renew itself forever.
    ///
    /// # Errors
    ///
    /// [`Unsigned`]
    pub fn mint(
        &self,
        verified: &Verified,
        email: Option<&str>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<TokenAnswer, Unsigned> {
        let iat = verified.verified_at().unix_timestamp();
        let latest = iat.saturating_add_unsigned(self.lifetime.as_secs());
        let exp = verified
            .not_after()
            .map_or(latest, |end| end.unix_timestamp().min(latest));
        let lifetime = u64::try_from(exp.saturating_sub(iat)).unwrap_or_default();
        let auth_time = verified.authenticated_at().unix_timestamp();
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let amr: Vec<String> = ["pwd"]
            .iter()
            .chain(verified.amr())
            .map(|&method| method.to_owned())
            .collect();
        let aud = match verified.audience() {
            "" => format!("{}userinfo", self.issuer),
            audience => audience.to_owned(),
        };
        let access_token = self.sign(
            ACCESS_TOKEN,
            &AccessClaims {
                iss: self.issuer.clone(),
                aud,
                sub: verified.subject().as_str().to_owned(),
                iat,
                exp,
                auth_time,
                jti: Base64UrlUnpadded::encode_string(&id),
                azp: verified.client().to_owned(),
                client_id: verified.client().to_owned(),
                scope: verified.scope().to_owned(),
                amr: amr.clone(),
            },
        )?;
        let answer = TokenAnswer::new(&access_token, lifetime, verified.scope());
        let granted = |name: &str| {
            let mut scopes = verified.scope().split_ascii_whitespace();
            scopes.any(|scope| scope == name)
        };
        if !granted("openid") {
            return Ok(answer);
        }
        let id_token = self.sign(
            ID_TOKEN,
            &IdClaims {
                iss: &self.issuer,
                aud: verified.client(),
                sub: verified.subject().as_str(),
                iat,
                exp,
                auth_time,
                amr,
                email: email.filter(|_| granted("email")),
            },
        )?;
        Ok(answer.with_id_token(&id_token))
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, Unsigned> {
        let key = self.keys.current();
        let mut header = Header::new(key.algorithm());
        header.typ = Some(kind.to_owned());
        header.kid = Some(key.id().to_owned());
        let mut token = [part(&header)?, part(claims)?].join(".");
        let signature = key.sign(token.as_bytes());
        token.push('.');
        token += &Base64UrlUnpadded::encode_string(&signature.map_err(|_| Unsigned)?);
        Ok(token)
    }

    /// The session of an access token with the MFA audience: the user has passed a second factor.
    ///
    /// # Errors
    ///
    /// [`Denied::TokenMalformed`] or [`Denied::TokenInvalid`], in this order. The caller checks
    /// that it belongs to the client and has not expired.
    pub fn open(&self, token: &str) -> Result<MfaSession, Denied> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| denied(&error))?;
        let key = self
            .keys
            .all()
            .find(|key| header.kid.as_deref() == Some(key.id()))
            .ok_or(Denied::TokenInvalid)?;
        // The key has one algorithm, whatever the header names.
        let mut validation = self.validation.clone();
        validation.algorithms = vec![key.algorithm()];
        let opened = jsonwebtoken::decode::<Value>(token, key.decoding(), &validation)
            .map_err(|error| denied(&error))?;
        if opened.header.typ.as_deref() != Some(ACCESS_TOKEN) {
            return Err(Denied::TokenInvalid);
        }
        let claims: AccessClaims =
            serde_json::from_value(opened.claims).map_err(|_| Denied::TokenInvalid)?;
        let moment =
            |seconds| UtcDateTime::from_unix_timestamp(seconds).map_err(|_| Denied::TokenInvalid);
        MfaSession::trusted(TrustedClaims {
            id: SessionId::from_jti(&claims.jti).map_err(|_| Denied::TokenInvalid)?,
            subject: claims.sub.parse().map_err(|_| Denied::TokenInvalid)?,
            client: &claims.azp,
            assurance: Assurance::Mfa,
            scope: &claims.scope,
            audience: &claims.aud,
            authenticated_at: moment(claims.auth_time)?,
            issued_at: moment(claims.iat)?,
            expires_at: moment(claims.exp)?,
        })
    }

    /// `GET /.well-known/jwks.json`.
    #[must_use]
    pub fn key_set(&self) -> Value {
        let keys: Vec<_> = self.keys.all().map(SigningKey::jwk).collect();
        json!({ "keys": keys })
    }

    /// `GET /.well-known/openid-configuration`.
    #[must_use]
    pub fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "token_endpoint": at("oauth/token"),
            "jwks_uri": at(".well-known/jwks.json"),
            "mfa_challenge_endpoint": at("mfa/challenge"),
            "grant_types_supported": GRANT_TYPES,
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.keys.current().algorithm()],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "none"],
            "scopes_supported": [
                "openid", "profile", "email",
                "enroll", "read:authenticators", "remove:authenticators",
            ],
            "claims_supported":
                ["iss", "aud", "sub", "iat", "exp", "auth_time", "amr", "email"],
        })
    }
}

const GRANT_TYPES: [&str; 4] = [
    "password",
    "http://auth0.com/oauth/grant-type/password-realm",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "http://auth0.com/oauth/grant-type/mfa-recovery-code",
];

/// A part of a JWT.
fn part(content: &impl Serialize) -> Result<String, Unsigned> {
    let text = serde_json::to_vec(content).map_err(|_| Unsigned)?;
    Ok(Base64UrlUnpadded::encode_string(&text))
}

/// A text that is not a JWT is malformed; a JWT that is not ours is invalid.
fn denied(error: &Error) -> Denied {
    match error.kind() {
        ErrorKind::InvalidToken
        | ErrorKind::Base64(_)
        | ErrorKind::Json(_)
        | ErrorKind::Utf8(_) => Denied::TokenMalformed,
        _ => Denied::TokenInvalid,
    }
}

#[cfg(test)]
mod tests;
