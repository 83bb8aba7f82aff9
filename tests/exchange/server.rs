//! A server around the machine. A test can take over at any step.

use std::collections::HashMap;
use std::sync::Arc;

use oob_mfa::exchange::{Exchange, Passed, Reply};
use oob_mfa::wire::{ErrorAnswer, TokenAnswer};
use oob_mfa::{
    Account, Assurance, Channel, Denied, DeviceId, Engine, Key, KeyRing, Limit, MfaSession, Policy,
    SessionId, Subject, Transition, TrustedClaims,
};
use oob_mfa_testing::{ALICES, Clock, EVERY_SCOPE, HOUR, Outbox, TestRng};
use serde_json::json;
use time::UtcDateTime;

use super::http::{Got, Http};

/// A public client; `web` has a secret.
pub const CLIENT: &str = "my-app";
pub const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
pub const MFA_RECOVERY_CODE: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";

pub struct Server {
    pub engine: Arc<Engine>,
    pub accounts: HashMap<Subject, Account>,
    pub clock: Clock,
    pub rng: TestRng,
    pub outbox: Outbox,
    pub access_tokens: HashMap<String, MfaSession>,
    /// The names of the steps that were answered.
    pub steps: Vec<&'static str>,
}

/// Answers steps until one of this kind, and returns it.
macro_rules! until {
    ($server:expr, $exchange:expr, $step:ident) => {{
        let mut exchange = $exchange;
        loop {
            exchange = match exchange {
                oob_mfa::exchange::Exchange::$step(step) => break step,
                oob_mfa::exchange::Exchange::Done(reply) => panic!("ended: {reply:?}"),
                other => $server.answer(other),
            };
        }
    }};
}
pub(crate) use until;

/// A sent message.
#[derive(Clone)]
pub struct Asked {
    pub token: String,
    pub oob_code: String,
    pub code: String,
}

pub fn alice() -> Subject {
    "auth0|alice".parse().unwrap()
}

pub fn engine(policy: Policy) -> Arc<Engine> {
    Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32]))).into()
}

impl Server {
    pub fn new() -> Self {
        Self::of(Policy::auth0())
    }

    pub fn of(policy: Policy) -> Self {
        Self {
            engine: engine(policy),
            accounts: HashMap::new(),
            clock: Clock::new(),
            rng: TestRng::new(1),
            outbox: Outbox::new(),
            access_tokens: HashMap::new(),
            steps: Vec::new(),
        }
    }

    pub fn now(&self) -> UtcDateTime {
        self.clock.now()
    }

    pub fn wait(&self, span: std::time::Duration) {
        self.clock.set(self.now() + span);
    }

    pub fn set_back(&self, span: std::time::Duration) {
        self.clock.set(self.now() - span);
    }

    pub fn begin(&self, request: &Http) -> Exchange {
        request.ask(|request| Exchange::begin(&self.engine, request, self.now()))
    }

    /// Answers one step.
    pub fn answer(&mut self, exchange: Exchange) -> Exchange {
        let name = name(&exchange);
        self.steps.push(name);
        match exchange {
            Exchange::Client(step) => {
                let client = step.credentials();
                let secret = (client.client_id() == "web").then_some("s3cret");
                if ["web", CLIENT, "other"].contains(&client.client_id()) && client.matches(secret)
                {
                    step.authenticated()
                } else {
                    step.rejected()
                }
            }
            Exchange::Token(step) => match self.access_tokens.get(step.text()).cloned() {
                Some(session) => step.session(session),
                None if step.text() == "withdrawn" => step.denied(Denied::TokenInvalid),
                None => step.unknown(),
            },
            Exchange::Grant(step) => match (step.grant_type(), step.body().optional("password")) {
                ("password", Ok(Some("correct horse"))) => {
                    let subject = step.body().required("username").unwrap().parse().unwrap();
                    let (scope, audience) = ("openid profile", "https://api.example/");
                    step.first_factor(Passed {
                        subject,
                        scope: scope.to_owned(),
                        audience: audience.to_owned(),
                    })
                }
                ("password", _) => {
                    let text = "Wrong email or password.";
                    step.fail(ErrorAnswer::new(403, "invalid_grant", text))
                }
                ("client_credentials", _) => {
                    let answer = TokenAnswer::new("for a machine", 60, "read");
                    step.granted(answer)
                }
                _ => step.unsupported(),
            },
            Exchange::Load(step) => {
                let account = self.accounts.get(step.subject()).cloned();
                step.loaded(account, self.clock.now(), &mut self.rng)
            }
            Exchange::Admit(step) => {
                if step.target().phone.to_e164().starts_with("+49") {
                    let text = "No messages to this country.";
                    step.fail(ErrorAnswer::new(403, "access_denied", text))
                } else {
                    step.admitted()
                }
            }
            Exchange::Replace(step) => {
                let account = step.next().account();
                let stored = self.accounts.get(account.subject()).map(Account::revision);
                if stored == account.replaces() {
                    self.accounts
                        .insert(account.subject().clone(), account.clone());
                    step.stored()
                } else {
                    step.conflict()
                }
            }
            Exchange::Send(step) => match self.outbox.send(step.delivery()) {
                Ok(()) => step.sent(),
                Err(_) => step.failed(),
            },
            Exchange::Mint(step) => {
                let answer = TokenAnswer::new("an access token", 600, step.verified().scope());
                step.minted(answer)
            }
            Exchange::Done(reply) => Exchange::Done(reply),
        }
    }

