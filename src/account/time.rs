//! What time does to an account: it ends things, and it can lie.

use super::{Account, Budgets, ValidFrom};
use crate::instant::Millis;
use crate::policy::Policy;

impl Account {
    /// This state with its stored times brought back to what an honest clock can have left, or none
    /// where they are so.
    ///
    /// A clock that ran ahead and came back would otherwise lock the account until it gets there.
    pub(crate) fn clamped(&self, policy: &Policy, now: Millis) -> Option<Self> {
        let budgets = Budgets {
            sends: self.budgets.sends.clamped(policy.sends(), now),
            binding_failures: self
                .budgets
                .binding_failures
                .clamped(policy.binding_failures(), now),
            recovery_failures: self
                .budgets
                .recovery_failures
                .clamped(policy.recovery_failures(), now),
        };
        let latest = now.after(policy.longest_session_millis());
        let doubted_until = self.doubted(latest);
        let over = doubted_until.filter(|until| *until <= now);
        if budgets == self.budgets && doubted_until == self.doubted_until && over.is_none() {
            return None;
        }
        let next = Self {
            budgets,
            doubted_until,
            ..self.clone()
        };
        Some(match over {
            Some(until) => next.give_way(until, latest),
            None => next,
        })
    }

    /// Until when the times that refuse sessions are doubted, where one lies beyond `latest`.
    ///
    /// None can get there by an honest clock: it ran ahead when that was stored, or it runs behind
    /// now, and the record cannot tell which. So they stand for as long as the longest session lives;
    /// a clock that comes back within finds them as they were, and no old session gets past them.
    fn doubted(&self, latest: Millis) -> Option<Millis> {
        let ValidFrom {
            first_factor,
            every,
        } = self.valid_from;
        let spent = self.spent.iter().map(|spent| spent.expires_at);
        let mut refusing = [first_factor, every, self.pruned_through]
            .into_iter()
            .chain(spent);
        let is_doubted = refusing.any(|at| at > latest);
        is_doubted.then(|| self.doubted_until.unwrap_or(latest).min(latest))
    }

    /// Ends the doubt: the clock is believed, because otherwise the account would be locked until it
    /// gets to where it once was.
    fn give_way(mut self, until: Millis, latest: Millis) -> Self {
        let ValidFrom {
            first_factor,
            every,
        } = &mut self.valid_from;
        for refusing in [first_factor, every, &mut self.pruned_through] {
            if *refusing > latest {
                *refusing = until;
            }
        }
        self.spent.retain(|spent| spent.expires_at <= latest);
        self.doubted_until = None;
        self
    }

    /// A copy to be changed, with everything dropped that time has ended.
    pub(crate) fn settled(&self, now: Millis) -> Self {
        let mut next = self.clone();
        next.challenges.retain(|pending| pending.is_kept_at(now));
        next.challenges
            .iter_mut()
            .for_each(|pending| pending.expire(now));
        let forgotten = next
            .spent
            .iter()
            .map(|spent| spent.expires_at)
            .filter(|at| *at <= now);
        next.pruned_through = forgotten.max().unwrap_or_default().max(next.pruned_through);
        next.spent.retain(|spent| spent.expires_at > now);
        next
    }
}
