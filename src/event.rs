//! What happened to an account, to log and to notify its owner of.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;
use time::UtcDateTime;

use crate::authenticator::{AuthenticatorId, DeviceId};
use crate::budget::Limit;
use crate::delivery::DeliveryId;
use crate::instant::Millis;
use crate::names::named;
use crate::phone::PhoneNumber;

/// What to log, and what to notify the owner of. No event holds a secret; numbers are masked.
///
/// The events of a code carry the [`DeliveryId`] of its message, so you can follow a message from send to
/// success.
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
        /// The message that carries it.
        delivery: DeliveryId,
    },
    /// A code was dropped before it was used or expired. The event before it in the same transition
    /// has the reason.
    ///
    /// The code was superseded or out of attempts, or its phone was disabled or removed. Or its
    /// session completed a login, its enrollment was discarded, or an administrator dropped every
    /// code. A code that expires logs nothing.
    CodeDropped {
        /// What it was sent to.
        authenticator: AuthenticatorId,
        /// The message that carried it.
        delivery: DeliveryId,
    },
    /// A phone was confirmed, or imported, and guards the account from now on.
    AuthenticatorAdded {
        /// By the channel it was confirmed with.
        authenticator: AuthenticatorId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
        /// The message that carried the code; none for an import.
        delivery: Option<DeliveryId>,
    },
    /// A phone was removed, with both of its entries.
    AuthenticatorRemoved {
        /// The device.
        device: DeviceId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
    },
    /// The failure cap disabled a phone.
    AuthenticatorDisabled {
        /// The device.
        device: DeviceId,
        /// The number, masked.
        #[serde(serialize_with = "masked")]
        phone: PhoneNumber,
    },
    /// A login was completed with a code. An MFA session that confirms an enrollment completes no
    /// login.
    Authenticated {
        /// The phone, by the channel of the code, or the recovery code.
        authenticator: AuthenticatorId,
        /// The message that carried the code; none for a recovery code.
        delivery: Option<DeliveryId>,
    },
    /// A wrong binding code was judged and charged.
    WrongBindingCode {
        /// What the code was sent to.
        authenticator: AuthenticatorId,
        /// Wrong codes for this phone since its last success, this one included.
        failures: u32,
        /// The message that carried the right code.
        delivery: DeliveryId,
    },
    /// A wrong recovery code was judged and charged.
    WrongRecoveryCode {
        /// Wrong recovery codes since this one was made, this one included.
        failures: u32,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed,
    /// A recovery code became active, as the first or as a replacement.
    RecoveryCodeReplaced,
    /// The recovery code was removed with the last phone.
    RecoveryCodeRemoved,
    /// A charge emptied a budget.
    LimitReached {
        /// Which budget.
        limit: Limit,
        /// When the budget has room again; serialized in milliseconds since the Unix epoch.
        #[serde(serialize_with = "unix_millis")]
        retry_at: UtcDateTime,
    },
    /// An administrator removed everything.
    AccountReset,
    /// An administrator removed everything for good.
    AccountErased,
    /// An administrator refilled the budgets.
    BudgetsRestored,
    /// An operator reset the account's time after a clock ran ahead.
    ClockRewound,
}

named!(Event {
    CodeIssued: "code_issued";
    CodeDropped: "code_dropped";
    AuthenticatorAdded: "authenticator_added";
    AuthenticatorRemoved: "authenticator_removed";
    AuthenticatorDisabled: "authenticator_disabled";
    Authenticated: "authenticated";
    WrongBindingCode: "wrong_binding_code";
    WrongRecoveryCode: "wrong_recovery_code";
    RecoveryCodeUsed: "recovery_code_used";
    RecoveryCodeReplaced: "recovery_code_replaced";
    RecoveryCodeRemoved: "recovery_code_removed";
    LimitReached: "limit_reached";
    AccountReset: "account_reset";
    AccountErased: "account_erased";
    BudgetsRestored: "budgets_restored";
    ClockRewound: "clock_rewound";
});

impl Event {
    /// Whether to notify the owner over another channel than this authenticator (NIST SP 800-63B-4
    /// section 4.6).
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
            | Self::AccountReset
            | Self::AccountErased => true,
            Self::CodeIssued { .. }
            | Self::CodeDropped { .. }
            | Self::Authenticated { .. }
            | Self::WrongBindingCode { .. }
            | Self::WrongRecoveryCode { .. }
            | Self::LimitReached {
                limit: Limit::Sends,
                ..
            }
            | Self::BudgetsRestored
            | Self::ClockRewound => false,
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
    serializer.serialize_u64(Millis::at(*at).get())
}

/// The events of one transition, in order. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events(Arc<[Event]>);

impl Serialize for Events {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl Events {
    /// Whether one is a clone of the other.
    pub(crate) fn are_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Vec<Event>> for Events {
    fn from(events: Vec<Event>) -> Self {
        Self(events.into())
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
