//! Limits wrong passwords per address, and per name at an address.
//!
//! A limit per name alone would let anyone lock the owner out. A wrong password is therefore
//! charged to its address, and to the pair of name and address. A right password is refused only
//! for wrong ones from its own address. Many addresses together can guess more often than one. A
//! name that is guessed from many addresses is slowed down: each try waits 1 second, and none is
//! refused. Unknown names are charged the same way, so a 429 does not reveal who exists. Only
//! checked passwords are charged, and each check costs a core for a while: that limits how fast the
//! table of budgets grows. A full table drops the fullest budgets first. The clock is monotonic,
//! because a step of the wall clock would refill or freeze every budget at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use oob_mfa::{Budget, InvalidRateLimit, RateLimit};
use sha2::{Digest, Sha256};
use time::UtcDateTime;

use crate::peers::Network;

/// The hash of a name: names may be of any length.
type Name = [u8; 32];

/// The budgets of everyone who recently sent a wrong password.
pub(super) struct Attempts {
    pairs: Mutex<Budgets<(Name, Network)>>,
    networks: Mutex<Budgets<Network>>,
    names: Mutex<Budgets<Name>>,
    begun: Instant,
}

/// A password that may be checked.
pub(super) struct Attempt {
    name: Name,
    network: Network,
    /// How long to wait before the check.
    pub(super) delay: Duration,
}

const DELAY: Duration = Duration::from_secs(1);
/// Entries per table. One has about 100 bytes.
const MAX_ENTRIES: usize = 65_536;

impl Attempts {
    pub(super) fn new() -> Result<Self, InvalidRateLimit> {
        let budgets = |burst, seconds| RateLimit::new(burst, Duration::from_secs(seconds));
        Ok(Self {
            pairs: Mutex::new(Budgets::of(budgets(10, 360)?)),
            // Several people may share one address.
            networks: Mutex::new(Budgets::of(budgets(50, 60)?)),
            names: Mutex::new(Budgets::of(budgets(100, 60)?)),
            begun: Instant::now(),
        })
    }

