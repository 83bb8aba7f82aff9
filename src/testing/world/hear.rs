//! What was decided, as the world remembers it: numbers in the order of issue.

use alloc::vec::Vec;

use super::{IssuedCode, IssuedRecoveryCode, World};
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::code::{OobCode, RecoveryCode};
use crate::engine::Verified;
use crate::testing::asked::{self, Grant, Heard};
use crate::testing::logged::Logged;
use crate::testing::reply::{Answer, Observation, Reply, Sent};
use crate::transition::{Delivery, Event};

impl World {
    /// Learns what was decided and saved: what was issued, and what is to be sent goes to the outbox.
    pub fn hear(&mut self, heard: Heard) -> Observation {
        match heard.0 {
            asked::Reply::Told(answer) => self.unsaved(answer),
            asked::Reply::Decided {
                result,
                events,
                saved,
            } => {
                let (answer, sent) = match result {
                    Ok(grant) => self.granted(grant),
                    Err(denied) => (Answer::Denied(denied), None),
                };
                let reply = Reply {
                    answer,
                    sent,
                    saved,
                    logged: events.iter().map(|event| self.logged(event)).collect(),
                };
                self.observed(reply, events.to_vec())
            }
        }
    }

    pub(super) fn unsaved(&self, answer: Answer) -> Observation {
        let reply = Reply {
            answer,
            sent: None,
            saved: false,
            logged: Vec::new(),
        };
        self.observed(reply, Vec::new())
    }

    fn observed(&self, reply: Reply, events: Vec<Event>) -> Observation {
        Observation {
            at: self.now(),
            reply,
            events,
        }
    }

    fn logged(&mut self, event: &Event) -> Logged {
        match *event {
            Event::CodeIssued {
                authenticator,
                phone: to,
            } => Logged::CodeIssued {
                phone: self.entry(authenticator),
                to,
            },
            Event::AuthenticatorAdded {
                authenticator,
                phone: number,
            } => Logged::AuthenticatorAdded {
                phone: self.entry(authenticator),
                number,
            },
            Event::AuthenticatorRemoved {
                device,
                phone: number,
            } => Logged::AuthenticatorRemoved {
                device: self.device_number_of(device),
                number,
            },
            Event::AuthenticatorDisabled {
                device,
                phone: number,
            } => Logged::AuthenticatorDisabled {
                device: self.device_number_of(device),
                number,
            },
            Event::Authenticated { authenticator } => Logged::Authenticated {
                phone: match authenticator {
                    AuthenticatorId::Phone(..) => Some(self.entry(authenticator)),
                    AuthenticatorId::RecoveryCode(_) => None,
                },
            },
            Event::WrongBindingCode {
                authenticator,
                failures,
            } => Logged::WrongBindingCode {
                phone: self.entry(authenticator),
                failures,
            },
            Event::WrongRecoveryCode { failures } => Logged::WrongRecoveryCode { failures },
            Event::RecoveryCodeUsed => Logged::RecoveryCodeUsed,
            Event::RecoveryCodeReplaced => Logged::RecoveryCodeReplaced,
            Event::RecoveryCodeRemoved => Logged::RecoveryCodeRemoved,
            Event::LimitReached { limit, retry_at } => Logged::LimitReached { limit, retry_at },
            Event::AccountReset => Logged::AccountReset,
            Event::BudgetsRestored => Logged::BudgetsRestored,
        }
    }

    /// A phone and its channel. A recovery code in such a place is a phone that nobody knows.
    fn entry(&mut self, id: AuthenticatorId) -> (Channel, usize) {
        match id {
            AuthenticatorId::Phone(channel, device) => (channel, self.device_number_of(device)),
            AuthenticatorId::RecoveryCode(_) => (Channel::Sms, usize::MAX),
        }
    }

    fn granted(&mut self, grant: Grant) -> (Answer, Option<Sent>) {
        match grant {
            Grant::Associated(session, grant) => {
                let device = self.device_number(grant.authenticator);
                let sent = self.sent(session, device, &grant.oob_code, &grant.delivery, true);
                let code = self.codes.len().saturating_sub(1);
                let recovery_code = grant
                    .recovery_code
                    .as_ref()
                    .map(|shown| self.shown(shown, Some(code)));
                let answer = Answer::Associated {
                    device,
                    code,
                    recovery_code,
                };
                (answer, Some(sent))
            }
            Grant::Challenged(session, grant) => {
                let device = self.device_number(grant.authenticator);
                let sent = self.sent(session, device, &grant.oob_code, &grant.delivery, false);
                let code = self.codes.len().saturating_sub(1);
                (Answer::Challenged { device, code }, Some(sent))
            }
            Grant::Verified(verified) => (self.verified(&verified), None),
            Grant::Removed(removed) => {
                let device = self.device_number_of(removed.device);
                (Answer::Removed { device }, None)
            }
            Grant::Regenerated(code) => {
                let recovery_code = self.shown(&code, None);
                (Answer::Regenerated { recovery_code }, None)
            }
            Grant::Imported(id) => {
                let device = self.device_number(id);
                (Answer::Imported { device }, None)
            }
            Grant::Done => (Answer::Done, None),
        }
    }

    fn device_number(&mut self, id: AuthenticatorId) -> usize {
        match id {
            AuthenticatorId::Phone(_, device) | AuthenticatorId::RecoveryCode(device) => {
                self.device_number_of(device)
            }
        }
    }

    pub(super) fn device_number_of(&mut self, device: DeviceId) -> usize {
        self.devices
            .iter()
            .position(|known| *known == device)
            .unwrap_or_else(|| {
                self.devices.push(device);
                self.devices.len().saturating_sub(1)
            })
    }

    fn sent(
        &mut self,
        session: usize,
        device: usize,
        oob_code: &OobCode,
        delivery: &Delivery,
        enrolls: bool,
    ) -> Sent {
        let Delivery {
            channel,
            to,
            expires_at,
            ..
        } = *delivery;
        // One that the provider does not take stays charged, and nobody hears its code.
        let _ = self.outbox.send(delivery);
        self.codes.push(IssuedCode {
            session,
            device,
            channel,
            to,
            oob_code: oob_code.expose_secret(),
            binding_code: delivery.code.expose_secret().into(),
            issued_at: self.now(),
            expires_at,
            delivery: delivery.id(),
            enrolls,
        });
        Sent {
            channel,
            to,
            expires_at,
        }
    }

    fn shown(&mut self, code: &RecoveryCode, with: Option<usize>) -> usize {
        self.recovery_codes.push(IssuedRecoveryCode {
            characters: code.expose_secret().into(),
            with,
            issued_at: self.now(),
        });
        self.recovery_codes.len().saturating_sub(1)
    }

    fn verified(&mut self, verified: &Verified) -> Answer {
        let phone = match verified.authenticator() {
            AuthenticatorId::Phone(channel, device) => {
                Some((channel, self.device_number_of(device)))
            }
            AuthenticatorId::RecoveryCode(_) => None,
        };
        let recovery_code = verified
            .recovery_code()
            .map(|shown| self.shown(shown, None));
        Answer::Verified {
            phone,
            purpose: verified.purpose(),
            recovery_code,
        }
    }
}
