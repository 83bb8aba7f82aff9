//! The floors: the work that an operation needs in any case, and nothing else.

use core::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::Mac;
use oob_mfa::Account;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::source::{Seeded, Source, System};
use crate::world::World;

impl World {
    /// The harness of a case.
    pub(crate) fn nothing(&mut self) {}

    /// The harness of a case that takes an account: it is moved, and not dropped.
    pub(crate) fn handed_over(&mut self, account: Account) {
        self.handed_over.push(account);
    }

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
    fn hash(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"oob-mfa recv 1")
            .chain_update([1; 16])
            .chain_update([b'A'; 24])
            .finalize()
            .into()
    }

    /// The same twice, and 40 words: 16 of the id, 24 of the code.
    pub(crate) fn recovery_right_floor(&mut self) -> [[u8; 32]; 2] {
        self.recovery_floor::<Seeded>()
    }

    pub(crate) fn recovery_system_floor(&mut self) -> [[u8; 32]; 2] {
        self.recovery_floor::<System>()
    }

    fn recovery_floor<S: Source>(&mut self) -> [[u8; 32]; 2] {
        {
            let rng = &mut S::of(&mut self.rng);
            black_box((drawn::<64>(rng), drawn::<96>(rng)));
        }
        [self.hash(), self.hash()]
    }

    /// 16 bytes of the id, the word of the code, and its HMAC. Without the hash that names the
    /// delivery: a name could be drawn instead.
    pub(crate) fn challenge_floor(&mut self) -> [u8; 32] {
        self.issue_floor::<Seeded>()
    }

    pub(crate) fn challenge_system_floor(&mut self) -> [u8; 32] {
        self.issue_floor::<System>()
    }

    fn issue_floor<S: Source>(&mut self) -> [u8; 32] {
        {
            let rng = &mut S::of(&mut self.rng);
            black_box((drawn::<16>(rng), drawn::<4>(rng)));
        }
        self.hmac()
    }

    /// The same, with the words of a device and of a recovery code, and the hash of that.
    pub(crate) fn associate_floor(&mut self) -> [[u8; 32]; 2] {
        self.enroll_floor::<Seeded>()
    }

    pub(crate) fn associate_system_floor(&mut self) -> [[u8; 32]; 2] {
        self.enroll_floor::<System>()
    }

    fn enroll_floor<S: Source>(&mut self) -> [[u8; 32]; 2] {
        {
            let rng = &mut S::of(&mut self.rng);
            black_box((drawn::<64>(rng), drawn::<64>(rng), drawn::<96>(rng)));
        }
        [self.issue_floor::<S>(), self.hash()]
    }

    /// Decoding the text, and the HMAC of its content.
    pub(crate) fn open_token_floor(&mut self) -> [u8; 32] {
        let token = Base64UrlUnpadded::decode(&self.token, &mut self.buffer).expect("base64url");
        let mut mac = self.prepared.clone();
        mac.update(b"oob-mfa token 1");
        mac.update(&token[..token.len() - 32]);
        mac.finalize().into_bytes().into()
    }
}

fn drawn<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}
