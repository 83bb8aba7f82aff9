//! The stored form of a recovery code.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use crate::authenticator::DeviceId;
use crate::code::RecoveryCode;
use crate::key::Digest;

/// The digest of a recovery code; the id of its entry is its salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recovery {
    pub(crate) device: DeviceId,
    digest: Digest,
    /// Wrong codes since it was made.
    pub(crate) failures: u32,
}

impl Recovery {
    /// Draws a recovery code: its stored form, and the code for the owner.
    pub(crate) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> (Self, RecoveryCode) {
        let device = DeviceId::draw(rng);
        let code = RecoveryCode::draw(rng);
        let recovery = Self {
            device,
            digest: Digest::of_recovery_code(device.as_bytes(), &code),
            failures: 0,
        };
        (recovery, code)
    }

    /// Whether this was made from the code, in constant time.
    pub(crate) fn judge(&self, code: &RecoveryCode) -> Choice {
        let presented = Digest::of_recovery_code(self.device.as_bytes(), code);
        self.digest.ct_eq(&presented)
    }
}
