//! The normal form of a state: two states with the same form behave the same forever.
//!
//! Times are relative to the earliest one that the clock can show again. Earlier times are equal if the
//! engine cannot distinguish them. Random ids become places in the record; objects that no session can
//! use any more become one of their kind. `explore` tests that the form leaves out only what makes no
//! difference.

use oob_mfa::Assurance;
use oob_mfa_testing::record::{Code, Issued, Phone, Status, Target};

use crate::small::Small;
use crate::state::{Hand, State, UNEXPLAINED, millis};

/// How long after its issue an expired challenge is remembered.
pub const REMEMBERED: i64 = 10 * 60 * 1_000;

/// The objects of a state, by the numbers of the world, in the order of the normal form, and the
/// form.
#[derive(Default)]
pub struct Normal {
    pub form: Vec<i64>,
    /// Sessions that can still be valid, the oldest first.
    pub sessions: Vec<usize>,
    /// A session that can never be valid again.
    pub expired_session: Option<usize>,
    /// Challenges that the record knows.
    pub codes: Vec<usize>,
    /// A used code, and one that was superseded or dropped.
    pub dead_codes: Vec<usize>,
    /// Phones, and enrollments that can still be confirmed.
    pub devices: Vec<usize>,
    /// Recovery codes of the record: the active one, and those of enrollments.
    pub recovery_codes: Vec<usize>,
    /// A used recovery code, and one that was replaced or dropped.
    pub dead_recovery_codes: Vec<usize>,
}

impl Normal {
    pub fn of(state: &State, small: &Small) -> Self {
        let mut normal = Self::default();
        let floor = state.floor(small);
        let hand = match state.hand {
            Hand::OnTick => 0,
            Hand::JustBefore => 1,
        };
        normal.form.extend([state.now() - floor, hand]);
        normal.times(state, floor);
        normal.sessions(state, floor);
        normal.phones(state, small, floor);
        normal.challenges(state, small, floor);
        normal.recovery_codes(state);
        normal
    }

    fn times(&mut self, state: &State, floor: i64) {
        let record = &state.record;
        let budgets = record.budgets;
        self.form.extend(
            [
                record.as_of,
                budgets.sends,
                budgets.binding_failures,
                budgets.recovery_failures,
            ]
            .map(|at| (at - floor).max(0)),
        );
        // A session issued at exactly that time is revoked too.
        let revoked = record.revoked_until;
        let until = |at: Option<i64>| at.map_or(-1, |at| (at - floor).max(-1));
        self.form
            .extend([revoked.first_factor, revoked.every].map(until));
    }

    fn sessions(&mut self, state: &State, floor: i64) {
        let revoked = state.record.revoked_until;
        for (number, session) in state.world.sessions().iter().enumerate() {
            let issued = millis(session.issued_at());
            let expires = millis(session.expires_at());
            let is_first_factor = session.assurance() == Assurance::FirstFactor;
            if expires <= floor {
                if is_first_factor {
                    self.expired_session = Some(number);
                }
                continue;
            }
            let until = if is_first_factor {
                revoked.first_factor.max(revoked.every)
            } else {
                revoked.every
            };
            let spent = state
                .record
                .spent
                .iter()
                .find(|spent| state.names.session(&spent.session) == number);
            self.sessions.push(number);
            self.form.extend([
                i64::from(is_first_factor),
                (issued - floor).max(-1),
                expires - floor,
                i64::from(Some(issued) <= until),
                i64::from(state.names.finished.contains(&number)),
                spent.map_or(-1, |spent| spent.expires_at - floor),
            ]);
        }
        let expired = i64::from(self.expired_session.is_some());
        self.form.extend([-2, expired]);
    }

