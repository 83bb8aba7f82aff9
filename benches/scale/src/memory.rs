//! Accounts in memory, in shards, each behind a lock.
//!
//! A request holds the lock of its shard from the load to the save, for about a microsecond. So no write
//! conflicts, and the entry is looked up once.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashTable;
use oob_mfa::{Account, Denied, MfaSession, Subject, Transition};

use crate::store::Store;

/// How an account is kept.
pub trait Form: Send {
    fn of(account: Account, hash: u64) -> Self;
    fn hash(&self, hasher: &RandomState) -> u64;
    /// The account, if it belongs to the user with this hash.
    fn load(&self, subject: &Subject, hash: u64) -> Option<Account>;
    fn replace(&mut self, next: Account);
}

/// As an account.
pub struct Whole(Account);

impl Form for Whole {
    fn of(account: Account, _: u64) -> Self {
        Self(account)
    }

    fn hash(&self, hasher: &RandomState) -> u64 {
        hash_of(hasher, self.0.subject())
    }

    fn load(&self, subject: &Subject, _: u64) -> Option<Account> {
        (self.0.subject() == subject).then(|| self.0.clone())
    }

    fn replace(&mut self, next: Account) {
        self.0 = next;
    }
}

/// Its record in postcard, which holds the subject, beside the hash, which finds the record without
/// reading it.
pub struct Record {
    hash: u64,
    bytes: Box<[u8]>,
}

impl Form for Record {
    fn of(account: Account, hash: u64) -> Self {
        let bytes = encode(&account, &mut [0; LARGEST]).into();
        Self { hash, bytes }
    }

    fn hash(&self, _: &RandomState) -> u64 {
        self.hash
    }

    fn load(&self, subject: &Subject, hash: u64) -> Option<Account> {
        if self.hash != hash {
            return None;
        }
        let account: Account =
            postcard::from_bytes(&self.bytes).expect("a record that was written here");
        (account.subject() == subject).then_some(account)
    }

    fn replace(&mut self, next: Account) {
        let mut buffer = [0; LARGEST];
        let record = encode(&next, &mut buffer);
        if record.len() == self.bytes.len() {
            self.bytes.copy_from_slice(record);
        } else {
            self.bytes = record.into();
        }
    }
}

/// The maximum number of bytes of a record.
const LARGEST: usize = 3_968;

fn encode<'a>(account: &Account, buffer: &'a mut [u8; LARGEST]) -> &'a [u8] {
    postcard::to_slice(account, buffer).expect("the largest record fits")
}

fn hash_of(hasher: &RandomState, subject: &Subject) -> u64 {
    hasher.hash_one(subject.as_str())
}

pub struct Memory<F> {
    hasher: RandomState,
    shards: Box<[Mutex<HashTable<F>>]>,
}

impl<F: Form> Memory<F> {
    /// Room for this many, in tables of 8,192 places each. A table doubles past 7,168; with an
    /// average of 6,800 none does.
    pub fn for_accounts(accounts: u64) -> Self {
        const FULL: u64 = 6_800;
        let shard = || Mutex::new(HashTable::with_capacity(7_168));
        Self {
            hasher: RandomState::new(),
            shards: (0..accounts.div_ceil(FULL)).map(|_| shard()).collect(),
        }
    }

    /// Chosen by bits of the hash that the table in the shard does not use.
    fn shard(&self, hash: u64) -> &Mutex<HashTable<F>> {
        let bits = usize::try_from((hash >> 16) & 0xffff_ffff).expect("64 bits");
        &self.shards[bits % self.shards.len()]
    }
}

impl<F: Form> Store for Memory<F> {
    fn put(&self, accounts: Vec<Account>) {
        for account in accounts {
            let hash = hash_of(&self.hasher, account.subject());
            let mut shard = self
                .shard(hash)
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let is_same = |kept: &F| kept.load(account.subject(), hash).is_some();
            match shard.find_mut(hash, is_same) {
                Some(kept) => kept.replace(account),
                None => {
                    shard.insert_unique(hash, F::of(account, hash), |kept| kept.hash(&self.hasher));
                }
            }
        }
    }

    fn decide<T>(
        &self,
        session: &MfaSession,
        mut ask: impl FnMut(Account) -> Transition<T>,
    ) -> Result<T, Denied> {
        let subject = session.subject();
        let hash = hash_of(&self.hasher, subject);
        let mut shard = self
            .shard(hash)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut asked = None;
        let kept = shard.find_mut(hash, |kept| {
            asked = kept.load(subject, hash).map(&mut ask);
            asked.is_some()
        });
        let (kept, asked) = kept.zip(asked).expect("every user is there");
        let Ok(outcome) = asked.commit(|next| {
            kept.replace(next.account().clone());
            Ok::<(), Infallible>(())
        });
        outcome.result
    }
}
