//! Every rule, for a state and for a step to the next state.

mod charge;
mod clock;
mod grant;
mod state;

use oob_mfa::{Assurance, Denied, Limit, Purpose};
use oob_mfa_testing::record::Status;
use oob_mfa_testing::{Answer, Command, Guess, Observation, RecoveryGuess, Rule};

use self::charge::{budgets, failures, full_at, not_empty};
use self::clock::clock;
use self::grant::{by_code, by_recovery_code, factors, login, session};
pub use self::state::state;
use crate::small::Small;
use crate::state::State;

/// A finding: the broken rule, or another broken property.
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

/// The checks of every step.
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
    clock(small, before, command, answer, saved)?;
    session(small, before, command, answer)?;
    login(before, command, answer)?;
    match answer {
        Answer::Verified {
            phone: Some(_),
            purpose,
            ..
        } => {
            by_code(before, command)?;
            passed(small, before, Limit::BindingFailures)?;
            if *purpose == Purpose::Enrollment {
                factors(before, command)?;
            }
        }
        Answer::Verified { phone: None, .. } => {
            by_recovery_code(before, command)?;
            passed(small, before, Limit::RecoveryFailures)?;
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
        check(Rule::NoOracle, saved.is_none(), "a refusal was saved")?;
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

fn passed(small: &Small, before: &State, limit: Limit) -> Checked {
    let full_at = full_at(&before.record.budgets, limit);
    not_empty(small.policy.rate(limit), full_at, before.time())
}

/// A message or a login does not change the codes of other sessions.
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
        let own = before.names.session(&challenge.session) == session;
        let expired = issued.expires_at <= before.time();
        if own || expired {
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

/// If a limit refuses, the right code and a wrong one get the same answer, and neither is saved.
pub fn no_oracle(asked: &[(Command, Observation)]) -> Checked {
    let limited = |observation: &Observation| {
        matches!(
            observation.reply.answer,
            Answer::Denied(Denied::TooManyFailures { .. })
        )
    };
    for pair in asked.windows(2) {
        let [(right, observed), (wrong, other)] = pair else {
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
        if is_pair && (limited(observed) || limited(other)) {
            check(
                Rule::NoOracle,
                observed == other,
                "an empty budget answers the right code and a wrong one apart",
            )?;
        }
    }
    Ok(())
}
