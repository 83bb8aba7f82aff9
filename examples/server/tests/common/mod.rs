//! A whole server in this process, on an ephemeral port: its clock, randomness, store and outbox in
//! the hands of the test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod backend;
pub mod process;
pub mod site;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::{Account, Next, Subject};
use oob_mfa_server::config::Config;
use oob_mfa_server::http;
use oob_mfa_server::outbox::{Message, Outbox};
use oob_mfa_server::service::Service;
use oob_mfa_server::store::{Promise, RedbStore, Store, StoreError};
use serde_json::{Value, json};
use time::UtcDateTime;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

pub const PASSWORD: &str = "correct horse battery staple";
pub const PHONE: &str = "+14155558730";
pub const OTHER_PHONE: &str = "+14155550000";
pub const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
pub const MFA_RECOVERY_CODE: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
pub const MANAGE: &str = "enroll read:authenticators remove:authenticators";
pub const ALICE: &str = "auth0|alice";
/// Demo client and secret by HTTP Basic.
pub const BASIC: &str = "Basic ZGVtbzpkZW1vLXNlY3JldA==";

/// The password, hashed so that it costs next to nothing to check.
pub fn password_hash() -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let cheap = Params::new(8, 1, 1, None).unwrap();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap)
        .hash_password_with_salt(PASSWORD.as_bytes(), b"salt of tests")
        .unwrap()
        .to_string()
}

/// Two users and the clients of the demonstration.
pub fn config(rest: &str) -> Config {
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
        [[clients]]
        id = "demo-public"
        "#
    );
    Config::parse(&text).unwrap()
}

pub struct World {
    pub client: Client,
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
        let directory = tempfile::tempdir().unwrap();
        let redb = RedbStore::open(&directory.path().join("accounts.redb")).unwrap();
        let store = Arc::new(TestStore::new(redb));
        let outbox = Arc::new(TestOutbox::default());
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let runtime = Runtime::new().unwrap();
        let mut world = Self {
            client: Client::of(SocketAddr::from(([127, 0, 0, 1], 0))),
            store,
            outbox,
            served: None,
            clock,
            stop: None,
            runtime,
            _directory: directory,
        };
        let (address, served, stop) = world.start(rest, 1);
        (world.address, world.served, world.stop) = (address, Some(served), Some(stop));
        world
    }

    /// Starts a server on the store, outbox, clock and key of this world.
    pub fn start(&self, rest: &str, seed: u8) -> (SocketAddr, JoinHandle<()>, oneshot::Sender<()>) {
        let listener = self
            .runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let clock = Arc::clone(&self.clock);
        let draws = AtomicU64::new(0);
        let service = Service::new(
            config(rest),
            address,
            &[7; 32].into(),
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
        }));
        let served = self
            .runtime
            .spawn(http::serve(listener, Arc::new(service), async {
                let _ = stopped.await;
            }));
        (address, served, stop)
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

/// Requests, and the steps that the client `demo` takes, at one server.
pub struct Client {
    pub address: SocketAddr,
    agent: ureq::Agent,
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

impl Client {
    pub fn of(address: SocketAddr) -> Self {
        Self {
            address,
            agent: agent(),
        }
    }

    // Requests.

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.into();
        let answer = if body.is_empty() && method != "POST" {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body).unwrap())
        };
        let mut answer = answer.unwrap();
        let bearer = |value: &str| value.starts_with("Bearer ");
        let by_header = headers
            .iter()
            .any(|(name, value)| *name == "authorization" && !bearer(value));
        let challenged = match (path, by_header) {
            ("/oauth/token", true) => Challenged::WhoFailsByHeader,
            ("/oauth/token", false) => Challenged::Nobody,
            _ => Challenged::WhoIsUnauthorized,
        };
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: answer.body_mut().read_to_string().unwrap(),
            challenged,
        }
    }

    pub fn json(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let kind = ("content-type", "application/json");
        self.send("POST", path, &[&[kind], headers].concat(), body.to_string())
    }

    pub fn form(&self, path: &str, headers: &[(&str, &str)], body: &[(&str, &str)]) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let body = serde_urlencoded::to_string(body).unwrap();
        self.send("POST", path, &[&[kind], headers].concat(), body)
    }

    // Steps, as the client `demo` takes them.

    pub fn password(&self, name: &str, password: &str, scope: &str, audience: &str) -> Answer {
        let body = json!({
            "grant_type": "password", "client_id": "demo", "client_secret": "demo-secret",
            "username": name, "password": password, "scope": scope, "audience": audience,
        });
        self.json("/oauth/token", &[], &body)
    }

    /// The `mfa_token` of a first factor.
    pub fn login(&self) -> String {
        self.password("alice@example.com", PASSWORD, "", "")
            .text("mfa_token")
    }

    pub fn associate(&self, token: &str, channel: &str, phone: &str) -> Answer {
        let body = json!({
            "authenticator_types": ["oob"], "oob_channels": [channel], "phone_number": phone,
        });
        self.json(
            "/mfa/associate",
            &[("authorization", &bearer(token))],
            &body,
        )
    }

    pub fn challenge(&self, token: &str, rest: &Value) -> Answer {
        let mut body = json!({
            "client_id": "demo", "client_secret": "demo-secret", "mfa_token": token,
        });
        body.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        self.json("/mfa/challenge", &[], &body)
    }

    pub fn answer(&self, token: &str, oob_code: &str, binding_code: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[],
            &[
                ("grant_type", MFA_OOB),
                ("client_id", "demo"),
                ("client_secret", "demo-secret"),
                ("mfa_token", token),
                ("oob_code", oob_code),
                ("binding_code", binding_code),
            ],
        )
    }

    pub fn recover(&self, token: &str, recovery_code: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[],
            &[
                ("grant_type", MFA_RECOVERY_CODE),
                ("client_id", "demo"),
                ("client_secret", "demo-secret"),
                ("mfa_token", token),
                ("recovery_code", recovery_code),
            ],
        )
    }

    pub fn list(&self, token: &str) -> Answer {
        self.send(
            "GET",
            "/mfa/authenticators",
            &[("authorization", &bearer(token))],
            "",
        )
    }

    pub fn remove(&self, token: &str, id: &str) -> Answer {
        let path = format!("/mfa/authenticators/{id}");
        self.send("DELETE", &path, &[("authorization", &bearer(token))], "")
    }
}

