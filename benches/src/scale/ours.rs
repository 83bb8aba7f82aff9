//! The crate, with accounts in a map, and with their records in a map.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasherDefault, DefaultHasher};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::{
    Account, Associate, Challenge, Channel, Denied, Engine, FirstFactor, Key, KeyRing, MfaSession,
    Policy, Subject, Transition, VerifyOob,
};
use time::{Duration, UtcDateTime};

use super::{KEY, NOW, Service, subject};
use crate::world::answer;

/// The map's default hasher, but without a new key in every run, so that instructions can be
/// counted.
type Hasher = BuildHasherDefault<DefaultHasher>;

/// Accounts.
pub struct Accounts {
    engine: Engine,
    accounts: HashMap<Subject, Account, Hasher>,
}

/// Records in postcard: more of them fit into memory.
pub struct Records {
    engine: Engine,
    records: HashMap<Subject, Box<[u8]>, Hasher>,
    buffer: Vec<u8>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            engine: engine(),
            accounts: HashMap::default(),
        }
    }
}

impl Default for Records {
    fn default() -> Self {
        Self {
            engine: engine(),
            records: HashMap::default(),
            buffer: vec![0; 4_096],
        }
    }
}

fn engine() -> Engine {
    Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &KEY)))
}

fn now() -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::milliseconds(NOW as i64)
}

/// An account that enrolled a phone and a recovery code a day ago, and has a login under way, made
/// by a client's requests.
fn login(engine: &Engine, user: u64) -> (Account, MfaSession, VerifyOob) {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&user.to_be_bytes());
    let rng = &mut ChaCha20Rng::from_seed(seed);
    let subject: Subject = subject(user).parse().expect("short");
    let begin = |now: UtcDateTime, rng: &mut ChaCha20Rng| {
        let first_factor = FirstFactor {
            subject: subject.clone(),
            client: "demo",
            scope: "openid profile",
            audience: "",
        };
        engine.begin(first_factor, now, rng).expect("short")
    };
    let enrolled = now() - Duration::days(1);
    let session = begin(enrolled, rng);
    let request = Associate {
        channel: Channel::Sms,
        phone: format!("+{}", 14_150_000_000 + user)
            .parse()
            .expect("a number"),
    };
    let account = Account::new(subject.clone());
    let transition = engine.associate(account, &session, &request, enrolled, rng);
    let (account, associated) = saved(transition).expect("a first enrollment");
    let code = associated.delivery.code.expose_secret();
    let confirm = answer(&associated.oob_code.expose_secret(), code);
    let transition = engine.verify_oob(account, &session, &confirm, enrolled);
    let (account, _) = saved(transition).expect("the right code");

    let begun = now() - Duration::seconds(20);
    let session = begin(begun, rng);
    let transition = engine.challenge(account, &session, &Challenge::default(), begun, rng);
    let (account, challenged) = saved(transition).expect("an active phone");
    let code = challenged.delivery.code.expose_secret();
    let right = answer(&challenged.oob_code.expose_secret(), code);
    (account, session, right)
}

/// Saves to memory only: returns the next account and the grant.
fn saved<T>(transition: Transition<T>) -> Result<(Account, T), Denied> {
    let mut next = None;
    let Ok(outcome) = transition.commit(|made| {
        next = Some(made.account().clone());
        Ok::<(), Infallible>(())
    });
    let granted = outcome.result?;
    Ok((next.expect("a grant is saved"), granted))
}

/// Another revision than the one that the next account replaces. It never happens here, because
/// nobody else writes.
struct Conflict;

impl Service for Accounts {
    type Answer = (MfaSession, VerifyOob);

    fn begin(&mut self, user: u64) {
        let (account, ..) = login(&self.engine, user);
        self.accounts.insert(account.subject().clone(), account);
    }

    fn answer(&self, user: u64) -> Self::Answer {
        let (_, session, right) = login(&self.engine, user);
        (session, right)
    }

    fn verify(&mut self, (session, answer): &Self::Answer) -> bool {
        let Some(account) = self.accounts.get_mut(session.subject()) else {
            return false;
        };
        // A refused account stays in the map.
        let loaded = account.clone();
        let transition = self.engine.verify_oob(loaded, session, answer, now());
        let saved = transition.commit(|next| {
            if next.account().replaces() != Some(account.revision()) {
                return Err(Conflict);
            }
            *account = next.account().clone();
            Ok(())
        });
        saved.is_ok_and(|outcome| outcome.result.is_ok())
    }
}

impl Service for Records {
    type Answer = (MfaSession, VerifyOob);

    fn begin(&mut self, user: u64) {
        let (account, ..) = login(&self.engine, user);
        let record = postcard::to_slice(&account, &mut self.buffer).expect("long enough");
        self.records
            .insert(account.subject().clone(), Box::from(&*record));
    }

    fn answer(&self, user: u64) -> Self::Answer {
        let (_, session, right) = login(&self.engine, user);
        (session, right)
    }

    fn verify(&mut self, (session, answer): &Self::Answer) -> bool {
        let Some(record) = self.records.get_mut(session.subject()) else {
            return false;
        };
        let Ok(account) = postcard::from_bytes::<Account>(record) else {
            return false;
        };
        let loaded = account.revision();
        let transition = self.engine.verify_oob(account, session, answer, now());
        let buffer = &mut self.buffer;
        let saved = transition.commit(|next| {
            if next.account().replaces() != Some(loaded) {
                return Err(Conflict);
            }
            *record =
                Box::from(&*postcard::to_slice(next.account(), buffer).map_err(|_| Conflict)?);
            Ok(())
        });
        saved.is_ok_and(|outcome| outcome.result.is_ok())
    }
}
