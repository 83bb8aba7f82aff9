//! The applications that may request tokens, and what each may request.

use std::collections::HashMap;

use oob_mfa::wire::ClientCredentials;
use zeroize::Zeroizing;

use crate::origin::Origin;

/// Clients by their id.
#[derive(Default)]
pub struct Clients(HashMap<String, Client>);

/// A client: its secret, and what it may request.
pub struct Client {
    /// `None` for a public client.
    pub secret: Option<Zeroizing<String>>,
    /// The audiences that it may name; it may always omit the audience.
    pub audiences: Vec<String>,
    /// The scopes that it may request.
    pub scopes: Vec<String>,
    /// Whether it may request the audience and the scopes of the MFA API.
    pub manages_factors: bool,
    /// The origins of its pages, which may read responses in a browser.
    pub allowed_origins: Vec<Origin>,
}

/// The scopes granted to a request without a scope, and allowed if the configuration names none.
pub const DEFAULT_SCOPES: [&str; 3] = ["openid", "profile", "email"];
/// A shorter secret can be guessed: the number of tries has no limit.
pub const SHORTEST_SECRET: usize = 16;
/// The scopes of the MFA API.
const FACTOR_SCOPES: [&str; 3] = ["enroll", "read:authenticators", "remove:authenticators"];

/// Why an audience is not granted.
#[derive(Debug, PartialEq, Eq)]
pub enum RefusedAudience {
    /// It differs from one of these only by the last slash.
    Slash(String),
    /// The client may not request it.
    NotAllowed,
}

impl Client {
    /// The granted part of a scope, in the requested order.
    #[must_use]
    pub fn granted(&self, scope: &str) -> String {
        let granted = scope.split_ascii_whitespace().filter(|scope| {
            let factors = self.manages_factors && FACTOR_SCOPES.contains(scope);
            factors || self.scopes.iter().any(|allowed| allowed == scope)
        });
        granted.collect::<Vec<_>>().join(" ")
    }

    /// Whether the client may request an audience of this issuer or of another API.
    ///
    /// # Errors
    ///
    /// [`RefusedAudience`]
    pub fn check_audience(&self, audience: &str, issuer: &str) -> Result<(), RefusedAudience> {
        let [mfa, userinfo] = ["mfa/", "userinfo"].map(|path| format!("{issuer}{path}"));
        let allowed = self.audiences.iter().chain([&userinfo]);
        let mut allowed = allowed.chain(self.manages_factors.then_some(&mfa));
        if audience.is_empty() || allowed.any(|allowed| allowed == audience) {
            return Ok(());
        }
        let known = self.audiences.iter().chain([&userinfo, &mfa]);
        let stem = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
        for known in known {
            if known != audience && stem(known) == stem(audience) {
                return Err(RefusedAudience::Slash(known.clone()));
            }
        }
        Err(RefusedAudience::NotAllowed)
    }
}

impl Clients {
    /// Adds a client; `false` if the id is taken.
    pub fn add(&mut self, id: String, client: Client) -> bool {
        self.0.insert(id, client).is_none()
    }

    /// The number of clients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no clients.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any client can get a token that lets a user add a second phone.
    #[must_use]
    pub fn any_manages_factors(&self, issuer: &str) -> bool {
        let mfa = format!("{issuer}mfa/");
        self.0.values().any(|client| {
            client.check_audience(&mfa, issuer).is_ok() && client.granted("enroll") == "enroll"
        })
    }

    /// The ids of clients whose secrets can be guessed, in order.
    #[must_use]
    pub fn with_short_secrets(&self) -> Vec<&str> {
        let is_short = |client: &Client| {
            let secret = client.secret.as_ref();
            secret.is_some_and(|secret| secret.chars().count() < SHORTEST_SECRET)
        };
        let short = self.0.iter().filter(|(_, client)| is_short(client));
        let mut short: Vec<_> = short.map(|(id, _)| id.as_str()).collect();
        short.sort_unstable();
        short
    }

    /// A client by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }

    /// The origins of all clients: a preflight request does not name its client.
    pub fn allowed_origins(&self) -> impl Iterator<Item = &Origin> {
        self.0.values().flat_map(|client| &client.allowed_origins)
    }

    /// Whether these are the credentials of a client.
    #[must_use]
    pub fn knows(&self, credentials: &ClientCredentials) -> bool {
        let client = self.0.get(credentials.client_id());
        client
            .is_some_and(|client| credentials.matches(client.secret.as_deref().map(String::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.example.com/";

    fn client(manages_factors: bool) -> Client {
        Client {
            secret: None,
            audiences: vec!["https://api.example.com".to_owned()],
            scopes: vec!["openid".to_owned(), "read:mail".to_owned()],
            manages_factors,
            allowed_origins: Vec::new(),
        }
    }

    #[test]
    fn a_client_gets_only_the_scopes_of_its_configuration() {
        let asked = "openid email enroll offline_access  read:mail remove:authenticators";
        assert_eq!(client(false).granted(asked), "openid read:mail");
        let more = "openid enroll read:mail remove:authenticators";
        assert_eq!(client(true).granted(asked), more);
        let check = |audience| client(false).check_audience(audience, ISSUER);
        for allowed in [
            "",
            "https://api.example.com",
            "https://login.example.com/userinfo",
        ] {
            assert_eq!(check(allowed), Ok(()));
        }
        for refused in [
            "https://other.example.com",
            ISSUER,
            "https://login.example.com/mfa/",
        ] {
            assert_eq!(check(refused), Err(RefusedAudience::NotAllowed));
        }
        let mfa = client(true).check_audience("https://login.example.com/mfa/", ISSUER);
        assert_eq!(mfa, Ok(()));
    }

    #[test]
    fn an_extra_or_missing_slash_is_reported() {
        let check = |audience| client(false).check_audience(audience, ISSUER);
        let slash = |known: &str| Err(RefusedAudience::Slash(known.to_owned()));
        let mfa = "https://login.example.com/mfa/";
        assert_eq!(check("https://login.example.com/mfa"), slash(mfa));
        let api = "https://api.example.com";
        assert_eq!(check("https://api.example.com/"), slash(api));
    }
}
