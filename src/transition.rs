//! The sealed outcome: what was decided, visible only once it is saved.

use core::fmt;

use serde::Serialize;
use time::UtcDateTime;

use crate::account::Account;
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::bytes;
use crate::code::BindingCode;
use crate::denied::Denied;
use crate::few::Few;
use crate::phone::PhoneNumber;

/// The next account, and an outcome that cannot be seen before that account is saved.
///
/// [`commit`](Self::commit) and [`commit_async`](Self::commit_async) are the only doors: no accessor,
/// and a `Debug` that tells only whether anything changed. So no reply and no message can leave on
/// the strength of a state that was then not saved, and no parallel request can be judged against
/// the same stored counter twice.
///
/// # The store's duty
///
/// Insert if absent when [`next.account.replaces()`](Account::replaces) is `None`, else replace only
/// if the stored revision equals it, even where the bytes are the same; report success only after the
/// commit is durable. After a conflict, load again and ask the engine again. Any other error, a lost
/// answer among them, is answered with 503, and not asked again: the write may be there, and a second
/// one would charge twice. Never delete a record while its subject exists: recreating it would refill
/// the budgets.
///
/// # Examples
///
/// The conditional write, on a map that stands for a database:
///
/// ```
/// use std::collections::HashMap;
/// use oob_mfa::{Account, Next};
///
/// struct Conflict;
///
/// fn replace(db: &mut HashMap<String, Account>, next: Next) -> Result<(), Conflict> {
///     let subject = next.account.subject().as_str();
///     if db.get(subject).map(Account::revision) != next.account.replaces() {
///         return Err(Conflict);
///     }
///     db.insert(subject.to_owned(), next.account);
///     Ok(())
/// }
/// ```
///
/// There is no way to the outcome past the save:
///
/// ```compile_fail,E0616
/// fn peek(transition: oob_mfa::Transition<oob_mfa::Verified>) {
///     let _decided = transition.0;
/// }
/// ```
#[must_use = "nothing is decided before the transition is committed"]
pub struct Transition<T>(Decision<T>);

#[expect(
    clippy::large_enum_variant,
    reason = "to box the account would be an allocation for each code that is judged"
)]
enum Decision<T> {
    /// Nothing changes.
    Refused(Denied),
    Changed(Account, Events, Result<T, Denied>),
}

impl<T> Transition<T> {
    pub(crate) const fn refused(denied: Denied) -> Self {
        Self(Decision::Refused(denied))
    }

    pub(crate) const fn changed(
        account: Account,
        events: Events,
        result: Result<T, Denied>,
    ) -> Self {
        Self(Decision::Changed(account, events, result))
    }

    /// Saves the next account with `save`, then opens the outcome.
    ///
    /// `save` is not called where nothing changed: a refusal costs no write.
    ///
    /// # Errors
    ///
    /// What `save` returns. The outcome is gone with it.
    #[inline]
    pub fn commit<E>(self, save: impl FnOnce(Next) -> Result<(), E>) -> Result<Outcome<T>, E> {
        match self.0 {
            Decision::Refused(denied) => Ok(Outcome::refused(denied)),
            Decision::Changed(account, events, result) => {
                let saved = events.clone();
                save(Next::of(account, saved))?;
                Ok(Outcome { result, events })
            }
        }
    }

    /// As [`commit`](Self::commit), for a store that is awaited: `commit_async(async |next| …)`.
    ///
    /// # Errors
    ///
    /// What `save` returns. The outcome is gone with it.
    pub async fn commit_async<E, F, Fut>(self, save: F) -> Result<Outcome<T>, E>
    where
        F: FnOnce(Next) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        match self.0 {
            Decision::Refused(denied) => Ok(Outcome::refused(denied)),
            Decision::Changed(account, events, result) => {
                let saved = events.clone();
                save(Next::of(account, saved)).await?;
                Ok(Outcome { result, events })
            }
        }
    }
}

impl<T> fmt::Debug for Transition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transition")
            .field("changed", &matches!(self.0, Decision::Changed(..)))
            .finish_non_exhaustive()
    }
}

/// What `save` gets: everything that is to be written, in one transaction.
#[derive(Debug)]
#[non_exhaustive]
pub struct Next {
    /// The account as it is to be stored.
    pub account: Account,
    /// What is to be logged with it.
    pub events: Events,
}

impl Next {
    const fn of(account: Account, events: Events) -> Self {
        Self { account, events }
    }
}

/// What was decided, after it was saved.
#[derive(Debug)]
#[must_use = "the result says whether the request was granted"]
#[non_exhaustive]
pub struct Outcome<T> {
    /// The grant, or why there is none.
    pub result: Result<T, Denied>,
    /// What is to be logged, and whom to notify.
    pub events: Events,
}

