//! Access tokens: random texts, kept in memory with what they are good for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use getrandom::rand_core::Rng;
use oob_mfa::wire::TokenAnswer;
use oob_mfa::{Assurance, Denied, MfaSession, TrustedClaims, Verified};
use sha2::{Digest, Sha256};
use time::{Duration, UtcDateTime};

const LIFETIME: Duration = Duration::minutes(10);

/// The sessions of the access tokens for the MFA API, by the digest of the token: a look-up compares no
/// secret, and a dump of the memory shows no token.
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

    /// The tokens of a completed login; there is no ID token in this example.
    ///
    /// Whoever completed one has passed a second factor, which is what [`Assurance::Mfa`] says. Only a
    /// token for the MFA API opens to a session; one for another API is that API's to open.
    pub(crate) fn mint(
        &self,
        verified: &Verified,
        rng: &mut impl Rng,
    ) -> Result<TokenAnswer, Denied> {
        let token = random(rng);
        let now = verified.verified_at();
        if verified.audience() == self.mfa_audience {
            let session = MfaSession::trusted(TrustedClaims {
                id: &random(rng),
                subject: verified.subject().clone(),
                client: verified.client(),
                assurance: Assurance::Mfa,
                scope: verified.scope(),
                audience: verified.audience(),
                issued_at: now,
                expires_at: now + LIFETIME,
            })?;
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.retain(|_, session| session.expires_at() > now);
            sessions.insert(Sha256::digest(&token).into(), session);
        }
        let lifetime = LIFETIME.whole_seconds().unsigned_abs();
        Ok(TokenAnswer::new(&token, lifetime, verified.scope())
            .with_recovery_code(verified.recovery_code()))
    }

    /// The session of a token that is one of these.
    pub(crate) fn open(
        &self,
        token: &str,
        client: Option<&str>,
        now: UtcDateTime,
    ) -> Option<Result<MfaSession, Denied>> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let digest: [u8; 32] = Sha256::digest(token).into();
        let session = sessions.get(&digest)?.clone();
        Some(match session.check_client(client) {
            Ok(()) if session.expires_at() <= now => Err(Denied::TokenExpired),
            Ok(()) => Ok(session),
            Err(denied) => Err(denied),
        })
    }
}

/// 128 random bits.
fn random(rng: &mut impl Rng) -> String {
    format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64())
}
