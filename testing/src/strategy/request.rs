//! Requests from clients: right, wrong and senseless.

use base64ct::{Base64UrlUnpadded, Encoding};
use oob_mfa::{
    Associate, AuthenticatorId, BindingCode, Challenge, OobCode, RecoveryCode, VerifyOob,
};
use proptest::prelude::*;

use super::{channels, phones};

/// Requests to associate a phone.
pub fn associates() -> impl Strategy<Value = Associate> {
    (channels(), phones()).prop_map(|(channel, phone)| Associate { channel, phone })
}

/// Requests for a challenge: for the phone used last, or for an id that some account may have.
pub fn challenges() -> impl Strategy<Value = Challenge> {
    let named = proptest::option::of(authenticator_ids());
    (named, proptest::option::of(channels())).prop_map(|(authenticator, channel)| Challenge {
        authenticator,
        channel,
    })
}

/// Answers to a challenge. For a right one, take the codes of a [`World`](crate::World).
pub fn verify_oobs() -> impl Strategy<Value = VerifyOob> {
    let handles = prop_oneof![
        3 => any::<[u8; 16]>().prop_map(|id| Base64UrlUnpadded::encode_string(&id)),
        1 => any::<String>(),
    ];
    let codes = prop_oneof![4 => "[0-9]{6}", 1 => "[0-9]{0,9}", 1 => any::<String>()];
    (handles, codes).prop_map(|(oob_code, binding_code)| VerifyOob {
        oob_code: OobCode::from(oob_code.as_str()),
        binding_code: BindingCode::from(binding_code.as_str()),
    })
}

/// Recovery codes as they are typed.
pub fn recovery_codes() -> impl Strategy<Value = RecoveryCode> {
    let typed = prop_oneof![
        3 => "[2-9A-HJ-NP-Z]{24}",
        1 => "([2-9a-hj-np-z]{4}[ -]){5}[2-9a-hj-np-z]{4}",
        1 => any::<String>(),
    ];
    typed.prop_map(|text| RecoveryCode::from(text.as_str()))
}

fn authenticator_ids() -> impl Strategy<Value = AuthenticatorId> {
    let kinds = "(sms|voice|recovery-code)\\|dev_[A-Za-z0-9]{16}";
    kinds.prop_filter_map("an id", |text| text.parse().ok())
}
