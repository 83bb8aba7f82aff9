//! The configuration: who may sign in, through which clients, and under which policy.

mod mistake;
mod passwords;
mod policy;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use oob_mfa::message::{AppName, Host, Wording};
use oob_mfa::{Policy, Subject};
use serde::Deserialize;
use zeroize::Zeroizing;

use self::policy::WrittenPolicy;
use crate::admission::{Prefix, Prefixes};
use crate::clients::{Client, Clients, DEFAULT_SCOPES};
use crate::keys::SigningAlgorithm;
use crate::origin::Origin;
use crate::peers::TrustedProxies;
use crate::users::{self, User, Users};

/// A checked configuration: nothing in it can fail later.
pub struct Config {
    /// The issuer in tokens, with its last slash; `None` for the address that the server listens
    /// on.
    pub issuer: Option<String>,
    /// The lifetime of access tokens and ID tokens.
    pub token_lifetime: Duration,
    /// The signature algorithm.
    pub signing_algorithm: SigningAlgorithm,
    /// The engine's policy.
    pub policy: Policy,
    /// Which numbers get messages.
    pub(crate) prefixes: Prefixes,
    /// The text of messages.
    pub wording: Wording,
    /// Who may sign in.
    pub users: Users,
    /// The clients.
    pub clients: Clients,
    /// How connections are kept.
    pub connections: ConnectionSettings,
}

/// How connections are kept.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// How long a connection may be idle between two requests.
    pub keep_alive: Duration,
    /// How many connections one address may have.
    pub per_address: usize,
    /// The proxies whose `X-Forwarded-For` is trusted. They may have any number of connections.
    pub trusted_proxies: TrustedProxies,
}

/// What is wrong with a configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// The notice at startup without a configuration.
    pub const DEMONSTRATION_NOTICE: &str = "\
No --config: this is a demo with publicly known credentials.
  user    alice@example.com, password: correct horse battery staple
  client  demo, secret: demo-secret
  client  demo-public, without a secret";

    /// The only user of the demo.
    pub const DEMONSTRATION_SUBJECT: &str = "auth0|alice";

    const DEMONSTRATION: &str = r#"
        webotp_host = "localhost"

        [[users]]
        email = "alice@example.com"
        sub = "auth0|alice"
        password = "correct horse battery staple"

        [[clients]]
        id = "demo"
        secret = "demo-secret"
        manages_factors = true

        [[clients]]
        id = "demo-public"
        manages_factors = true
    "#;

    /// One user and two clients: see [`DEMONSTRATION_NOTICE`](Self::DEMONSTRATION_NOTICE).
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness for the salt of the password.
    #[must_use]
    pub fn demonstration() -> Self {
        Self::parse(Self::DEMONSTRATION).expect("the configuration of the demonstration is valid")
    }

    /// Reads and checks a configuration.
    ///
    /// # Errors
    ///
    /// The first mistake: the syntax, an unknown field, a number out of bounds, a duplicate user or
    /// client.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let written: Written =
            toml::from_str(text).map_err(|error| ConfigError(mistake::told(text, &error)))?;
        let policy = written.policy.build()?;
        let token_lifetime = Duration::from_secs(written.token_lifetime_seconds.unwrap_or(600));
        if token_lifetime.is_zero() || token_lifetime > policy.longest_session() {
            return Err(ConfigError(format!(
                "token_lifetime_seconds must be 1 to {}, the policy's longest session",
                policy.longest_session().as_secs()
            )));
        }
        Ok(Self {
            issuer: written.issuer.map(checked_issuer).transpose()?,
            token_lifetime,
            signing_algorithm: written.signing_algorithm,
            policy,
            prefixes: Prefixes {
                allowed: written.allowed_prefixes,
                denied: written.denied_prefixes,
            },
            wording: wording(
                written.app_name.as_deref().unwrap_or("oob-mfa"),
                written.webotp_host.as_deref(),
            )?,
            users: users(written.users)?,
            clients: clients(written.clients)?,
            connections: ConnectionSettings {
                keep_alive: keep_alive(written.keep_alive_seconds.unwrap_or(75))?,
                per_address: per_address(written.connections_per_address.unwrap_or(64))?,
                trusted_proxies: TrustedProxies(
                    written
                        .trusted_proxies
                        .iter()
                        .map(IpAddr::to_canonical)
                        .collect(),
                ),
            },
        })
    }
}

fn keep_alive(seconds: u64) -> Result<Duration, ConfigError> {
    if !(1..=3_600).contains(&seconds) {
        return Err(ConfigError(
            "keep_alive_seconds must be 1 to 3600".to_owned(),
        ));
    }
    Ok(Duration::from_secs(seconds))
}