    /// The time since the start, as a date.
    fn now(&self) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + self.begun.elapsed()
    }

    /// Whether a password may be checked; otherwise the time until one may be.
    pub(super) fn check(&self, name: &str, network: Network) -> Result<Attempt, Duration> {
        self.check_at(name, network, self.now())
    }

    /// Charges a try with a wrong password.
    pub(super) fn failed(&self, attempt: &Attempt) {
        self.failed_at(attempt, self.now());
    }

    fn check_at(
        &self,
        name: &str,
        network: Network,
        now: UtcDateTime,
    ) -> Result<Attempt, Duration> {
        let name = Sha256::digest(name.to_ascii_lowercase()).into();
        let pair = locked(&self.pairs).wait(&(name, network), now);
        let wait = pair.max(locked(&self.networks).wait(&network, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        let slowed = !locked(&self.names).wait(&name, now).is_zero();
        Ok(Attempt {
            name,
            network,
            delay: if slowed { DELAY } else { Duration::ZERO },
        })
    }

    fn failed_at(&self, attempt: &Attempt, now: UtcDateTime) {
        locked(&self.pairs).take((attempt.name, attempt.network), now);
        locked(&self.networks).take(attempt.network, now);
        locked(&self.names).take(attempt.name, now);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The content is consistent even after a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Budgets that are not full, by owner.
struct Budgets<K> {
    limit: RateLimit,
    budgets: HashMap<K, Budget>,
}

impl<K: Eq + Hash> Budgets<K> {
    fn of(limit: RateLimit) -> Self {
        Self {
            limit,
            budgets: HashMap::new(),
        }
    }

    /// The time until one can be taken.
    fn wait(&self, key: &K, now: UtcDateTime) -> Duration {
        let Some(mut budget) = self.budgets.get(key).copied() else {
            return Duration::ZERO;
        };
        match budget.take(self.limit, now) {
            Ok(()) => Duration::ZERO,
            Err(empty) => (empty.retry_at - now).unsigned_abs(),
        }
    }

    fn take(&mut self, key: K, now: UtcDateTime) {
        if self.budgets.len() >= MAX_ENTRIES && !self.budgets.contains_key(&key) {
            self.make_room(now);
        }
        // An empty budget does not change.
        let _ = self.budgets.entry(key).or_default().take(self.limit, now);
    }

    /// Drops the fullest budgets until half of the table is free.
    fn make_room(&mut self, now: UtcDateTime) {
        for remaining in (0..=self.limit.burst()).rev() {
            if self.budgets.len() <= MAX_ENTRIES / 2 {
                break;
            }
            self.budgets
                .retain(|_, budget| budget.remaining(self.limit, now) < remaining);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(seconds: u64) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn network(number: u32) -> Network {
        Network::of(IpAddr::from(number.to_be_bytes()))
    }

    /// Sends a wrong password, and returns whether it was checked.
    fn wrong(attempts: &Attempts, name: &str, network: Network, now: UtcDateTime) -> bool {
        let attempt = attempts.check_at(name, network, now);
        attempt.is_ok_and(|attempt| {
            attempts.failed_at(&attempt, now);
            true
        })
    }

    fn wait(attempts: &Attempts, name: &str, network: Network, now: UtcDateTime) -> Duration {
        let attempt = attempts.check_at(name, network, now);
        attempt.err().unwrap_or_default()
    }

    #[test]
    fn an_address_gets_ten_wrong_passwords_for_a_name_and_then_one_every_six_minutes() {
        let attempts = Attempts::new().unwrap();
        let judged = |now| wrong(&attempts, "alice@example.com", network(1), now);
        assert_eq!((0..20).filter(|_| judged(at(0))).count(), 10);
        // In any spelling.
        let left = wait(&attempts, "ALICE@example.com", network(1), at(0));
        assert_eq!(left, Duration::from_secs(360));
        assert_eq!([judged(at(359)), judged(at(360))], [false, true]);
        // Another name at the same address, and the same name at another address.
        assert!(wait(&attempts, "bob@example.com", network(1), at(360)).is_zero());
        assert!(wait(&attempts, "alice@example.com", network(2), at(360)).is_zero());
    }

    #[test]
    fn only_the_address_that_tries_many_names_is_refused() {
        let attempts = Attempts::new().unwrap();
        let judged = (0..200).filter(|n| wrong(&attempts, &format!("user {n}"), network(1), at(0)));
        assert_eq!(judged.count(), 50);
        let left = wait(&attempts, "alice@example.com", network(1), at(0));
        assert_eq!(left, Duration::from_secs(60));
        assert!(wait(&attempts, "alice@example.com", network(2), at(0)).is_zero());
    }

    #[test]
    fn a_name_tried_from_many_addresses_is_slowed_and_never_refused() {
        let attempts = Attempts::new().unwrap();
        let delay = |number| {
            let attempt = attempts.check_at("alice@example.com", network(number), at(0));
            attempt.map(|attempt| attempt.delay).unwrap()
        };
        for attacker in 1..=1_000 {
            assert_eq!(
                delay(0),
                if attacker <= 100 {
                    Duration::ZERO
                } else {
                    DELAY
                }
            );
            assert!(wrong(
                &attempts,
                "alice@example.com",
                network(attacker),
                at(0)
            ));
        }
        assert_eq!(delay(0), DELAY);
    }

    #[test]
    fn a_table_is_bounded_and_forgets_the_fullest_budgets_first() {
        let mut budgets = Budgets::of(RateLimit::new(10, Duration::from_secs(360)).unwrap());
        for _ in 0..10 {
            budgets.take(0, at(0));
        }
        for key in 1..200_000 {
            budgets.take(key, at(0));
            assert!(budgets.budgets.len() <= MAX_ENTRIES);
        }
        assert_eq!(budgets.wait(&0, at(0)), Duration::from_secs(360));
    }
}
