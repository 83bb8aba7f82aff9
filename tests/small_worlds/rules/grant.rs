//! Who may be granted what: sessions, codes, factors.

use oob_mfa::{Assurance, Denied, Purpose};
use oob_mfa_testing::record::Status;
use oob_mfa_testing::{Answer, Command, Guess, Rule};

use super::{Checked, check};
use crate::small::Small;
use crate::state::{State, millis};

/// A grant or a judgment needs a session that is valid now, not revoked and not spent.
pub fn session(small: &Small, before: &State, command: &Command, answer: &Answer) -> Checked {
    let Some(number) = before.presenter(command) else {
        return Ok(());
    };
    if let Answer::Denied(Denied::InvalidBindingCode | Denied::InvalidRecoveryCode) = answer {
        // A judgment counts as a grant of that kind.
    } else if let Answer::Denied(_) | Answer::Nothing = answer {
        return Ok(());
    }
    let session = before.session(number);
    let (issued, now) = (millis(session.issued_at()), before.time());
    check(
        Rule::Once,
        now < millis(session.expires_at()),
        "an expired session was served",
    )?;
    check(
        Rule::Clock,
        issued <= now + small.skew(),
        "a session was served before its time",
    )?;
    let is_mfa = session.assurance() == Assurance::Mfa;
    let revoked = before.record.revoked_until;
    check(
        Rule::Clock,
        Some(issued) > revoked.every && (is_mfa || Some(issued) > revoked.first_factor),
        "a revoked session was served",
    )?;
    check(
        Rule::Once,
        is_mfa || !before.names.finished.contains(&number),
        "a session was served that has completed its login",
    )
}

/// An MFA session cannot challenge or complete a login. Tokens from its confirmations end with it.
pub fn login(before: &State, command: &Command, answer: &Answer) -> Checked {
    let is_mfa = |session: usize| before.session(session).assurance() == Assurance::Mfa;
    let Some(session) = before.presenter(command).filter(|session| is_mfa(*session)) else {
        return Ok(());
    };
    let is_kept = match answer {
        Answer::Challenged { .. } => false,
        Answer::Verified {
            purpose, not_after, ..
        } => {
            let expiry = before.session(session).expires_at();
            *purpose == Purpose::Enrollment && *not_after == Some(expiry)
        }
        _ => true,
    };
    check(
        Rule::SecondFactorGuards,
        is_kept,
        "an MFA session has completed a login",
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
    let now = before.time();
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

/// If the account has a phone, adding or confirming another needs a second factor.
pub fn factors(before: &State, command: &Command) -> Checked {
    let session = before.session(before.presenter(command).unwrap());
    check(
        Rule::SecondFactorGuards,
        before.record.phones.is_empty() || session.assurance() == Assurance::Mfa,
        "a first factor has added a phone beside another",
    )
}
