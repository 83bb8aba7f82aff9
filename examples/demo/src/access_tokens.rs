//! Access tokens: random texts, kept in memory with their sessions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use getrandom::rand_core::Rng;
use oob_mfa::wire::TokenAnswer;
use oob_mfa::{InvalidSessionId, MfaSession, SessionId, Verified};
use sha2::{Digest, Sha256};

const LIFETIME: Duration = Duration::from_secs(600);

/// The sessions of the access tokens for the MFA API, by the digest of the token. A look-up compares no
/// secret, and a memory dump shows no token.
pub(crate) struct AccessTokens {
    mfa_audience: String,
    sessions: Mutex<HashMap<[u8; 32], MfaSession>>,
}

impl AccessTokens {
    pub(crate) fn new(mfa_audience: String) -> Self {
        Self {
            mfa_audience,
            sessions: Mutex::default(),
        }
    }

    /// The tokens of a completed login or a confirmed phone; there is no ID token in this example.
    ///
    /// Only a token for the MFA API opens to a session; another API opens its own tokens.
    ///
    /// # Errors
    ///
    /// Never: 32 characters are a `jti`.
    pub(crate) fn mint(
        &self,
        verified: &Verified,
        rng: &mut impl Rng,
    ) -> Result<TokenAnswer, InvalidSessionId> {
        let token = random(rng);
        if verified.audience() == self.mfa_audience {
            let id = SessionId::from_jti(&random(rng))?;
            let session = verified.mfa_session(&id, LIFETIME);
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.retain(|_, session| session.expires_at() > verified.verified_at());
            sessions.insert(Sha256::digest(&token).into(), session);
        }
        Ok(TokenAnswer::new(
            &token,
            LIFETIME.as_secs(),
            verified.scope(),
        ))
    }

    /// The session of one of these tokens.
    pub(crate) fn open(&self, token: &str) -> Option<MfaSession> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let digest: [u8; 32] = Sha256::digest(token).into();
        sessions.get(&digest).cloned()
    }
}

/// 128 random bits.
fn random(rng: &mut impl Rng) -> String {
    format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64())
}

#[cfg(test)]
mod tests {
    use getrandom::SysRng;
    use getrandom::rand_core::UnwrapErr;
    use oob_mfa::Assurance;
    use oob_mfa_testing::World;

    use super::*;

    fn minted(tokens: &AccessTokens, verified: &Verified) -> Result<MfaSession, InvalidSessionId> {
        let answer = tokens.mint(verified, &mut UnwrapErr(SysRng))?;
        let answer = serde_json::to_value(&answer).unwrap();
        Ok(tokens
            .open(answer["access_token"].as_str().unwrap())
            .unwrap())
    }

    #[test]
    fn the_token_of_a_confirmed_phone_ends_with_its_session_and_keeps_its_time_of_authentication() {
        let tokens = AccessTokens::new("https://example.com/mfa/".into());
        for left in [5_999, 1_000, 600_000] {
            let mut world = World::new();
            let signed_in = world.now();
            let session = world.trusted(Assurance::Mfa, "enroll", LIFETIME);
            world.wait(LIFETIME - Duration::from_millis(left));
            let sent = world.associate(&session, "+14155558730").unwrap();
            let verified = world.verify(&session, &sent).unwrap();
            let session = minted(&tokens, &verified).unwrap();
            assert_eq!(session.expires_at(), signed_in + LIFETIME);
            assert_eq!(session.authenticated_at(), signed_in);
        }
    }
}
