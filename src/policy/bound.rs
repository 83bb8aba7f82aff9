//! The chance of guessing a code under a policy.

use core::time::Duration;

use super::Policy;

impl Policy {
    /// The largest probability that an attacker who knows the password guesses a binding code within
    /// `horizon`, whatever they and the owner do meanwhile.
    ///
    /// It is `k / N`, at most 1, for `k` judged guesses and `N` values of a code: different guesses at one
    /// code do not repeat. `k` is the smaller of two: what the failure budget admits, and the attempts per
    /// challenge times the sends. The failure cap does not bound it. The cap counts no guesses at the
    /// codes of pending enrollments, and each success of the owner resets the count of a phone.
    ///
    /// Budgets are full at the start. [`restore_budgets`](crate::Engine::restore_budgets) and clocks that
    /// jump ahead are not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use oob_mfa::Policy;
    ///
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// assert_eq!(
    ///     format!("{:.3} %", Policy::auth0().guess_bound(day) * 100.0),
    ///     "0.025 %"
    /// );
    /// assert_eq!(
    ///     format!("{:.1} %", Policy::auth0().guess_bound(365 * day) * 100.0),
    ///     "8.8 %"
    /// );
    /// assert_eq!(
    ///     format!("{:.1} %", Policy::nist_800_63b4().guess_bound(365 * day) * 100.0),
    ///     "4.4 %"
    /// );
    /// ```
    #[must_use]
    pub fn guess_bound(&self, horizon: Duration) -> f64 {
        self.bound(horizon, u64::MAX)
    }

    /// As [`guess_bound`](Self::guess_bound), for codes sent to confirmed phones, and an owner who does not
    /// sign in within the horizon. No success restarts a count, so the failure cap applies once per phone.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use oob_mfa::Policy;
    ///
    /// let year = Duration::from_secs(365 * 24 * 60 * 60);
    /// let bound = Policy::nist_800_63b4().guess_bound_while_idle(year);
    /// assert_eq!(format!("{:.2} %", bound * 100.0), "0.10 %");
    /// ```
    #[must_use]
    pub fn guess_bound_while_idle(&self, horizon: Duration) -> f64 {
        let cap = self.failure_cap.map_or(u64::MAX, u64::from);
        self.bound(horizon, cap.saturating_mul(self.max_phones as u64))
    }

    /// The most codes that can be answered within `horizon`, those sent just before it included.
    fn most_codes_within(&self, horizon: Duration) -> u64 {
        self.sends
            .most_within(horizon.saturating_add(self.code_lifetime()))
    }

    fn bound(&self, horizon: Duration, by_cap: u64) -> f64 {
        let by_budget = self.binding_failures.most_within(horizon);
        let by_attempts = self.attempts_per_challenge.map_or(u64::MAX, |max| {
            self.most_codes_within(horizon)
                .saturating_mul(u64::from(max))
        });
        let guesses = by_budget.min(by_attempts).min(by_cap);
        let values = (0..self.code_digits).fold(1_u64, |values, _| values.saturating_mul(10));
        if guesses >= values {
            return 1.0;
        }
        // Both are below 10⁸, which an f64 holds exactly.
        let exact = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        exact(guesses) / exact(values)
    }
}

#[cfg(test)]
mod tests;
