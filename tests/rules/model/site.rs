//! The servers of several users, with a model for each.

use oob_mfa::{BindingCode, Denied, DeniedKind, Limit, MfaSession, OobCode, Policy, VerifyOob};
use oob_mfa_testing::{Answer, Command, Model, Observation, World};

use super::every_rule;
use super::story::Visit;
use crate::harness::{
    Look, MINUTE, engine, millis, period, skew, through_json, through_postcard, window,
};

/// The users. One has a subject of the maximum length.
pub const USERS: usize = 3;

fn subjects() -> [String; USERS] {
    ["auth0|alice".into(), "ユーザー".into(), "\u{1}".repeat(255)]
}

pub struct Site {
    users: Vec<User>,
}

struct User {
    world: World,
    model: Model,
    rules: Vec<Look>,
}

impl User {
    /// The times at which something of a user begins or ends, relative to now. The latest comes
    /// first.
    fn until(&self, moment: usize) -> i64 {
        const MOST: i64 = 4_000_000_000_000;
        let recorded = self.world.recorded();
        let policy = self.world.engine.policy();
        let skew = skew(&self.world);
        let mut moments = Vec::new();
        for code in self.world.codes().iter().rev().take(3) {
            let issued_at = millis(code.issued_at);
            moments.extend([millis(code.expires_at), issued_at + 10 * MINUTE, issued_at]);
        }
        for session in self.world.sessions().iter().rev().take(3) {
            let issued_at = millis(session.issued_at());
            moments.extend([millis(session.expires_at()), issued_at, issued_at - skew]);
        }
        for (full_at, limit) in recorded.full_at.into_iter().zip(Limit::ALL) {
            // When a budget gives one again, and when it is full.
            let rate = policy.rate(limit);
            let first = full_at - window(rate) + period(rate);
            moments.extend([first, full_at]);
        }
        moments.extend(recorded.spent.first().map(|(_, expires_at)| *expires_at));
        let revoked = recorded.revoked_until;
        moments.extend(revoked.every.into_iter().chain(revoked.first_factor));
        // The last change, and the earliest clock that is not refused.
        moments.extend([recorded.as_of, recorded.as_of - skew]);
        let now = millis(self.world.now());
        let moment = moments[moment % moments.len()];
        // Omit the Unix epoch.
        if moment <= 0 {
            0
        } else {
            (moment - now).clamp(-MOST, MOST)
        }
    }
}

impl Site {
    pub fn new(policy: &Policy, seed: u64) -> Self {
        let [first, second, third] = subjects().map(|subject| subject.parse().unwrap());
        let first = World::with_engine(engine(policy), first, seed);
        // Each user has another random source.
        let others = [
            first.beside(second, seed ^ 1 << 62),
            first.beside(third, seed ^ 2 << 62),
        ];
        let user = |world| User {
            world,
            model: Model::new(policy.clone()),
            rules: every_rule(policy),
        };
        Self {
            users: [first].into_iter().chain(others).map(user).collect(),
        }
    }

    pub fn step(&mut self, step: usize, visit: &Visit) -> Answer {
        let (number, observation) = match visit {
            Visit::Does(number, command) => (*number, self.does(step, *number, command)),
            Visit::Waits { user, moment, off } => {
                let millis = self.users[*user].until(*moment) + off;
                (*user, self.does(step, *user, &Command::Step { millis }))
            }
            Visit::Restarts {
                channels,
                phones,
                recovery_codes,
            } => {
                let policy = self.users[0].world.engine.policy().clone();
                let policy = policy
                    .with_channels(*channels)
                    .with_recovery_codes(*recovery_codes)
                    .with_max_phones(*phones)
                    .unwrap();
                for user in &mut self.users {
                    user.world.engine = engine(&policy);
                    user.model.restart(policy.clone());
                }
                return Answer::Nothing;
            }
            Visit::MixesUp {
                user,
                with,
                session,
            } => {
                let [user, with] = [*user, *with];
                let other = (
                    self.users[with].world.clone(),
                    self.users[with].model.clone(),
                );
                let mixed = &mut self.users[user];
                let observation = mixed.world.mix_up(&other.0, *session);
                assert_eq!(observation.reply, mixed.model.mix_up(&other.1, *session));
                (user, observation)
            }
        };
        // No other record has changed. After a step of the clock, and sometimes otherwise, read all of them.
        let clock_moved = matches!(
            visit,
            Visit::Waits { .. } | Visit::Does(_, Command::Step { .. })
        );
        for (other, User { world, model, .. }) in self.users.iter().enumerate() {
            if other == number || clock_moved || step.is_multiple_of(16) {
                assert_eq!(world.recorded(), model.recorded());
            }
        }
        self.no_code_of_another_user_works(number);
        observation.reply.answer
    }

    fn does(&mut self, step: usize, number: usize, command: &Command) -> Observation {
        let User {
            world,
            model,
            rules,
        } = &mut self.users[number];
        match step % 10 {
            3 => world.reload(through_json),
            8 => world.reload(through_postcard),
            _ => {}
        }
        let before = world.clone();
        let observation = world.apply(command);
        assert_eq!(observation.reply, model.apply(command));
        for look in rules {
            look(&before, command, &observation, world);
        }
        if matches!(command, Command::Step { .. }) {
            for (other, user) in self.users.iter_mut().enumerate() {
                if other != number {
                    user.model.apply(command);
                }
            }
        }
        observation
    }

    /// The right code of another user's challenge does not work here. With a session of this user it
    /// is unknown; with the other's session it is a bug of the server. Neither is judged.
    fn no_code_of_another_user_works(&self, number: usize) {
        let this = &self.users[number].world;
        let other = &self.users[(number + 1) % USERS].world;
        let Some(code) = other.codes().last() else {
            return;
        };
        let request = VerifyOob {
            oob_code: OobCode::from(code.oob_code.as_str()),
            binding_code: BindingCode::from(code.binding_code.as_str()),
        };
        let present = |session: &MfaSession| {
            let asked = this
                .engine
                .verify_oob(this.account(), session, &request, this.now());
            asked.commit(|_| Ok::<_, ()>(())).unwrap().result.err()
        };
        if let Some(session) = this.sessions().last() {
            let denied = present(session).expect("the code of another user passed");
            let is_judged = denied.kind() == DeniedKind::Rejected;
            assert!(!is_judged, "the code of another user was judged");
        }
        assert_eq!(
            present(&other.sessions()[code.session]),
            Some(Denied::SubjectMismatch)
        );
    }
}
