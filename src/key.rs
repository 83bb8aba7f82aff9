//! Keys, and the digests made with them.

use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use crate::bytes;
use crate::code::{BindingCode, RECOVERY_LEN, RecoveryCode};
use crate::names::{error_text, redacted};

// One label for each use of a key; none is a prefix of another. With the label, a binding code of 8
// digits still fits the 55 bytes of one SHA-256 block.
const BINDING_CODE: &[u8; 14] = b"oob-mfa code 1";
const MFA_TOKEN: &[u8; 15] = b"oob-mfa token 1";
const RECOVERY_CODE: &[u8; 14] = b"oob-mfa recv 1";
const SESSION: &[u8; 14] = b"oob-mfa sess 1";
const DELIVERY: &[u8; 14] = b"oob-mfa dlvr 1";

/// A secret key of the servers: 32 random bytes from the operating system, and an id.
///
/// A token and the digest of a binding code store the id of their key. You can rotate keys while codes and
/// tokens are in flight.
///
/// # Security
///
/// An attacker who has it can mint an `mfa_token`. With a stored record, they can also find a pending
/// binding code by trying all of them. `Debug` shows only the id; the key is overwritten when dropped.
#[derive(Clone)]
pub struct Key {
    id: u32,
    // Keyed once: saves 2 SHA-256 blocks per use.
    prepared: Hmac<Sha256>,
}

impl Key {
    /// A key of 32 secret bytes. The caller overwrites its own copy.
    #[must_use]
    pub fn new(id: u32, secret: &[u8; 32]) -> Self {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(secret) {
            *to = *from;
        }
        let prepared = Hmac::new(&block);
        block.as_mut_slice().zeroize();
        Self { id, prepared }
    }

    /// The id of the key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The stored form of a binding code: HMAC-SHA-256 over label, challenge, session and code.
    pub(crate) fn code_digest(
        &self,
        challenge: &[u8; 16],
        session: &SessionTag,
        code: &BindingCode,
    ) -> CodeDigest {
        let mut mac = self.prepared.clone();
        mac.update(BINDING_CODE);
        mac.update(challenge);
        mac.update(&session.0);
        mac.update(code.as_bytes());
        CodeDigest {
            key: self.id,
            digest: Digest(mac.finalize().into_bytes().into()),
        }
    }

    /// The seal of a token: HMAC-SHA-256 over label and token.
    pub(crate) fn seal(&self, token: &[u8]) -> [u8; 32] {
        let mut mac = self.prepared.clone();
        mac.update(MFA_TOKEN);
        mac.update(token);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The current key, which makes digests and seals, and previous keys, which still verify.
///
/// To rotate keys without refusals, give every server the new key as a previous one, then make it the
/// current one everywhere. Drop the old one after the longest lifetime of a token or code.
///
/// # Examples
///
/// ```
/// use oob_mfa::{Key, KeyRing};
///
/// # let (secret, old_secret) = ([1; 32], [2; 32]);
/// let keys = KeyRing::new(Key::new(2, &secret))
///     .with_previous(Key::new(1, &old_secret))?;
/// # Ok::<(), oob_mfa::DuplicateKeyId>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: Key,
    previous: Vec<Key>,
}

impl KeyRing {
    /// A ring of one key.
    #[must_use]
    pub const fn new(current: Key) -> Self {
        Self {
            current,
            previous: Vec::new(),
        }
    }

    /// Adds a previous key: it only verifies.
    ///
    /// # Errors
    ///
    /// [`DuplicateKeyId`] if a key of the ring has the same id.
    pub fn with_previous(mut self, key: Key) -> Result<Self, DuplicateKeyId> {
        if self.find(key.id).is_some() {
            return Err(DuplicateKeyId { id: key.id });
        }
        self.previous.push(key);
        Ok(self)
    }

    fn find(&self, id: u32) -> Option<&Key> {
        core::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.id == id)
    }

    /// The key that makes new digests and seals.
    pub(crate) const fn current(&self) -> &Key {
        &self.current
    }

    /// Whether `stored` was made from the code; `None` if its key is not in the ring.
    pub(crate) fn judge_code(
        &self,
        stored: &CodeDigest,
        challenge: &[u8; 16],
        session: &SessionTag,
        code: &BindingCode,
    ) -> Option<Choice> {
        let presented = self.find(stored.key)?.code_digest(challenge, session, code);
        Some(stored.digest.ct_eq(&presented.digest))
    }

    /// Whether the key of this id sealed a token; `None` if the ring has no such key.
    pub(crate) fn judge_seal(&self, key: u32, token: &[u8], seal: &[u8; 32]) -> Option<Choice> {
        Some(bytes::ct_eq(&self.find(key)?.seal(token), seal))
    }
}

/// 2 keys of a ring have the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuplicateKeyId {
    /// The id.
    pub id: u32,
}

error_text!(
    DuplicateKeyId,
    "2 keys of the ring have the id {}: give each its own",
    id
);

/// The digest of a code: compared in constant time, never shown.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Digest(#[serde(with = "bytes")] [u8; 32]);

impl Digest {
    /// The stored form of a recovery code: SHA-256 over label, salt and code.
    ///
    /// It needs no key and no slow hash: nobody can search 120 random bits. The salt is the id of the
    /// recovery code's entry, which changes with every code.
    pub(crate) fn of_recovery_code(salt: &[u8; 16], code: &RecoveryCode) -> Self {
        let characters: &[u8; RECOVERY_LEN] = code.as_bytes();
        let hash = Sha256::new_with_prefix(RECOVERY_CODE);
        Self(
            hash.chain_update(salt)
                .chain_update(characters)
                .finalize()
                .into(),
        )
    }
}

impl ConstantTimeEq for Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        bytes::ct_eq(&self.0, &other.0)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Digest {}

redacted!(Digest);

/// The stored form of a binding code, and the id of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeDigest {
    key: u32,
    digest: Digest,
}

/// A session in a record: 16 bytes, whatever the length of its id.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SessionTag(#[serde(with = "bytes")] [u8; 16]);

impl SessionTag {
    pub(crate) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut tag = [0; 16];
        rng.fill_bytes(&mut tag);
        Self(tag)
    }

    /// The tag of a trusted session. It covers the assurance: the same id with another assurance is
    /// another session.
    pub(crate) fn of_id(id: &str, assurance: u8) -> Self {
        Self(truncated(SESSION, &[&[assurance], id.as_bytes()]))
    }

    pub(crate) const fn from_bytes(tag: [u8; 16]) -> Self {
        Self(tag)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

redacted!(SessionTag);

/// The id of a challenge's delivery, which does not reveal the `oob_code`.
pub(crate) fn delivery_id(challenge: &[u8; 16]) -> [u8; 16] {
    truncated(DELIVERY, &[challenge])
}

fn truncated(label: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new_with_prefix(label);
    for part in parts {
        hash.update(part);
    }
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    short
}

#[cfg(test)]
mod tests;
