//! What every rule says of a state, and of a step from one to the next.

use oob_mfa::testing::{Answer, Command, Guess, Observation, RecoveryGuess, Rule};
use oob_mfa::{Assurance, Denied, Purpose, RateLimit};

use crate::normal::Normal;
use crate::record::{Record, Status};
use crate::small::Small;
use crate::state::{State, millis};

const DAY: i64 = 24 * 60 * 60 * 1_000;
const MOST_BYTES: usize = 3_975;

/// What was found wrong: the rule, or what else did not hold.
#[derive(Debug)]
pub struct Breach {
    pub check: String,
    pub found: String,
}

pub type Checked = Result<(), Breach>;

fn check(rule: Rule, holds: bool, found: &str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(breach(&rule.to_string(), found))
    }
}

pub fn breach(check: &str, found: &str) -> Breach {
    Breach {
        check: check.into(),
        found: found.into(),
    }
}

/// What has to be so in every state.
pub fn state(state: &State, normal: &Normal) -> Checked {
    let (record, now) = (&state.record, state.now());
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
        state.bytes.len() <= MOST_BYTES
            && record.challenges.len() <= 16
            && record.spent.len() <= 16,
        "the record is too large",
    )?;
    check(
        Rule::Proof,
        normal.is_complete(),
        "the record holds what nobody was told of",
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
        let is_live = challenge.issued_at <= now && now < code.expires_at;
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

/// What has to be so in every step.
pub fn step(
    small: &Small,
    before: &State,
    command: &Command,
    observation: &Observation,
    after: Option<&State>,
) -> Checked {
    let answer = &observation.reply.answer;
    if let Command::Step { .. } = command {
        let same = after.is_some_and(|after| after.record == before.record);
        return check(Rule::Clock, same, "time alone has changed the record");
    }
    let saved = after.filter(|_| observation.reply.saved);
    session(before, command, answer)?;
    match answer {
        Answer::Verified {
            phone: Some(_),
            purpose,
            ..
        } => {
            by_code(before, command)?;
            let full_at = before.record.budgets.binding_failures;
            not_empty(small.policy.binding_failures(), full_at, before.now())?;
            if *purpose == Purpose::Enrollment {
                factors(before, command)?;
            }
        }
        Answer::Verified { phone: None, .. } => {
            by_recovery_code(before, command)?;
            let full_at = before.record.budgets.recovery_failures;
            not_empty(small.policy.recovery_failures(), full_at, before.now())?;
        }
        Answer::Associated { .. } => factors(before, command)?,
        Answer::Challenged { device, .. } => check(
            Rule::ConfirmBeforeActive,
            before.record.phones.iter().any(|phone| {
                before.names.device(&phone.device) == *device && phone.status == Status::Active
            }),
            "a phone was challenged that is not active",
        )?,
        Answer::Removed { .. } | Answer::Regenerated { .. } => {
            if let Some(session) = before.presenter(command) {
                let guarded = before.session(session).assurance() == Assurance::Mfa;
                check(Rule::SecondFactorGuards, guarded, "a first factor manages")?;
            }
        }
        _ => {}
    }
    let judged = matches!(
        answer,
        Answer::Denied(Denied::InvalidBindingCode | Denied::InvalidRecoveryCode)
    );
    let told = matches!(
        answer,
        Answer::Denied(_) | Answer::Listed(_) | Answer::Began { .. } | Answer::Nothing
    );
    if told && !judged {
        refusal(small, before, saved)?;
    } else {
        check(
            Rule::ChargeBeforeReveal,
            saved.is_some(),
            "granted or judged, and not saved",
        )?;
    }
    if let Some(after) = saved {
        check(
            Rule::Replay,
            after.record.revision == before.record.revision + 1,
            "not the next revision",
        )?;
        budgets(small, before, command, answer, after)?;
        failures(before, command, answer, after)?;
        others(before, command, answer, after)?;
    }
    Ok(())
}

/// Whoever is granted something has a session that lives, and has not completed its login with it.
fn session(before: &State, command: &Command, answer: &Answer) -> Checked {
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

fn by_code(before: &State, command: &Command) -> Checked {
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

fn by_recovery_code(before: &State, command: &Command) -> Checked {
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
fn factors(before: &State, command: &Command) -> Checked {
    let session = before.session(before.presenter(command).unwrap());
    check(
        Rule::SecondFactorGuards,
        before.record.phones.is_empty() || session.assurance() == Assurance::Mfa,
        "a first factor has added a phone beside another",
    )
}

/// A refusal leaves everything, but for moments that only a clock which ran ahead can have left.
fn refusal(small: &Small, before: &State, saved: Option<&State>) -> Checked {
    let Some(after) = saved else { return Ok(()) };
    check(Rule::NoOracle, small.backwards > 0, "a refusal was saved")?;
    let but_for_times = |record: &Record| Record {
        revision: 0,
        budgets: Default::default(),
        valid_from: Default::default(),
        pruned_through: 0,
        doubted_until: None,
        spent: Vec::new(),
        ..record.clone()
    };
    check(
        Rule::NoOracle,
        but_for_times(&before.record) == but_for_times(&after.record),
        "a refusal has changed more than moments",
    )?;
    check(
        Rule::Clock,
        after.record.budgets.sends <= before.record.budgets.sends
            && after.record.budgets.binding_failures <= before.record.budgets.binding_failures,
        "a refusal has charged",
    )
}

/// A budget as its one moment: what is taken moves it by a period, and nothing else does.
fn budgets(
    small: &Small,
    before: &State,
    command: &Command,
    answer: &Answer,
    after: &State,
) -> Checked {
    let (policy, now) = (&small.policy, before.now());
    let sent = matches!(
        answer,
        Answer::Associated { .. } | Answer::Challenged { .. }
    );
    let wrong = *answer == Answer::Denied(Denied::InvalidBindingCode);
    let wrong_recovery = *answer == Answer::Denied(Denied::InvalidRecoveryCode);
    let (old, new) = (before.record.budgets, after.record.budgets);
    for (rule, limit, taken, [old, new]) in [
        (
            Rule::SendLimit,
            policy.sends(),
            sent,
            [old.sends, new.sends],
        ),
        (
            Rule::FailureLimit,
            policy.binding_failures(),
            wrong,
            [old.binding_failures, new.binding_failures],
        ),
        (
            Rule::FailureLimit,
            policy.recovery_failures(),
            wrong_recovery,
            [old.recovery_failures, new.recovery_failures],
        ),
    ] {
        if *command == Command::RestoreBudgets {
            check(Rule::BudgetsSurvive, new == 0, "a budget was not restored")?;
            continue;
        }
        let (period, window) = spans(limit);
        // Further ahead than a day beyond empty is a clock that ran ahead, and counts as empty.
        let old = if old > now + window + DAY {
            now + window
        } else {
            old
        };
        if taken {
            check(
                rule,
                old <= now + window - period,
                "taken from an empty budget",
            )?;
            let charged = old.max(now) + period;
            check(
                Rule::ChargeBeforeReveal,
                new == charged,
                "not charged as one",
            )?;
        } else {
            check(Rule::BudgetsSurvive, new == old, "a budget has changed")?;
        }
    }
    Ok(())
}

/// The right code passes only where a wrong one would have been judged.
fn not_empty(limit: RateLimit, full_at: i64, now: i64) -> Checked {
    let (period, window) = spans(limit);
    check(
        Rule::NoOracle,
        full_at <= now + window - period || full_at > now + window + DAY,
        "the right code has passed an empty budget",
    )
}

fn spans(limit: RateLimit) -> (i64, i64) {
    let period = i64::try_from(limit.period().as_millis()).unwrap();
    (period, period * i64::from(limit.burst()))
}

/// The count of consecutive failures is set back by a success of that phone, and by nothing else.
fn failures(before: &State, command: &Command, answer: &Answer, after: &State) -> Checked {
    let answered = before
        .answered(command)
        .map(|code| before.world.codes()[code].device);
    for phone in &after.record.phones {
        let old = before
            .record
            .phones
            .iter()
            .find(|old| old.device == phone.device);
        let Some(old) = old else { continue };
        let is_answered = Some(before.names.device(&phone.device)) == answered;
        let expected = match answer {
            Answer::Verified { .. } if is_answered => 0,
            Answer::Denied(Denied::InvalidBindingCode) if is_answered => old.failures + 1,
            _ => old.failures,
        };
        check(
            Rule::BudgetsSurvive,
            phone.failures == expected,
            "the failures of a phone are not what they were",
        )?;
        check(
            Rule::BudgetsSurvive,
            old.status == Status::Active || phone.status == Status::Disabled,
            "a disabled phone has become active",
        )?;
    }
    Ok(())
}

/// Codes of other sessions are untouched, by whatever is sent and by whatever is judged.
fn others(before: &State, command: &Command, answer: &Answer, after: &State) -> Checked {
    let Some(session) = before.presenter(command) else {
        return Ok(());
    };
    let harmless = matches!(
        answer,
        Answer::Associated { .. } | Answer::Challenged { .. }
    );
    let signed_in = matches!(
        answer,
        Answer::Verified {
            purpose: Purpose::Login,
            ..
        }
    );
    if !harmless && !signed_in {
        return Ok(());
    }
    for (challenge, issued) in before.record.issued() {
        if before.names.session(&challenge.session) == session || issued.expires_at <= before.now()
        {
            continue;
        }
        let kept = after
            .record
            .issued()
            .any(|(other, code)| other.id == challenge.id && code.digest == issued.digest);
        check(
            Rule::OneLiveCode,
            kept,
            "the code of another session has gone",
        )?;
    }
    Ok(())
}

/// Where a limit refuses, the right code and a wrong one hear the same, and neither is saved.
pub fn no_oracle(asked: &[(Command, Observation)]) -> Checked {
    let limited = |observation: &Observation| {
        matches!(
            observation.reply.answer,
            Answer::Denied(Denied::TooManyFailures { .. })
        )
    };
    for pair in asked.windows(2) {
        let [(right, heard), (wrong, other)] = pair else {
            continue;
        };
        let is_pair = match (right, wrong) {
            (
                Command::VerifyOob {
                    session: a,
                    code: b,
                    guess: Guess::Right,
                },
                Command::VerifyOob {
                    session: c,
                    code: d,
                    guess: Guess::Wrong,
                },
            ) => a == c && b == d,
            (
                Command::VerifyRecoveryCode {
                    session: a,
                    guess: RecoveryGuess::Shown(_),
                },
                Command::VerifyRecoveryCode { session: b, .. },
            ) => a == b,
            _ => false,
        };
        if is_pair && (limited(heard) || limited(other)) {
            check(
                Rule::NoOracle,
                heard == other,
                "an empty budget answers the right code and a wrong one apart",
            )?;
        }
    }
    Ok(())
}
