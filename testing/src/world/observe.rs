//! Records decisions, with numbers in the order of issue.

use oob_mfa::{
    Associated, AuthenticatorEntry, AuthenticatorId, Challenged, Channel, Delivery, DeliveryId,
    DeviceId, Event, MfaSession, OobCode, RecoveryCode, Verified,
};

use super::{IssuedCode, IssuedRecoveryCode, World};
use crate::asked::{Decision, Grant, Reply as Decided};
use crate::logged::Logged;
use crate::reply::{Answer, Listed, Observation, Reply, SentMessage};

impl World {
    /// Records a saved decision: remembers what was issued, and puts messages into the outbox.
    pub fn observe(&mut self, decision: Decision) -> Observation {
        let (result, events, target, saved) = match decision.0 {
            Decided::Told(answer) => return self.unsaved(answer),
            Decided::Decided {
                result,
                events,
                target,
                saved,
            } => (result, events, target, saved),
        };
        let (answer, sent) = match result {
            Ok(grant) => self.granted(&grant),
            Err(denied) => (Answer::Denied(denied), None),
        };
        let reply = Reply {
            answer,
            sent,
            target: target.map(|target| (target.channel, target.phone)),
            saved,
            logged: events.iter().map(|event| self.logged(event)).collect(),
        };
        self.observed(reply, events.to_vec())
    }

    pub(super) fn unsaved(&mut self, answer: Answer) -> Observation {
        self.observed(Reply::unsaved(answer), Vec::new())
    }

