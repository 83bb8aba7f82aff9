//! The users, phones and clients of every test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

#[allow(unused_imports, reason = "each test binary uses a part of them")]
pub use oob_mfa_walk::client::{MFA_OOB, MFA_RECOVERY_CODE, PASSWORD};

pub const PHONE: &str = "+14155558730";
pub const OTHER_PHONE: &str = "+14155550000";
pub const MANAGE: &str = "enroll read:authenticators remove:authenticators";
pub const ALICE: &str = "auth0|alice";
/// Demo client and secret by HTTP Basic.
pub const BASIC: &str = "Basic ZGVtbzpkZW1vLXNlY3JldA==";
