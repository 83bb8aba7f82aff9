//! Exchanges: any requests, with any answers to their steps.

mod reply;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use oob_mfa::exchange::{Exchange, Passed, Reply, Request};
use oob_mfa::wire::{ErrorAnswer, MAX_BODY, TokenAnswer};
use oob_mfa::{
    Account, Assurance, DeliveryId, Engine, Event, Key, KeyRing, MAX_TRIES, MfaSession, Policy,
    SessionId, Subject, TrustedClaims,
};
use oob_mfa_testing::{Clock, EVERY_SCOPE, HOUR, MINUTE, TestRng};
use serde_json::Value;

/// More requests find nothing new.
const MAX_REQUESTS: usize = 40;
/// Client and token or grant; 16 times load, admit and replace; send or mint.
const MAX_STEPS: u32 = 2 + 3 * MAX_TRIES + 1;
/// The separator of two requests.
const APART: &[u8] = b"\n--\n";

/// Makes requests from the bytes and drives each to its end.
///
/// The first line answers the steps, one byte each, repeatedly. After it come requests in the form of
/// HTTP/1.1, separated by lines with `--`. `{token}` and other names in braces are replaced by the latest
/// value of that name from a reply or a message.
pub fn exchange(data: &[u8]) {
    statuses(data);
}

/// As [`exchange`], with the status of each reply.
pub fn statuses(data: &[u8]) -> Vec<u16> {
    let (answers, mut rest) = halves(data, b"\n");
    let mut server = Server::new(answers);
    let mut statuses = Vec::new();
    while !rest.is_empty() && statuses.len() < MAX_REQUESTS {
        let (request, after) = halves(rest, APART);
        rest = after;
        statuses.push(server.respond(request));
    }
    statuses
}

/// The parts before and after the first `between`.
fn halves<'a>(data: &'a [u8], between: &[u8]) -> (&'a [u8], &'a [u8]) {
    let found = data
        .windows(between.len())
        .position(|bytes| bytes == between);
    match found {
        Some(at) => (&data[..at], &data[at + between.len()..]),
        None => (data, &[]),
    }
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

struct Server<'a> {
    engine: Arc<Engine>,
    clock: Clock,
    rng: TestRng,
    answers: core::iter::Cycle<core::slice::Iter<'a, u8>>,
    accounts: HashMap<Subject, Account>,
    stored: BTreeSet<DeliveryId>,
    access_tokens: HashMap<String, MfaSession>,
    /// The values of the names in braces.
    latest: BTreeMap<&'static str, String>,
}

impl<'a> Server<'a> {
    fn new(answers: &'a [u8]) -> Self {
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
        Self {
            engine: engine.into(),
            clock: Clock::new(),
            rng: TestRng::new(1),
            answers: answers.iter().cycle(),
            accounts: HashMap::new(),
            stored: BTreeSet::new(),
            access_tokens: HashMap::new(),
            latest: BTreeMap::from([("{pad}", " ".repeat(MAX_BODY))]),
        }
    }

    fn respond(&mut self, request: &[u8]) -> u16 {
        let request = self.filled(request);
        let (head, body) = halves(&request, b"\n\n");
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = halves(lines.next().unwrap_or_default(), b" ");
        let headers: Vec<_> = lines
            .map(|line| halves(line, b": "))
            .map(|(name, value)| (text(name), value))
            .collect();
        let request = Request {
            method: text(method),
            target: text(target),
            headers: &headers,
            body,
        };
        let reply = self.drive(&request);
        reply::check(&request, &reply);
        self.learn(&reply);
        reply.status()
    }

    fn filled(&self, request: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(request.len());
        let mut rest = request;
        while let Some((&byte, after)) = rest.split_first() {
            let mut names = self.latest.iter();
            let found = names.find(|(name, _)| rest.starts_with(name.as_bytes()));
            if let Some((name, value)) = found {
                filled.extend_from_slice(value.as_bytes());
                rest = &rest[name.len()..];
            } else {
                filled.push(byte);
                rest = after;
            }
        }
        filled
    }

    fn drive(&mut self, request: &Request<'_>) -> Reply {
        let mut exchange = Exchange::begin(&self.engine, request, self.clock.now());
        for _ in 0..=MAX_STEPS {
            assert!(!format!("{exchange:?}").is_empty());
            match exchange {
                Exchange::Done(reply) => return reply,
                step => exchange = self.answer(step),
            }
        }
        panic!("no end: {exchange:?}");
    }

    /// The fault of the next step, of 16 kinds: `0` is a server without faults. The clock moves.
    fn fault(&mut self) -> u8 {
        let answer = self.answers.next().copied().unwrap_or(b'0');
        let now = self.clock.now();
        self.clock.set(match answer >> 4 {
            4 => now + MINUTE,
            5 => now + HOUR,
            6 => now - MINUTE,
            7 => now - HOUR,
            _ => now,
        });
        answer % 16
    }

