//! `mfa_token`: the opaque text that stands for a session.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroize;

use super::{Assurance, Claims, MfaSession};
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::{KeyRing, SessionTag};

/// The opaque text that stands for a session on the wire: signed, stateless, good for ten minutes by default.
///
/// Version 1, in base64url without padding: the version in a byte, the id of the key in four, the
/// session's tag in sixteen, the assurance in one, issue and expiry in eight each (milliseconds),
/// then subject, client, scope and audience, each behind its length in two, then HMAC-SHA-256 of all
/// before it. Integers are big-endian.
///
/// # Security
///
/// A bearer secret: `Debug` redacts, there is no `Display`, the text is overwritten when dropped.
pub struct MfaToken(String);

const VERSION: u8 = 1;
const SEAL_LEN: usize = 32;
// Every field at its longest is 2,636 bytes; what is longer in text was never ours.
const MAX_TOKEN_TEXT: usize = 4_096;

impl MfaToken {
    /// The text for the client.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    pub(crate) fn seal(session: &MfaSession, keys: &KeyRing) -> Self {
        let mut token = Vec::with_capacity(MAX_TOKEN_TEXT);
        token.push(VERSION);
        token.extend_from_slice(&keys.current_id().to_be_bytes());
        token.extend_from_slice(session.tag.as_bytes());
        token.push(match session.assurance {
            Assurance::FirstFactor => 1,
            Assurance::Mfa => 2,
        });
        token.extend_from_slice(&session.issued_at.get().to_be_bytes());
        token.extend_from_slice(&session.expires_at.get().to_be_bytes());
        for text in [
            session.subject().as_str(),
            session.client(),
            session.scope(),
            session.audience(),
        ] {
            // Lengths were bounded when the session was made.
            let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
            token.extend_from_slice(&len.to_be_bytes());
            token.extend_from_slice(text.as_bytes());
        }
        let mut seal = keys.seal(&token);
        token.extend_from_slice(&seal);
        let text = Base64UrlUnpadded::encode_string(&token);
        seal.zeroize();
        token.zeroize();
        Self(text)
    }

    /// The session that the text stands for, whoever presents it and whenever.
    pub(crate) fn open(text: &str, keys: &KeyRing) -> Result<MfaSession, Denied> {
        let mut token = decode(text).ok_or(Denied::TokenMalformed)?;
        let session = unseal(&token, keys);
        token.zeroize();
        session
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_TOKEN_TEXT {
        return None;
    }
    Base64UrlUnpadded::decode_vec(text).ok()
}

fn unseal(token: &[u8], keys: &KeyRing) -> Result<MfaSession, Denied> {
    let body_len = token
        .len()
        .checked_sub(SEAL_LEN)
        .ok_or(Denied::TokenMalformed)?;
    let (sealed, seal) = token
        .split_at_checked(body_len)
        .ok_or(Denied::TokenMalformed)?;
    let seal = <[u8; SEAL_LEN]>::try_from(seal).map_err(|_| Denied::TokenMalformed)?;
    let mut fields = Fields(sealed);
    if fields.array() != Some([VERSION]) {
        return Err(Denied::TokenMalformed);
    }
    let key = fields
        .array()
        .map(u32::from_be_bytes)
        .ok_or(Denied::TokenMalformed)?;
    let genuine = keys
        .judge_seal(key, sealed, &seal)
        .ok_or(Denied::TokenInvalid)?;
    if !bool::from(genuine) {
        return Err(Denied::TokenInvalid);
    }
    fields.session().ok_or(Denied::TokenMalformed)
}

/// What is still to be read of a token.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn session(mut self) -> Option<MfaSession> {
        let session = MfaSession {
            tag: SessionTag::from_bytes(self.array()?),
            assurance: match self.array()? {
                [1] => Assurance::FirstFactor,
                [2] => Assurance::Mfa,
                _ => return None,
            },
            issued_at: Millis::from_stored(u64::from_be_bytes(self.array()?))?,
            expires_at: Millis::from_stored(u64::from_be_bytes(self.array()?))?,
            claims: {
                let subject = self.text()?.parse().ok()?;
                let texts = [self.text()?, self.text()?, self.text()?];
                Claims::new(subject, texts).ok()?
            },
        };
        self.0.is_empty().then_some(session)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::from(u16::from_be_bytes(self.array()?));
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        core::str::from_utf8(text).ok()
    }
}

impl Drop for MfaToken {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MfaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaToken(redacted)")
    }
}
