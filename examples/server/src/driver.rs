//! A request's whole way: each step of `oob_mfa::exchange` to the part of the server that answers it.
//!
//! # Between the save and the send
//!
//! A message leaves once, after the save. A process that dies between the two has sent nothing and answered
//! nothing: the code is burned, and the send stays charged. The user asks again. The other order would send
//! codes that no record knows, one for each conflict. A message that is queued in the transaction of the
//! account would keep its code in clear, which rule 14 of the crate forbids.

use oob_mfa::exchange::{Exchange, Mint, Replace, Reply, Request, Send, Token};
use oob_mfa::{Delivery, DeniedKind, Subject};

use crate::outbox::Message;
use crate::peers::Network;
use crate::service::Service;
use crate::store::StoreError;
use crate::tokens::MintError;

impl Service {
    /// Takes a request of a client in `network` through every step.
    ///
    /// Run it to its end, in a task of its own: one that is dropped after a save burns a code.
    pub(crate) async fn respond(&self, request: &Request<'_>, network: Network) -> Reply {
        let mut exchange = Exchange::begin(&self.engine, request, self.now());
        loop {
            exchange = match exchange {
                Exchange::Client(step) if self.clients.knows(step.credentials()) => {
                    step.authenticated()
                }
                Exchange::Client(step) => step.rejected(),
                Exchange::Token(step) => self.open(step),
                Exchange::Grant(step) => self.first_factor(step, network).await,
                Exchange::Load(step) => match self.store.load(step.subject().clone()).await {
                    Ok(account) => step.loaded(account, self.now(), &mut self.rng()),
                    Err(error) => {
                        store_failed(step.subject(), &error);
                        match error {
                            StoreError::Broken(_) => step.broken(),
                            _ => step.unavailable(),
                        }
                    }
                },
                Exchange::Admit(step) => match self.admission.check(step.target(), self.now()) {
                    Ok(()) => step.admitted(),
                    Err(refused) => step.fail(refused.into()),
                },
                Exchange::Replace(step) => self.replace(step).await,
                Exchange::Send(step) => self.send(step).await,
                Exchange::Mint(step) => self.mint(step),
                Exchange::Done(reply) => return reply,
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
}
