use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use serde_json::{Value, json};
use tempfile::TempDir;
use time::UtcDateTime;

use super::*;
use crate::config::Config;
use crate::keys::{self, Keys, SigningAlgorithm};
use crate::log::tests::capture;
use crate::outbox::Outbox;
use crate::store::RedbStore;

const PASSWORD: &str = "correct horse battery staple";
const PHONE: &str = "+14155558730";
const OTHER_PHONE: &str = "+14155558731";
/// A subject that forges a line of an operator.
const FORGED: &str =
    "x\n INFO audit: administration ended subject=\"auth0|alice\" operator=\"ann\"";

/// An outbox with a provider that can be down.
#[derive(Default)]
struct Provider(AtomicBool);

impl Outbox for Provider {
    fn send(&self, _: &Message) -> Result<(), SendError> {
        match self.0.load(SeqCst) {
            true => Err(io::Error::other(format!("down\n{FORGED}")).into()),
            false => Ok(()),
        }
    }
}

/// A service without sockets.
struct Bench {
    service: Service,
    provider: Arc<Provider>,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(&folder.path().join("accounts.redb")).unwrap();
        let keys = Keys::parse(&keys::fresh().unwrap(), SigningAlgorithm::Es256).unwrap();
        let config = Config::parse(&format!(
            r#"
            allowed_prefixes = ["1"]
            [[users]]
            email = "alice@example.com"
            sub = {FORGED:?}
            password = "{PASSWORD}"
            [[clients]]
            id = "demo"
            secret = "demo-secret"
            "#
        ));
        let provider = Arc::new(Provider::default());
        let address = "127.0.0.1:1".parse().unwrap();
        let outbox = Arc::clone(&provider) as _;
        let service = Service::new(config.unwrap(), address, keys, Arc::new(store), outbox);
        let at = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        Self {
            service: service.with_clock(Arc::new(move || at)),
            provider,
            _folder: folder,
        }
    }

    async fn ask(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        let (body, bearer) = (body.to_string(), format!("Bearer {token}"));
        let mut headers: Vec<(&str, &[u8])> = vec![("content-type", b"application/json")];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_bytes()));
        }
        let request = Request {
            method: "POST",
            target: path,
            headers: &headers,
            body: body.as_bytes(),
        };
        let network = Network::of("192.0.2.1".parse().unwrap());
        let reply = self.service.respond(&request, network).await;
        let body = serde_json::from_slice(reply.body()).unwrap();
        (reply.status(), body)
    }

    async fn sign_in(&self, client: &str, secret: &str) -> (u16, Value) {
        let body = json!({
            "grant_type": "password", "client_id": client, "client_secret": secret,
            "username": "alice@example.com", "password": PASSWORD,
        });
        self.ask("/oauth/token", "", body).await
    }

    async fn mfa_token(&self) -> String {
        let (status, body) = self.sign_in("demo", "demo-secret").await;
        assert_eq!(status, 403, "{body}");
        body["mfa_token"].as_str().unwrap().to_owned()
    }

    async fn associate(&self, token: &str, phone: &str) -> u16 {
        let body = json!({
            "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": phone,
        });
        self.ask("/mfa/associate", token, body).await.0
    }
}

#[tokio::test]
async fn a_subject_with_a_line_break_forges_no_line_of_the_log() {
    let (bench, (log, _guard)) = (Bench::new(), capture());
    let token = bench.mfa_token().await;
    assert_eq!(bench.associate(&token, PHONE).await, 200);
    bench.provider.0.store(true, SeqCst);
    assert_eq!(bench.associate(&token, PHONE).await, 502);
    let body = json!({ "grant_type": "http://auth0.com/oauth/grant-type/mfa-oob", "mfa_token": token,
        "client_id": "demo", "client_secret": "demo-secret",
        "oob_code": "AAAAAAAAAAAAAAAAAAAAAA", "binding_code": "123456" });
    assert_eq!(bench.ask("/oauth/token", "", body).await.0, 403);
    bench
        .service
        .store_failed(&FORGED.parse().unwrap(), &StoreError::Conflict);
    let log = log.text();
    let subject = format!("subject={FORGED:?}");
    let said = [
        "first factor passed",
        "message sent",
        "message not sent",
        "denied",
        "conflicts exhausted the retries",
    ];
    assert_eq!(log.lines().count(), said.len(), "{log}");
    for (line, said) in log.lines().zip(said) {
        assert!(line.contains(said) && line.contains(&subject), "{line}");
    }
}

