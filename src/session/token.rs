//! `mfa_token`: the opaque, sealed text of a session.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroize;

use super::{Assurance, Claims, MfaSession};
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::{KeyRing, SessionTag};
use crate::names::secret;

/// The opaque text of a session on the wire: signed and stateless.
///
/// It is valid for 10 minutes by default. Version 1, in base64url without padding. Integers are
/// big-endian, times are milliseconds.
///
/// | bytes | what |
/// |--:|---|
/// | 1 | version |
/// | 4 | id of the key |
/// | 16 | tag of the session |
/// | 1 | assurance |
/// | 8, 8, 8 | issued, expires, authenticated |
/// | 2 + n, 4 times | subject, client, scope, audience, each after its length |
/// | 32 | HMAC-SHA-256 of everything before |
///
/// # Security
///
/// A bearer secret: `Debug` redacts, there is no `Display`, the text is overwritten when dropped.
pub struct MfaToken(String);

const VERSION: u8 = 1;
// A token with every field at its maximum has 2,644 bytes, which are 3,526 characters.
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
        token.extend_from_slice(&keys.current().id().to_be_bytes());
        token.extend_from_slice(session.tag.as_bytes());
        token.push(session.assurance.code());
        for moment in [
            session.issued_at,
            session.expires_at,
            session.authenticated_at,
        ] {
            token.extend_from_slice(&moment.get().to_be_bytes());
        }
        for text in [
            session.subject().as_str(),
            session.client(),
            session.scope(),
            session.audience(),
        ] {
            // `Claims::new` has bounded the lengths.
            let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
            token.extend_from_slice(&len.to_be_bytes());
            token.extend_from_slice(text.as_bytes());
        }
        let mut seal = keys.current().seal(&token);
        token.extend_from_slice(&seal);
        let text = Base64UrlUnpadded::encode_string(&token);
        seal.zeroize();
        token.zeroize();
        Self(text)
    }

    /// Opens the text. This checks neither client nor expiry.
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
    let (sealed, seal) = token.split_last_chunk().ok_or(Denied::TokenMalformed)?;
    let mut fields = Fields(sealed);
    let (Some([VERSION]), Some(key)) = (fields.array(), fields.array()) else {
        return Err(Denied::TokenMalformed);
    };
    let genuine = keys
        .judge_seal(u32::from_be_bytes(key), sealed, seal)
        .ok_or(Denied::TokenInvalid)?;
    if !bool::from(genuine) {
        return Err(Denied::TokenInvalid);
    }
    fields.session().ok_or(Denied::TokenMalformed)
}

/// The unread bytes of a token.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn session(mut self) -> Option<MfaSession> {
        let session = MfaSession {
            tag: SessionTag::from_bytes(self.array()?),
            assurance: {
                let [code] = self.array()?;
                [Assurance::FirstFactor, Assurance::Mfa]
                    .into_iter()
                    .find(|assurance| assurance.code() == code)?
            },
            issued_at: self.moment()?,
            expires_at: self.moment()?,
            authenticated_at: self.moment()?,
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

    fn moment(&mut self) -> Option<Millis> {
        Millis::from_stored(u64::from_be_bytes(self.array()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::from(u16::from_be_bytes(self.array()?));
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        core::str::from_utf8(text).ok()
    }
}

secret!(MfaToken, 0);

#[cfg(test)]
mod tests;