    fn observed(&mut self, reply: Reply, events: Vec<Event>) -> Observation {
        self.events.clone_from(&events);
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
                delivery,
            } => Logged::CodeIssued {
                phone: self.phone(authenticator),
                to,
                code: self.number_of_code(delivery),
            },
            Event::CodeDropped {
                authenticator,
                delivery,
            } => Logged::CodeDropped {
                phone: self.phone(authenticator),
                code: self.number_of_code(delivery),
            },
            Event::AuthenticatorAdded {
                authenticator,
                phone: number,
                delivery,
            } => Logged::AuthenticatorAdded {
                phone: self.phone(authenticator),
                number,
                code: delivery.map(|delivery| self.number_of_code(delivery)),
            },
            Event::AuthenticatorRemoved {
                device,
                phone: number,
            } => Logged::AuthenticatorRemoved {
                device: self.device_number(device),
                number,
            },
            Event::AuthenticatorDisabled {
                device,
                phone: number,
            } => Logged::AuthenticatorDisabled {
                device: self.device_number(device),
                number,
            },
            Event::Authenticated {
                authenticator,
                delivery,
            } => Logged::Authenticated {
                phone: self.entry(authenticator),
                code: delivery.map(|delivery| self.number_of_code(delivery)),
            },
            Event::WrongBindingCode {
                authenticator,
                failures,
                delivery,
            } => Logged::WrongBindingCode {
                phone: self.phone(authenticator),
                failures,
                code: self.number_of_code(delivery),
            },
            Event::WrongRecoveryCode { failures } => Logged::WrongRecoveryCode { failures },
            Event::RecoveryCodeUsed => Logged::RecoveryCodeUsed,
            Event::RecoveryCodeReplaced => Logged::RecoveryCodeReplaced,
            Event::RecoveryCodeRemoved => Logged::RecoveryCodeRemoved,
            Event::LimitReached { limit, retry_at } => Logged::LimitReached { limit, retry_at },
            Event::AccountReset => Logged::AccountReset,
            Event::AccountErased => Logged::AccountErased,
            Event::BudgetsRestored => Logged::BudgetsRestored,
            Event::ClockRewound => Logged::ClockRewound,
            other => unimplemented!("{other:?}"),
        }
    }

    fn granted(&mut self, grant: &Grant) -> (Answer, Option<SentMessage>) {
        let answer = match grant {
            Grant::Associated(session, grant) => return self.associated(*session, grant),
            Grant::Challenged(session, grant) => return self.challenged(*session, grant),
            Grant::Verified(verified) => self.verified(verified),
            Grant::Removed(removed) => Answer::Removed {
                device: self.device_number(removed.device),
            },
            Grant::Regenerated(code) => Answer::Regenerated {
                recovery_code: self.shown(code, None),
            },
            Grant::Imported(id) => Answer::Imported {
                device: self.phone(*id).1,
            },
            Grant::Done => Answer::Done,
            Grant::Erased(erased) => Answer::Erased {
                delete_after: erased.delete_after,
            },
        };
        (answer, None)
    }

    pub(super) fn associated(
        &mut self,
        session: usize,
        grant: &Associated,
    ) -> (Answer, Option<SentMessage>) {
        let (_, device) = self.phone(grant.authenticator);
        let sent = self.sent(session, device, &grant.oob_code, &grant.delivery, true);
        let code = self.codes.len() - 1;
        let shown = grant.recovery_code.as_ref();
        let recovery_code = shown.map(|shown| self.shown(shown, Some(code)));
        let answer = Answer::Associated {
            device,
            code,
            recovery_code,
        };
        (answer, Some(sent))
    }

    pub(super) fn challenged(
        &mut self,
        session: usize,
        grant: &Challenged,
    ) -> (Answer, Option<SentMessage>) {
        let (_, device) = self.phone(grant.authenticator);
        let sent = self.sent(session, device, &grant.oob_code, &grant.delivery, false);
        let code = self.codes.len() - 1;
        (Answer::Challenged { device, code }, Some(sent))
    }

    pub(super) fn verified(&mut self, verified: &Verified) -> Answer {
        let phone = self.entry(verified.authenticator());
        let shown = verified.recovery_code();
        Answer::Verified {
            phone,
            purpose: verified.purpose(),
            recovery_code: shown.map(|shown| self.shown(shown, None)),
            assurance: verified.assurance(),
            not_after: verified.not_after(),
        }
    }

    fn sent(
        &mut self,
        session: usize,
        device: usize,
        oob_code: &OobCode,
        delivery: &Delivery,
        enrolls: bool,
    ) -> SentMessage {
        let Delivery {
            channel,
            to,
            expires_at,
            ..
        } = *delivery;
        // A message that the provider does not accept stays charged.
        let _ = self.outbox.send(delivery);
        let issued_at = expires_at - self.engine.policy().code_lifetime();
        self.codes.push(IssuedCode {
            session,
            device,
            channel,
            to,
            oob_code: oob_code.expose_secret(),
            binding_code: delivery.code.expose_secret().into(),
            issued_at,
            expires_at,
            delivery: delivery.id(),
            enrolls,
        });
        SentMessage {
            channel,
            to,
            expires_at,
        }
    }

    pub(super) fn shown(&mut self, code: &RecoveryCode, with: Option<usize>) -> usize {
        self.recovery_codes.push(IssuedRecoveryCode {
            characters: code.expose_secret().into(),
            with,
            issued_at: self.now(),
        });
        self.recovery_codes.len() - 1
    }

    /// A phone and its channel; none for a recovery code.
    pub(super) fn entry(&mut self, id: AuthenticatorId) -> Option<(Channel, usize)> {
        match id {
            AuthenticatorId::Phone(channel, device) => Some((channel, self.device_number(device))),
            _ => None,
        }
    }

    fn phone(&mut self, id: AuthenticatorId) -> (Channel, usize) {
        self.entry(id).expect("the id of a phone")
    }

    /// The code that was issued with this delivery; [`usize::MAX`] if it was not issued here.
    fn number_of_code(&self, delivery: DeliveryId) -> usize {
        let mut codes = self.codes.iter();
        let number = codes.rposition(|code| code.delivery == delivery);
        number.unwrap_or(usize::MAX)
    }

    /// The number of a phone: a new one if it is unknown.
    fn device_number(&mut self, device: DeviceId) -> usize {
        let known = self.devices.iter().position(|known| *known == device);
        known.unwrap_or_else(|| {
            self.devices.push(device);
            self.devices.len() - 1
        })
    }

    /// The number of a session: a new one if it is unknown.
    pub(super) fn number_of(&mut self, session: &MfaSession) -> usize {
        let known = self.sessions.iter().position(|known| known == session);
        known.unwrap_or_else(|| self.add_session(session.clone()))
    }

    pub(super) fn listed(&mut self, entry: &AuthenticatorEntry) -> Listed {
        Listed {
            phone: self.entry(entry.id),
            number: entry.phone,
            status: entry.status,
        }
    }
}