    /// Answers all remaining steps.
    pub fn finish(&mut self, mut exchange: Exchange) -> Reply {
        loop {
            match exchange {
                Exchange::Done(reply) => return reply,
                other => exchange = self.answer(other),
            }
        }
    }

    pub fn reply(&mut self, request: &Http) -> Reply {
        self.steps.clear();
        let exchange = self.begin(request);
        self.finish(exchange)
    }

    pub fn respond(&mut self, request: &Http) -> Got {
        Got::from(&self.reply(request))
    }

    pub fn account(&self) -> Account {
        let account = self.accounts.get(&alice()).cloned();
        account.unwrap_or_else(|| Account::new(alice()))
    }

    /// Stores a change that the server makes by itself.
    pub fn save<T>(&mut self, transition: Transition<T>) -> T {
        let outcome = transition.commit(|next| {
            self.accounts.insert(alice(), next.account().clone());
            Ok::<_, ()>(())
        });
        outcome.unwrap().result.unwrap()
    }

    pub fn import(&mut self, number: &str, channel: Channel) {
        let (account, phone, now) = (self.account(), number.parse().unwrap(), self.now());
        let engine = self.engine.clone();
        let import = engine.import_phone(account, phone, channel, now, &mut self.rng);
        self.save(import);
    }

    /// The first phone.
    pub fn device(&self) -> DeviceId {
        let account = self.account();
        let mut phones = self.engine.phones(&account, self.now());
        phones.next().unwrap().device
    }

    pub fn left(&self, limit: Limit) -> u32 {
        self.engine.remaining(&self.account(), limit, self.now())
    }

    /// The `mfa_token` for a right password.
    pub fn login(&mut self) -> String {
        let got = self.respond(&password("auth0|alice"));
        assert_eq!(got.status, 403);
        got.text("mfa_token")
    }

    /// What the answer and the message to this number say.
    pub fn asked(&self, token: String, got: &Got, number: &str) -> Asked {
        assert_eq!(got.status, 200, "{got:?}");
        Asked {
            token,
            oob_code: got.text("oob_code"),
            code: self.outbox.code_for(number.parse().unwrap()).unwrap(),
        }
    }

    pub fn associated(&mut self, number: &str) -> Asked {
        let token = self.login();
        let got = self.respond(&associate(&token, number));
        self.asked(token, &got, number)
    }

    pub fn challenged(&mut self) -> Asked {
        let token = self.login();
        let got = self.respond(&challenge(&token));
        let last = self.outbox.messages().pop().unwrap();
        self.asked(token, &got, last.to.to_e164().as_str())
    }

    /// Confirms a first phone; the recovery code that came with it.
    pub fn enroll(&mut self) -> String {
        let token = self.login();
        let got = self.respond(&associate(&token, ALICES));
        let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        let asked = self.asked(token, &got, ALICES);
        assert_eq!(self.respond(&verify(&asked)).status, 200);
        body["recovery_codes"][0]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// An access token of a full login, valid for an hour.
    pub fn access_token(&mut self, name: &str) -> String {
        self.vouch(name, |_| ())
    }

    pub fn vouch(&mut self, name: &str, change: impl FnOnce(&mut TrustedClaims<'_>)) -> String {
        let mut claims = TrustedClaims {
            id: SessionId::from_jti(name).unwrap(),
            subject: alice(),
            client: CLIENT,
            assurance: Assurance::Mfa,
            scope: EVERY_SCOPE,
            audience: "https://tenant.example/mfa/",
            issued_at: self.now(),
            expires_at: self.now() + HOUR,
            authenticated_at: self.now(),
        };
        change(&mut claims);
        let session = MfaSession::trusted(claims).unwrap();
        self.access_tokens.insert(name.to_owned(), session);
        name.to_owned()
    }
}

pub fn name(exchange: &Exchange) -> &'static str {
    match exchange {
        Exchange::Client(_) => "client",
        Exchange::Token(_) => "token",
        Exchange::Grant(_) => "grant",
        Exchange::Load(_) => "load",
        Exchange::Admit(_) => "admit",
        Exchange::Replace(_) => "replace",
        Exchange::Send(_) => "send",
        Exchange::Mint(_) => "mint",
        Exchange::Done(_) => "done",
    }
}

pub fn password(username: &str) -> Http {
    Http::post("/oauth/token").json(&json!({
        "grant_type": "password", "client_id": CLIENT,
        "username": username, "password": "correct horse",
    }))
}

pub fn associate(token: &str, number: &str) -> Http {
    Http::post("/mfa/associate").bearer(token).json(&json!({
        "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": number,
    }))
}

pub fn challenge(token: &str) -> Http {
    Http::post("/mfa/challenge").json(&json!({ "mfa_token": token, "client_id": CLIENT }))
}

pub fn verify(asked: &Asked) -> Http {
    Http::post("/oauth/token").json(&json!({
        "grant_type": MFA_OOB, "client_id": CLIENT, "mfa_token": asked.token,
        "oob_code": asked.oob_code, "binding_code": asked.code,
    }))
}

pub fn recover(token: &str, code: &str) -> Http {
    Http::post("/oauth/token").json(&json!({
        "grant_type": MFA_RECOVERY_CODE, "client_id": CLIENT, "mfa_token": token,
        "recovery_code": code,
    }))
}

pub fn list(token: &str) -> Http {
    Http::new("GET", "/mfa/authenticators").bearer(token)
}

pub fn remove(token: &str, id: &str) -> Http {
    Http::new("DELETE", &format!("/mfa/authenticators/{id}")).bearer(token)
}
