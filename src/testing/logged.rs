//! What was logged, in terms of what was issued first, second, third.

use time::UtcDateTime;

use crate::authenticator::Channel;
use crate::phone::PhoneNumber;
use crate::transition::Limit;

/// An [`Event`](crate::Event), with numbers in the place of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum Logged {
    /// A code was issued.
    CodeIssued {
        /// The channel and the phone.
        phone: (Channel, usize),
        /// The number that it was sent to.
        to: PhoneNumber,
    },
    /// A phone was confirmed or imported.
    AuthenticatorAdded {
        /// The channel it was confirmed with, and the phone.
        phone: (Channel, usize),
        /// Its number.
        number: PhoneNumber,
    },
    /// A phone was removed.
    AuthenticatorRemoved {
        /// Which.
        device: usize,
        /// Its number.
        number: PhoneNumber,
    },
    /// A phone was stopped by the failure cap.
    AuthenticatorDisabled {
        /// Which.
        device: usize,
        /// Its number.
        number: PhoneNumber,
    },
    /// A login was completed.
    Authenticated {
        /// By which phone; none for a recovery code.
        phone: Option<(Channel, usize)>,
    },
    /// A wrong binding code was charged.
    WrongBindingCode {
        /// The channel and the phone.
        phone: (Channel, usize),
        /// Wrong codes for it since its last success.
        failures: u32,
    },
    /// A wrong recovery code was charged.
    WrongRecoveryCode {
        /// Wrong ones since the live one was made.
        failures: u32,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed,
    /// A recovery code took effect.
    RecoveryCodeReplaced,
    /// The recovery code went with the last phone.
    RecoveryCodeRemoved,
    /// The last of a budget was taken.
    LimitReached {
        /// Which budget.
        limit: Limit,
        /// When one will be back.
        retry_at: UtcDateTime,
    },
    /// An administrator removed everything.
    AccountReset,
    /// An administrator refilled the budgets.
    BudgetsRestored,
}
