//! One pending challenge: issued, matched, expired.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use crate::authenticator::{AuthenticatorId, DeviceId};
use crate::bytes;
use crate::channel::Channel;
use crate::code::OobCode;
use crate::delivery::DeliveryId;
use crate::instant::Millis;
use crate::key::{CodeDigest, SessionTag};
use crate::names::redacted;
use crate::phone::PhoneNumber;
use crate::policy::MAX_CODE_AGE;
use crate::recovery::Recovery;
use crate::session::Assurance;

/// An issued code, or what is left of it after its expiry.
///
/// The rest stays until 10 minutes after the issue: a late answer gets "expired", not "unknown".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PendingChallenge {
    pub(crate) id: ChallengeId,
    pub(crate) session: SessionTag,
    pub(crate) issued_at: Millis,
    pub(crate) code: Code,
}

/// The code itself, or its final state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The code can be answered until it expires.
    Issued(IssuedCode),
    /// The code has expired, and its digest was dropped.
    Expired,
    /// The code of an enrollment started with a first factor, discarded when the account got another
    /// first phone.
    Discarded {
        /// When it would have expired.
        expires_at: Millis,
    },
}

/// The 16 bytes of an `oob_code`: a handle, useless without the session's token and the binding code.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ChallengeId(#[serde(with = "bytes")] pub(crate) [u8; 16]);

redacted!(ChallengeId);

impl ChallengeId {
    /// The id of the message that carries the code.
    pub(crate) const fn delivery(self) -> DeliveryId {
        DeliveryId::of(self.0)
    }
}

/// The part of a challenge that judges an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuedCode {
    pub(crate) digest: CodeDigest,
    pub(crate) expires_at: Millis,
    /// Wrong answers so far.
    pub(crate) attempts: u32,
    pub(crate) channel: Channel,
    pub(crate) target: CodeTarget,
}

/// What a right answer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CodeTarget {
    /// Completes a login with a phone of the account.
    Phone(DeviceId),
    /// Confirms a phone that the account does not have yet.
    // Boxed: it is rare, and 4× the size of the rest.
    Enrollment(Box<Enrollment>),
}

/// A phone that was associated and is not confirmed: it lives as long as its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrollment {
    pub(crate) device: DeviceId,
    pub(crate) number: PhoneNumber,
    pub(crate) begun_by: Assurance,
    /// The recovery code that was shown with it; it works once the phone is confirmed.
    pub(crate) recovery: Option<Recovery>,
}

impl PendingChallenge {
    pub(crate) fn is(&self, handle: &OobCode) -> bool {
        handle
            .challenge()
            .is_some_and(|id| bytes::ct_eq(&self.id.0, id).into())
    }

    pub(crate) fn targets(&self, device: DeviceId) -> bool {
        self.code
            .issued()
            .is_some_and(|code| code.target.device() == device)
    }

    /// Rule 11: whether a new code of this session for this phone supersedes this one.
    pub(crate) fn is_superseded_by(&self, session: &SessionTag, device: DeviceId) -> bool {
        self.session == *session && self.targets(device)
    }

    /// The enrollment, if its code can still be answered at `now`. For reads, which do not settle.
    pub(crate) fn enrollment_at(&self, now: Millis) -> Option<&Enrollment> {
        self.code
            .issued()
            .filter(|code| now < code.expires_at)
            .and_then(IssuedCode::enrollment)
    }

    /// Drops the code at its expiry. Returns whether the record keeps the rest: an answer within 10
    /// minutes of the issue gets "expired".
    pub(crate) fn settle(&mut self, now: Millis) -> bool {
        if self.code.expires_at().is_some_and(|at| at <= now) {
            self.code = Code::Expired;
        }
        now.since(self.issued_at) < MAX_CODE_AGE
    }

    /// Whether this is an enrollment started with a first factor.
    pub(crate) fn is_unguarded(&self) -> bool {
        let enrollment = self.code.issued().and_then(IssuedCode::enrollment);
        enrollment.is_some_and(|enrollment| enrollment.begun_by == Assurance::FirstFactor)
    }

    /// Discards the code of an enrollment.
    pub(crate) fn discard(&mut self) {
        if let Code::Issued(IssuedCode { expires_at, .. }) = &self.code {
            let expires_at = *expires_at;
            self.code = Code::Discarded { expires_at };
        }
    }

    /// Drops the recovery code of a pending enrollment.
    pub(crate) fn drop_recovery_code(&mut self) {
        if let Some(code) = self.code.issued_mut()
            && let CodeTarget::Enrollment(enrollment) = &mut code.target
        {
            enrollment.recovery = None;
        }
    }
}

impl Code {
    pub(crate) const fn issued(&self) -> Option<&IssuedCode> {
        match self {
            Self::Issued(code) => Some(code),
            Self::Expired | Self::Discarded { .. } => None,
        }
    }

    pub(crate) const fn issued_mut(&mut self) -> Option<&mut IssuedCode> {
        match self {
            Self::Issued(code) => Some(code),
            Self::Expired | Self::Discarded { .. } => None,
        }
    }

    /// `None` after the expiry.
    pub(crate) const fn expires_at(&self) -> Option<Millis> {
        match self {
            Self::Issued(IssuedCode { expires_at, .. }) | Self::Discarded { expires_at } => {
                Some(*expires_at)
            }
            Self::Expired => None,
        }
    }
}

impl CodeTarget {
    pub(crate) const fn device(&self) -> DeviceId {
        match self {
            Self::Phone(device) => *device,
            Self::Enrollment(enrollment) => enrollment.device,
        }
    }

    /// The phone's entry, by the channel of the code.
    pub(crate) const fn authenticator(&self, channel: Channel) -> AuthenticatorId {
        AuthenticatorId::Phone(channel, self.device())
    }
}

impl IssuedCode {
    /// Counts a wrong answer and returns the new count.
    pub(crate) const fn count_attempt(&mut self) -> u32 {
        self.attempts = self.attempts.saturating_add(1);
        self.attempts
    }

    /// The phone's entry, by the channel of the code.
    pub(crate) const fn authenticator(&self) -> AuthenticatorId {
        self.target.authenticator(self.channel)
    }

    pub(crate) const fn enrollment(&self) -> Option<&Enrollment> {
        match &self.target {
            CodeTarget::Phone(_) => None,
            CodeTarget::Enrollment(enrollment) => Some(enrollment),
        }
    }
}
