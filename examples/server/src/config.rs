//! The configuration: who may sign in, through which clients, and by what policy.

use std::fmt;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use oob_mfa::message::{AppName, Host, Wording};
use oob_mfa::{Channel, Channels, Policy, RateLimit, RecoveryCodes, Subject};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::clients::Clients;
use crate::users::{self, User, Users};

/// A configuration that was checked: nothing in it can fail later.
pub struct Config {
    /// What tokens name as their issuer, with its last slash; none for the address listened on.
    pub issuer: Option<String>,
    /// How long an access token and an ID token are good for.
    pub token_lifetime: Duration,
    /// What the engine decides by.
    pub policy: Policy,
    /// What messages say.
    pub wording: Wording,
    /// Who may sign in.
    pub users: Users,
    /// Through what.
    pub clients: Clients,
}

/// What is wrong with a configuration, for whoever wrote it.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// What is said at the start without a configuration.
    pub const DEMONSTRATION_NOTICE: &str = "\
No --config: this is a demonstration, with credentials that everybody knows.
  user    alice@example.com, password: correct horse battery staple
  client  demo, secret: demo-secret
  client  demo-public, without a secret";

    const DEMONSTRATION: &str = r#"
        [[users]]
        email = "alice@example.com"
        sub = "auth0|alice"
        password = "correct horse battery staple"

        [[clients]]
        id = "demo"
        secret = "demo-secret"

        [[clients]]
        id = "demo-public"
    "#;

    /// One user and two clients, as [`DEMONSTRATION_NOTICE`](Self::DEMONSTRATION_NOTICE) says.
    ///
    /// # Panics
    ///
    /// Where the operating system has no randomness for the salt of the password.
    #[must_use]
    pub fn demonstration() -> Self {
        Self::parse(Self::DEMONSTRATION).expect("the configuration of the demonstration is valid")
    }

    /// Reads and checks a configuration.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: the syntax, an unknown field, a number out of its bounds, a
    /// user or a client that is there twice.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let written: Written =
            toml::from_str(text).map_err(|error| ConfigError(place(text, &error)))?;
        let policy = written.policy.build()?;
        let token_lifetime = Duration::from_secs(written.token_lifetime_seconds);
        if token_lifetime.is_zero() || token_lifetime > policy.longest_session() {
            return Err(ConfigError(format!(
                "token_lifetime_seconds has to be 1 to {}, the policy's longest session",
                policy.longest_session().as_secs()
            )));
        }
        Ok(Self {
            issuer: written.issuer.map(checked_issuer).transpose()?,
            token_lifetime,
            policy,
            wording: wording(&written.app_name, written.webotp_host.as_deref())?,
            users: users(written.users)?,
            clients: clients(written.clients)?,
        })
    }
}

fn checked_issuer(issuer: String) -> Result<String, ConfigError> {
    let is_url = issuer.starts_with("https://") || issuer.starts_with("http://");
    // Paths are appended to it, and clients compare it byte by byte.
    if !is_url || !issuer.ends_with('/') || issuer.contains(['?', '#', ' ']) {
        return Err(ConfigError(format!(
            "issuer {issuer:?} has to be a URL that ends with a slash, without a query"
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

/// What is wrong and on which line, without the line: it may hold a password.
fn place(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start));
    let line = line.map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
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
                _ => return wrong("password_hash is no PHC string of argon2"),
            },
            _ => return wrong("either password or password_hash has to be there"),
        };
        if users
            .iter()
            .any(|user| user.email.eq_ignore_ascii_case(&email))
        {
            return wrong("the email is there twice");
        }
        if users.iter().any(|user| user.subject == sub) {
            return wrong("the sub is there twice");
        }
        users.push(User {
            email,
            subject: sub,
            password_hash,
        });
    }
    Ok(Users::new(users))
}

fn clients(written: Vec<WrittenClient>) -> Result<Clients, ConfigError> {
    let mut clients = Clients::default();
    for WrittenClient { id, secret } in written {
        let wrong = |what: &str| Err(ConfigError(format!("client {id:?}: {what}")));
        if id.is_empty() || id.len() > 255 {
            return wrong("an id has 1 to 255 bytes");
        }
        if secret.as_ref().is_some_and(|secret| secret.is_empty()) {
            return wrong("an empty secret: leave it out for a public client");
        }
        if !clients.add(id.clone(), secret) {
            return wrong("the id is there twice");
        }
    }
    if clients.is_empty() {
        return Err(ConfigError(
            "there is no client: add one as [[clients]]".to_owned(),
        ));
    }
    Ok(clients)
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    issuer: Option<String>,
    #[serde(default = "default_app_name")]
    app_name: String,
    webotp_host: Option<String>,
    #[serde(default = "default_token_lifetime")]
    token_lifetime_seconds: u64,
    #[serde(default)]
    policy: WrittenPolicy,
    #[serde(default)]
    users: Vec<WrittenUser>,
    #[serde(default)]
    clients: Vec<WrittenClient>,
}

fn default_app_name() -> String {
    "oob-mfa".to_owned()
}

