//! From the loaded account to the response: judge, admit, save, send, mint.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::machine::{
    Admit, Ask, Context, Exchange, Failure, Granted, Load, Mint, Operation, Pending, Replace,
    Saving, Send, Way, unavailable,
};
use crate::account::Account;
use crate::decide::MAX_TRIES;
use crate::delivery::{Delivery, Target};
use crate::denied::Denied;
use crate::engine::associate::Associated;
use crate::engine::challenge::Challenged;
use crate::engine::manage::Removed;
use crate::engine::verified::Verified;
use crate::session::FirstFactor;
use crate::subject::Subject;
use crate::transition::{Next, Step};
use crate::wire::{Answer, AuthenticatorsAnswer, ErrorAnswer, MfaRequiredAnswer, TokenAnswer};

impl Load {
    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.pending.subject
    }

    /// The stored account; `None` only if the store is certain that there is no record.
    ///
    /// The engine judges the request by this account. `now` is the server's clock.
    pub fn loaded(
        mut self,
        account: Option<Account>,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Exchange {
        self.context.now = now;
        let account = account.unwrap_or_else(|| Account::new(self.pending.subject.clone()));
        let way = judge(&self.context, self.pending, account, rng);
        self.context.go(way)
    }

    /// The record cannot be read: 500. It does not change.
    pub fn broken(self) -> Exchange {
        self.context.go(Err(ErrorAnswer::server_error().into()))
    }
}

fn judge(
    context: &Context,
    pending: Pending,
    account: Account,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Way, Failure> {
    let (engine, now) = (&context.engine, context.now);
    if *account.subject() != pending.subject {
        return Err(Denied::SubjectMismatch.into());
    }
    let transition = match &pending.ask {
        Ask::Begin {
            client,
            scope,
            audience,
        } => {
            let first_factor = FirstFactor {
                subject: pending.subject,
                client,
                scope,
                audience,
            };
            let session = engine.begin(first_factor, now, rng)?;
            let token = engine.issue_token(&session);
            let answer = MfaRequiredAnswer::new(&token, engine.requirements(&account));
            return Ok(Way::Done(answer.into()));
        }
        Ask::Operation(session, operation) => match operation {
            Operation::Authenticators => {
                let entries = engine.authenticators(&account, session, now)?;
                let answer = entries.collect::<AuthenticatorsAnswer>();
                return Ok(Way::Done(answer.into()));
            }
            Operation::Associate(request) => engine
                .associate(account, session, request, now, rng)
                .map(Granted::from),
            Operation::Challenge(request) => engine
                .challenge(account, session, request, now, rng)
                .map(Granted::from),
            Operation::VerifyOob(request) => engine
                .verify_oob(account, session, request, now)
                .map(Granted::from),
            Operation::VerifyRecoveryCode(code) => engine
                .verify_recovery_code(account, session, code, now, rng)
                .map(Granted::from),
            Operation::RemoveAuthenticator(id) => engine
                .remove_authenticator(account, session, id, now)
                .map(Granted::from),
        },
    };
    match transition.begin() {
        // If the engine granted the request but no save followed, the response is an error.
        Step::Refused(outcome) => Err(match outcome.result {
            Err(denied) => denied.into(),
            Ok(_) => ErrorAnswer::server_error().into(),
        }),
        Step::Save(next, sealed) => {
            let (target, admitted) = (next.target(), pending.admitted);
            let saving = Saving {
                pending,
                next,
                sealed,
            };
            Ok(match target {
                Some(target) if admitted != Some(target) => Way::Admit(saving, target),
                _ => Way::Replace(saving),
            })
        }
    }
}

fn opened(saving: Saving) -> Result<Way, Failure> {
    let opened = saving.sealed.open(saving.next.stored_durably());
    let outcome = opened.map_err(|_| ErrorAnswer::server_error())?;
    granted(saving.pending.subject, outcome.result?)
}

/// The next step after a grant is saved.
fn granted(subject: Subject, granted: Granted) -> Result<Way, Failure> {
    match granted {
        Granted::Message(delivery, answer) => Ok(Way::Send(subject, delivery, answer)),
        Granted::Removed(answer) => Ok(Way::Done(answer)),
        // The phone is confirmed, but its session has expired: the user signs in again for tokens.
        Granted::Verified(verified) if seconds_left(&verified) == Some(0) => {
            Err(Denied::TokenInvalid.into())
        }
        Granted::Verified(verified) => Ok(Way::Mint(verified)),
    }
}

/// How many whole seconds a token minted now may be valid; `None` without a limit.
fn seconds_left(verified: &Verified) -> Option<u64> {
    let end = verified.not_after()?.unix_timestamp_nanos();
    let left = end.saturating_sub(verified.verified_at().unix_timestamp_nanos());
    Some(u64::try_from(left.div_euclid(1_000_000_000)).unwrap_or_default())
}

impl From<Associated> for Granted {
    fn from(associated: Associated) -> Self {
        let answer = Answer::from(&associated);
        Self::Message(associated.delivery, answer)
    }
}

impl From<Challenged> for Granted {
    fn from(challenged: Challenged) -> Self {
        let answer = Answer::from(&challenged);
        Self::Message(challenged.delivery, answer)
    }
}

impl From<Verified> for Granted {
    fn from(verified: Verified) -> Self {
        Self::Verified(verified)
    }
}

impl From<Removed> for Granted {
    fn from(removed: Removed) -> Self {
        Self::Removed(Answer::from(&removed))
    }
}

impl Admit {
    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.saving.pending.subject
    }

    /// The phone and the channel of the message.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The message may be sent.
    pub fn admitted(mut self) -> Exchange {
        self.saving.pending.admitted = Some(self.target);
        self.context.go(Ok(Way::Replace(self.saving)))
    }
}

