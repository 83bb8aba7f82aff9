//! What is asked of the engine, and how.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{World, moment};
use crate::authenticator::{AuthenticatorId, Channel};
use crate::code::{BindingCode, OobCode, RecoveryCode};
use crate::engine::{Associate, Challenge, VerifyOob};
use crate::phone::PhoneNumber;
use crate::session::{MfaSession, TrustedClaims};
use crate::testing::command::{Authenticator, Guess, RecoveryGuess, Vouch, back};
use crate::testing::reply::{Answer, Listed, Observation};

impl World {
    pub(super) fn begin(&mut self) -> Observation {
        let now = self.now();
        let subject = self.subject.clone();
        let begun = self
            .engine
            .begin(subject, "demo", "openid profile", "", now, &mut self.rng);
        let opened = begun.and_then(|session| {
            let token = self.engine.issue_token(&session);
            self.engine
                .open_token(token.expose_secret(), Some("demo"), now)
        });
        self.began(opened)
    }

    pub(super) fn vouch(&mut self, vouch: &Vouch) -> Observation {
        let stranger = "somebody else".parse().ok().filter(|_| vouch.stranger);
        let session = MfaSession::trusted(TrustedClaims {
            id: &format!("vouched for {}", self.sessions.len()),
            subject: stranger.unwrap_or_else(|| self.subject.clone()),
            client: "demo",
            assurance: vouch.assurance,
            scope: &vouch.scope,
            audience: "https://example.com/mfa/",
            issued_at: moment(self.now.saturating_sub(vouch.age)),
            expires_at: moment(self.now.saturating_add(vouch.lifetime)),
        });
        self.began(session)
    }

    pub(super) fn associate(&mut self, session: usize, request: Associate) -> Observation {
        let Some((number, session)) = self.session(session) else {
            return self.unsaved(Answer::Nothing);
        };
        let (account, now) = (self.account(), self.now());
        let associated = self
            .engine
            .associate(&account, &session, &request, now, &mut self.rng);
        self.commit(associated, |world, grant| {
            let device = world.device_number(grant.authenticator);
            let sent = world.sent(number, device, &grant.oob_code, &grant.delivery, true);
            let code = world.codes.len().saturating_sub(1);
            let recovery_code = grant
                .recovery_code
                .as_ref()
                .map(|shown| world.shown(shown, Some(code)));
            (
                Answer::Associated {
                    device,
                    code,
                    recovery_code,
                },
                Some(sent),
            )
        })
    }

    pub(super) fn challenge(
        &mut self,
        session: usize,
        authenticator: Option<Authenticator>,
    ) -> Observation {
        let Some((number, session)) = self.session(session) else {
            return self.unsaved(Answer::Nothing);
        };
        let request = Challenge {
            authenticator: authenticator.map(|named| self.authenticator(named)),
        };
        let (account, now) = (self.account(), self.now());
        let challenged = self
            .engine
            .challenge(&account, &session, &request, now, &mut self.rng);
        self.commit(challenged, |world, grant| {
            let device = world.device_number(grant.authenticator);
            let sent = world.sent(number, device, &grant.oob_code, &grant.delivery, false);
            let code = world.codes.len().saturating_sub(1);
            (Answer::Challenged { device, code }, Some(sent))
        })
    }

    pub(super) fn verify_oob(
        &mut self,
        session: Option<usize>,
        code: Option<usize>,
        guess: &Guess,
    ) -> Observation {
        let code = code.and_then(|code| back(self.codes.len(), code));
        let issued = code.and_then(|code| self.codes.get(code));
        let presenter = match (session, issued) {
            (None, Some(issued)) => self.sessions.get(issued.session).cloned(),
            (session, _) => self
                .session(session.unwrap_or_default())
                .map(|(_, session)| session),
        };
        let Some(session) = presenter else {
            return self.unsaved(Answer::Nothing);
        };
        let right = issued.map_or("000000", |issued| issued.binding_code.as_str());
        let typed = match guess {
            Guess::Right => right.into(),
            Guess::Wrong => wrong(right),
            Guess::OfAnother(another) => back(self.codes.len(), *another)
                .and_then(|another| self.codes.get(another))
                .filter(|another| another.binding_code != right)
                .map_or_else(|| wrong(right), |another| another.binding_code.clone()),
            Guess::Malformed(text) => text.clone(),
        };
        let oob_code = issued.map_or("never issued", |issued| issued.oob_code.as_str());
        let request = VerifyOob {
            oob_code: OobCode::from(oob_code),
            binding_code: BindingCode::from(typed.as_str()),
        };
        let verified = self
            .engine
            .verify_oob(&self.account(), &session, &request, self.now());
        self.commit(verified, |world, verified| {
            (world.verified(&verified), None)
        })
    }

