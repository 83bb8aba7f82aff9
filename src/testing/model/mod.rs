//! The rules a second time, as plainly as they can be put.
//!
//! Lists and integers; everything that ever happened is kept and looked through. It shares no code
//! with the engine but the types of questions and answers, so that a mistake in one is a
//! disagreement with the other.

mod judge;
mod keep;
mod ledger;
mod recorded;

use alloc::string::String;
use alloc::vec::Vec;

use self::ledger::Ledger;
use super::command::{Command, Presenter, TokenGuess, Vouch, back};
use super::logged::Logged;
use super::reply::{Answer, Reply, Sent};
use super::world::World;
use crate::authenticator::Channel;
use crate::denied::Denied;
use crate::phone::PhoneNumber;
use crate::policy::Policy;
use crate::session::{Assurance, Scope};

/// What ought to happen, by the design.
///
/// It counts what is issued in the same order as a [`World`] that does the same commands, so that the
/// two say the same of everything that is not random.
#[derive(Clone, Debug)]
pub struct Model {
    policy: Policy,
    now: i64,
    sessions: Vec<Session>,
    phones: Vec<Phone>,
    codes: Vec<Code>,
    devices: usize,
    recovery_codes: usize,
    /// The one recovery code that works.
    live_recovery_code: Option<usize>,
    /// Wrong ones since it was made.
    recovery_code_failures: u32,
    spent: Vec<(usize, i64)>,
    pruned_through: i64,
    first_factor_valid_from: i64,
    valid_from: i64,
    /// Until when the three above stand although they lie too far ahead.
    doubted_until: Option<i64>,
    sends: Ledger,
    binding_failures: Ledger,
    recovery_failures: Ledger,
    revision: u64,
    /// What the command that is being judged has logged so far.
    logged: Vec<Logged>,
}

#[derive(Clone, Debug)]
struct Session {
    stranger: bool,
    assurance: Assurance,
    scopes: Vec<String>,
    issued: i64,
    expires: i64,
}

#[derive(Clone, Debug)]
struct Phone {
    device: usize,
    number: PhoneNumber,
    disabled: bool,
    used: i64,
    channel: Channel,
    failures: u32,
}

#[derive(Clone, Debug)]
struct Code {
    session: usize,
    device: usize,
    channel: Channel,
    to: PhoneNumber,
    enrollment: Option<Enrollment>,
    issued: i64,
    expires: i64,
    attempts: u32,
    fate: Fate,
}

#[derive(Clone, Debug)]
struct Enrollment {
    begun_by: Assurance,
    recovery_code: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The record holds it.
    Kept,
    /// The record holds that it was, and not what it was.
    Lapsed,
    /// As that: an enrollment of a first factor, when a phone came to guard the account.
    Overtaken,
    /// Used, superseded, dropped or forgotten.
    Gone,
}

/// What was done: an answer, and the message that leaves with it.
type Done = (Answer, Option<Sent>);

