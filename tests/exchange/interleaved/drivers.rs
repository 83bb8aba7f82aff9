//! Drivers that answer at random, and check each step.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use oob_mfa::exchange::{
    Admit, Endpoint, Exchange, Grant, Load, Mint, Passed, Replace, Reply, Request, Send,
};
use oob_mfa::wire::{ErrorAnswer, TokenAnswer};
use oob_mfa::{DeliveryId, Denied, DeniedKind, Engine, Event, MAX_TRIES, Policy, Target};
use oob_mfa_testing::{Clock, TestRng};

use super::clients::Clients;
use super::store::Store;
use super::{Choice, Ends};
use crate::http::Http;
use crate::server::engine;

/// More requests at once than any server gets from one user.
const MOST_AT_ONCE: usize = 8;
/// Client and token or grant; 16 times load, admit and replace; send or mint; the reply.
const MOST_STEPS: u32 = 2 + 3 * MAX_TRIES + 2;

/// A running request.
struct Flight {
    exchange: Exchange,
    seen: Seen,
}

/// The request, and its state.
struct Seen {
    request: Http,
    /// Each of its writes gets a conflict.
    unlucky: bool,
    steps: u32,
    conflicts: u32,
    admitted: Option<Target>,
    /// The events of its write.
    stored: Option<Vec<Event>>,
    /// The code of its message.
    code: Option<String>,
    minted: bool,
    /// The expected status.
    ends_with: Option<u16>,
}

pub struct Drivers {
    engine: Arc<Engine>,
    clock: Clock,
    rng: TestRng,
    store: Store,
    clients: Clients,
    flights: Vec<Flight>,
    begun: Vec<Http>,
    sent: BTreeSet<DeliveryId>,
    granted: BTreeSet<String>,
    ends: Ends,
}

impl Drivers {
    pub fn new(policy: Policy) -> Self {
        Self {
            engine: engine(policy),
            clock: Clock::new(),
            rng: TestRng::new(1),
            store: Store::default(),
            clients: Clients::default(),
            flights: Vec::new(),
            begun: Vec::new(),
            sent: BTreeSet::new(),
            granted: BTreeSet::new(),
            ends: Ends::new(),
        }
    }

    pub fn wait(&mut self, span: Duration) {
        self.clock.set(self.clock.now() + span);
    }

    pub fn begin_one(&mut self, choice: &mut Choice) {
        let request = self.clients.ask(choice);
        self.begin(request, choice);
    }

    /// Repeats an earlier request.
    pub fn begin_again(&mut self, choice: &mut Choice) {
        if let Some(request) = choice.among(&self.begun).cloned() {
            self.begin(request, choice);
        }
    }

    fn begin(&mut self, request: Http, choice: &mut Choice) {
        let now = self.clock.now();
        let begin = |request: &Request<'_>| Exchange::begin(&self.engine, request, now);
        let exchange = request.ask(begin);
        let seen = Seen {
            request: request.clone(),
            unlucky: choice.one_in(32),
            steps: 0,
            conflicts: 0,
            admitted: None,
            stored: None,
            code: None,
            minted: false,
            ends_with: None,
        };
        self.begun.push(request);
        self.flights.push(Flight { exchange, seen });
        if self.flights.len() > MOST_AT_ONCE {
            let flight = self.flights.remove(0);
            self.finish(flight);
        }
    }

    pub fn drop_one(&mut self, choice: &mut Choice) {
        let len = u64::try_from(self.flights.len()).unwrap();
        if len > 0 {
            let flight = self.flights.swap_remove(choice.of(len));
            let target = flight.seen.request.target;
            let name = target.split('|').next().unwrap_or_default();
            let name = format!("{name} dropped");
            *self.ends.entry((name, 0)).or_default() += 1;
        }
    }

    pub fn answer_one(&mut self, choice: &mut Choice) {
        let len = u64::try_from(self.flights.len()).unwrap();
        if len > 0 {
            let flight = self.flights.swap_remove(choice.of(len));
            let next = self.answer(flight, choice);
            self.flights.extend(next);
        }
    }