    pub(super) fn verify_recovery_code(
        &mut self,
        session: usize,
        guess: &RecoveryGuess,
    ) -> Observation {
        let Some((_, session)) = self.session(session) else {
            return self.unsaved(Answer::Nothing);
        };
        let shown = |at: &usize| {
            back(self.recovery_codes.len(), *at).and_then(|at| self.recovery_codes.get(at))
        };
        let never = "2".repeat(24);
        let typed = match guess {
            RecoveryGuess::Shown(at) => shown(at).map_or(never, |shown| shown.characters.clone()),
            RecoveryGuess::Retyped(at) => {
                let characters = shown(at).map_or(never, |shown| shown.characters.clone());
                let (first, rest) = characters.split_at_checked(4).unwrap_or_default();
                format!(" {first}-{}\t", rest.to_ascii_lowercase())
            }
            RecoveryGuess::Wrong => never,
            RecoveryGuess::Malformed(text) => text.clone(),
        };
        let code = RecoveryCode::from(typed.as_str());
        let (account, now) = (self.account(), self.now());
        let verified =
            self.engine
                .verify_recovery_code(&account, &session, &code, now, &mut self.rng);
        self.commit(verified, |world, verified| {
            (world.verified(&verified), None)
        })
    }

    pub(super) fn remove(&mut self, session: usize, authenticator: Authenticator) -> Observation {
        let Some((_, session)) = self.session(session) else {
            return self.unsaved(Answer::Nothing);
        };
        let id = self.authenticator(authenticator);
        let (account, now) = (self.account(), self.now());
        let removed = self
            .engine
            .remove_authenticator(&account, &session, &id, now);
        self.commit(removed, |world, removed| {
            (world.removed(removed.device), None)
        })
    }

    pub(super) fn regenerate(&mut self, session: usize) -> Observation {
        let Some((_, session)) = self.session(session) else {
            return self.unsaved(Answer::Nothing);
        };
        let (account, now) = (self.account(), self.now());
        let drawn = self
            .engine
            .regenerate_recovery_code(&account, &session, now, &mut self.rng);
        self.commit(drawn, |world, code| {
            (
                Answer::Regenerated {
                    recovery_code: world.shown(&code, None),
                },
                None,
            )
        })
    }

    pub(super) fn list(&mut self, session: usize) -> Observation {
        let Some((_, session)) = self.session(session) else {
            return self.unsaved(Answer::Nothing);
        };
        let account = self.account();
        let entries = match self.engine.authenticators(&account, &session, self.now()) {
            Ok(entries) => entries,
            Err(denied) => return self.unsaved(Answer::Denied(denied)),
        };
        let listed = entries.map(|entry| {
            let phone = match entry.id {
                AuthenticatorId::Phone(channel, device) => {
                    Some((channel, self.device_number_of(device)))
                }
                AuthenticatorId::RecoveryCode(device) => {
                    self.recovery_entry = device;
                    None
                }
            };
            Listed {
                phone,
                number: entry.phone,
                status: entry.status,
            }
        });
        let listed = listed.collect();
        self.unsaved(Answer::Listed(listed))
    }

    pub(super) fn import(&mut self, phone: PhoneNumber, channel: Channel) -> Observation {
        let (account, now) = (self.account(), self.now());
        let imported = self
            .engine
            .import_phone(&account, phone, channel, now, &mut self.rng);
        self.commit(imported, |world, id| {
            (
                Answer::Imported {
                    device: world.device_number(id),
                },
                None,
            )
        })
    }
}

/// A code of the same shape that differs in the last digit.
fn wrong(right: &str) -> String {
    let mut digits: Vec<char> = right.chars().collect();
    if let Some(last) = digits.last_mut() {
        *last = if *last == '9' { '0' } else { '9' };
    }
    digits.into_iter().collect()
}
