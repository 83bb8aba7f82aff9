//! The checks of every state.

use oob_mfa::Assurance;
use oob_mfa_testing::Rule;

use super::{Checked, check};
use crate::normal::Normal;
use crate::state::{State, millis};

const MAX_BYTES: usize = 3_968;

/// The checks of every state.
pub fn state(state: &State, normal: &Normal) -> Checked {
    let (record, now) = (&state.record, state.time());
    if state.account.revision() == 0 {
        return Ok(());
    }
    let loaded = postcard::from_bytes::<oob_mfa::Account>(&state.bytes);
    check(
        Rule::HostileInput,
        loaded.as_ref() == Ok(&state.account),
        "the record does not load as it was stored",
    )?;
    check(
        Rule::Bounded,
        state.bytes.len() <= MAX_BYTES && record.challenges.len() <= 16 && record.spent.len() <= 16,
        "the record is too large",
    )?;
    check(
        Rule::Proof,
        normal.is_complete(),
        "the record holds what no answer has explained",
    )?;
    let is_ahead = record
        .phones
        .iter()
        .map(|phone| phone.last_used)
        .chain(record.challenges.iter().map(|pending| pending.issued_at))
        .any(|at| at > record.as_of);
    check(
        Rule::Clock,
        !is_ahead,
        "the record holds what is later than its last change",
    )?;
    let names = &state.names;
    let in_record = |code: &usize| normal.codes.contains(code);
    check(
        Rule::Once,
        !names.used_codes.iter().any(in_record),
        "a code that was used is in the record",
    )?;
    for session in normal.sessions.iter().copied() {
        let mut issued = record.issued();
        let has_spent = names.finished.contains(&session);
        check(
            Rule::Once,
            !(has_spent
                && issued.any(|(challenge, _)| names.session(&challenge.session) == session)),
            "a session that has completed its login has a code",
        )?;
    }
    for (index, (challenge, code)) in record.issued().enumerate() {
        let mut before = record.issued().take(index);
        check(
            Rule::OneLiveCode,
            !before.any(|(other, another)| {
                other.session == challenge.session && another.device() == code.device()
            }),
            "two codes of one session and phone",
        )?;
        let is_live = now < code.expires_at;
        let sent = &state.world.codes()[names.code(&challenge.id)];
        check(
            Rule::Expiry,
            !is_live || (millis(sent.issued_at) <= now && now < millis(sent.expires_at)),
            "a code lives longer than was said",
        )?;
        check(
            Rule::Secrets,
            !holds(&state.bytes, sent.binding_code.as_bytes()),
            "a binding code is in the record",
        )?;
    }
    check(
        Rule::SecondFactorGuards,
        record.phones.is_empty()
            || record
                .enrollments()
                .all(|(_, _, enrollment)| enrollment.begun_by == Assurance::Mfa),
        "an enrollment of a first factor beside a phone",
    )?;
    check(
        Rule::ConfirmBeforeActive,
        record.recovery.is_none() || !record.phones.is_empty(),
        "a recovery code without a confirmed phone",
    )?;
    for shown in state.world.recovery_codes() {
        check(
            Rule::Secrets,
            !holds(&state.bytes, shown.characters.as_bytes()),
            "a recovery code is in the record",
        )?;
    }
    Ok(())
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}
