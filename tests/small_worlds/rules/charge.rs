//! What a step costs, and what it leaves as it was.

use oob_mfa::testing::{Answer, Command, Rule};
use oob_mfa::{Denied, RateLimit};

use super::{Checked, check};
use crate::record::{Record, Status};
use crate::small::Small;
use crate::state::State;

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A refusal leaves everything, but for moments that only a clock which ran ahead can have left.
pub fn refusal(small: &Small, before: &State, saved: Option<&State>) -> Checked {
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
pub fn budgets(
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
pub fn not_empty(limit: RateLimit, full_at: i64, now: i64) -> Checked {
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
