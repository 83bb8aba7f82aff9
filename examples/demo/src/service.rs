//! A driver of `oob_mfa::exchange`: each step goes to the part that does it.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use getrandom::SysRng;
use getrandom::rand_core::{Rng, UnwrapErr};
use oob_mfa::exchange::{Exchange, Reply, Request};
use oob_mfa::message::Wording;
use oob_mfa::{Engine, Key, KeyRing, Policy, Unsaved};
use time::UtcDateTime;

use crate::access_tokens::AccessTokens;
use crate::first_factor::{self, FirstFactor};
use crate::outbox;
use crate::store::Store;

/// The server without its sockets, shared by every thread.
pub struct Service {
    engine: Arc<Engine>,
    store: Store,
    first_factor: FirstFactor,
    access_tokens: AccessTokens,
    wording: Wording,
}

impl Service {
    /// A service for an address, with a new key and no accounts.
    ///
    /// # Errors
    ///
    /// If the app's name does not fit into a message; this one does.
    pub fn new(address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let mut secret = [0; 32];
        rng().fill_bytes(&mut secret);
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &secret)));
        let mfa_audience = format!("http://{address}/mfa/");
        Ok(Self {
            engine: engine.into(),
            store: Store::default(),
            first_factor: FirstFactor::new(mfa_audience.clone()),
            access_tokens: AccessTokens::new(mfa_audience),
            wording: Wording::new("Example".parse()?, None)?,
        })
    }

    /// Answers a request. It blocks during IO.
    #[must_use]
    pub fn respond(&self, request: &Request<'_>) -> Reply {
        let mut exchange = Exchange::begin(&self.engine, request, UtcDateTime::now());
        loop {
            exchange = match exchange {
                Exchange::Client(step) => {
                    if first_factor::is_client(step.credentials()) {
                        step.authenticated()
                    } else {
                        step.rejected()
                    }
                }
                Exchange::Token(step) => match self.access_tokens.open(step.text()) {
                    Some(session) => step.session(session),
                    None => step.unknown(),
                },
                Exchange::Grant(step) => self.first_factor.answer(step),
                Exchange::Load(step) => match self.store.load(step.subject()) {
                    Ok(account) => step.loaded(account, UtcDateTime::now(), &mut rng()),
                    Err(_) => step.unavailable(),
                },
                // Refuse countries and expensive numbers here.
                Exchange::Admit(step) => step.admitted(),
                Exchange::Replace(step) => match self.store.replace(step.next()) {
                    Ok(()) => step.stored(),
                    Err(Unsaved::Conflict) => step.conflict(),
                    Err(Unsaved::Failed(_)) => step.lost(),
                },
                Exchange::Send(step) => match outbox::send(&self.wording, step.delivery()) {
                    Ok(()) => step.sent(),
                    Err(error) => {
                        eprintln!("not sent: {error}");
                        step.failed()
                    }
                },
                Exchange::Mint(step) => {
                    match self.access_tokens.mint(step.verified(), &mut rng()) {
                        Ok(answer) => step.minted(answer),
                        Err(_) => step.failed(),
                    }
                }
                Exchange::Done(reply) => return reply,
            };
        }
    }
}

/// The operating system's random source.
fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