/// The samples of refusals and outages that are not zero.
fn refusals(bench: &Bench) -> Vec<String> {
    let text = bench.service.metrics.text().unwrap();
    let names = ["refusals_total", "provider_outages_total"];
    let counted = text.lines().filter(|line| !line.ends_with(" 0"));
    let counted = counted.filter_map(|line| line.strip_prefix("oob_mfa_"));
    let mut counted: Vec<_> = counted
        .filter(|line| names.iter().any(|name| line.starts_with(name)))
        .map(str::to_owned)
        .collect();
    counted.sort();
    counted
}

/// The lines of the log without their subjects, which are all the same.
fn lines(log: &str) -> Vec<String> {
    let subject = format!(" subject={FORGED:?}");
    let lines = log.lines().map(|line| line.replace(&subject, ""));
    let lines = lines.map(|line| line.replace("oob_mfa_server::driver: ", ""));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[tokio::test]
async fn clients_and_numbers_that_are_refused_are_counted_and_logged() {
    let bench = Bench::new();
    let token = bench.mfa_token().await;
    let (log, _guard) = capture();
    assert_eq!(bench.sign_in("demo", "wrong").await.0, 401);
    assert_eq!(bench.sign_in("demo\nforged", "wrong").await.0, 401);
    assert_eq!(bench.associate(&token, "+4915112345678").await, 403);
    assert_eq!(
        lines(&log.text()),
        [
            "INFO invalid client client=\"demo\" network=Network(192.0.2.1)",
            "INFO invalid client network=Network(192.0.2.1)",
            "INFO message not admitted reason=\"number\" network=Network(192.0.2.1)",
        ]
    );
    assert_eq!(
        refusals(&bench),
        [
            "refusals_total{reason=\"invalid_client\"} 2",
            "refusals_total{reason=\"number\"} 1",
        ]
    );
}

#[tokio::test]
async fn the_begin_and_the_end_of_an_outage_are_counted_and_logged() {
    let bench = Bench::new();
    let token = bench.mfa_token().await;
    bench.provider.0.store(true, SeqCst);
    for phone in [PHONE, OTHER_PHONE] {
        assert_eq!(bench.associate(&token, phone).await, 502);
    }
    let (log, _guard) = capture();
    assert_eq!(bench.associate(&token, PHONE).await, 502);
    assert_eq!(bench.associate(&token, PHONE).await, 503);
    bench.provider.0.store(false, SeqCst);
    let later = UtcDateTime::from_unix_timestamp(1_800_000_030).unwrap();
    let bench = Bench {
        service: bench.service.with_clock(Arc::new(move || later)),
        ..bench
    };
    assert_eq!(bench.associate(&token, PHONE).await, 200);
    let log = lines(&log.text());
    let [failed, began, refused, sent, works] = &log[..] else {
        panic!("{log:#?}");
    };
    assert!(failed.starts_with("ERROR message not sent id="), "{failed}");
    let expected = "ERROR the provider is down: messages are refused channel=sms";
    assert_eq!(began, expected);
    let expected = "INFO message not admitted reason=\"outage\" network=Network(192.0.2.1)";
    assert_eq!(refused, expected);
    assert!(sent.starts_with("INFO message sent id="), "{sent}");
    assert_eq!(works, "WARN the provider works again channel=sms");
    assert_eq!(
        refusals(&bench),
        [
            "provider_outages_total{change=\"began\"} 1",
            "provider_outages_total{change=\"ended\"} 1",
            "refusals_total{reason=\"outage\"} 1",
        ]
    );
}
