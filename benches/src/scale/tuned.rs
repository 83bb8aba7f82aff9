//! Tuned: users by integers, one struct each, one timestamp per budget, a prepared key.

use hashbrown::HashMap;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{BURST, EXPIRY, KEY, NOW, PERIOD, Service, code, drawn};

/// Users by their numbers.
pub struct Tuned {
    prepared: Hmac<Sha256>,
    users: HashMap<u64, User>,
}

/// The fields used first come first.
#[expect(dead_code, reason = "what a user has is held, and not looked at here")]
struct User {
    challenge: u128,
    session: u128,
    digest: [u8; 32],
    expires_at: u64,
    /// When the budget of wrong codes will be full again.
    failures_full_at: u64,
    failures: u32,
    sends_full_at: u64,
    /// The session that has completed the last login.
    spent: u128,
    last_login: u64,
    phone: u64,
    recovery_code: [u8; 32],
    recovery_full_at: u64,
}

pub struct Answer {
    user: u64,
    session: u128,
    challenge: u128,
    code: String,
}

impl Default for Tuned {
    fn default() -> Self {
        Self {
            prepared: Hmac::new_from_slice(&KEY).expect("a key of any length"),
            users: HashMap::new(),
        }
    }
}

fn mac(prepared: &Hmac<Sha256>, answer: &Answer) -> Hmac<Sha256> {
    let mut mac = prepared.clone();
    mac.update(&answer.challenge.to_be_bytes());
    mac.update(&answer.session.to_be_bytes());
    mac.update(answer.code.as_bytes());
    mac
}

impl Service for Tuned {
    type Answer = Answer;

    fn begin(&mut self, user: u64) {
        let answer = self.answer(user);
        let state = User {
            challenge: answer.challenge,
            session: answer.session,
            digest: mac(&self.prepared, &answer).finalize().into_bytes().into(),
            expires_at: EXPIRY,
            failures_full_at: 0,
            failures: 0,
            sends_full_at: NOW,
            spent: 0,
            last_login: 0,
            phone: 14_150_000_000 + user,
            recovery_code: [1; 32],
            recovery_full_at: 0,
        };
        self.users.insert(user, state);
    }

    fn answer(&self, user: u64) -> Answer {
        Answer {
            user,
            session: drawn(user, 0),
            challenge: drawn(user, 1),
            code: code(user),
        }
    }

    fn verify(&mut self, answer: &Answer) -> bool {
        let Some(user) = self.users.get_mut(&answer.user) else {
            return false;
        };
        if user.challenge != answer.challenge
            || user.session != answer.session
            || user.expires_at <= NOW
            || user.spent == answer.session
        {
            return false;
        }
        // The generic cell rate algorithm. Only a wrong code is charged.
        let full_at = user.failures_full_at.max(NOW);
        if full_at - NOW > u64::from(BURST - 1) * PERIOD {
            return false;
        }
        let right = mac(&self.prepared, answer)
            .verify(&user.digest.into())
            .is_ok();
        if right {
            user.challenge = 0;
            user.spent = answer.session;
            user.failures = 0;
            user.last_login = NOW;
        } else {
            user.failures_full_at = full_at + PERIOD;
            user.failures += 1;
        }
        right
    }
}