impl Model {
    /// The model of a world in which nothing has happened.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            now: World::START,
            sessions: Vec::new(),
            phones: Vec::new(),
            codes: Vec::new(),
            devices: 0,
            recovery_codes: 0,
            live_recovery_code: None,
            recovery_code_failures: 0,
            spent: Vec::new(),
            pruned_through: 0,
            first_factor_valid_from: 0,
            valid_from: 0,
            doubted_until: None,
            sends: Ledger::default(),
            binding_failures: Ledger::default(),
            recovery_failures: Ledger::default(),
            revision: 0,
            logged: Vec::new(),
        }
    }

    /// Predicts what the command leads to, and goes there.
    pub fn apply(&mut self, command: &Command) -> Reply {
        let mut reply = self.judged(command);
        reply.logged = core::mem::take(&mut self.logged);
        if reply.saved {
            self.revision = self.revision.saturating_add(1);
        }
        reply
    }

    /// As [`World::restart`]: from now on another policy decides, of the same limits.
    pub fn restart(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// As [`World::mix_up`]: takes up a session of another user's model.
    pub fn mix_up(&mut self, other: &Self, session: usize) -> Reply {
        let lent = back(other.sessions.len(), session);
        let lent = lent.and_then(|number| other.sessions.get(number));
        match lent.filter(|session| !session.stranger) {
            Some(session) => self.begin(Session {
                stranger: true,
                ..session.clone()
            }),
            None => unsaved(Answer::Nothing),
        }
    }

    fn judged(&mut self, command: &Command) -> Reply {
        match command {
            Command::Begin => {
                let lifetime = millis(self.policy.token_lifetime());
                self.begin(Session {
                    stranger: false,
                    assurance: Assurance::FirstFactor,
                    scopes: Vec::new(),
                    issued: self.now,
                    expires: self.now.saturating_add(lifetime),
                })
            }
            Command::Vouch(vouch) => self.begin(self.vouched(vouch)),
            Command::OpenToken {
                session,
                presenter,
                token,
            } => match back(self.sessions.len(), *session) {
                None => unsaved(Answer::Nothing),
                Some(session) => unsaved(
                    self.open_token(session, *presenter, *token)
                        .map_or_else(Answer::Denied, |()| Answer::Opened { session }),
                ),
            },
            Command::Step { millis } => {
                self.now = self.now.saturating_add(*millis).clamp(0, World::END);
                unsaved(Answer::Nothing)
            }
            Command::List { session } => match back(self.sessions.len(), *session) {
                None => unsaved(Answer::Nothing),
                Some(session) => unsaved(
                    self.list(session)
                        .map_or_else(Answer::Denied, Answer::Listed),
                ),
            },
            Command::Reset
            | Command::ImportPhone { .. }
            | Command::RemovePhone { .. }
            | Command::RestoreBudgets => self.by_administrator(command),
            Command::Associate { session, .. }
            | Command::Challenge { session, .. }
            | Command::VerifyRecoveryCode { session, .. }
            | Command::Remove { session, .. }
            | Command::Regenerate { session } => {
                self.by_user(back(self.sessions.len(), *session), command)
            }
            Command::VerifyOob { session, code, .. } => {
                let code = code.and_then(|code| back(self.codes.len(), code));
                let presenter = match (session, code.and_then(|code| self.codes.get(code))) {
                    (None, Some(code)) => Some(code.session),
                    (session, _) => back(self.sessions.len(), session.unwrap_or_default()),
                };
                self.by_user(presenter, command)
            }
        }
    }

    fn begin(&mut self, session: Session) -> Reply {
        self.sessions.push(session);
        unsaved(Answer::Began {
            session: self.sessions.len().saturating_sub(1),
        })
    }

    fn open_token(
        &self,
        session: usize,
        presenter: Presenter,
        token: TokenGuess,
    ) -> Result<(), Denied> {
        match token {
            TokenGuess::Malformed => return Err(Denied::TokenMalformed),
            TokenGuess::Forged => return Err(Denied::TokenInvalid),
            TokenGuess::Issued => {}
        }
        if presenter == Presenter::Another {
            return Err(Denied::TokenOfAnotherClient);
        }
        let lives = |session: &Session| session.expires > self.now;
        if self.sessions.get(session).is_some_and(lives) {
            Ok(())
        } else {
            Err(Denied::TokenExpired)
        }
    }

    fn vouched(&self, vouch: &Vouch) -> Session {
        Session {
            stranger: vouch.stranger,
            assurance: vouch.assurance,
            scopes: vouch.scope.split(' ').map(String::from).collect(),
            issued: self.now.saturating_sub(vouch.age).clamp(0, World::END),
            expires: self.now.saturating_add(vouch.lifetime).clamp(0, World::END),
        }
    }

    fn by_user(&mut self, session: Option<usize>, command: &Command) -> Reply {
        let Some((number, session)) =
            session.and_then(|number| Some((number, self.sessions.get(number)?.clone())))
        else {
            return unsaved(Answer::Nothing);
        };
        if session.stranger {
            return unsaved(Answer::Denied(Denied::SubjectMismatch));
        }
        let settled = self.settle();
        let done = self
            .check_session(number, &session)
            .and_then(|()| match command {
                Command::Associate { phone, channel, .. } => {
                    self.associate(number, &session, *phone, *channel)
                }
                Command::Challenge { authenticator, .. } => self.challenge(number, *authenticator),
                Command::VerifyOob { code, guess, .. } => {
                    self.verify_oob(number, &session, *code, guess)
                }
                Command::VerifyRecoveryCode { guess, .. } => {
                    self.verify_recovery_code(number, &session, guess)
                }
                Command::Remove { authenticator, .. } => self.remove(&session, *authenticator),
                _ => self.regenerate(&session),
            });
        replied(done, settled)
    }

    fn by_administrator(&mut self, command: &Command) -> Reply {
        let settled = self.settle();
        let done = match command {
            Command::ImportPhone { phone, channel } => self.import(*phone, *channel),
            Command::RemovePhone { device } => {
                let device = back(self.devices, *device);
                device.map_or(Err(Denied::UnknownAuthenticator), |device| {
                    self.drop_phone(device)
                })
            }
            Command::Reset => {
                self.tidy();
                self.phones.clear();
                self.codes
                    .iter_mut()
                    .for_each(|code| code.fate = Fate::Gone);
                self.live_recovery_code = None;
                self.valid_from = self.valid_from.max(self.now);
                self.logged.push(Logged::AccountReset);
                Ok((Answer::Done, None))
            }
            _ => {
                self.tidy();
                self.sends = Ledger::default();
                self.binding_failures = Ledger::default();
                self.recovery_failures = Ledger::default();
                self.logged.push(Logged::BudgetsRestored);
                Ok((Answer::Done, None))
            }
        };
        replied(done, settled)
    }

    fn check_session(&self, number: usize, session: &Session) -> Result<(), Denied> {
        let first_factor = session.assurance == Assurance::FirstFactor;
        if session.expires <= self.now || (first_factor && session.expires <= self.pruned_through) {
            return Err(Denied::TokenExpired);
        }
        if session.expires > self.furthest() {
            return Err(Denied::SessionTooLong);
        }
        if session.issued < self.valid_from
            || (first_factor && session.issued < self.first_factor_valid_from)
        {
            return Err(Denied::SessionRevoked);
        }
        if first_factor && self.spent.iter().any(|(spent, _)| *spent == number) {
            return Err(Denied::SessionSpent);
        }
        Ok(())
    }
}

