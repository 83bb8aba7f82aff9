//! Access tokens and ID tokens: JWTs signed with ES256, and what clients need to verify them.

mod es256;

use std::fmt;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use oob_mfa::wire::TokenAnswer;
use oob_mfa::{Assurance, Denied, MfaSession, SessionId, TrustedClaims, Verified};
use p256::ecdsa::{SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::UtcDateTime;

/// What mints and opens tokens.
pub struct Tokens {
    issuer: String,
    mfa_audience: String,
    lifetime: Duration,
    kid: String,
    jwk: Value,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// The type of an access token (RFC 9068), by which an ID token is never taken for one.
const ACCESS_TOKEN: &str = "at+jwt";
const ID_TOKEN: &str = "JWT";

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    /// When the user authenticated. A token that only confirmed a phone hands it on.
    auth_time: i64,
    jti: String,
    /// The client, as Auth0 names it.
    azp: String,
    /// The client, as RFC 9068 does.
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

/// Why no token was minted.
#[derive(Debug)]
#[non_exhaustive]
pub enum MintError {
    /// The session that confirmed a phone has less than a second left.
    NothingLeft,
    /// jsonwebtoken could not sign. With a key of the right kind this does not happen.
    Unsigned(Error),
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingLeft => f.write_str("the session has no whole second left"),
            Self::Unsigned(error) => write!(f, "no token could be signed: {error}"),
        }
    }
}

impl std::error::Error for MintError {}

impl Tokens {
    /// Tokens of an issuer, good for `lifetime`, signed with a key.
    #[must_use]
    pub fn new(issuer: String, lifetime: Duration, key: &SigningKey) -> Self {
        // Once per process; a second call finds the same.
        let _ = es256::PROVIDER.install_default();
        let point = VerifyingKey::from(key).to_sec1_point(false);
        let coordinate = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
        let (x, y) = point.as_bytes().split_at(33);
        let (x, y) = (coordinate(&x[1..]), coordinate(y));
        // RFC 7638: the members that make the key, in the order of their names.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = Base64UrlUnpadded::encode_string(&Sha256::digest(thumbprint));
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y,
        });
        let mfa_audience = format!("{issuer}mfa/");
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&mfa_audience]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        // It reads the system's clock; ours is a parameter.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_ec_der(&key.to_bytes()),
            decoding: DecodingKey::from_ec_der(point.as_bytes()),
            issuer,
            mfa_audience,
            lifetime,
            kid,
            jwk,
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
    /// Scope and audience are those that the request for the `mfa_token` was granted. Without an audience the token is for `<issuer>userinfo`, as Auth0's is.
    /// There is an ID token where the scope has `openid`, and the address in it where it has `email`.
    ///
    /// An access token that confirmed a phone is not extended: the new tokens expire with it and carry
    /// its `auth_time`. Otherwise a stolen token could renew itself forever.
    ///
    /// # Errors
    ///
    /// [`MintError`]
    pub fn mint(
        &self,
        verified: &Verified,
        email: Option<&str>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<TokenAnswer, MintError> {
        let iat = verified.verified_at().unix_timestamp();
        let latest = iat.saturating_add_unsigned(self.lifetime.as_secs());
        let exp = verified
            .not_after()
            .map_or(latest, |end| end.unix_timestamp().min(latest));
        let lifetime = u64::try_from(exp.saturating_sub(iat)).unwrap_or_default();
        if lifetime == 0 {
            return Err(MintError::NothingLeft);
        }
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
        let answer = TokenAnswer::new(&access_token, lifetime, verified.scope())
            .with_recovery_code(verified.recovery_code());
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

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, MintError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(MintError::Unsigned)
    }

    /// The session of an access token with the MFA audience: the user has passed a second factor.
    ///
    /// # Errors
    ///
    /// [`Denied::TokenMalformed`], [`Denied::TokenInvalid`], [`Denied::TokenOfAnotherClient`] or
    /// [`Denied::TokenExpired`], in this order.
    pub fn open(
        &self,
        token: &str,
        client: Option<&str>,
        now: UtcDateTime,
    ) -> Result<MfaSession, Denied> {
        let opened = jsonwebtoken::decode::<Value>(token, &self.decoding, &self.validation)
            .map_err(|error| denied(&error))?;
        if opened.header.typ.as_deref() != Some(ACCESS_TOKEN) {
            return Err(Denied::TokenInvalid);
        }
        let claims: AccessClaims =
            serde_json::from_value(opened.claims).map_err(|_| Denied::TokenInvalid)?;
        let moment =
            |seconds| UtcDateTime::from_unix_timestamp(seconds).map_err(|_| Denied::TokenInvalid);
        let session = MfaSession::trusted(TrustedClaims {
            id: SessionId::from_jti(&claims.jti).map_err(|_| Denied::TokenInvalid)?,
            subject: claims.sub.parse().map_err(|_| Denied::TokenInvalid)?,
            client: &claims.azp,
            assurance: Assurance::Mfa,
            scope: &claims.scope,
            audience: &claims.aud,
            authenticated_at: moment(claims.auth_time)?,
            issued_at: moment(claims.iat)?,
            expires_at: moment(claims.exp)?,
        })?;
        session.check_client(client)?;
        if session.expires_at() <= now {
            return Err(Denied::TokenExpired);
        }
        Ok(session)
    }

    /// `GET /.well-known/jwks.json`.
    #[must_use]
    pub fn key_set(&self) -> Value {
        json!({ "keys": [self.jwk] })
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
            "id_token_signing_alg_values_supported": ["ES256"],
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

    /// The audience of the tokens that manage factors.
    #[must_use]
    pub fn mfa_audience(&self) -> &str {
        &self.mfa_audience
    }
}

const GRANT_TYPES: [&str; 4] = [
    "password",
    "http://auth0.com/oauth/grant-type/password-realm",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "http://auth0.com/oauth/grant-type/mfa-recovery-code",
];

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
