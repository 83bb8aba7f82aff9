//! One account, and everything that is around it.

mod ask;
mod issued;

use alloc::vec::Vec;
use core::convert::Infallible;

use time::UtcDateTime;

pub use self::issued::{IssuedCode, IssuedRecoveryCode};
use super::command::{Authenticator, Command, back};
use super::reply::{Answer, Observation, Reply, Sent};
use super::rng::TestRng;
use crate::account::Account;
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::code::{OobCode, RecoveryCode};
use crate::denied::Denied;
use crate::engine::{Associate, Engine, Verified};
use crate::session::MfaSession;
use crate::subject::Subject;
use crate::transition::{Delivery, Event, Transition};

/// An account in a store of one, an engine, a clock, a random source, and a memory of everything
/// that was issued.
///
/// It does what a [`Command`] says, through the public operations alone, and checks nothing.
#[derive(Clone)]
pub struct World {
    engine: Engine,
    rng: TestRng,
    now: i64,
    subject: Subject,
    record: Option<Account>,
    sessions: Vec<MfaSession>,
    codes: Vec<IssuedCode>,
    devices: Vec<DeviceId>,
    recovery_codes: Vec<IssuedRecoveryCode>,
    recovery_entry: DeviceId,
    unknown: DeviceId,
}

impl World {
    /// The first moment of every world, in milliseconds since the Unix epoch: 15 January 2027, 08:00.
    pub const START: i64 = 1_800_000_000_000;
    /// The last moment that the clock goes to: the end of the year 9999.
    pub const END: i64 = 253_402_300_799_999;

    /// A world in which nothing has happened. The same seed gives the same world.
    #[must_use]
    pub fn new(engine: Engine, subject: Subject, seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let unknown = DeviceId::draw(&mut rng);
        let recovery_entry = DeviceId::draw(&mut rng);
        Self {
            engine,
            rng,
            now: Self::START,
            subject,
            record: None,
            sessions: Vec::new(),
            codes: Vec::new(),
            devices: Vec::new(),
            recovery_codes: Vec::new(),
            recovery_entry,
            unknown,
        }
    }