    fn finish(&mut self, flight: Flight) {
        let mut next = Some(flight);
        while let Some(flight) = next {
            next = self.answer(flight, &mut Choice(0));
        }
    }

    pub fn end(mut self) -> Ends {
        for flight in std::mem::take(&mut self.flights) {
            self.finish(flight);
        }
        self.store.check_limits(self.engine.policy());
        self.ends
    }

    /// Answers a step at random; 0 is a server without faults.
    fn answer(&mut self, flight: Flight, choice: &mut Choice) -> Option<Flight> {
        let Flight { exchange, mut seen } = flight;
        let fault = choice.of(16);
        seen.steps += 1;
        assert!(seen.steps <= MOST_STEPS, "{:?}", seen.request);
        let exchange = match exchange {
            Exchange::Done(reply) => {
                self.done(&seen, &reply);
                return None;
            }
            step => {
                assert_eq!(seen.ends_with, None, "{step:?} after the end");
                self.next(step, &mut seen, fault)
            }
        };
        Some(Flight { exchange, seen })
    }

    fn next(&mut self, step: Exchange, seen: &mut Seen, fault: usize) -> Exchange {
        match (step, fault) {
            (Exchange::Client(step), 15) => step.rejected(),
            (Exchange::Client(step), _) => step.authenticated(),
            (Exchange::Token(step), _) => match self.clients.session(step.text()) {
                Some(session) if fault < 15 => step.session(session),
                _ => step.unknown(),
            },
            (Exchange::Grant(step), 15) => seen.fail(step, Grant::fail),
            (Exchange::Grant(step), _) if step.grant_type() == "password" => {
                let subject = step.body().required("username").unwrap().parse();
                step.first_factor(Passed {
                    subject: subject.unwrap(),
                    scope: "openid".to_owned(),
                    audience: String::new(),
                })
            }
            (Exchange::Grant(step), _) => step.unsupported(),
            (Exchange::Load(step), 13) => seen.end(503, step.unavailable()),
            (Exchange::Load(step), 14) => seen.end(500, step.broken()),
            (Exchange::Load(step), 15) => seen.fail(step, Load::fail),
            (Exchange::Load(step), _) => {
                let account = self.store.load(step.subject());
                step.loaded(account, self.clock.now(), &mut self.rng)
            }
            (Exchange::Admit(step), _) => {
                let target = step.target();
                assert_ne!(seen.admitted, Some(target), "it was admitted");
                if fault == 15 {
                    return seen.fail(step, Admit::fail);
                }
                seen.admitted = Some(target);
                step.admitted()
            }
            (Exchange::Replace(step), _) => self.replace(step, seen, fault),
            (Exchange::Send(step), _) => self.send(step, seen, fault),
            (Exchange::Mint(step), _) => self.mint(step, seen, fault),
            (Exchange::Done(reply), _) => Exchange::Done(reply),
        }
    }

    fn replace(&mut self, step: Replace, seen: &mut Seen, fault: usize) -> Exchange {
        let next = step.next();
        assert_eq!(seen.stored, None, "it has stored");
        if next.target().is_some() {
            assert_eq!(next.target(), seen.admitted, "it was not admitted");
        }
        let reaches_the_store = !seen.unlucky && matches!(fault, 0..=9 | 13);
        let is_written = reaches_the_store && self.store.replace(next);
        if is_written {
            seen.stored = Some(next.events().to_vec());
        }
        match fault {
            12 | 13 if !seen.unlucky => seen.end(503, step.lost()),
            14 if !seen.unlucky => seen.fail(step, Replace::fail),
            _ if is_written => step.stored(),
            _ => {
                seen.conflicts += 1;
                if seen.conflicts == MAX_TRIES {
                    seen.ends_with = Some(503);
                }
                step.conflict()
            }
        }
    }

