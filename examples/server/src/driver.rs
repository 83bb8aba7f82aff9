//! Drives a request from start to end: each step of `oob_mfa::exchange` goes to the part of the
//! server that does it.
//!
//! # Between the save and the send
//!
//! A message leaves once, after the save. If the process dies between the two, nothing was sent or
//! answered: the code is used up, and the send stays charged. The user asks again. The other order
//! would send codes that no record holds, one for each conflict. Queuing the message in the
//! account's transaction would store the code in plaintext, which rule 14 of the crate forbids.

use std::io;
use std::sync::Arc;

use oob_mfa::exchange::{Exchange, Load, Mint, Replace, Reply, Request, Send, Token};
use oob_mfa::{DeniedKind, MAX_TRIES, Subject};

use crate::admission::{Change, Pass};
use crate::metrics::Refusal;
use crate::outbox::{Message, SendError};
use crate::peers::Network;
use crate::service::Service;
use crate::store::StoreError;

impl Service {
    /// Drives a request of a client in `network` through every step.
    ///
    /// Run it to its end, in its own task: dropping it after a save uses up a code.
    pub(crate) async fn respond(&self, request: &Request<'_>, network: Network) -> Reply {
        let (mut exchange, mut conflicts) = (Exchange::begin(&self.engine, request, self.now()), 0);
        let mut pass = None;
        loop {
            exchange = match exchange {
                Exchange::Client(step) if self.clients.knows(step.credentials()) => {
                    step.authenticated()
                }
                Exchange::Client(step) => {
                    self.metrics.refused(Refusal::InvalidClient);
                    // The name of an unknown client is any text that an attacker sends.
                    let client = step.credentials().client_id();
                    let client = self.clients.get(client).map(|_| client);
                    tracing::info!(client, ?network, "invalid client");
                    step.rejected()
                }
                Exchange::Token(step) => self.open(step),
                Exchange::Grant(step) => self.first_factor(step, network).await,
                Exchange::Load(step) => self.load(step).await,
                Exchange::Admit(step) => {
                    // After a conflict the target may be another.
                    drop(pass.take());
                    match self.admission.check(step.target(), self.now()) {
                        Ok(admitted) => {
                            pass = Some(admitted);
                            step.admitted()
                        }
                        Err(refused) => {
                            let (reason, subject) =
                                (Refusal::from(refused), step.subject().as_str());
                            self.metrics.refused(reason);
                            let reason = reason.name();
                            tracing::info!(subject, reason, ?network, "message not admitted");
                            step.fail(refused.into())
                        }
                    }
                }
                Exchange::Replace(step) => self.replace(step, &mut conflicts).await,
                Exchange::Send(step) => self.send(step, pass.take()).await,
                Exchange::Mint(step) => self.mint(step),
                Exchange::Done(reply) => {
                    if let (Some(subject), 1..) = (reply.subject(), conflicts) {
                        let subject = subject.as_str();
                        tracing::info!(subject, conflicts, "decided again after conflicts");
                    }
                    self.answered(&reply);
                    return reply;
                }
            };
        }
    }

    /// Only an access token has two dots.
    fn open(&self, step: Token) -> Exchange {
        if step.text().matches('.').count() != 2 {
            return step.unknown();
        }
        match self.tokens.open(step.text()) {
            Ok(session) => step.session(session),
            Err(denied) => step.denied(denied),
        }
    }

    async fn load(&self, step: Load) -> Exchange {
        match self.store.load(step.subject().clone()).await {
            Ok(account) => step.loaded(account, self.now(), &mut self.rng()),
            Err(error) => {
                self.store_failed(step.subject(), &error);
                match error {
                    StoreError::Broken(_) => step.broken(),
                    _ => step.unavailable(),
                }
            }
        }
    }

    async fn replace(&self, step: Replace, conflicts: &mut u32) -> Exchange {
        let saved = self.save(step.next()).await;
        let subject = step.next().account().subject();
        match saved {
            Ok(()) => {
                let events = step.next().events();
                self.metrics.events(events);
                if let Some(demo) = &self.demo {
                    demo.record(subject, events);
                }
                step.stored()
            }
            Err(StoreError::Conflict) => {
                *conflicts += 1;
                if *conflicts == MAX_TRIES {
                    self.store_failed(subject, &StoreError::Conflict);
                }
                step.conflict()
            }
            Err(error) => {
                self.store_failed(subject, &error);
                step.lost()
            }
        }
    }

    async fn send(&self, step: Send, pass: Option<Pass<'_>>) -> Exchange {
        let (subject, delivery) = (step.subject(), step.delivery());
        let (id, channel) = (delivery.id(), delivery.channel);
        let message = Message::new(&self.wording, delivery).map_err(SendError::Refused);
        let outbox = Arc::clone(&self.outbox);
        let sent = tokio::task::spawn_blocking(move || outbox.send(&message?)).await;
        let sent = sent.unwrap_or_else(|panic| Err(SendError::Down(io::Error::other(panic))));
        let subject = subject.as_str();
        let change = match &sent {
            Ok(()) => {
                tracing::info!(subject, %id, %channel, "message sent");
                pass.and_then(Pass::sent)
            }
            Err(error) => {
                tracing::error!(subject, %id, %error, "message not sent");
                self.metrics.send_failed(channel);
                match error {
                    SendError::Refused(_) => None,
                    SendError::Down(_) => pass.and_then(|pass| pass.failed(self.now())),
                }
            }
        };
        match change {
            Some(Change::OutageBegan) => {
                self.metrics.outage("began");
                tracing::error!(%channel, "the provider is down: messages are refused");
            }
            Some(Change::OutageEnded) => {
                self.metrics.outage("ended");
                tracing::warn!(%channel, "the provider works again");
            }
            None => {}
        }
        match sent {
            Ok(()) => step.sent(),
            Err(_) => step.failed(),
        }
    }

    fn mint(&self, step: Mint) -> Exchange {
        let verified = step.verified();
        let email = self.users.email(verified.subject());
        match self.tokens.mint(verified, email, &mut self.rng()) {
            Ok(answer) => step.minted(answer),
            Err(error) => {
                tracing::error!(subject = verified.subject().as_str(), %error, "no token was minted");
                step.failed()
            }
        }
    }

    /// Counts and logs a decision. A refusal has no event.
    fn answered(&self, reply: &Reply) {
        let Some(endpoint) = reply.endpoint() else {
            return;
        };
        let Some(denied) = reply.denied() else {
            if reply.status() < 400 {
                self.metrics.decided(endpoint.name(), None);
            }
            return;
        };
        self.metrics.decided(endpoint.name(), Some(denied));
        let (subject, name) = (reply.subject().map(Subject::as_str), denied.name());
        if denied.kind() == DeniedKind::CallerBug {
            // A bug or a wrong clock, not a client: alert an operator.
            tracing::error!(subject, denied = name, "{denied}");
        } else {
            tracing::info!(subject, denied = name, "denied");
        }
    }
}

#[cfg(test)]
mod tests;
