//! A story, request by request: the request, the random bytes, the answer and the save.

mod told;

use oob_mfa::wire::ErrorAnswer;
use oob_mfa::*;

use self::told::{delivery, verified};
use crate::json::{Json, json, list, null, object};
use crate::stream::Recorded;
use crate::tokens::{denied_name, session_fields};
use crate::{KEY, START, alice, millis, moment};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const ALICES: &str = "+14155558730";
pub const SECOND: &str = "+442079460000";
pub const EVERY_SCOPE: &str = "enroll read:authenticators remove:authenticators";

/// A story in progress: each request uses the record of the one before.
pub struct Ceremony {
    engine: Engine,
    account: Account,
    pub now: i64,
    rng: Recorded,
    sessions: u32,
    steps: Vec<Json>,
}

/// The parts of a code at the client and the phone.
pub struct Sent {
    pub authenticator: AuthenticatorId,
    pub oob_code: String,
    pub binding_code: String,
    pub recovery_code: String,
}

impl Sent {
    fn wrong(&self) -> String {
        let code: u32 = self.binding_code.parse().unwrap();
        format!("{:06}", (code + 1) % 1_000_000)
    }
}

impl Ceremony {
    pub fn new(policy: Policy, seed: u8) -> Self {
        Self {
            engine: KEY.engine(policy),
            account: Account::new(alice()),
            now: START,
            rng: Recorded::new(seed),
            sessions: 0,
            steps: Vec::new(),
        }
    }

    pub fn told(self, name: &str) -> Json {
        object([
            ("name", json(name)),
            ("key", KEY.json()),
            ("policy", told::policy(self.engine.policy())),
            ("steps", list(self.steps)),
        ])
    }