    fn phones(&mut self, state: &State, small: &Small, floor: i64) {
        let phones = &state.record.phones;
        for phone in phones {
            self.devices.push(state.names.device(&phone.device));
            self.form.extend([
                phone.number as i64,
                i64::from(phone.status == Status::Active),
                phone.last_channel as i64,
            ]);
            if small.policy.failure_cap().is_some() {
                self.form.push(i64::from(phone.failures));
            }
            // Only the order of use matters, and only a phone used now can tie with the next.
            if small.policy.max_phones() > 1 {
                let earlier = |other: &&Phone| other.last_used < phone.last_used;
                let rank = phones.iter().filter(earlier).count();
                let ahead = (phone.last_used - floor).max(-1);
                self.form.extend([rank as i64, ahead]);
            }
        }
        self.form.push(-3);
    }

    fn challenges(&mut self, state: &State, small: &Small, floor: i64) {
        let names = &state.names;
        for challenge in &state.record.challenges {
            if floor - challenge.issued_at >= REMEMBERED {
                continue;
            }
            self.codes.push(names.code(&challenge.id));
            let session = names.session(&challenge.session);
            let session = self.sessions.iter().position(|kept| *kept == session);
            self.form.extend([
                session.map_or(-1, |session| session as i64),
                challenge.issued_at - floor,
            ]);
            match &challenge.code {
                Code::Issued(issued) if issued.expires_at > floor => {
                    self.form.extend([1, issued.expires_at - floor]);
                    self.issued(state, small, issued);
                }
                Code::Discarded { expires_at } if *expires_at > floor => {
                    self.form.extend([2, expires_at - floor]);
                }
                Code::Issued(_) | Code::Discarded { .. } | Code::Expired => self.form.push(0),
            }
        }
        let last = dead(state.world.codes().len(), &self.codes, &names.used_codes);
        self.form.extend(last.map(|code| i64::from(code.is_some())));
        self.dead_codes.extend(last.into_iter().flatten());
    }

    fn issued(&mut self, state: &State, small: &Small, issued: &Issued) {
        let names = &state.names;
        self.form.push(issued.channel as i64);
        if small.policy.attempts_per_challenge().is_some() {
            self.form.push(i64::from(issued.attempts));
        }
        match &issued.target {
            Target::Phone(device) => {
                let device = names.device(device);
                let place = self.devices.iter().position(|known| *known == device);
                self.form
                    .extend([0, place.map_or(-1, |place| place as i64)]);
            }
            Target::Enrollment(enrollment) => {
                self.devices.push(names.device(&enrollment.device));
                let recovery = enrollment.recovery.as_ref();
                self.recovery_codes
                    .extend(recovery.map(|shown| names.recovery_code(&shown.device)));
                self.form.extend([
                    1,
                    enrollment.number as i64,
                    i64::from(enrollment.begun_by == Assurance::FirstFactor),
                    i64::from(recovery.is_some()),
                ]);
            }
        }
    }

    fn recovery_codes(&mut self, state: &State) {
        let names = &state.names;
        let active = state.record.recovery.as_ref();
        self.form.push(i64::from(active.is_some()));
        let active = active.map(|recovery| names.recovery_code(&recovery.device));
        self.recovery_codes.splice(0..0, active);
        let last = dead(
            state.world.recovery_codes().len(),
            &self.recovery_codes,
            &names.used_recovery_codes,
        );
        self.form.extend(last.map(|code| i64::from(code.is_some())));
        self.dead_recovery_codes.extend(last.into_iter().flatten());
    }

    /// Whether everything in the record is accounted for.
    pub fn is_complete(&self) -> bool {
        let numbers = [&self.codes, &self.devices, &self.recovery_codes];
        !numbers
            .into_iter()
            .flatten()
            .any(|number| *number == UNEXPLAINED)
    }
}

/// The last used one, and the last one dropped otherwise, of those that are no longer in the record.
fn dead(issued: usize, known: &[usize], used: &[usize]) -> [Option<usize>; 2] {
    let mut dead = (0..issued).rev().filter(|number| !known.contains(number));
    [
        dead.clone().find(|number| used.contains(number)),
        dead.find(|number| !used.contains(number)),
    ]
}
