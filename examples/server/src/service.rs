//! What every request goes through: load, ask the engine, save, ask again after a conflict, send.
//! Events are saved with the account, and logged by [`audit`](crate::audit).
//!
//! # Between the commit and the send
//!
//! A message leaves after the commit and once, so a process that dies between the two has sent nothing
//! and answered nothing. The code is burned, because nobody has it; it has superseded the one before;
//! and the budget stays charged. The user asks again. The other order would send codes that no record
//! knows, and as many of them as there are conflicts. A message that is queued in the transaction of
//! the account would survive the process, and would keep its code in clear: rule 14 of the crate
//! forbids that.
//!
//! The same happens where the store's answer was lost, or the outbox does not take the message. The client
//! then gets a 503 or a 502.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use oob_mfa::message::Wording;
use oob_mfa::wire::{ErrorAnswer, TokenAnswer};
use oob_mfa::{
    Account, Associated, Challenged, Delivery, Denied, DeniedKind, Engine, Erased, MfaSession,
    Removed, Subject, Transition, Unsaved, Verified, decide_async,
};
use rand_core::{CryptoRng, UnwrapErr};
use time::UtcDateTime;
use tokio_util::task::TaskTracker;

use crate::clients::Clients;
use crate::config::{Config, ConnectionSettings};
use crate::keys::Keys;
use crate::log::log_event;
use crate::metrics::Metrics;
use crate::outbox::{Message, Outbox};
use crate::store::{Store, StoreError};
use crate::tokens::{MintError, Tokens};
use crate::users::Users;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UtcDateTime + Send + Sync>;
/// Makes a source of random bytes, one per decision.
pub type Randomness = Arc<dyn Fn() -> Box<dyn CryptoRng + Send> + Send + Sync>;

/// How long a client waits when conflicts have exhausted the retries.
pub(crate) const BUSY: Duration = Duration::from_secs(1);

/// The server without its sockets.
pub struct Service {
    pub(crate) engine: Engine,
    pub(crate) tokens: Tokens,
    pub(crate) users: Users,
    pub(crate) clients: Clients,
    pub(crate) connections: ConnectionSettings,
    pub(crate) tasks: TaskTracker,
    pub(crate) metrics: Metrics,
    wording: Wording,
    pub(crate) store: Arc<dyn Store>,
    outbox: Arc<dyn Outbox>,
    clock: Clock,
    randomness: Randomness,
}

impl Service {
    /// A service on the system's clock and the operating system's randomness.
    ///
    /// `address` is what it listens on: the issuer, where the configuration has none.
    #[must_use]
    pub fn new(
        config: Config,
        address: SocketAddr,
        keys: Keys,
        store: Arc<dyn Store>,
        outbox: Arc<dyn Outbox>,
    ) -> Self {
        let issuer = config
            .issuer
            .unwrap_or_else(|| format!("http://{address}/"));
        Self {
            engine: Engine::new(config.policy, keys.engine),
            tokens: Tokens::new(issuer, config.token_lifetime, keys.signing),
            users: config.users,
            clients: config.clients,
            connections: config.connections,
            tasks: TaskTracker::new(),
            metrics: Metrics::default(),
            wording: config.wording,
            store,
            outbox,
            clock: Arc::new(UtcDateTime::now),
            randomness: Arc::new(|| Box::new(UnwrapErr(getrandom::SysRng))),
        }
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same with other randomness.
    #[must_use]
    pub fn with_randomness(mut self, randomness: Randomness) -> Self {
        self.randomness = randomness;
        self
    }

    /// What tokens name as their issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.tokens.issuer()
    }

    /// Whether any client can get a token by which a user adds a second phone.
    #[must_use]
    pub fn any_client_manages_factors(&self) -> bool {
        self.clients.any_manages_factors(self.tokens.issuer())
    }

    pub(crate) fn now(&self) -> UtcDateTime {
        (self.clock)()
    }

    pub(crate) fn rng(&self) -> Box<dyn CryptoRng + Send> {
        (self.randomness)()
    }

    /// The session of a token: an `mfa_token`, or an access token, which alone has two dots.
    pub(crate) fn session(
        &self,
        token: &str,
        client: Option<&str>,
    ) -> Result<MfaSession, ErrorAnswer> {
        let now = self.now();
        let opened = if token.matches('.').count() == 2 {
            self.tokens.open(token, client, now)
        } else {
            self.engine.open_token(token, client, now)
        };
        self.metrics.decided("open_token", opened.as_ref().err());
        opened.map_err(|denied| refuse(None, &denied, now))
    }

    /// The account of a user, new if the store has none.
    pub(crate) async fn account(&self, subject: &Subject) -> Result<Account, ErrorAnswer> {
        match self.store.load(subject.clone()).await {
            Ok(account) => Ok(account.unwrap_or_else(|| Account::new(subject.clone()))),
            Err(error) => Err(self.failure(subject, &Unsaved::Failed(error))),
        }
    }

    /// Carries out an operation: decides it, saves that, and sends what is to be sent.
    ///
    /// The message leaves once, after the save. One that the outbox does not take stays charged.
    pub(crate) async fn decide<T: Grant>(
        &self,
        operation: &'static str,
        session: &MfaSession,
        ask: impl Fn(Account, UtcDateTime, &mut dyn CryptoRng) -> Transition<T>,
    ) -> Result<T, ErrorAnswer> {
        self.decide_for(operation, session.subject(), ask).await
    }