    /// What decides.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        moment(self.now)
    }

    /// The stored record, if there is one.
    #[must_use]
    pub const fn record(&self) -> Option<&Account> {
        self.record.as_ref()
    }

    /// The account as a request finds it: a new one where none is stored.
    #[must_use]
    pub fn account(&self) -> Account {
        self.record
            .clone()
            .unwrap_or_else(|| Account::new(self.subject.clone()))
    }

    /// The sessions, the first one first.
    #[must_use]
    pub fn sessions(&self) -> &[MfaSession] {
        &self.sessions
    }

    /// The binding codes, the first one first.
    #[must_use]
    pub fn codes(&self) -> &[IssuedCode] {
        &self.codes
    }

    /// The phones that were ever associated or imported, the first one first.
    #[must_use]
    pub fn devices(&self) -> &[DeviceId] {
        &self.devices
    }

    /// The recovery codes that were shown, the first one first.
    #[must_use]
    pub fn recovery_codes(&self) -> &[IssuedRecoveryCode] {
        &self.recovery_codes
    }

    /// Puts the stored record through `with`: through its stored form and back, for one.
    pub fn reload(&mut self, with: impl FnOnce(&Account) -> Account) {
        self.record = self.record.as_ref().map(with);
    }

    /// Does what the command says.
    pub fn apply(&mut self, command: &Command) -> Observation {
        match command {
            Command::Begin => self.begin(),
            Command::Vouch(vouch) => self.vouch(vouch),
            Command::Associate {
                session,
                phone,
                channel,
            } => self.associate(
                *session,
                Associate {
                    channel: *channel,
                    phone: *phone,
                },
            ),
            Command::Challenge {
                session,
                authenticator,
            } => self.challenge(*session, *authenticator),
            Command::VerifyOob {
                session,
                code,
                guess,
            } => self.verify_oob(*session, *code, guess),
            Command::VerifyRecoveryCode { session, guess } => {
                self.verify_recovery_code(*session, guess)
            }
            Command::Remove {
                session,
                authenticator,
            } => self.remove(*session, *authenticator),
            Command::Regenerate { session } => self.regenerate(*session),
            Command::List { session } => self.list(*session),
            Command::Reset => {
                let done = self.engine.reset(&self.account(), self.now());
                self.commit(done, |_, ()| (Answer::Done, None))
            }
            Command::ImportPhone { phone, channel } => self.import(*phone, *channel),
            Command::RemovePhone { device } => {
                let device = self.device(*device);
                let removed = self
                    .engine
                    .remove_phone(&self.account(), device, self.now());
                self.commit(removed, |world, removed| {
                    (world.removed(removed.device), None)
                })
            }
            Command::RestoreBudgets => {
                let done = self.engine.restore_budgets(&self.account(), self.now());
                self.commit(done, |_, ()| (Answer::Done, None))
            }
            Command::Step { millis } => {
                self.now = self.now.saturating_add(*millis).clamp(0, Self::END);
                self.unsaved(Answer::Nothing)
            }
        }
    }

    fn began(&mut self, session: Result<MfaSession, Denied>) -> Observation {
        let answer = match session {
            Ok(session) => {
                self.sessions.push(session);
                Answer::Began {
                    session: self.sessions.len().saturating_sub(1),
                }
            }
            Err(denied) => Answer::Denied(denied),
        };
        self.unsaved(answer)
    }

    /// Saves, and only then looks at the outcome.
    fn commit<T>(
        &mut self,
        transition: Transition<T>,
        granted: impl FnOnce(&mut Self, T) -> (Answer, Option<Sent>),
    ) -> Observation {
        let mut saved = None;
        let committed = transition.commit(|next| {
            saved = Some(next.account);
            Ok::<_, Infallible>(())
        });
        let outcome = match committed {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        };
        let changed = saved.is_some();
        self.record = saved.or_else(|| self.record.take());
        let (answer, sent) = match outcome.result {
            Ok(grant) => granted(self, grant),
            Err(denied) => (Answer::Denied(denied), None),
        };
        self.observed(
            Reply {
                answer,
                sent,
                saved: changed,
            },
            outcome.events.to_vec(),
        )
    }

    fn unsaved(&self, answer: Answer) -> Observation {
        self.observed(
            Reply {
                answer,
                sent: None,
                saved: false,
            },
            Vec::new(),
        )
    }

    fn observed(&self, reply: Reply, events: Vec<Event>) -> Observation {
        Observation {
            at: self.now(),
            reply,
            events,
        }
    }

    fn session(&self, session: usize) -> Option<(usize, MfaSession)> {
        let number = back(self.sessions.len(), session)?;
        Some((number, self.sessions.get(number)?.clone()))
    }

    fn device(&self, device: usize) -> DeviceId {
        let device = back(self.devices.len(), device).and_then(|number| self.devices.get(number));
        device.copied().unwrap_or(self.unknown)
    }

    fn authenticator(&self, authenticator: Authenticator) -> AuthenticatorId {
        match authenticator {
            Authenticator::Phone(channel, device) => {
                AuthenticatorId::Phone(channel, self.device(device))
            }
            Authenticator::RecoveryCode => AuthenticatorId::RecoveryCode(self.recovery_entry),
            Authenticator::Unknown => AuthenticatorId::Phone(Channel::Sms, self.unknown),
        }
    }

    fn device_number(&mut self, id: AuthenticatorId) -> usize {
        match id {
            AuthenticatorId::Phone(_, device) | AuthenticatorId::RecoveryCode(device) => {
                self.device_number_of(device)
            }
        }
    }

    fn device_number_of(&mut self, device: DeviceId) -> usize {
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

    fn removed(&mut self, device: DeviceId) -> Answer {
        Answer::Removed {
            device: self.device_number_of(device),
        }
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

/// The moment of these milliseconds since the Unix epoch, within what the clock can show.
pub(super) fn moment(millis: i64) -> UtcDateTime {
    let nanos = i128::from(millis.clamp(0, World::END)).saturating_mul(1_000_000);
    UtcDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(UtcDateTime::UNIX_EPOCH)
}