fn check_scope(session: &Session, scope: Scope) -> Result<(), Denied> {
    let name = match scope {
        Scope::Enroll => "enroll",
        Scope::ReadAuthenticators => "read:authenticators",
        Scope::RemoveAuthenticators => "remove:authenticators",
    };
    let held =
        session.assurance == Assurance::Mfa && session.scopes.iter().any(|held| held == name);
    if held {
        Ok(())
    } else {
        Err(Denied::InsufficientScope(scope))
    }
}

fn replied(done: Result<Done, Denied>, settled: bool) -> Reply {
    match done {
        Ok((answer, sent)) => Reply {
            answer,
            sent,
            saved: true,
            logged: Vec::new(),
        },
        Err(denied) => {
            let judged = matches!(
                denied,
                Denied::InvalidBindingCode | Denied::InvalidRecoveryCode
            );
            Reply {
                answer: Answer::Denied(denied),
                sent: None,
                saved: settled || judged,
                logged: Vec::new(),
            }
        }
    }
}

const fn unsaved(answer: Answer) -> Reply {
    Reply {
        answer,
        sent: None,
        saved: false,
        logged: Vec::new(),
    }
}

fn count(issued: &mut usize) -> usize {
    let number = *issued;
    *issued = number.saturating_add(1);
    number
}

fn millis(duration: core::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
