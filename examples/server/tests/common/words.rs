//! The users, phones and clients of every test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub const PASSWORD: &str = "correct horse battery staple";
pub const PHONE: &str = "+14155558730";
pub const OTHER_PHONE: &str = "+14155550000";
pub const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
pub const MFA_RECOVERY_CODE: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
pub const MANAGE: &str = "enroll read:authenticators remove:authenticators";
pub const ALICE: &str = "auth0|alice";
/// Demo client and secret by HTTP Basic.
pub const BASIC: &str = "Basic ZGVtbzpkZW1vLXNlY3JldA==";
