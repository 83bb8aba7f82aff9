//! The floors: the work that an operation needs in any case, and nothing else.

use core::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20::rand_core::Rng;
use hmac::Mac;
use oob_mfa::Account;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::world::World;

impl World {
    /// The cost of measuring.
    pub(crate) fn nothing(&mut self) {}

    /// For `verify_right` and `verify_wrong`: HMAC-SHA-256 with a prepared key over a message of
    /// their length, one block.
    pub(crate) fn hmac(&mut self) -> [u8; 32] {
        let mut mac = self.prepared.clone();
        // In the same four pieces: label, challenge, session, code.
        mac.update(b"oob-mfa code 1");
        mac.update(&[1; 16]);
        mac.update(&[2; 16]);
        mac.update(b"012345");
        mac.finalize().into_bytes().into()
    }

    /// Two digests, byte by byte as arrays.
    pub(crate) fn compare(&mut self) -> bool {
        black_box([1_u8; 32]).ct_eq(&black_box([2; 32])).into()
    }

    /// Two digests, as words.
    pub(crate) fn compare_words(&mut self) -> bool {
        black_box([1_u64; 4]).ct_eq(&black_box([2; 4])).into()
    }

    /// A copy of the account with nothing under way.
    pub(crate) fn clone_account(&mut self) -> Account {
        self.idle.clone()
    }

    /// A copy of the account with its logins under way.
    pub(crate) fn clone_pending(&mut self) -> Account {
        self.account.clone()
    }

    /// The account with nothing under way, dropped.
    #[expect(clippy::unused_self, reason = "a case is a method of a world")]
    pub(crate) fn drop_account(&mut self, account: Account) {
        drop(account);
    }

    /// The account with its logins under way, dropped: part of every operation that takes it.
    pub(crate) fn drop_pending(&mut self, account: Account) {
        self.drop_account(account);
    }

    /// One hash of one block.
    pub(crate) fn recovery_wrong_floor(&mut self) -> [u8; 32] {
        Sha256::new_with_prefix(b"oob-mfa recv 1")
            .chain_update([1; 16])
            .chain_update([b'A'; 24])
            .finalize()
            .into()
    }

    /// The same twice, and 40 words: 16 of the id, 24 of the code.
    pub(crate) fn recovery_right_floor(&mut self) -> [[u8; 32]; 2] {
        self.words(40);
        [self.recovery_wrong_floor(), self.recovery_wrong_floor()]
    }

    /// The word of a code.
    pub(crate) fn random_word(&mut self) {
        self.words(1);
    }

    /// 16 bytes of the id, the word of the code, and its HMAC. Without the hash that names the
    /// delivery: a name could be drawn instead.
    pub(crate) fn challenge_floor(&mut self) -> [u8; 32] {
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        black_box(id);
        self.random_word();
        self.hmac()
    }

    /// The same, with the words of a device and of a recovery code, and the hash of that.
    pub(crate) fn associate_floor(&mut self) -> [[u8; 32]; 2] {
        self.words(16);
        self.words(40);
        [self.challenge_floor(), self.recovery_wrong_floor()]
    }

    /// Decoding the text, and the HMAC of its content.
    pub(crate) fn open_token_floor(&mut self) -> [u8; 32] {
        let token = Base64UrlUnpadded::decode(&self.token, &mut self.buffer).expect("base64url");
        let mut mac = self.prepared.clone();
        mac.update(b"oob-mfa token 1");
        mac.update(&token[..token.len() - 32]);
        mac.finalize().into_bytes().into()
    }

    /// For `budget_take`: the same rate, on integers.
    pub(crate) fn gcra_by_hand(&mut self) -> Option<u64> {
        const PERIOD: u64 = 3_600_000;
        let (full_at, now) = black_box((0_u64, 1_800_000_000_000_u64));
        let full_at = full_at.max(now);
        (full_at - now <= 9 * PERIOD).then_some(full_at + PERIOD)
    }

    fn words(&mut self, count: usize) {
        for _ in 0..count {
            black_box(self.rng.next_u32());
        }
    }
}
