//! Who may be granted what: sessions, codes, factors.

use oob_mfa::testing::{Answer, Command, Guess, Rule};
use oob_mfa::{Assurance, Denied};

use super::{Checked, check};
use crate::record::Status;
use crate::state::{State, millis};

/// Whoever is granted something has a session that lives, and has not completed its login with it.
pub fn session(before: &State, command: &Command, answer: &Answer) -> Checked {
    let Some(number) = before.presenter(command) else {
        return Ok(());
    };
    if let Answer::Denied(Denied::InvalidBindingCode | Denied::InvalidRecoveryCode) = answer {
        // To be judged at all is a grant of that kind.
    } else if let Answer::Denied(_) | Answer::Nothing = answer {
        return Ok(());
    }
    let session = before.session(number);
    check(
        Rule::Once,
        before.now() < millis(session.expires_at()),
        "an expired session was served",
    )?;
    check(
        Rule::Once,
        session.assurance() == Assurance::Mfa || !before.names.finished.contains(&number),
        "a session was served that has completed its login",
    )
}

pub fn by_code(before: &State, command: &Command) -> Checked {
    let right = matches!(
        command,
        Command::VerifyOob {
            guess: Guess::Right,
            ..
        }
    );
    check(Rule::Proof, right, "verified without the right code")?;
    let number = before.answered(command).unwrap();
    let code = &before.world.codes()[number];
    check(
        Rule::Proof,
        before.presenter(command) == Some(code.session),
        "verified by the code of another session",
    )?;
    check(
        Rule::Once,
        !before.names.used_codes.contains(&number),
        "a code was used twice",
    )?;
    let now = before.now();
    check(
        Rule::Expiry,
        millis(code.issued_at) <= now && now < millis(code.expires_at),
        "verified by a code outside of its time",
    )?;
    let mut newer = before.world.codes().iter().skip(number + 1);
    check(
        Rule::OneLiveCode,
        !newer.any(|newer| newer.session == code.session && newer.device == code.device),
        "verified by a code that was superseded",
    )?;
    let active = before
        .record
        .phones
        .iter()
        .find(|phone| before.names.device(&phone.device) == code.device);
    check(
        Rule::ConfirmBeforeActive,
        code.enrolls || active.is_some_and(|phone| phone.status == Status::Active),
        "a login by a phone that is not active",
    )
}

pub fn by_recovery_code(before: &State, command: &Command) -> Checked {
    let shown = before.shown(command);
    let live = before
        .record
        .recovery
        .as_ref()
        .map(|recovery| before.names.recovery_code(&recovery.device));
    check(
        Rule::Proof,
        shown.is_some() && shown == live,
        "verified without the live recovery code",
    )?;
    check(
        Rule::Once,
        !shown.is_some_and(|shown| before.names.used_recovery_codes.contains(&shown)),
        "a recovery code was used twice",
    )
}

/// With a phone on the account it takes a second factor to add another, or to confirm one.
pub fn factors(before: &State, command: &Command) -> Checked {
    let session = before.session(before.presenter(command).unwrap());
    check(
        Rule::SecondFactorGuards,
        before.record.phones.is_empty() || session.assurance() == Assurance::Mfa,
        "a first factor has added a phone beside another",
    )
}
