//! The applications that may ask for tokens.

use std::collections::HashMap;

use oob_mfa::wire::{BadRequest, Body};
use zeroize::Zeroizing;

/// Clients by their id, each with its secret, or none for a public one.
#[derive(Default)]
pub struct Clients(HashMap<String, Option<Zeroizing<String>>>);

impl Clients {
    /// Adds a client; `false` where there is one of that id.
    pub fn add(&mut self, id: String, secret: Option<Zeroizing<String>>) -> bool {
        self.0.insert(id, secret).is_none()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The client of a request that need not name one: authenticated where it sends a secret.
    ///
    /// # Errors
    ///
    /// As [`authenticate`](Self::authenticate), and what [`Body::optional`] says.
    pub fn presented(&self, body: &Body) -> Result<Option<String>, BadRequest> {
        if body.optional("client_secret")?.is_some() {
            return self.authenticate(body, None).map(Some);
        }
        Ok(body.optional("client_id")?.map(str::to_owned))
    }

    /// The id of the client that a request comes from, once it has authenticated.
    ///
    /// # Errors
    ///
    /// What [`Body::client`] says; [`BadRequest::InvalidClient`] for a client that is unknown, and
    /// for one whose secret is wrong, absent or too much.
    pub fn authenticate(
        &self,
        body: &Body,
        authorization: Option<&str>,
    ) -> Result<String, BadRequest> {
        let credentials = body.client(authorization)?;
        let secret = self
            .0
            .get(credentials.client_id())
            .ok_or(BadRequest::InvalidClient)?;
        if !credentials.matches(secret.as_deref().map(String::as_str)) {
            return Err(BadRequest::InvalidClient);
        }
        Ok(credentials.client_id().to_owned())
    }
}
