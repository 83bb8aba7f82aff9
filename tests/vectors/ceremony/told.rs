//! The parts of a story in JSON: its policy and its grants.

use oob_mfa::*;

use crate::json::{Json, json, object};
use crate::millis;

pub fn policy(policy: &Policy) -> Json {
    let rate = |limit| {
        let limit = policy.rate(limit);
        let period = i64::try_from(limit.period().as_millis()).unwrap();
        object([("burst", json(&limit.burst())), ("period", json(&period))])
    };
    let span = |span: std::time::Duration| json(&i64::try_from(span.as_millis()).unwrap());
    let channels: Vec<Channel> = policy.channels().iter().collect();
    object([
        ("code_digits", json(&policy.code_digits())),
        ("code_lifetime", span(policy.code_lifetime())),
        ("token_lifetime", span(policy.token_lifetime())),
        ("longest_session", span(policy.longest_session())),
        ("skew", span(policy.skew())),
        ("sends", rate(Limit::Sends)),
        ("binding_failures", rate(Limit::BindingFailures)),
        ("recovery_failures", rate(Limit::RecoveryFailures)),
        (
            "attempts_per_challenge",
            json(&policy.attempts_per_challenge()),
        ),
        ("failure_cap", json(&policy.failure_cap())),
        ("channels", json(&channels)),
        ("max_phones", json(&policy.max_phones())),
        (
            "recovery_codes",
            json(match policy.recovery_codes() {
                RecoveryCodes::Issued => "issued",
                _ => "off",
            }),
        ),
    ])
}

pub fn entry(entry: AuthenticatorEntry) -> Json {
    let status = match entry.status {
        AuthenticatorStatus::Active => "active",
        AuthenticatorStatus::Unconfirmed => "unconfirmed",
        AuthenticatorStatus::Disabled => "disabled",
        other => panic!("{other:?}"),
    };
    object([
        ("id", json(&entry.id)),
        ("status", json(status)),
        ("phone", json(&entry.phone)),
    ])
}

pub fn delivery(delivery: &Delivery) -> Json {
    object([
        ("id", json(&delivery.id())),
        ("channel", json(&delivery.channel)),
        ("to", json(&delivery.to)),
        ("binding_code", json(delivery.code.expose_secret())),
        (
            "keys",
            json(&delivery.keys.as_ref().map(CallKeys::expose_secret)),
        ),
        ("expires_at", json(&millis(delivery.expires_at))),
    ])
}

pub fn verified(verified: &Verified) -> Json {
    let purpose = match verified.purpose() {
        Purpose::Login => "login",
        Purpose::Enrollment => "enrollment",
        other => panic!("{other:?}"),
    };
    object([
        ("subject", json(verified.subject())),
        ("client", json(verified.client())),
        ("scope", json(verified.scope())),
        ("audience", json(verified.audience())),
        ("authenticator", json(&verified.authenticator())),
        ("purpose", json(purpose)),
        ("amr", json(verified.amr())),
        ("restricted", json(&verified.is_restricted())),
        (
            "recovery_code",
            json(&verified.recovery_code().map(RecoveryCode::expose_secret)),
        ),
        ("assurance", json(&verified.assurance())),
        ("verified_at", json(&millis(verified.verified_at()))),
        ("not_after", json(&verified.not_after().map(millis))),
        (
            "authenticated_at",
            json(&millis(verified.authenticated_at())),
        ),
    ])
}