    /// Takes everything from an account, for a user that was deleted: the recipe stands in the README. The
    /// record says until when it has to stay.
    ///
    /// # Errors
    ///
    /// That of a store that fails, and of a clock that is behind.
    pub async fn erase(&self, subject: &Subject) -> Result<Erased, ErrorAnswer> {
        self.decide_for("erase", subject, |account, now, _| {
            self.engine.erase(account, now)
        })
        .await
    }

    async fn decide_for<T: Grant>(
        &self,
        operation: &'static str,
        subject: &Subject,
        ask: impl Fn(Account, UtcDateTime, &mut dyn CryptoRng) -> Transition<T>,
    ) -> Result<T, ErrorAnswer> {
        let (mut now, mut asked) = (self.now(), 0_u32);
        let decided = decide_async(
            subject,
            || self.store.load(subject.clone()),
            |account| {
                now = self.now();
                asked += 1;
                ask(account, now, &mut self.rng())
            },
            async |next| {
                let saved = self.store.replace(next).await;
                let saved = saved.inspect_err(|error| self.metrics.write_failed(error));
                saved.map_err(StoreError::unsaved)
            },
        )
        .await;
        // Each time but the last, whoever was faster had changed the record.
        if let Some(conflicts @ 1..) = asked.checked_sub(u32::from(decided.is_ok())) {
            tracing::info!(%subject, conflicts, "decided anew after conflicts");
        }
        let outcome = decided.map_err(|unsaved| self.failure(subject, &unsaved))?;
        self.metrics
            .decided(operation, outcome.result.as_ref().err());
        self.metrics.events(&outcome.events);
        outcome
            .events
            .iter()
            .for_each(|event| log_event(subject, event));
        let granted = outcome
            .result
            .map_err(|denied| refuse(Some(subject), &denied, now))?;
        if let Some(delivery) = granted.delivery() {
            self.send(subject, delivery).await?;
        }
        Ok(granted)
    }

    pub(crate) fn failure(&self, subject: &Subject, unsaved: &Unsaved<StoreError>) -> ErrorAnswer {
        let error = match unsaved {
            Unsaved::Conflict => &StoreError::Conflict,
            Unsaved::Failed(error) => error,
        };
        self.metrics.store_failed(error);
        match error {
            StoreError::Conflict => tracing::warn!(%subject, "conflicts exhausted the retries"),
            error => tracing::error!(%subject, %error, "the store failed"),
        }
        match error {
            StoreError::Broken(_) => ErrorAnswer::server_error(),
            _ => ErrorAnswer::temporarily_unavailable(BUSY),
        }
    }

    async fn send(&self, subject: &Subject, delivery: &Delivery) -> Result<(), ErrorAnswer> {
        let id = delivery.id().to_string();
        let message = Message::new(&self.wording, delivery).map_err(|error| {
            tracing::error!(%subject, id, %error, "a delivery cannot be worded");
            self.metrics.send_failed(delivery.channel);
            ErrorAnswer::send_failed()
        })?;
        let outbox = Arc::clone(&self.outbox);
        let sent = tokio::task::spawn_blocking(move || outbox.send(&message)).await;
        match sent.map_err(std::io::Error::other).flatten() {
            Ok(()) => {
                tracing::info!(%subject, id, channel = %delivery.channel, "message sent");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%subject, id, %error, "message not sent");
                self.metrics.send_failed(delivery.channel);
                Err(ErrorAnswer::send_failed())
            }
        }
    }

    /// The answer that carries the tokens of a completed login or a confirmed phone.
    pub(crate) fn mint(&self, verified: &Verified) -> Result<TokenAnswer, ErrorAnswer> {
        let subject = verified.subject();
        let email = self.users.email(subject);
        let minted = self.tokens.mint(verified, email, &mut self.rng());
        minted.map_err(|error| match error {
            // The phone is confirmed; the client has to sign in for new tokens.
            MintError::NothingLeft => {
                refuse(Some(subject), &Denied::TokenInvalid, verified.verified_at())
            }
            MintError::Unsigned => {
                tracing::error!(%subject, %error, "no token was minted");
                ErrorAnswer::server_error()
            }
        })
    }
}

/// What an operation grants: some of it is a message to be sent.
pub(crate) trait Grant {
    fn delivery(&self) -> Option<&Delivery> {
        None
    }
}

impl Grant for Associated {
    fn delivery(&self) -> Option<&Delivery> {
        Some(&self.delivery)
    }
}

impl Grant for Challenged {
    fn delivery(&self) -> Option<&Delivery> {
        Some(&self.delivery)
    }
}

impl Grant for Verified {}

impl Grant for Removed {}

impl Grant for Erased {}

/// The answer to what the engine has denied, or to a token that opens no session.
pub(crate) fn refuse(subject: Option<&Subject>, denied: &Denied, now: UtcDateTime) -> ErrorAnswer {
    let (subject, name) = (subject.map(tracing::field::display), denied.name());
    if denied.kind() == DeniedKind::CallerBug {
        // Nothing that a client sends leads here: somebody has to look.
        tracing::error!(subject, denied = name, "{denied}");
    } else {
        tracing::info!(subject, denied = name, "denied");
    }
    ErrorAnswer::denied(denied, now)
}