    fn step(
        &mut self,
        operation: &str,
        session: Option<&MfaSession>,
        request: Json,
        answer: (&'static str, Json),
        saved: Option<(Json, Json)>,
    ) {
        let (events, next) = saved.unwrap_or_else(|| (json(&[(); 0]), null()));
        let token = session.map(|session| self.engine.issue_token(session));
        self.steps.push(object([
            ("operation", json(operation)),
            ("now", json(&self.now)),
            (
                "mfa_token",
                token.map_or_else(null, |token| json(token.expose_secret())),
            ),
            ("request", request),
            ("random", self.rng.drawn()),
            answer,
            ("events", events),
            ("next", next),
        ]));
    }

    fn denied(&self, denied: Denied) -> (&'static str, Json) {
        let now = moment(self.now);
        let answer = ErrorAnswer::denied(&denied, now);
        let denied = object([
            ("name", json(&denied_name(&denied))),
            ("status", json(&answer.status())),
            ("error", json(answer.error())),
            ("error_description", json(answer.error_description())),
            ("retry_at", json(&denied.retry_at().map(millis))),
            ("retry_after", json(&answer.retry_after())),
        ]);
        ("denied", denied)
    }

    /// Saves, and records the answer.
    fn decided<T>(
        &mut self,
        operation: &str,
        session: Option<&MfaSession>,
        request: Json,
        transition: Transition<T>,
        reply: impl FnOnce(&T) -> Json,
    ) -> Option<T> {
        let mut next = None;
        let outcome = transition
            .commit(|saved| {
                next = Some(saved.account().clone());
                Ok::<_, std::convert::Infallible>(())
            })
            .unwrap();
        let answer = match &outcome.result {
            Ok(grant) => ("granted", reply(grant)),
            Err(denied) => self.denied(*denied),
        };
        let saved = next
            .as_ref()
            .map(|next| (json(&outcome.events), json(next)));
        self.step(operation, session, request, answer, saved);
        if let Some(next) = next {
            assert_eq!(next.replaces().unwrap_or_default(), self.account.revision());
            self.account = next;
        }
        outcome.result.ok()
    }

    pub fn begin(&mut self) -> MfaSession {
        let first_factor = FirstFactor {
            subject: alice(),
            client: "demo",
            scope: "openid profile",
            audience: "",
        };
        let begun = self
            .engine
            .begin(first_factor, moment(self.now), &mut self.rng);
        let session = begun.unwrap();
        let token = self.engine.issue_token(&session);
        let request = object([
            ("subject", json("auth0|alice")),
            ("client", json("demo")),
            ("scope", json("openid profile")),
            ("audience", json("")),
        ]);
        let reply = object([("mfa_token", json(token.expose_secret()))]);
        self.step("begin", None, request, ("granted", reply), None);
        session
    }

    /// A full login; its token is the one that the engine would seal.
    pub fn vouch(&mut self, scope: &str) -> MfaSession {
        self.sessions += 1;
        let id = format!("jti-{}", self.sessions);
        let session = MfaSession::trusted(TrustedClaims {
            id: SessionId::from_jti(&id).unwrap(),
            subject: alice(),
            client: "demo",
            assurance: Assurance::Mfa,
            scope,
            audience: "https://example.com/mfa/",
            issued_at: moment(self.now),
            expires_at: moment(self.now + 10 * MINUTE),
            authenticated_at: moment(self.now - MINUTE),
        })
        .unwrap();
        let token = self.engine.issue_token(&session);
        let fields = session_fields(&session).into_iter();
        let request = object([("id", json(&id))].into_iter().chain(fields));
        let reply = object([("mfa_token", json(token.expose_secret()))]);
        self.step("trusted", None, request, ("granted", reply), None);
        session
    }

    pub fn associate(
        &mut self,
        session: &MfaSession,
        phone: &str,
        channel: Channel,
    ) -> Option<Sent> {
        let request = Associate {
            channel,
            phone: phone.parse().unwrap(),
        };
        let said = object([("channel", json(&channel)), ("phone", json(phone))]);
        let transition = self.engine.associate(
            self.account.clone(),
            session,
            &request,
            moment(self.now),
            &mut self.rng,
        );
        let reply = |grant: &Associated| {
            let shown = grant.recovery_code.as_ref();
            object([
                ("authenticator", json(&grant.authenticator)),
                ("oob_code", json(&grant.oob_code.expose_secret())),
                (
                    "recovery_code",
                    json(&shown.map(RecoveryCode::expose_secret)),
                ),
                ("delivery", delivery(&grant.delivery)),
            ])
        };
        let grant = self.decided("associate", Some(session), said, transition, reply)?;
        let shown = grant.recovery_code.as_ref();
        Some(Sent {
            authenticator: grant.authenticator,
            oob_code: grant.oob_code.expose_secret(),
            binding_code: grant.delivery.code.expose_secret().into(),
            recovery_code: shown.map_or_else(String::new, |shown| shown.expose_secret().into()),
        })
    }

    pub fn challenge(
        &mut self,
        session: &MfaSession,
        authenticator: Option<AuthenticatorId>,
    ) -> Option<Sent> {
        let request = Challenge {
            authenticator,
            channel: None,
        };
        let said = object([("authenticator", json(&authenticator))]);
        let transition = self.engine.challenge(
            self.account.clone(),
            session,
            &request,
            moment(self.now),
            &mut self.rng,
        );
        let reply = |grant: &Challenged| {
            object([
                ("authenticator", json(&grant.authenticator)),
                ("oob_code", json(&grant.oob_code.expose_secret())),
                ("delivery", delivery(&grant.delivery)),
            ])
        };
        let grant = self.decided("challenge", Some(session), said, transition, reply)?;
        Some(Sent {
            authenticator: grant.authenticator,
            oob_code: grant.oob_code.expose_secret(),
            binding_code: grant.delivery.code.expose_secret().into(),
            recovery_code: String::new(),
        })
    }

    pub fn verify(&mut self, session: &MfaSession, oob_code: &str, binding_code: &str) {
        let request = VerifyOob {
            oob_code: oob_code.into(),
            binding_code: binding_code.into(),
        };
        let said = object([
            ("oob_code", json(oob_code)),
            ("binding_code", json(binding_code)),
        ]);
        let transition =
            self.engine
                .verify_oob(self.account.clone(), session, &request, moment(self.now));
        self.decided("verify_oob", Some(session), said, transition, verified);
    }

    pub fn right(&mut self, session: &MfaSession, sent: &Sent) {
        self.verify(session, &sent.oob_code, &sent.binding_code);
    }

    pub fn wrong(&mut self, session: &MfaSession, sent: &Sent) {
        self.verify(session, &sent.oob_code, &sent.wrong());
    }

    pub fn recover(&mut self, session: &MfaSession, code: &str) {
        let said = object([("recovery_code", json(code))]);
        let transition = self.engine.verify_recovery_code(
            self.account.clone(),
            session,
            &code.into(),
            moment(self.now),
            &mut self.rng,
        );
        let operation = "verify_recovery_code";
        self.decided(operation, Some(session), said, transition, verified);
    }

    pub fn regenerate(&mut self, session: &MfaSession) {
        let transition = self.engine.regenerate_recovery_code(
            self.account.clone(),
            session,
            moment(self.now),
            &mut self.rng,
        );
        let reply = |code: &RecoveryCode| object([("recovery_code", json(code.expose_secret()))]);
        let operation = "regenerate_recovery_code";
        self.decided(operation, Some(session), object([]), transition, reply);
    }

    pub fn list(&mut self, session: &MfaSession) {
        let entries = self
            .engine
            .authenticators(&self.account, session, moment(self.now))
            .map(Iterator::collect::<Vec<_>>);
        let answer = match entries {
            Ok(entries) => ("granted", list(entries.into_iter().map(told::entry))),
            Err(denied) => self.denied(denied),
        };
        self.step("authenticators", Some(session), object([]), answer, None);
    }

    pub fn remove(&mut self, session: &MfaSession, id: AuthenticatorId) {
        let said = object([("authenticator", json(&id))]);
        let now = moment(self.now);
        let transition = self
            .engine
            .remove_authenticator(self.account.clone(), session, &id, now);
        let reply = |removed: &Removed| {
            object([
                ("device", json(&removed.device)),
                ("phone", json(&removed.phone)),
            ])
        };
        let operation = "remove_authenticator";
        self.decided(operation, Some(session), said, transition, reply);
    }

    pub fn import(&mut self, phone: &str) {
        let said = object([("phone", json(phone)), ("channel", json("sms"))]);
        let transition = self.engine.import_phone(
            self.account.clone(),
            phone.parse().unwrap(),
            Channel::Sms,
            moment(self.now),
            &mut self.rng,
        );
        let reply = |id: &AuthenticatorId| object([("authenticator", json(id))]);
        self.decided("import_phone", None, said, transition, reply);
    }

    pub fn restore_budgets(&mut self) {
        let transition = self
            .engine
            .restore_budgets(self.account.clone(), moment(self.now));
        let done = |(): &()| object([]);
        self.decided("restore_budgets", None, object([]), transition, done);
    }

    pub fn reset(&mut self) {
        let transition = self.engine.reset(self.account.clone(), moment(self.now));
        let done = |(): &()| object([]);
        self.decided("reset", None, object([]), transition, done);
    }

    pub fn rewind(&mut self) {
        let transition = self.engine.rewind(self.account.clone(), moment(self.now));
        let done = |(): &()| object([]);
        self.decided("rewind", None, object([]), transition, done);
    }
}
