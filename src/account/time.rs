//! What time does to an account: it ends things, and it can lie.

use super::{Account, Budgets, ValidFrom};
use crate::instant::Millis;
use crate::policy::Policy;

impl Budgets {
    fn clamped(self, policy: &Policy, now: Millis) -> Self {
        let Self {
            sends,
            binding_failures,
            recovery_failures,
        } = self;
        Self {
            sends: sends.clamped(policy.sends(), now),
            binding_failures: binding_failures.clamped(policy.binding_failures(), now),
            recovery_failures: recovery_failures.clamped(policy.recovery_failures(), now),
        }
    }
}

impl Account {
    /// This state with its stored times brought back to what an honest clock can have left, or none
    /// where they are so.
    ///
    /// A clock that ran ahead and came back would otherwise lock the account until it gets there.
    pub(crate) fn clamped(&self, policy: &Policy, now: Millis) -> Option<Self> {
        let latest = now.after(policy.longest_session_millis());
        let budgets = self.budgets.clamped(policy, now);
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
        let refusing = first_factor.max(every).max(self.pruned_through);
        let is_doubted = spent.fold(refusing, Ord::max) > latest;
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

    /// Drops everything that time has ended.
    pub(crate) fn settle(&mut self, now: Millis) {
        self.challenges.retain(|pending| pending.is_kept_at(now));
        self.challenges
            .iter_mut()
            .for_each(|pending| pending.expire(now));
        let forgotten = self
            .spent
            .iter()
            .map(|spent| spent.expires_at)
            .filter(|at| *at <= now);
        self.pruned_through = forgotten.fold(self.pruned_through, Ord::max);
        self.spent.retain(|spent| spent.expires_at > now);
    }
}