impl Replace {
    /// What to save: the account and its events.
    pub const fn next(&self) -> &Next {
        &self.saving.next
    }

    /// The conditional write succeeded, and is durable.
    pub fn stored(self) -> Exchange {
        self.context.go(opened(self.saving))
    }

    /// Another revision is stored. The next step is [`Load`]. After [`MAX_TRIES`] conflicts the response
    /// is 503.
    pub fn conflict(self) -> Exchange {
        let mut pending = self.saving.pending;
        pending.tries = pending.tries.saturating_add(1);
        let way = if pending.tries < MAX_TRIES {
            Ok(Way::Load(pending))
        } else {
            Err(unavailable())
        };
        self.context.go(way)
    }

    /// The store failed, or cannot tell whether it wrote: 503. Nothing is sent or granted.
    pub fn lost(self) -> Exchange {
        self.context.go(Err(unavailable()))
    }
}

impl Send {
    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The message.
    #[must_use]
    pub const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The provider accepted the message.
    pub fn sent(self) -> Exchange {
        self.context.go(Ok(Way::Done(self.answer)))
    }

    /// You do not know whether the provider accepted the message: 200, because the code may arrive.
    pub fn unknown(self) -> Exchange {
        self.sent()
    }

    /// The provider rejected the message, or could not be reached: 502.
    pub fn failed(self) -> Exchange {
        self.context.go(Err(ErrorAnswer::send_failed().into()))
    }
}

impl Mint {
    /// What to mint tokens for.
    #[must_use]
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The tokens. The machine adds the new recovery code, if there is one, and limits `expires_in` by
    /// [`Verified::not_after`]. Limit the expiry inside your token yourself.
    pub fn minted(self, answer: TokenAnswer) -> Exchange {
        let answer = answer
            .with_recovery_code(self.verified.recovery_code())
            .within(seconds_left(&self.verified));
        self.context.go(Ok(Way::Done(answer.into())))
    }

    /// Minting failed: 500. The code is used up.
    pub fn failed(self) -> Exchange {
        self.context.go(Err(ErrorAnswer::server_error().into()))
    }
}