fn per_address(connections: usize) -> Result<usize, ConfigError> {
    if connections == 0 {
        return Err(ConfigError(
            "connections_per_address must be at least 1".to_owned(),
        ));
    }
    Ok(connections)
}

fn checked_issuer(issuer: String) -> Result<String, ConfigError> {
    let is_url = issuer.starts_with("https://") || issuer.starts_with("http://");
    // Paths are appended to the issuer, and clients compare it byte by byte.
    if !is_url || !issuer.ends_with('/') || issuer.contains(['?', '#', ' ']) {
        return Err(ConfigError(format!(
            "issuer {issuer:?} must be an http or https URL that ends with a slash, without a query, fragment or space"
        )));
    }
    Ok(issuer)
}

fn wording(app_name: &str, host: Option<&str>) -> Result<Wording, ConfigError> {
    let app: AppName = app_name
        .parse()
        .map_err(|error| ConfigError(format!("app_name: {error}")))?;
    let host: Option<Host> = host
        .map(|host| {
            host.parse()
                .map_err(|error| ConfigError(format!("webotp_host: {error}")))
        })
        .transpose()?;
    Wording::new(app, host).map_err(|error| ConfigError(format!("app_name, webotp_host: {error}")))
}

fn users(written: Vec<WrittenUser>) -> Result<Users, ConfigError> {
    let mut users: Vec<User> = Vec::with_capacity(written.len());
    for WrittenUser {
        email,
        sub,
        password,
        password_hash,
    } in written
    {
        let wrong = |what: &str| Err(ConfigError(format!("user {email:?}: {what}")));
        let password_hash = match (password, password_hash) {
            (Some(password), None) => users::hash(&password)
                .map_err(|error| ConfigError(format!("user {email:?}: password: {error}")))?,
            (None, Some(hash)) => match PasswordHash::new(&hash) {
                Ok(hash) if hash.algorithm.as_str().starts_with("argon2") => hash,
                _ => return wrong("password_hash is not an argon2 PHC string"),
            },
            _ => return wrong("set either password or password_hash"),
        };
        if users
            .iter()
            .any(|user| user.email.eq_ignore_ascii_case(&email))
        {
            return wrong("the email is a duplicate");
        }
        if users.iter().any(|user| user.subject == sub) {
            return wrong("the sub is a duplicate");
        }
        users.push(User {
            email,
            subject: sub,
            password_hash,
        });
    }
    passwords::check(&users)?;
    Ok(Users::new(users))
}

fn clients(written: Vec<WrittenClient>) -> Result<Clients, ConfigError> {
    let mut clients = Clients::default();
    for WrittenClient {
        id,
        secret,
        audiences,
        scopes,
        manages_factors,
        allowed_origins,
    } in written
    {
        let wrong = |what: &str| Err(ConfigError(format!("client {id:?}: {what}")));
        if id.is_empty() || id.len() > 255 {
            return wrong("an id has 1 to 255 bytes");
        }
        if secret.as_ref().is_some_and(|secret| secret.is_empty()) {
            return wrong("secret is empty: remove it for a public client");
        }
        let scopes = scopes.unwrap_or_else(|| DEFAULT_SCOPES.map(str::to_owned).to_vec());
        if scopes.iter().any(|scope| scope == "offline_access") {
            return wrong(
                "scopes has offline_access, but this server issues no refresh tokens: remove it",
            );
        }
        let client = Client {
            secret,
            audiences,
            scopes,
            manages_factors,
            allowed_origins,
        };
        if !clients.add(id.clone(), client) {
            return wrong("the id is a duplicate");
        }
    }
    if clients.is_empty() {
        return Err(ConfigError(
            "there is no client: add one as [[clients]]".to_owned(),
        ));
    }
    Ok(clients)
}

/// The format of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    issuer: Option<String>,
    app_name: Option<String>,
    webotp_host: Option<String>,
    token_lifetime_seconds: Option<u64>,
    #[serde(default)]
    signing_algorithm: SigningAlgorithm,
    keep_alive_seconds: Option<u64>,
    connections_per_address: Option<usize>,
    #[serde(default)]
    trusted_proxies: Vec<IpAddr>,
    #[serde(default)]
    allowed_prefixes: Vec<Prefix>,
    #[serde(default)]
    denied_prefixes: Vec<Prefix>,
    #[serde(default)]
    policy: WrittenPolicy,
    #[serde(default)]
    users: Vec<WrittenUser>,
    #[serde(default)]
    clients: Vec<WrittenClient>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUser {
    email: String,
    sub: Subject,
    password: Option<Zeroizing<String>>,
    password_hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClient {
    id: String,
    secret: Option<Zeroizing<String>>,
    #[serde(default)]
    audiences: Vec<String>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    manages_factors: bool,
    #[serde(default)]
    allowed_origins: Vec<Origin>,
}

#[cfg(test)]
mod tests;
