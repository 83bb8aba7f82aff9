//! Rule 13: the effects of a clock in a step.

use oob_mfa::Denied;
use oob_mfa_testing::{Answer, Command, Rule};

use super::{Checked, check};
use crate::small::Small;
use crate::state::State;

/// Recorded time never runs backwards except by a rewind. Every change by a clock that is behind by more
/// than the skew gets `ClockBehind`, and nothing else does.
pub fn clock(
    small: &Small,
    before: &State,
    command: &Command,
    answer: &Answer,
    saved: Option<&State>,
) -> Checked {
    let is_behind = before.is_behind(small);
    let changes = !matches!(
        command,
        Command::Begin | Command::Vouch(_) | Command::List { .. } | Command::Rewind
    );
    check(
        Rule::Clock,
        (*answer == Answer::Denied(Denied::ClockBehind)) == (changes && is_behind),
        "a clock that is behind was served, or another was refused as one",
    )?;
    let Some(after) = saved else { return Ok(()) };
    let record = &after.record;
    if *command != Command::Rewind {
        return check(
            Rule::Clock,
            record.as_of == before.time(),
            "the record has another time than the account",
        );
    }
    check(Rule::Clock, is_behind, "rewound without need")?;
    check(
        Rule::Clock,
        record.as_of == before.now()
            && record.revoked_until.every == Some(before.now() + small.skew())
            && record.revoked_until.first_factor.is_none(),
        "a rewind left another time or other sessions",
    )?;
    check(
        Rule::Clock,
        record.challenges.is_empty() && record.spent.is_empty(),
        "a rewind left codes or spent sessions",
    )
}
