//! Naive: two tables by the wire ids, with rows that are read and written back as with a database,
//! governor for the budget, and the raw key.

use core::num::NonZeroU32;
use core::time::Duration;
use std::collections::HashMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{BURST, EXPIRY, KEY, NOW, PERIOD, Service, code, drawn, subject};

/// Users and challenges by their ids.
pub struct Naive {
    key: Vec<u8>,
    users: HashMap<String, User>,
    challenges: HashMap<String, Challenge>,
    attempts: DefaultKeyedRateLimiter<String>,
}

#[derive(Clone)]
#[expect(dead_code, reason = "what a user has is held, and not looked at here")]
struct User {
    id: String,
    phone: String,
    recovery_code: [u8; 32],
    failures: u32,
    last_login: u64,
}

#[derive(Clone)]
struct Challenge {
    user: String,
    session: String,
    digest: [u8; 32],
    expires_at: u64,
}

pub struct Answer {
    user: String,
    session: String,
    oob_code: String,
    code: String,
}

impl Default for Naive {
    fn default() -> Self {
        let quota = Quota::with_period(Duration::from_millis(PERIOD))
            .expect("more than nothing")
            .allow_burst(NonZeroU32::new(BURST).expect("more than nothing"));
        Self {
            key: KEY.into(),
            users: HashMap::new(),
            challenges: HashMap::new(),
            attempts: RateLimiter::keyed(quota),
        }
    }
}

impl Naive {
    fn mac(&self, answer: &Answer) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.key).expect("a key of any length");
        mac.update(answer.oob_code.as_bytes());
        mac.update(answer.session.as_bytes());
        mac.update(answer.code.as_bytes());
        mac
    }
}

impl Service for Naive {
    type Answer = Answer;

    fn begin(&mut self, user: u64) {
        let answer = self.answer(user);
        let challenge = Challenge {
            user: answer.user.clone(),
            session: answer.session.clone(),
            digest: self.mac(&answer).finalize().into_bytes().into(),
            expires_at: EXPIRY,
        };
        // The limiter knows a user from the first attempt on.
        let _ = self.attempts.check_key(&answer.user);
        self.challenges.insert(answer.oob_code, challenge);
        let state = User {
            id: answer.user.clone(),
            phone: format!("+1415{:07}", user % 10_000_000),
            recovery_code: [1; 32],
            failures: 0,
            last_login: 0,
        };
        self.users.insert(answer.user, state);
    }

    fn answer(&self, user: u64) -> Answer {
        let text = |what| Base64UrlUnpadded::encode_string(&drawn(user, what).to_be_bytes());
        Answer {
            user: subject(user),
            session: text(0),
            oob_code: text(1),
            code: code(user),
        }
    }

    fn verify(&mut self, answer: &Answer) -> bool {
        let Some(challenge) = self.challenges.get(&answer.oob_code).cloned() else {
            return false;
        };
        let Some(mut user) = self.users.get(&answer.user).cloned() else {
            return false;
        };
        if challenge.user != user.id
            || challenge.session != answer.session
            || challenge.expires_at <= NOW
            || self.attempts.check_key(&user.id).is_err()
        {
            return false;
        }
        let right = self.mac(answer).verify_slice(&challenge.digest).is_ok();
        if right {
            user.failures = 0;
            user.last_login = NOW;
            self.challenges.remove(&answer.oob_code);
        } else {
            user.failures += 1;
        }
        self.users.insert(user.id.clone(), user);
        right
    }
}