    fn send(&mut self, step: Send, seen: &mut Seen, fault: usize) -> Exchange {
        let delivery = step.delivery();
        let issued = |event: &Event| match event {
            Event::CodeIssued { delivery, .. } => Some(*delivery),
            _ => None,
        };
        let issued = seen.stored.iter().flatten().find_map(issued);
        assert_eq!(issued, Some(delivery.id()), "it is not stored");
        assert!(self.sent.insert(delivery.id()), "it is sent twice");
        let target = seen.admitted.unwrap();
        assert_eq!(
            (target.phone, target.channel),
            (delivery.to, delivery.channel)
        );
        seen.code = Some(delivery.code.expose_secret().to_owned());
        match fault {
            13 => step.unknown(),
            14 => seen.end(502, step.failed()),
            15 => seen.fail(step, Send::fail),
            _ => step.sent(),
        }
    }

    fn mint(&mut self, step: Mint, seen: &mut Seen, fault: usize) -> Exchange {
        let verified = step.verified();
        let proof = |event: &Event| match event {
            Event::Authenticated { authenticator, .. }
            | Event::AuthenticatorAdded { authenticator, .. } => {
                *authenticator == verified.authenticator()
            }
            _ => false,
        };
        assert!(seen.stored.iter().flatten().any(proof), "it is not stored");
        seen.minted = true;
        match fault {
            14 => seen.end(500, step.failed()),
            15 => seen.fail(step, Mint::fail),
            _ => {
                let token = self
                    .clients
                    .mint(verified.subject().clone(), self.clock.now());
                let answer = TokenAnswer::new(&token, 600, verified.scope());
                step.minted(answer)
            }
        }
    }

    fn done(&mut self, seen: &Seen, reply: &Reply) {
        let (request, status) = (&seen.request, reply.status());
        if let Some(end) = seen.ends_with {
            assert_eq!(status, end, "{request:?}");
        }
        let has = |wanted: fn(&Event) -> bool| seen.stored.iter().flatten().any(wanted);
        match reply.denied().map(Denied::kind) {
            Some(DeniedKind::Rejected) => assert!(has(is_wrong), "{request:?}"),
            // A phone confirmed in the last second of an access token.
            Some(_) if has(is_added) => assert_eq!(reply.denied(), Some(&Denied::TokenInvalid)),
            Some(_) => assert_eq!(seen.stored, None, "{request:?}"),
            None => {}
        }
        match (reply.endpoint(), status) {
            (Some(Endpoint::Associate | Endpoint::Challenge), 200) => {
                assert!(seen.code.is_some(), "{request:?}");
            }
            (Some(Endpoint::Token), 200) => {
                assert!(seen.minted, "{request:?}");
                self.granted_once(request);
            }
            (Some(Endpoint::Authenticators), 200) => assert_eq!(seen.stored, None),
            (_, 204) => assert!(has(is_removed), "{request:?}"),
            (_, 200) => panic!("{reply:?}"),
            _ => assert!(status >= 400, "{reply:?}"),
        }
        if let Some(subject) = reply.subject() {
            self.clients
                .learn(request, subject, reply.body(), seen.code.as_deref());
        }
        let endpoint = reply.endpoint().map_or("none", |endpoint| endpoint.name());
        *self.ends.entry((endpoint.to_owned(), status)).or_default() += 1;
    }

    /// No code and no first-factor session gets tokens twice.
    fn granted_once(&mut self, request: &Http) {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        for name in ["oob_code", "recovery_code", "mfa_token"] {
            let text = body[name].as_str().unwrap_or_default();
            if !text.is_empty() && !text.starts_with("access-token-") {
                assert!(self.granted.insert(text.to_owned()), "{name} twice");
            }
        }
    }
}

impl Seen {
    fn end(&mut self, status: u16, exchange: Exchange) -> Exchange {
        self.ends_with = Some(status);
        exchange
    }

    fn fail<T>(&mut self, step: T, fail: impl FnOnce(T, ErrorAnswer) -> Exchange) -> Exchange {
        self.end(
            418,
            fail(step, ErrorAnswer::new(418, "own", "Of the server.")),
        )
    }
}

fn is_wrong(event: &Event) -> bool {
    matches!(
        event,
        Event::WrongBindingCode { .. } | Event::WrongRecoveryCode { .. }
    )
}

fn is_added(event: &Event) -> bool {
    matches!(event, Event::AuthenticatorAdded { .. })
}

fn is_removed(event: &Event) -> bool {
    matches!(event, Event::AuthenticatorRemoved { .. })
}