impl<T> Outcome<T> {
    const fn refused(denied: Denied) -> Self {
        Self {
            result: Err(denied),
            events: Events::NONE,
        }
    }
}

/// A code on its way: one message to be sent, once, after the commit.
///
/// Exactly one leaves per [`Associated`](crate::Associated) or [`Challenged`](crate::Challenged). A
/// send that fails stays charged: the owner asks again.
///
/// # Security
///
/// It holds the binding code; `Debug` redacts that and masks the number.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// By what channel.
    pub channel: Channel,
    /// To whom.
    pub to: PhoneNumber,
    /// What the message has to carry; [`message`](crate::message) words it.
    pub code: BindingCode,
    /// When the code expires.
    pub expires_at: UtcDateTime,
    id: [u8; 16],
}

impl Delivery {
    pub(crate) const fn new(
        id: [u8; 16],
        channel: Channel,
        to: PhoneNumber,
        code: BindingCode,
        expires_at: UtcDateTime,
    ) -> Self {
        Self {
            channel,
            to,
            code,
            expires_at,
            id,
        }
    }

    /// A name of this delivery, unique and no secret: for logs, and for a provider that takes an
    /// idempotency key. 22 characters of base64url; it tells nothing of the `oob_code`.
    #[must_use]
    pub fn id(&self) -> alloc::string::String {
        bytes::encode(&self.id)
    }
}

/// Which budget a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// Messages sent.
    Sends,
    /// Wrong binding codes.
    BindingFailures,
    /// Wrong recovery codes.
    RecoveryFailures,
}

/// What must be logged, and what the owner must be told of. No secret is in any; numbers are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A code was issued, to confirm an enrollment or to sign in.
    CodeIssued {
        /// What it was sent to.
        authenticator: AuthenticatorId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
    },
    /// A phone was confirmed, or imported, and guards the account from now on.
    AuthenticatorAdded {
        /// By the channel it was confirmed with.
        authenticator: AuthenticatorId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
    },
    /// A phone was removed, both of its entries.
    AuthenticatorRemoved {
        /// The device.
        device: DeviceId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
    },
    /// A phone was stopped by the failure cap.
    AuthenticatorDisabled {
        /// The device.
        device: DeviceId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
    },
    /// A login was completed with a code.
    Authenticated {
        /// The phone, by the channel of the code, or the recovery code.
        authenticator: AuthenticatorId,
    },
    /// A wrong binding code was judged and charged.
    WrongBindingCode {
        /// What the code was sent to.
        authenticator: AuthenticatorId,
        /// Wrong codes for this phone since its last success, this one included.
        failures: u32,
    },
    /// A wrong recovery code was judged and charged.
    WrongRecoveryCode {
        /// Wrong recovery codes since this one was made, this one included.
        failures: u32,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed,
    /// A recovery code took effect in the place of another, or as the first.
    RecoveryCodeReplaced,
    /// The recovery code went with the last phone.
    RecoveryCodeRemoved,
    /// The last of a budget was taken.
    LimitReached {
        /// Which budget.
        limit: Limit,
        /// When one will be back; serialized in milliseconds since the Unix epoch.
        #[serde(serialize_with = "unix_millis")]
        retry_at: UtcDateTime,
    },
    /// An administrator removed everything.
    AccountReset,
    /// An administrator refilled the budgets.
    BudgetsRestored,
}

impl Event {
    /// Whether the owner has to be told, by another way than the authenticator in question: NIST SP
    /// 800-63B-4 section 4.6.
    #[must_use]
    pub const fn notifies_owner(&self) -> bool {
        match self {
            Self::AuthenticatorAdded { .. }
            | Self::AuthenticatorRemoved { .. }
            | Self::AuthenticatorDisabled { .. }
            | Self::RecoveryCodeUsed
            | Self::RecoveryCodeReplaced
            | Self::RecoveryCodeRemoved
            | Self::LimitReached {
                limit: Limit::BindingFailures | Limit::RecoveryFailures,
                ..
            }
            | Self::AccountReset => true,
            Self::CodeIssued { .. }
            | Self::Authenticated { .. }
            | Self::WrongBindingCode { .. }
            | Self::WrongRecoveryCode { .. }
            | Self::LimitReached {
                limit: Limit::Sends,
                ..
            }
            | Self::BudgetsRestored => false,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn masked<S: serde::Serializer>(phone: &PhoneNumber, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(phone)
}

fn unix_millis<S: serde::Serializer>(at: &UtcDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(crate::instant::Millis::at(*at).get())
}

/// The events of one transition, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Events(Few<Event>);

impl Events {
    pub(crate) const NONE: Self = Self(Few::None);

    pub(crate) fn push(&mut self, event: Event) {
        self.0.push(event);
    }
}

impl core::ops::Deref for Events {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = core::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests;
