//! A whole server in this process, on an ephemeral port. The test controls its clock, randomness,
//! store and outbox.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test binary uses a part of it"
)]

pub mod backend;
mod doubles;
pub mod long;
pub mod patience;
pub mod postgres_server;
pub mod process;
pub mod programs;
pub mod redis_server;
pub mod request;
pub mod site;

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa_server::config::Config;
use oob_mfa_server::http;
use oob_mfa_server::keys::{self, Keys, SigningAlgorithm};
use oob_mfa_server::outbox::Outbox;
use oob_mfa_server::service::Service;
use oob_mfa_server::store::{RedbStore, Store};
use serde_json::json;
use time::UtcDateTime;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub use self::doubles::{REFUSED, TestOutbox, TestStore};
pub use oob_mfa_walk::{
    answer::{Answer, Challenged},
    client::{Client, MFA_OOB, MFA_RECOVERY_CODE, PASSWORD, bearer, wrong},
    refusal::*,
};

// The users, phones and clients of every test.
pub const PHONE: &str = "+14155558730";
pub const OTHER_PHONE: &str = "+14155550000";
pub const MANAGE: &str = "enroll read:authenticators remove:authenticators";
pub const ALICE: &str = "auth0|alice";
/// Demo client and secret by HTTP Basic.
pub const BASIC: &str = "Basic ZGVtbzpkZW1vLXNlY3JldA==";

/// The password, hashed with settings that make the check cheap.
pub fn password_hash() -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let cheap = Params::new(8, 1, 1, None).unwrap();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap)
        .hash_password_with_salt(PASSWORD.as_bytes(), b"salt of tests")
        .unwrap()
        .to_string()
}

/// One key file for all servers of a test program, because making RSA keys is slow.
static KEYS: LazyLock<Zeroizing<String>> = LazyLock::new(|| keys::fresh().unwrap());

/// The keys of that file.
pub fn keys_for(algorithm: SigningAlgorithm) -> Keys {
    Keys::parse(&KEYS, algorithm).unwrap()
}

/// Two users and the clients of the demonstration.
pub fn config(rest: &str) -> Config {
    config_of(
        rest,
        "audiences = [\"https://api/\"]\nmanages_factors = true",
    )
}

/// The same, with other lines for the client `demo`.
pub fn config_of(rest: &str, demo: &str) -> Config {
    let hash = password_hash();
    let text = format!(
        r#"
        {rest}
        [[users]]
        email = "alice@example.com"
        sub = "{ALICE}"
        password_hash = "{hash}"
        [[users]]
        email = "bob@example.com"
        sub = "auth0|bob"
        password_hash = "{hash}"
        [[clients]]
        id = "demo"
        secret = "demo-secret"
        {demo}
        [[clients]]
        id = "demo-public"
        "#
    );
    Config::parse(&text).unwrap()
}

pub struct World {
    pub client: Client,
    pub service: Option<Arc<Service>>,
    pub store: Arc<TestStore>,
    pub outbox: Arc<TestOutbox>,
    pub served: Option<JoinHandle<()>>,
    clock: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    pub runtime: Runtime,
    _directory: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With lines of the configuration.
    pub fn with(rest: &str) -> Self {
        Self::of(config(rest))
    }

    /// With other lines for the client `demo`.
    pub fn with_client(demo: &str) -> Self {
        Self::of(config_of("", demo))
    }

    /// With a configuration.
    pub fn of(config: Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let redb = RedbStore::open(&directory.path().join("accounts.redb")).unwrap();
        let store = Arc::new(TestStore::new(redb));
        let outbox = Arc::new(TestOutbox::default());
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let runtime = Runtime::new().unwrap();
        let mut world = Self {
            client: Client::of(SocketAddr::from(([127, 0, 0, 1], 0))),
            service: None,
            store,
            outbox,
            served: None,
            clock,
            stop: None,
            runtime,
            _directory: directory,
        };
        let (listener, address) = world.listener();
        let service = Arc::new(world.service(address, config, 1));
        let (served, stop) = world.serve(listener, Arc::clone(&service));
        (world.address, world.served, world.stop) = (address, Some(served), Some(stop));
        world.service = Some(service);
        world
    }

    /// Starts a server on the store, outbox, clock and key of this world.
    pub fn start(&self, rest: &str, seed: u8) -> (SocketAddr, JoinHandle<()>, oneshot::Sender<()>) {
        let (listener, address) = self.listener();
        let service = Arc::new(self.service(address, config(rest), seed));
        let (served, stop) = self.serve(listener, service);
        (address, served, stop)
    }

    fn listener(&self) -> (tokio::net::TcpListener, SocketAddr) {
        let listener = self
            .runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    fn service(&self, address: SocketAddr, config: Config, seed: u8) -> Service {
        let clock = Arc::clone(&self.clock);
        let draws = AtomicU64::new(0);
        let keys = keys_for(config.signing_algorithm);
        Service::new(
            config,
            address,
            keys,
            Arc::clone(&self.store) as Arc<dyn Store>,
            Arc::clone(&self.outbox) as Arc<dyn Outbox>,
        )
        .with_clock(Arc::new(move || {
            UtcDateTime::from_unix_timestamp(clock.load(SeqCst)).unwrap()
        }))
        .with_randomness(Arc::new(move || {
            let mut bytes = [seed; 32];
            bytes[..8].copy_from_slice(&draws.fetch_add(1, SeqCst).to_le_bytes());
            Box::new(ChaCha20Rng::from_seed(bytes))
        }))
    }

    fn serve(
        &self,
        listener: tokio::net::TcpListener,
        service: Arc<Service>,
    ) -> (JoinHandle<()>, oneshot::Sender<()>) {
        let (stop, stopped) = oneshot::channel::<()>();
        let served = self.runtime.spawn(http::serve(listener, service, async {
            let _ = stopped.await;
        }));
        (served, stop)
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds, SeqCst);
    }

    pub fn now(&self) -> i64 {
        self.clock.load(SeqCst)
    }

    pub fn issuer(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn mfa_audience(&self) -> String {
        format!("{}mfa/", self.issuer())
    }

    /// Asks the server to stop.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// The stored bytes of alice.
    pub fn record(&self) -> Option<Vec<u8>> {
        self.store.redb.record(ALICE).unwrap()
    }
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

// Steps that read the outbox.
impl World {
    /// Enrolls and confirms a phone. Returns the recovery code, if any.
    pub fn enroll(&self, token: &str, phone: &str) -> Option<String> {
        self.enroll_reading(token, phone, || self.outbox.code())
    }

    /// An access token of a full login, for the MFA API.
    pub fn manage(&self, scope: &str) -> String {
        let audience = self.mfa_audience();
        let token = self
            .password("alice@example.com", PASSWORD, scope, &audience)
            .text("mfa_token");
        let oob_code = self.challenge(&token, &json!({})).text("oob_code");
        self.answer(&token, &oob_code, &self.outbox.code())
            .text("access_token")
    }
}
