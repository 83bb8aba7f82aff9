//! The server without its sockets: everything that the steps of a request need.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use oob_mfa::message::Wording;
use oob_mfa::wire::ErrorAnswer;
use oob_mfa::{Account, Engine, Erased, Next, Outcome, Subject, Transition, Unsaved, decide_async};
use rand_core::{CryptoRng, UnwrapErr};
use time::UtcDateTime;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::clients::Clients;
use crate::config::{Config, ConnectionSettings};
use crate::demo::Demo;
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::store::{Store, StoreError};
use crate::tokens::Tokens;
use crate::users::Users;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UtcDateTime + Send + Sync>;
/// Makes a source of random bytes, one per decision.
pub type Randomness = Arc<dyn Fn() -> Box<dyn CryptoRng + Send> + Send + Sync>;

/// How long a client waits after a 503.
pub(crate) const BUSY: Duration = Duration::from_secs(1);

/// The server without its sockets.
pub struct Service {
    pub(crate) engine: Arc<Engine>,
    pub(crate) tokens: Tokens,
    pub(crate) users: Users,
    pub(crate) clients: Clients,
    pub(crate) admission: Admission,
    pub(crate) connections: ConnectionSettings,
    pub(crate) tasks: TaskTracker,
    pub(crate) metrics: Metrics,
    /// What the demo page shows.
    pub(crate) demo: Option<Arc<Demo>>,
    pub(crate) wording: Wording,
    pub(crate) store: Arc<dyn Store>,
    /// Signals that the store may have new events.
    pub(crate) written: watch::Sender<()>,
    pub(crate) outbox: Arc<dyn Outbox>,
    clock: Clock,
    randomness: Randomness,
}

/// A saved decision of administration, and its time.
pub(crate) struct Decided<T> {
    pub(crate) outcome: Outcome<T>,
    pub(crate) revision: u64,
    pub(crate) now: UtcDateTime,
}

impl Service {
    /// A service with the system's clock and the operating system's randomness.
    ///
    /// `address` is the listen address: the issuer if the configuration has none.
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
            engine: Engine::new(config.policy, keys.engine).into(),
            tokens: Tokens::new(issuer, config.token_lifetime, keys.signing),
            users: config.users,
            clients: config.clients,
            admission: Admission::new(config.prefixes),
            connections: config.connections,
            tasks: TaskTracker::new(),
            metrics: Metrics::default(),
            demo: None,
            wording: config.wording,
            store,
            written: watch::Sender::new(()),
            outbox,
            clock: Arc::new(UtcDateTime::now),
            randomness: Arc::new(|| Box::new(UnwrapErr(getrandom::SysRng))),
        }
    }

    /// The same with another clock.
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

    /// The same with the demo page, which shows every code.
    #[must_use]
    pub fn with_page(mut self) -> Self {
        let demo = Arc::new(Demo::around(self.outbox));
        self.outbox = Arc::clone(&demo) as Arc<dyn Outbox>;
        self.demo = Some(demo);
        self
    }

    /// The issuer in tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.tokens.issuer()
    }

    pub(crate) fn now(&self) -> UtcDateTime {
        (self.clock)()
    }

    pub(crate) fn rng(&self) -> Box<dyn CryptoRng + Send> {
        (self.randomness)()
    }

    /// The account of a user, new if the store has none.
    pub(crate) async fn account(&self, subject: &Subject) -> Result<Account, ErrorAnswer> {
        match self.store.load(subject.clone()).await {
            Ok(account) => Ok(account.unwrap_or_else(|| Account::new(subject.clone()))),
            Err(error) => Err(self.failure(subject, &Unsaved::Failed(error))),
        }
    }

    /// Saves a decision.
    pub(crate) async fn save(&self, next: &Next) -> Result<(), StoreError> {
        let saved = self.store.replace(next).await;
        let saved = saved.inspect_err(|error| self.metrics.write_failed(error));
        // Also after a write whose response was lost.
        if !matches!(saved, Err(StoreError::Conflict)) {
            self.written.send_replace(());
        }
        saved
    }

    /// Executes an operation of administration, which has no request of the API.
    pub(crate) async fn decide<T>(
        &self,
        operation: &'static str,
        subject: &Subject,
        ask: impl Fn(Account, UtcDateTime, &mut dyn CryptoRng) -> Transition<T>,
    ) -> Result<Decided<T>, ErrorAnswer> {
        let (mut now, mut revision) = (self.now(), 0);
        let decided = decide_async(
            subject,
            || self.store.load(subject.clone()),
            |account| {
                now = self.now();
                ask(account, now, &mut self.rng())
            },
            |next| {
                revision = next.account().revision();
                async move { self.save(&next).await.map_err(StoreError::unsaved) }
            },
        )
        .await;
        let outcome = decided.map_err(|unsaved| self.failure(subject, &unsaved))?;
        self.metrics
            .decided(operation, outcome.result.as_ref().err());
        self.metrics.events(&outcome.events);
        Ok(Decided {
            outcome,
            revision,
            now,
        })
    }

    /// Erases the account of a deleted user; see the README for the steps. The result says how long
    /// the record must stay.
    ///
    /// # Errors
    ///
    /// A store that fails, or a clock that is behind.
    pub async fn erase(&self, subject: &Subject) -> Result<Erased, ErrorAnswer> {
        let ask = |account, now, _: &mut dyn CryptoRng| self.engine.erase(account, now);
        let decided = self.decide("erase", subject, ask).await?;
        let result = decided.outcome.result;
        result.map_err(|denied| ErrorAnswer::denied(&denied, decided.now))
    }

    fn failure(&self, subject: &Subject, unsaved: &Unsaved<StoreError>) -> ErrorAnswer {
        let error = match unsaved {
            Unsaved::Conflict => &StoreError::Conflict,
            Unsaved::Failed(error) => error,
        };
        self.store_failed(subject, error);
        match error {
            StoreError::Broken(_) => ErrorAnswer::server_error(),
            _ => ErrorAnswer::temporarily_unavailable(BUSY),
        }
    }

    pub(crate) fn store_failed(&self, subject: &Subject, error: &StoreError) {
        self.metrics.store_failed(error);
        let subject = subject.as_str();
        match error {
            StoreError::Conflict => tracing::warn!(subject, "conflicts exhausted the retries"),
            error => tracing::error!(subject, %error, "the store failed"),
        }
    }
}
