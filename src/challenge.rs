//! One pending challenge: issued, matched, expired.

use alloc::boxed::Box;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::account::Recovery;
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::bytes;
use crate::code::OobCode;
use crate::instant::Millis;
use crate::key::{CodeDigest, SessionTag};
use crate::phone::PhoneNumber;
use crate::policy::LONGEST_CODE_LIFETIME;
use crate::session::Assurance;

/// A code that was issued, or what is left of it once it has expired.
///
/// The rest stays so that a late answer hears that it has expired rather than that nobody knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PendingChallenge {
    pub(crate) id: ChallengeId,
    pub(crate) session: SessionTag,
    pub(crate) issued_at: Millis,
    pub(crate) code: Code,
}

/// The code itself, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// It can be answered as long as its time lasts.
    Issued(IssuedCode),
    /// Its time is over, and it was dropped.
    Expired,
    /// It was to confirm an enrollment that a first factor alone had begun, and was dropped when
    /// another phone came to guard the account.
    Overtaken {
        /// When it would have expired.
        expires_at: Millis,
    },
}

/// The 16 bytes of an `oob_code`: a handle, of no use without the session's token and the binding code.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
// Aligned: see `bytes`.
#[repr(align(8))]
pub(crate) struct ChallengeId(#[serde(with = "bytes")] pub(crate) [u8; 16]);

impl fmt::Debug for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeId(redacted)")
    }
}

/// The part of a challenge that can still be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuedCode {
    pub(crate) digest: CodeDigest,
    pub(crate) expires_at: Millis,
    /// Wrong answers so far.
    pub(crate) attempts: u32,
    pub(crate) channel: Channel,
    pub(crate) target: Target,
}

/// What a right answer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// Completes a login with a phone of the account.
    Phone(DeviceId),
    /// Confirms a phone that is not of the account yet.
    // Apart, because it is four times the rest and seldom there.
    Enrollment(Box<Enrollment>),
}

/// A phone that was associated and not confirmed: it lives as long as its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrollment {
    pub(crate) device: DeviceId,
    pub(crate) number: PhoneNumber,
    pub(crate) begun_by: Assurance,
    /// The code that the owner was shown with it, good once the phone is confirmed.
    pub(crate) recovery: Option<Recovery>,
}

impl PendingChallenge {
    /// A code lives from its issue until just before its expiry, whatever the clock did in between.
    pub(crate) fn live_at(&self, now: Millis) -> Option<&IssuedCode> {
        self.code
            .issued()
            .filter(|code| self.issued_at <= now && now < code.expires_at)
    }

    pub(crate) fn is(&self, handle: &OobCode) -> bool {
        handle
            .challenge()
            .is_some_and(|id| bytes::ct_eq(&self.id.0, id).into())
    }

    pub(crate) fn targets(&self, device: DeviceId) -> bool {
        self.code
            .issued()
            .is_some_and(|code| code.device() == device)
    }

    pub(crate) fn enrollment(&self) -> Option<&Enrollment> {
        self.code.issued().and_then(IssuedCode::enrollment)
    }

    /// Whether the record keeps it: an answer up to ten minutes after the issue is told "expired".
    /// One that lies that far ahead came from a clock that ran ahead, and is of no use to anybody.
    pub(crate) fn is_kept_at(&self, now: Millis) -> bool {
        now.since(self.issued_at) < LONGEST_CODE_LIFETIME
            && self.issued_at.since(now) < LONGEST_CODE_LIFETIME
    }

    /// Drops the code once its time has passed, so that no clock can bring it back.
    pub(crate) fn expire(&mut self, now: Millis) {
        if self
            .code
            .expires_at()
            .is_some_and(|expires_at| expires_at <= now)
        {
            self.code = Code::Expired;
        }
    }

    /// Drops the code of an enrollment that a first factor alone has begun.
    pub(crate) fn overtake(&mut self) {
        if let Code::Issued(IssuedCode {
            expires_at,
            target: Target::Enrollment(enrollment),
            ..
        }) = &self.code
            && enrollment.begun_by == Assurance::FirstFactor
        {
            self.code = Code::Overtaken {
                expires_at: *expires_at,
            };
        }
    }
}

impl Code {
    pub(crate) const fn issued(&self) -> Option<&IssuedCode> {
        match self {
            Self::Issued(code) => Some(code),
            Self::Expired | Self::Overtaken { .. } => None,
        }
    }

    pub(crate) const fn issued_mut(&mut self) -> Option<&mut IssuedCode> {
        match self {
            Self::Issued(code) => Some(code),
            Self::Expired | Self::Overtaken { .. } => None,
        }
    }

    /// None once that has passed and was forgotten.
    pub(crate) const fn expires_at(&self) -> Option<Millis> {
        match self {
            Self::Issued(IssuedCode { expires_at, .. }) | Self::Overtaken { expires_at } => {
                Some(*expires_at)
            }
            Self::Expired => None,
        }
    }
}

impl Target {
    pub(crate) const fn device(&self) -> DeviceId {
        match self {
            Self::Phone(device) => *device,
            Self::Enrollment(enrollment) => enrollment.device,
        }
    }

    /// The phone, by the channel that a code goes by.
    pub(crate) const fn authenticator(&self, channel: Channel) -> AuthenticatorId {
        AuthenticatorId::Phone(channel, self.device())
    }
}

impl IssuedCode {
    pub(crate) const fn device(&self) -> DeviceId {
        self.target.device()
    }

    pub(crate) const fn enrollment(&self) -> Option<&Enrollment> {
        match &self.target {
            Target::Phone(_) => None,
            Target::Enrollment(enrollment) => Some(enrollment),
        }
    }
}
