//! The operations of the crate.

use core::hint::black_box;

use oob_mfa::{Account, BudgetEmpty, Challenge, Denied, MfaSession, Next, Transition, VerifyOob};

use crate::source::{Seeded, Source, System};
use crate::world::World;

/// Cases with the same name share one body for every record and account.
impl World {
    /// The right code: a login completed.
    pub(crate) fn verify_right(&mut self, account: Account) -> Result<(), Denied> {
        self.verify(account, &self.right)
    }

    /// A wrong code: judged and charged.
    pub(crate) fn verify_wrong(&mut self, account: Account) -> Result<(), Denied> {
        self.verify(account, &self.wrong)
    }

    /// The right code with an empty budget: not judged.
    pub(crate) fn verify_refused(&mut self, account: Account) -> Result<(), Denied> {
        self.verify(account, &self.right)
    }

    /// An `oob_code` that nobody knows.
    pub(crate) fn verify_unknown(&mut self, account: Account) -> Result<(), Denied> {
        self.verify(account, &self.unknown)
    }

    /// Judges a code of the measured login.
    ///
    /// # Errors
    ///
    /// Those of the operation.
    pub fn verify(&self, account: Account, request: &VerifyOob) -> Result<(), Denied> {
        let Self {
            engine,
            session,
            now,
            ..
        } = self;
        kept(engine.verify_oob(account, session, request, *now))
    }

    /// The right recovery code: a login completed, and the next recovery code drawn.
    pub(crate) fn recovery_right(&mut self, account: Account) -> Result<(), Denied> {
        self.recover::<Seeded>(account)
    }

    pub(crate) fn recovery_system(&mut self, account: Account) -> Result<(), Denied> {
        self.recover::<System>(account)
    }

    fn recover<S: Source>(&mut self, account: Account) -> Result<(), Denied> {
        let request = &self.recovery_right;
        let rng = &mut S::of(&mut self.rng);
        kept(
            self.engine
                .verify_recovery_code(account, &self.session, request, self.now, rng),
        )
    }

    /// A wrong recovery code: judged and charged.
    pub(crate) fn recovery_wrong(&mut self, account: Account) -> Result<(), Denied> {
        let (request, rng) = (&self.recovery_wrong, &mut self.rng);
        kept(
            self.engine
                .verify_recovery_code(account, &self.session, request, self.now, rng),
        )
    }

    /// A code drawn and issued to a user without one under way.
    pub(crate) fn challenge(&mut self, account: Account) -> Result<(), Denied> {
        self.challenge_by::<Seeded>(account)
    }

    pub(crate) fn challenge_system(&mut self, account: Account) -> Result<(), Denied> {
        self.challenge_by::<System>(account)
    }

    fn challenge_by<S: Source>(&mut self, account: Account) -> Result<(), Denied> {
        let (request, rng) = (Challenge::default(), &mut S::of(&mut self.rng));
        kept(
            self.engine
                .challenge(account, &self.session, &request, self.now, rng),
        )
    }

    /// A first enrollment started: a device, a code and a recovery code drawn.
    pub(crate) fn associate(&mut self, account: Account) -> Result<(), Denied> {
        self.associate_by::<Seeded>(account)
    }

    pub(crate) fn associate_system(&mut self, account: Account) -> Result<(), Denied> {
        self.associate_by::<System>(account)
    }

    fn associate_by<S: Source>(&mut self, account: Account) -> Result<(), Denied> {
        let (request, rng) = (&self.phone, &mut S::of(&mut self.rng));
        kept(
            self.engine
                .associate(account, &self.session, request, self.now, rng),
        )
    }

    /// A valid `mfa_token`.
    pub(crate) fn open_token(&mut self) -> Result<MfaSession, Denied> {
        self.engine.open_token(&self.token, Some("demo"), self.now)
    }

    /// The list, to its end.
    pub(crate) fn authenticators(&mut self) -> usize {
        let list = self
            .engine
            .authenticators(&self.account, &self.session, self.now)
            .expect("a valid session");
        list.inspect(|entry| {
            black_box(entry);
        })
        .count()
    }

    /// One taken from a full budget.
    pub(crate) fn budget_take(&mut self) -> Result<(), BudgetEmpty> {
        let mut budget = self.budget;
        let taken = budget.take(self.limit, self.now);
        black_box(&budget);
        taken
    }

    pub(crate) fn load_postcard(&mut self) -> Account {
        postcard::from_bytes(&self.typical.postcard).expect("a record")
    }

    /// Into the caller's buffer.
    pub(crate) fn save_postcard(&mut self) -> usize {
        postcard::to_slice(&self.typical.account, &mut self.buffer)
            .expect("long enough")
            .len()
    }

    pub(crate) fn load_json(&mut self) -> Account {
        serde_json::from_slice(&self.typical.json).expect("a record")
    }

    pub(crate) fn save_json(&mut self) -> Vec<u8> {
        serde_json::to_vec(&self.typical.account).expect("an account")
    }

    pub(crate) fn load_largest_postcard(&mut self) -> Account {
        postcard::from_bytes(&self.largest.postcard).expect("a record")
    }

    pub(crate) fn save_largest_postcard(&mut self) -> usize {
        postcard::to_slice(&self.largest.account, &mut self.buffer)
            .expect("long enough")
            .len()
    }

    /// The whole request, from the stored record and the token to the next record: the right code.
    pub(crate) fn request_postcard(&mut self) -> Result<(), Denied> {
        let account = self.load_postcard();
        let session = self.open_token()?;
        saved_in(
            &mut self.buffer,
            self.engine
                .verify_oob(account, &session, &self.right, self.now),
        )
    }

    /// The same with a wrong code.
    pub(crate) fn request_postcard_wrong(&mut self) -> Result<(), Denied> {
        let account = self.load_postcard();
        let session = self.open_token()?;
        saved_in(
            &mut self.buffer,
            self.engine
                .verify_oob(account, &session, &self.wrong, self.now),
        )
    }

    /// The right code with an empty budget.
    pub(crate) fn request_postcard_refused(&mut self) -> Result<(), Denied> {
        let account = postcard::from_bytes(&self.refused.postcard).expect("a record");
        let session = self.open_token()?;
        saved_in(
            &mut self.buffer,
            self.engine
                .verify_oob(account, &session, &self.right, self.now),
        )
    }

    /// The right code, in JSON.
    pub(crate) fn request_json(&mut self) -> Result<(), Denied> {
        let account = self.load_json();
        let session = self.open_token()?;
        let outcome = self
            .engine
            .verify_oob(account, &session, &self.right, self.now)
            .commit(|next| {
                black_box(serde_json::to_vec(next.account()).expect("an account"));
                Ok(())
            })?;
        black_box(&outcome);
        outcome.result.map(drop)
    }
}

/// Commits to a store without cost: the next account is made and dropped.
fn kept<T>(transition: Transition<T>) -> Result<(), Denied> {
    let save = |next: Next| {
        black_box(&next);
        Ok(())
    };
    let outcome = transition.commit(save)?;
    black_box(&outcome);
    outcome.result.map(drop)
}

/// Commits to the caller's buffer, in postcard.
fn saved_in<T>(buffer: &mut [u8], transition: Transition<T>) -> Result<(), Denied> {
    let save = |next: Next| {
        black_box(postcard::to_slice(next.account(), buffer).expect("long enough"));
        Ok(())
    };
    let outcome = transition.commit(save)?;
    black_box(&outcome);
    outcome.result.map(drop)
}
