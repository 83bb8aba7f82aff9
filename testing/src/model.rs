//! A second implementation of the rules, as simple as possible.
//!
//! It uses lists and integers, keeps everything that ever happened, and searches it. It shares no
//! code with the engine except the types of requests and responses: a bug in one shows as a
//! disagreement.

mod answer;
mod issue;
mod ledger;
mod manage;
mod recorded;
mod time;

use oob_mfa::{Assurance, Channel, Denied, Limit, PhoneNumber, Policy, Scope};

use self::ledger::Ledger;
use crate::command::{Command, Presenter, TokenGuess, Vouch, back};
use crate::logged::Logged;
use crate::record::RevokedUntil;
use crate::reply::{Answer, Reply, SentMessage};
use crate::world::World;

/// Predicts what a [`World`] does, from the design alone.
///
/// It numbers what is issued in the same order as a [`World`] with the same commands, so the two
/// agree on everything that is not random.
#[derive(Clone, Debug)]
pub struct Model {
    policy: Policy,
    /// The time on the server's clock.
    clock: i64,
    /// When the account last changed.
    as_of: i64,
    sessions: Vec<Session>,
    phones: Vec<Phone>,
    codes: Vec<Code>,
    devices: usize,
    recovery_codes: usize,
    /// The one recovery code that works.
    live_recovery_code: Option<usize>,
    /// Wrong codes since it was made.
    recovery_code_failures: u32,
    spent: Vec<(usize, i64)>,
    revoked_until: RevokedUntil,
    /// In the order of [`Limit::ALL`].
    ledgers: [Ledger; 3],
    revision: u64,
    /// The events of the current command so far.
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
    /// It has expired, and the record still remembers it.
    Lapsed,
    /// It was discarded: its enrollment was started with a first factor, and then another phone was
    /// confirmed.
    Discarded,
    /// It was used, superseded or dropped.
    Gone,
}

/// A response and its message.
type Done = (Answer, Option<SentMessage>);

