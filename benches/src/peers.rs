//! The peers of the engine: they judge one code.
//!
//! None of them keeps an account or a budget, so each does less than the operation it is compared with.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use latchkey::flow::email_link::{EmailCodeHash, issue_code};
use latchkey::totp::{TotpParams, TotpSecret};
use time::OffsetDateTime;
use totp_rs::Totp;

use crate::world::{SECRET, World};

pub(crate) struct Peers {
    totp: Totp,
    /// In the middle of the 3 steps that are tried.
    unix: u64,
    totp_right: String,
    totp_wrong: String,
    latchkey_totp: TotpSecret,
    latchkey_at: OffsetDateTime,
    binding: String,
    email: EmailCodeHash,
    email_right: String,
    email_wrong: String,
}

/// The same digits except the last.
fn other(code: &str) -> String {
    let (rest, last) = code.split_at(code.len() - 1);
    let last = if last == "0" { "1" } else { "0" };
    format!("{rest}{last}")
}

impl Peers {
    pub(crate) fn new() -> Self {
        let unix = 1_800_000_000;
        // The defaults: SHA-1, 6 digits, one step before and one after.
        let totp = totp_rs::Builder::new()
            .with_secret(&SECRET[..20])
            .build_noncompliant();
        let totp_right = totp.generate(unix).to_string();
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let binding = latchkey::token::issue(&mut rng).token;
        let (email_code, email) = issue_code(&binding, 6, &mut rng);
        let email_right = email_code.expose_secret().to_owned();
        Self {
            totp,
            unix,
            totp_wrong: other(&totp_right),
            totp_right,
            latchkey_totp: TotpSecret::from_bytes(SECRET[..20].to_vec()).expect("long enough"),
            latchkey_at: OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a moment"),
            binding: binding.expose_secret().to_owned(),
            email,
            email_wrong: other(&email_right),
            email_right,
        }
    }
}

impl World {
    pub(crate) fn totp_rs_right(&mut self) -> bool {
        let peers = &self.peers;
        peers.totp.check(&peers.totp_right, peers.unix).is_some()
    }

    pub(crate) fn totp_rs_wrong(&mut self) -> bool {
        let peers = &self.peers;
        peers.totp.check(&peers.totp_wrong, peers.unix).is_some()
    }

    pub(crate) fn latchkey_totp_right(&mut self) -> bool {
        self.latchkey_totp(&self.peers.totp_right)
    }

    pub(crate) fn latchkey_totp_wrong(&mut self) -> bool {
        self.latchkey_totp(&self.peers.totp_wrong)
    }

    fn latchkey_totp(&self, code: &str) -> bool {
        let Peers {
            latchkey_totp: secret,
            latchkey_at: at,
            ..
        } = &self.peers;
        latchkey::totp::verify(secret, code, None, *at, TotpParams::default()).is_ok()
    }

    pub(crate) fn latchkey_email_right(&mut self) -> bool {
        let peers = &self.peers;
        peers.email.verify(&peers.binding, &peers.email_right)
    }

    pub(crate) fn latchkey_email_wrong(&mut self) -> bool {
        let peers = &self.peers;
        peers.email.verify(&peers.binding, &peers.email_wrong)
    }

    pub(crate) fn check_peers(&mut self) {
        assert!(self.totp_rs_right() && !self.totp_rs_wrong());
        assert!(self.latchkey_totp_right() && !self.latchkey_totp_wrong());
        assert!(self.latchkey_email_right() && !self.latchkey_email_wrong());
    }
}
