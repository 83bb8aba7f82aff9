//! What the numbers of a policy come to: how likely a guess is.

use core::time::Duration;

use super::Policy;

impl Policy {
    /// The largest probability that somebody who knows the password guesses a binding code within
    /// `horizon`, whatever he and the owner do meanwhile.
    ///
    /// With `k` wrong codes judged at most it is 1 − (1 − 10⁻ᵈ)ᵏ for codes of `d` digits, and `k`
    /// is the least of what the failure budget admits, the attempts per challenge times the sends,
    /// and the failure cap times the phones and the sends: every success of the owner starts the
    /// count of a phone anew, and costs a send.
    ///
    /// Budgets are taken as full at the start; [`restore_budgets`](crate::Engine::restore_budgets)
    /// within the horizon is not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use oob_mfa::Policy;
    ///
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// assert_eq!(format!("{:.3} %", Policy::auth0().guess_bound(day) * 100.0), "0.025 %");
    /// assert_eq!(format!("{:.1} %", Policy::auth0().guess_bound(365 * day) * 100.0), "8.4 %");
    /// assert_eq!(format!("{:.1} %", Policy::nist_800_63b4().guess_bound(365 * day) * 100.0), "4.3 %");
    /// ```
    #[must_use]
    pub fn guess_bound(&self, horizon: Duration) -> f64 {
        let sends = self.most_codes_within(horizon);
        let resets = sends.saturating_add(self.max_phones as u64);
        self.bound(horizon, resets)
    }

    /// As [`guess_bound`](Self::guess_bound), for codes sent to phones of the account and an owner who does not sign in within the horizon:
    /// no success starts a count anew, so the failure cap holds once per phone.
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
        self.bound(horizon, self.max_phones as u64)
    }

    /// Most codes that can be answered within `horizon`: those sent just before it among them.
    fn most_codes_within(&self, horizon: Duration) -> u64 {
        self.sends
            .most_within(horizon.saturating_add(self.code_lifetime()))
    }

    fn bound(&self, horizon: Duration, counts: u64) -> f64 {
        let by_budget = self.binding_failures.most_within(horizon);
        let by_attempts = self.attempts_per_challenge.map_or(u64::MAX, |most| {
            self.most_codes_within(horizon)
                .saturating_mul(u64::from(most))
        });
        let by_cap = self
            .failure_cap
            .map_or(u64::MAX, |most| counts.saturating_mul(u64::from(most)));
        let codes = (0..self.code_digits).fold(1.0, |codes, _| codes * 10.0);
        1.0 - power(1.0 - 1.0 / codes, by_budget.min(by_attempts).min(by_cap))
    }
}

/// `base` to the `exponent`, by squaring: core has no `powi`.
pub(super) fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}