impl Model {
    /// The model of a new world.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            clock: World::START,
            as_of: 0,
            sessions: Vec::new(),
            phones: Vec::new(),
            codes: Vec::new(),
            devices: 0,
            recovery_codes: 0,
            live_recovery_code: None,
            recovery_code_failures: 0,
            spent: Vec::new(),
            revoked_until: RevokedUntil::default(),
            ledgers: Limit::ALL.map(|_| Ledger::default()),
            revision: 0,
            logged: Vec::new(),
        }
    }

    /// Predicts the effect of the command, and applies it.
    pub fn apply(&mut self, command: &Command) -> Reply {
        match command {
            Command::Begin => self.begin(Session {
                stranger: false,
                assurance: Assurance::FirstFactor,
                scopes: Vec::new(),
                issued: self.clock,
                expires: self.clock + millis(self.policy.token_lifetime()),
            }),
            Command::Vouch(vouch) => self.begin(self.vouched(vouch)),
            Command::Step { millis } => {
                self.clock = self.clock.saturating_add(*millis).clamp(0, World::END);
                Reply::unsaved(Answer::Nothing)
            }
            Command::Rewind => self.rewind(),
            Command::Reset
            | Command::Erase
            | Command::ImportPhone { .. }
            | Command::RemovePhone { .. }
            | Command::RestoreBudgets => self.change(|account| account.by_administrator(command)),
            Command::OpenToken { session, .. }
            | Command::Associate { session, .. }
            | Command::Challenge { session, .. }
            | Command::VerifyRecoveryCode { session, .. }
            | Command::Remove { session, .. }
            | Command::Regenerate { session }
            | Command::List { session } => {
                self.by_user(back(self.sessions.len(), *session), command)
            }
            Command::VerifyOob { session, code, .. } => {
                let code = code.and_then(|code| back(self.codes.len(), code));
                let presenter = match (session, code) {
                    (None, Some(code)) => Some(self.codes[code].session),
                    (session, _) => back(self.sessions.len(), session.unwrap_or_default()),
                };
                self.by_user(presenter, command)
            }
        }
    }

    /// Switches to another policy, like assigning [`World::engine`].
    pub fn restart(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// As [`World::mix_up`]: uses a session of another user's model.
    pub fn mix_up(&mut self, other: &Self, session: usize) -> Reply {
        let lent = back(other.sessions.len(), session).map(|number| &other.sessions[number]);
        match lent.filter(|session| !session.stranger) {
            Some(session) => self.begin(Session {
                stranger: true,
                ..session.clone()
            }),
            None => Reply::unsaved(Answer::Nothing),
        }
    }

    fn begin(&mut self, session: Session) -> Reply {
        self.sessions.push(session);
        let session = self.sessions.len() - 1;
        Reply::unsaved(Answer::Began { session })
    }

    fn vouched(&self, vouch: &Vouch) -> Session {
        Session {
            stranger: vouch.stranger,
            assurance: vouch.assurance,
            scopes: vouch.scope.split(' ').map(String::from).collect(),
            issued: (self.clock - vouch.age).clamp(0, World::END),
            expires: (self.clock + vouch.lifetime).clamp(0, World::END),
        }
    }

    fn by_user(&mut self, number: Option<usize>, command: &Command) -> Reply {
        let Some(number) = number else {
            return Reply::unsaved(Answer::Nothing);
        };
        let session = self.sessions[number].clone();
        if let Command::OpenToken {
            presenter, token, ..
        } = command
        {
            let opened = self.open_token(&session, *presenter, *token);
            let opened = opened.map(|()| Answer::Opened { session: number });
            return Reply::unsaved(opened.unwrap_or_else(Answer::Denied));
        }
        if session.stranger {
            return Reply::unsaved(Answer::Denied(Denied::SubjectMismatch));
        }
        if let Command::List { .. } = command {
            let listed = self.list(number, &session).map(Answer::Listed);
            return Reply::unsaved(listed.unwrap_or_else(Answer::Denied));
        }
        self.change(|account| {
            account.check_session(number, &session)?;
            match command {
                Command::Associate { phone, channel, .. } => {
                    account.associate(number, &session, *phone, *channel)
                }
                Command::Challenge {
                    authenticator,
                    channel,
                    ..
                } => account.challenge(number, &session, *authenticator, *channel),
                Command::VerifyOob { code, guess, .. } => {
                    account.verify_oob(number, &session, *code, guess)
                }
                Command::VerifyRecoveryCode { guess, .. } => {
                    account.verify_recovery_code(number, &session, guess)
                }
                Command::Remove { authenticator, .. } => account.remove(&session, *authenticator),
                Command::Regenerate { .. } => account.regenerate(&session),
                other => unreachable!("{other:?} has no session"),
            }
        })
    }

    /// A token depends on the clock, not on the account.
    fn open_token(
        &self,
        session: &Session,
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
        if session.expires <= self.clock {
            return Err(Denied::TokenExpired);
        }
        Ok(())
    }

    fn check_session(&self, number: usize, session: &Session) -> Result<(), Denied> {
        let (time, skew) = (self.time(), self.skew());
        let longest = millis(self.policy.longest_session());
        let first_factor = session.assurance == Assurance::FirstFactor;
        let RevokedUntil {
            first_factor: of_first_factor,
            every,
        } = self.revoked_until;
        let is_spent = |(spent, _): &(usize, i64)| *spent == number;
        if session.expires <= time {
            Err(Denied::TokenExpired)
        } else if session.issued > time + skew {
            Err(Denied::SessionNotYetValid)
        } else if session.expires > time + longest + skew {
            Err(Denied::SessionTooLong)
        } else if every.is_some_and(|until| session.issued <= until)
            || (first_factor && of_first_factor.is_some_and(|until| session.issued <= until))
        {
            Err(Denied::SessionRevoked)
        } else if first_factor && self.spent.iter().any(is_spent) {
            Err(Denied::SessionSpent)
        } else {
            Ok(())
        }
    }
}

fn check_scope(session: &Session, scope: Scope) -> Result<(), Denied> {
    let name = match scope {
        Scope::Enroll => "enroll",
        Scope::ReadAuthenticators => "read:authenticators",
        Scope::RemoveAuthenticators => "remove:authenticators",
        other => unimplemented!("{other:?}"),
    };
    let is_held = session.scopes.iter().any(|held| held == name);
    if session.assurance == Assurance::Mfa && is_held {
        Ok(())
    } else {
        Err(Denied::InsufficientScope(scope))
    }
}

fn check_first_factor(session: &Session) -> Result<(), Denied> {
    if session.assurance == Assurance::FirstFactor {
        Ok(())
    } else {
        Err(Denied::FirstFactorRequired)
    }
}

fn count(issued: &mut usize) -> usize {
    *issued += 1;
    *issued - 1
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("a duration of a policy")
}
