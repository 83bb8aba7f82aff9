//! What a step charges, and what it does not change.

use oob_mfa::{Denied, Limit, RateLimit};
use oob_mfa_testing::record::{Budgets, Status};
use oob_mfa_testing::{Answer, Command, Rule};

use super::{Checked, check};
use crate::small::Small;
use crate::state::State;

/// When a budget is full again.
pub fn full_at(budgets: &Budgets, limit: Limit) -> i64 {
    match limit {
        Limit::Sends => budgets.sends,
        Limit::BindingFailures => budgets.binding_failures,
        Limit::RecoveryFailures => budgets.recovery_failures,
        other => panic!("{other:?}"),
    }
}

/// The limit that an answer charges, and its rule.
fn charged(answer: &Answer) -> Option<(Limit, Rule)> {
    match answer {
        Answer::Associated { .. } | Answer::Challenged { .. } => {
            Some((Limit::Sends, Rule::SendLimit))
        }
        Answer::Denied(Denied::InvalidBindingCode) => {
            Some((Limit::BindingFailures, Rule::FailureLimit))
        }
        Answer::Denied(Denied::InvalidRecoveryCode) => {
            Some((Limit::RecoveryFailures, Rule::FailureLimit))
        }
        _ => None,
    }
}

/// A budget is one time. A charge moves it by a period; otherwise only an administrator moves it.
pub fn budgets(
    small: &Small,
    before: &State,
    command: &Command,
    answer: &Answer,
    after: &State,
) -> Checked {
    let now = before.time();
    for limit in Limit::ALL {
        let [old, new] = [before, after].map(|state| full_at(&state.record.budgets, limit));
        let (period, window) = spans(small.policy.rate(limit));
        if *command == Command::RestoreBudgets {
            check(Rule::BudgetsSurvive, new == 0, "a budget was not restored")?;
            continue;
        }
        if *command == Command::Rewind {
            let rewound = old.min(before.now() + window);
            check(Rule::Clock, new == rewound, "a budget was not rewound")?;
            continue;
        }
        match charged(answer).filter(|(charged, _)| *charged == limit) {
            Some((_, rule)) => {
                let is_left = old <= now + window - period;
                check(rule, is_left, "taken from an empty budget")?;
                let is_one = new == old.max(now) + period;
                check(Rule::ChargeBeforeReveal, is_one, "not charged as one")?;
            }
            None => check(Rule::BudgetsSurvive, new == old, "a budget has changed")?,
        }
    }
    Ok(())
}

/// The right code passes only if a wrong one would have been judged.
pub fn not_empty(limit: RateLimit, full_at: i64, now: i64) -> Checked {
    let (period, window) = spans(limit);
    check(
        Rule::NoOracle,
        full_at <= now + window - period,
        "the right code has passed an empty budget",
    )
}

fn spans(limit: RateLimit) -> (i64, i64) {
    let period = i64::try_from(limit.period().as_millis()).unwrap();
    (period, period * i64::from(limit.burst()))
}

/// Only a success of that phone resets the count of its consecutive failures.
pub fn failures(before: &State, command: &Command, answer: &Answer, after: &State) -> Checked {
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