const fn default_token_lifetime() -> u64 {
    600
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
}

/// A preset, and the numbers that differ from it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPolicy {
    #[serde(default)]
    preset: Preset,
    code_digits: Option<usize>,
    code_lifetime_seconds: Option<u64>,
    mfa_token_lifetime_seconds: Option<u64>,
    longest_session_seconds: Option<u64>,
    sends: Option<WrittenLimit>,
    binding_failures: Option<WrittenLimit>,
    recovery_failures: Option<WrittenLimit>,
    attempts_per_challenge: Option<u32>,
    failure_cap: Option<u32>,
    channels: Option<Vec<Channel>>,
    max_phones: Option<usize>,
    recovery_codes: Option<bool>,
}

#[derive(Default, Deserialize)]
enum Preset {
    #[default]
    #[serde(rename = "auth0")]
    Auth0,
    #[serde(rename = "nist-800-63b4")]
    Nist80063b4,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLimit {
    burst: u32,
    refill_seconds: u64,
}

impl WrittenPolicy {
    fn build(self) -> Result<Policy, ConfigError> {
        let wrong = |error: &dyn fmt::Display| ConfigError(format!("policy: {error}"));
        let seconds = Duration::from_secs;
        let mut policy = match self.preset {
            Preset::Auth0 => Policy::auth0(),
            Preset::Nist80063b4 => Policy::nist_800_63b4(),
        };
        if let Some(digits) = self.code_digits {
            policy = policy
                .with_code_digits(digits)
                .map_err(|error| wrong(&error))?;
        }
        if let Some(lifetime) = self.code_lifetime_seconds {
            policy = policy
                .with_code_lifetime(seconds(lifetime))
                .map_err(|error| wrong(&error))?;
        }
        // Each bounds the other: the token's lifetime goes first where it shrinks.
        let shrunk = self
            .mfa_token_lifetime_seconds
            .filter(|lifetime| seconds(*lifetime) <= policy.token_lifetime());
        if let Some(lifetime) = shrunk {
            policy = policy
                .with_token_lifetime(seconds(lifetime))
                .map_err(|error| wrong(&error))?;
        }
        if let Some(lifetime) = self.longest_session_seconds {
            policy = policy
                .with_longest_session(seconds(lifetime))
                .map_err(|error| wrong(&error))?;
        }
        if let Some(lifetime) = self.mfa_token_lifetime_seconds {
            policy = policy
                .with_token_lifetime(seconds(lifetime))
                .map_err(|error| wrong(&error))?;
        }
        let limit = |WrittenLimit {
                         burst,
                         refill_seconds,
                     }| {
            RateLimit::new(burst, seconds(refill_seconds)).map_err(|error| wrong(&error))
        };
        if let Some(sends) = self.sends {
            policy = policy.with_sends(limit(sends)?);
        }
        if let Some(failures) = self.binding_failures {
            policy = policy
                .with_binding_failures(limit(failures)?)
                .map_err(|error| wrong(&error))?;
        }
        if let Some(failures) = self.recovery_failures {
            policy = policy
                .with_recovery_failures(limit(failures)?)
                .map_err(|error| wrong(&error))?;
        }
        if let Some(attempts) = self.attempts_per_challenge {
            policy = policy
                .with_attempts_per_challenge(Some(attempts))
                .map_err(|error| wrong(&error))?;
        }
        if let Some(cap) = self.failure_cap {
            policy = policy
                .with_failure_cap(Some(cap))
                .map_err(|error| wrong(&error))?;
        }
        if let Some(channels) = self.channels {
            let has = |channel| channels.contains(&channel);
            policy = policy.with_channels(match (has(Channel::Sms), has(Channel::Voice)) {
                (true, true) => Channels::SmsAndVoice,
                (true, false) => Channels::Sms,
                (false, true) => Channels::Voice,
                (false, false) => return Err(wrong(&"channels has to name sms or voice")),
            });
        }
        if let Some(phones) = self.max_phones {
            policy = policy
                .with_max_phones(phones)
                .map_err(|error| wrong(&error))?;
        }
        if let Some(made) = self.recovery_codes {
            policy = policy.with_recovery_codes(if made {
                RecoveryCodes::Issued
            } else {
                RecoveryCodes::Off
            });
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "[[clients]]\nid = \"a\"\n";

    fn error(text: &str) -> String {
        Config::parse(text)
            .err()
            .expect("the configuration is wrong")
            .0
    }

    #[test]
    fn the_demonstration_has_auth0s_numbers_and_two_clients() {
        let config = Config::demonstration();
        assert_eq!(config.policy, Policy::auth0());
        assert_eq!(config.token_lifetime, Duration::from_secs(600));
        assert_eq!(config.clients.len(), 2);
        assert_eq!(
            config.users.email(&"auth0|alice".parse().unwrap()),
            Some("alice@example.com")
        );
    }

    #[test]
    fn the_example_beside_the_source_is_valid() {
        let config = Config::parse(include_str!("../config.example.toml")).unwrap();
        // Its numbers are the defaults, written out.
        assert_eq!(config.policy, Policy::auth0());
        assert_eq!(config.issuer.as_deref(), Some("https://login.example.com/"));
        assert_eq!(config.clients.len(), 2);
    }

    #[test]
    fn an_error_names_the_line_and_does_not_print_it() {
        let error = error("[[clients]]\nid = \"a\"\nsecrt = \"hunter2\"\n");
        assert!(
            error.starts_with("line 3: unknown field `secrt`"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn session_and_token_can_be_as_short_as_each_other() {
        let text = format!(
            "{CLIENT}[policy]\nlongest_session_seconds = 300\nmfa_token_lifetime_seconds = 300\n"
        );
        let text = format!("token_lifetime_seconds = 300\n{text}");
        let policy = Config::parse(&text).unwrap().policy;
        assert_eq!(policy.token_lifetime(), Duration::from_secs(300));
        assert_eq!(policy.longest_session(), Duration::from_secs(300));
    }

    #[test]
    fn every_number_of_the_policy_can_be_set() {
        let config = Config::parse(
            r#"
            issuer = "https://login.example.com/"
            token_lifetime_seconds = 7200
            [policy]
            preset = "nist-800-63b4"
            code_digits = 8
            code_lifetime_seconds = 60
            mfa_token_lifetime_seconds = 120
            longest_session_seconds = 7200
            sends = { burst = 3, refill_seconds = 7 }
            binding_failures = { burst = 4, refill_seconds = 8 }
            recovery_failures = { burst = 5, refill_seconds = 9 }
            attempts_per_challenge = 2
            failure_cap = 50
            channels = ["voice"]
            max_phones = 1
            recovery_codes = false
            [[clients]]
            id = "a"
            "#,
        )
        .unwrap();
        let seconds = Duration::from_secs;
        let limit = |burst, refill| RateLimit::new(burst, seconds(refill)).unwrap();
        let expected = Policy::nist_800_63b4()
            .with_code_digits(8)
            .and_then(|policy| policy.with_code_lifetime(seconds(60)))
            .and_then(|policy| policy.with_token_lifetime(seconds(120)))
            .and_then(|policy| policy.with_longest_session(seconds(7200)))
            .and_then(|policy| policy.with_attempts_per_challenge(Some(2)))
            .and_then(|policy| policy.with_failure_cap(Some(50)))
            .and_then(|policy| policy.with_max_phones(1))
            .and_then(|policy| policy.with_binding_failures(limit(4, 8)))
            .and_then(|policy| policy.with_recovery_failures(limit(5, 9)))
            .unwrap()
            .with_sends(limit(3, 7))
            .with_channels(Channels::Voice)
            .with_recovery_codes(RecoveryCodes::Off);
        assert_eq!(config.policy, expected);
        assert_eq!(config.issuer.as_deref(), Some("https://login.example.com/"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let user = |rest: &str| format!("{CLIENT}[[users]]\nemail = \"e\"\nsub = \"s\"\n{rest}\n");
        let twice = format!("{}{}", user("password = \"p\""), user("password = \"p\""));
        let cases = [
            ("colour = 1".to_owned(), "unknown field `colour`"),
            (String::new(), "there is no client"),
            (CLIENT.repeat(2), "client \"a\": the id is there twice"),
            (
                format!("{CLIENT}secret = \"\""),
                "client \"a\": an empty secret",
            ),
            (
                format!("issuer = \"https://x\"\n{CLIENT}"),
                "issuer \"https://x\"",
            ),
            (format!("app_name = \"#\"\n{CLIENT}"), "app_name: "),
            (
                format!("webotp_host = \"https://x\"\n{CLIENT}"),
                "webotp_host: ",
            ),
            (
                format!("token_lifetime_seconds = 0\n{CLIENT}"),
                "token_lifetime_seconds",
            ),
            (
                format!("token_lifetime_seconds = 86401\n{CLIENT}"),
                "1 to 86400",
            ),
            (
                format!("{CLIENT}[policy]\ncode_digits = 5"),
                "policy: a binding code has 6 to 8",
            ),
            (
                format!("{CLIENT}[policy]\ncode_lifetime_seconds = 601"),
                "1 second to 10 minutes",
            ),
            (
                format!("{CLIENT}[policy]\nchannels = []"),
                "channels has to name sms or voice",
            ),
            (
                format!("{CLIENT}[policy]\npreset = \"x\""),
                "unknown variant `x`",
            ),
            (
                format!("{CLIENT}[policy]\nsends = {{ burst = 0, refill_seconds = 1 }}"),
                "policy: ",
            ),
            (user(""), "either password or password_hash"),
            (
                user("password_hash = \"x\""),
                "password_hash is no PHC string of argon2",
            ),
            (
                twice.replacen("[[clients]]\nid = \"a\"\n", "", 1),
                "the email is there twice",
            ),
        ];
        for (text, expected) in cases {
            let error = error(&text);
            assert!(error.contains(expected), "{text}\n{error}");
        }
        assert!(Config::parse(CLIENT).is_ok());
    }
}
