//! Events with numbers in the order of issue.

use oob_mfa::{Channel, Limit, PhoneNumber};
use time::UtcDateTime;

/// An [`Event`](oob_mfa::Event), with numbers instead of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// A code was issued.
    CodeIssued {
        /// The channel and the phone.
        phone: (Channel, usize),
        /// The number that it was sent to.
        to: PhoneNumber,
        /// Which code.
        code: usize,
    },
    /// A code was dropped before it was used or expired.
    CodeDropped {
        /// The channel and the phone.
        phone: (Channel, usize),
        /// Which code.
        code: usize,
    },
    /// A phone was confirmed or imported.
    AuthenticatorAdded {
        /// The channel that confirmed it, and the phone.
        phone: (Channel, usize),
        /// Its number.
        number: PhoneNumber,
        /// The code that confirmed it; none for an import.
        code: Option<usize>,
    },
    /// A phone was removed.
    AuthenticatorRemoved {
        /// Which.
        device: usize,
        /// Its number.
        number: PhoneNumber,
    },
    /// The failure cap disabled a phone.
    AuthenticatorDisabled {
        /// Which.
        device: usize,
        /// Its number.
        number: PhoneNumber,
    },
    /// A login was completed.
    Authenticated {
        /// The phone and its channel; none for a recovery code.
        phone: Option<(Channel, usize)>,
        /// The binding code; none for a recovery code.
        code: Option<usize>,
    },
    /// A wrong binding code was charged.
    WrongBindingCode {
        /// The channel and the phone.
        phone: (Channel, usize),
        /// Wrong codes for it since its last success.
        failures: u32,
        /// The right code.
        code: usize,
    },
    /// A wrong recovery code was charged.
    WrongRecoveryCode {
        /// Wrong ones since the live one was made.
        failures: u32,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed,
    /// A recovery code became active.
    RecoveryCodeReplaced,
    /// The recovery code was removed with the last phone.
    RecoveryCodeRemoved,
    /// A charge emptied a budget.
    LimitReached {
        /// Which budget.
        limit: Limit,
        /// When the budget gives one again.
        retry_at: UtcDateTime,
    },
    /// An administrator removed everything.
    AccountReset,
    /// An administrator removed everything for good.
    AccountErased,
    /// An administrator refilled the budgets.
    BudgetsRestored,
    /// An administrator rewound the account after a clock ran ahead.
    ClockRewound,
}