    fn answer(&mut self, step: Exchange) -> Exchange {
        let fault = self.fault();
        let own = || ErrorAnswer::new(418, "own", "An error of the server.");
        match (step, fault) {
            (Exchange::Client(step), 15) => step.rejected(),
            (Exchange::Client(step), 14) => step.fail(own()),
            (Exchange::Client(step), _) => step.authenticated(),
            (Exchange::Token(step), 15) => step.fail(own()),
            (Exchange::Token(step), 14) => step.denied(oob_mfa::Denied::TokenInvalid),
            (Exchange::Token(step), _) => match self.access_tokens.get(step.text()).cloned() {
                Some(session) => step.session(session),
                None => step.unknown(),
            },
            (Exchange::Grant(step), 15) => step.fail(own()),
            (Exchange::Grant(step), 14) => step.granted(TokenAnswer::new("tokens", 60, "")),
            (Exchange::Grant(step), 13) => step.unsupported(),
            (Exchange::Grant(step), _) => {
                let subject = step.body().required("username").ok();
                match subject.and_then(|subject| subject.parse().ok()) {
                    Some(subject) => {
                        let scope = step.body().optional("scope").ok().flatten();
                        let scope = scope.unwrap_or_default().to_owned();
                        let (scope, audience) = (scope.as_str(), "");
                        step.first_factor(Passed {
                            subject,
                            scope: scope.to_owned(),
                            audience: audience.to_owned(),
                        })
                    }
                    None => step.fail(own()),
                }
            }
            (Exchange::Load(step), 15) => step.fail(own()),
            (Exchange::Load(step), 14) => step.broken(),
            (Exchange::Load(step), 13) => step.unavailable(),
            (Exchange::Load(step), 12) => {
                let other = Account::new("of nobody".parse().expect("a subject"));
                step.loaded(Some(other), self.clock.now(), &mut self.rng)
            }
            (Exchange::Load(step), _) => {
                let account = self.accounts.get(step.subject()).cloned();
                step.loaded(account, self.clock.now(), &mut self.rng)
            }
            (Exchange::Admit(step), 15) => step.fail(own()),
            (Exchange::Admit(step), _) => step.admitted(),
            (Exchange::Replace(step), fault) => {
                let is_written = fault < 10 || fault == 13;
                let is_written = is_written && self.replace(step.next());
                match fault {
                    15 => step.fail(own()),
                    12..=14 => step.lost(),
                    _ if is_written => step.stored(),
                    _ => step.conflict(),
                }
            }
            (Exchange::Send(step), fault) => {
                assert!(
                    self.stored.remove(&step.delivery().id()),
                    "not stored, or sent twice"
                );
                let code = step.delivery().code.expose_secret().to_owned();
                self.latest.insert("{code}", code);
                match fault {
                    15 => step.fail(own()),
                    14 => step.failed(),
                    13 => step.unknown(),
                    _ => step.sent(),
                }
            }
            (Exchange::Mint(step), 15) => step.fail(own()),
            (Exchange::Mint(step), 14) => step.failed(),
            (Exchange::Mint(step), _) => {
                let (verified, now) = (step.verified(), self.clock.now());
                let name = format!("access-{}", self.access_tokens.len());
                let session = MfaSession::trusted(TrustedClaims {
                    id: SessionId::from_jti(&name).expect("an id"),
                    subject: verified.subject().clone(),
                    client: verified.client(),
                    assurance: Assurance::Mfa,
                    scope: EVERY_SCOPE,
                    audience: verified.audience(),
                    issued_at: now,
                    expires_at: now + HOUR,
                    authenticated_at: verified.authenticated_at(),
                });
                let answer = TokenAnswer::new(&name, 600, verified.scope());
                self.access_tokens
                    .insert(name, session.expect("claims of a session"));
                step.minted(answer)
            }
            (Exchange::Done(reply), _) => Exchange::Done(reply),
        }
    }

    fn replace(&mut self, next: &oob_mfa::Next) -> bool {
        let account = next.account();
        let stored = self.accounts.get(account.subject()).map(Account::revision);
        if stored != account.replaces() {
            return false;
        }
        self.accounts
            .insert(account.subject().clone(), account.clone());
        for event in next.events() {
            if let Event::CodeIssued { delivery, .. } = event {
                assert!(self.stored.insert(*delivery), "two messages of one name");
            }
        }
        true
    }

    fn learn(&mut self, reply: &Reply) {
        let Ok(body) = serde_json::from_slice::<Value>(reply.body()) else {
            return;
        };
        for (name, value) in [
            ("{token}", &body["mfa_token"]),
            ("{access}", &body["access_token"]),
            ("{oob}", &body["oob_code"]),
            ("{recovery}", &body["recovery_code"]),
            ("{recovery}", &body["recovery_codes"][0]),
            ("{id}", &body[1]["id"]),
        ] {
            if let Some(value) = value.as_str() {
                self.latest.insert(name, value.to_owned());
            }
        }
    }
}