// Steps that read the outbox.
impl World {
    /// Enrolls a phone and confirms it: the recovery code, where there is one.
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

impl Client {
    /// Enrolls a phone and confirms it with the code that is read: the recovery code.
    pub fn enroll_reading(
        &self,
        token: &str,
        phone: &str,
        code: impl FnOnce() -> String,
    ) -> Option<String> {
        let associated = self.associate(token, "sms", phone).ok();
        let oob_code = associated["oob_code"].as_str().unwrap();
        self.answer(token, oob_code, &code()).ok();
        associated["recovery_codes"][0].as_str().map(str::to_owned)
    }

    /// The ids of the list, as an access token sees it.
    pub fn ids(&self, token: &str) -> Vec<String> {
        let list = self.list(token).ok();
        let ids = list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        // So that a request that hangs fails; none takes as long.
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A code that is not `code`.
pub fn wrong(code: &str) -> String {
    let last = code.chars().last().unwrap().to_digit(10).unwrap();
    format!("{}{}", &code[..code.len() - 1], (last + 1) % 10)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub challenged: Challenged,
}

/// Who hears a challenge (`WWW-Authenticate`) with a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenged {
    WhoIsUnauthorized,
    WhoFailsByHeader,
    Nobody,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of a 200, which nobody may keep.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("pragma"), Some("no-cache"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.value()
    }

    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        self.value()[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    /// Everything of an error: status, body, and each header that says something.
    #[track_caller]
    pub fn is(&self, status: u16, error: &str, description: &str) -> &Self {
        assert_eq!(
            (self.status, self.value()),
            (
                status,
                json!({ "error": error, "error_description": description })
            )
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("pragma"), Some("no-cache"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        let challenge = match (self.challenged, status, error) {
            (Challenged::Nobody, ..) => None,
            (_, 401, "invalid_client") => Some(r#"Basic realm="oauth""#.to_owned()),
            (Challenged::WhoFailsByHeader, ..) => None,
            (_, 401, _) => Some("Bearer".to_owned()),
            (_, 403, "insufficient_scope") => {
                let scope = description
                    .strip_prefix("Insufficient scope, expected: ")
                    .unwrap();
                Some(format!(
                    r#"Bearer error="insufficient_scope", scope="{scope}""#
                ))
            }
            _ => None,
        };
        assert_eq!(self.header("www-authenticate"), challenge.as_deref());
        if !matches!(status, 429 | 503) {
            assert_eq!(self.header("retry-after"), None);
        }
        self
    }

    #[track_caller]
    pub fn retry_after(&self, seconds: u64) {
        assert_eq!(
            self.header("retry-after"),
            Some(seconds.to_string().as_str())
        );
    }
}

/// Messages in memory, or refused.
#[derive(Default)]
pub struct TestOutbox {
    sent: Mutex<Vec<Value>>,
    pub fails: AtomicBool,
}

impl TestOutbox {
    pub fn messages(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }

    /// The code of the last message.
    pub fn code(&self) -> String {
        self.messages().last().unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Outbox for TestOutbox {
    fn send(&self, message: &Message) -> io::Result<()> {
        if self.fails.load(SeqCst) {
            return Err(io::Error::other("the provider is down"));
        }
        self.sent
            .lock()
            .unwrap()
            .push(serde_json::to_value(message)?);
        Ok(())
    }
}

/// The real store, and the faults that a store can have.
pub struct TestStore {
    pub redb: RedbStore,
    /// So many writes meet a conflict.
    pub conflicts: AtomicU64,
    pub unavailable: AtomicBool,
    pub panics: AtomicBool,
    /// Calls of `replace`.
    pub writes: AtomicU64,
    gate: Mutex<Option<(mpsc::Sender<()>, Arc<Semaphore>)>>,
}

impl TestStore {
    fn new(redb: RedbStore) -> Self {
        Self {
            redb,
            conflicts: AtomicU64::new(0),
            unavailable: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            writes: AtomicU64::new(0),
            gate: Mutex::new(None),
        }
    }

    /// Holds back writes from now on: tells when one is there, and lets one on per permit.
    pub fn hold(&self) -> (mpsc::Receiver<()>, Arc<Semaphore>) {
        let (sender, held) = mpsc::channel();
        let permits = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some((sender, Arc::clone(&permits)));
        (held, permits)
    }
}

impl Store for TestStore {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        assert!(!self.panics.load(SeqCst), "the panic of a test");
        if self.unavailable.load(SeqCst) {
            return Box::pin(async { Err(StoreError::Unavailable("the store is down".into())) });
        }
        self.redb.load(subject)
    }

    fn replace(&self, next: Next) -> Promise<'_, ()> {
        Box::pin(async move {
            self.writes.fetch_add(1, SeqCst);
            let gate = self.gate.lock().unwrap().clone();
            if let Some((held, permits)) = gate {
                held.send(()).unwrap();
                permits.acquire().await.unwrap().forget();
            }
            let left = self
                .conflicts
                .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            if left.is_ok() {
                return Err(StoreError::Conflict);
            }
            self.redb.replace(next).await
        })
    }
}
