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
    use std::convert::Infallible;

    use getrandom::SysRng;
    use getrandom::rand_core::UnwrapErr;
    use oob_mfa::{
        Account, Associate, Assurance, Channel, Engine, Key, KeyRing, Outcome, Policy, Transition,
        TrustedClaims, VerifyOob,
    };

    use time::UtcDateTime;

    use super::*;

    const AUDIENCE: &str = "https://example.com/mfa/";

    fn saved<T>(transition: Transition<T>, account: &mut Account) -> T {
        let Ok::<Outcome<T>, Infallible>(outcome) = transition.commit(|next| {
            *account = next.account().clone();
            Ok(())
        });
        outcome.result.unwrap()
    }

    /// The proof of a phone confirmed at `now`, for an access token of a login at `signed_in`.
    fn confirmed(signed_in: UtcDateTime, now: UtcDateTime, expires_at: UtcDateTime) -> Verified {
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
        let mut account = Account::new("auth0|alice".parse().unwrap());
        let session = MfaSession::trusted(TrustedClaims {
            id: SessionId::from_jti("an access token").unwrap(),
            subject: account.subject().clone(),
            client: "demo",
            assurance: Assurance::Mfa,
            scope: "enroll",
            audience: AUDIENCE,
            authenticated_at: signed_in,
            issued_at: signed_in,
            expires_at,
        })
        .unwrap();
        let request = Associate {
            channel: Channel::Sms,
            phone: "+14155558730".parse().unwrap(),
        };
        let rng = &mut UnwrapErr(SysRng);
        let transition = engine.associate(account.clone(), &session, &request, now, rng);
        let associated = saved(transition, &mut account);
        let request = VerifyOob {
            oob_code: associated.oob_code.expose_secret().as_str().into(),
            binding_code: associated.delivery.code.expose_secret().into(),
        };
        let transition = engine.verify_oob(account.clone(), &session, &request, now);
        saved(transition, &mut account)
    }

    fn minted(tokens: &AccessTokens, verified: &Verified) -> Result<MfaSession, InvalidSessionId> {
        let answer = tokens.mint(verified, &mut UnwrapErr(SysRng))?;
        let answer = serde_json::to_value(&answer).unwrap();
        Ok(tokens
            .open(answer["access_token"].as_str().unwrap())
            .unwrap())
    }

    #[test]
    fn the_token_of_a_confirmed_phone_ends_with_its_session_and_keeps_its_time_of_authentication() {
        let tokens = AccessTokens::new(AUDIENCE.into());
        let signed_in = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let expires_at = signed_in + LIFETIME;
        for left in [5_999, 1_000, 600_000] {
            let now = expires_at - Duration::from_millis(left);
            let verified = confirmed(signed_in, now, expires_at);
            let session = minted(&tokens, &verified).unwrap();
            assert_eq!(session.expires_at(), expires_at);
            assert_eq!(session.authenticated_at(), signed_in);
        }
    }
}
