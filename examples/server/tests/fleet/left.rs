//! What an account has left after an attack.

use std::collections::HashSet;

use crate::attack::login;
use crate::common::request::Request;
use crate::fleet::{Target, User};
use crate::heard::Heard;
use crate::record::{BURST, Record};
use crate::shots::Attacked;

/// The number of messages that a user got. No message came twice.
pub fn messages(fleet: &impl Target, user: User) -> usize {
    let messages = fleet.messages(user);
    let ids: HashSet<_> = messages
        .iter()
        .map(|message| message["id"].as_str())
        .collect();
    assert_eq!(ids.len(), messages.len());
    messages.len()
}

/// The next requests find exactly what the record says is left, and not one more.
pub fn what_is_left(fleet: &impl Target, attacked: &Attacked, record: &Record) {
    let Attacked { user, pending } = attacked;
    let before = messages(fleet, *user);
    let token = login(fleet, *user);
    let exactly = |charged: usize, request: &Request, heard: Heard, refused: Heard| {
        for _ in charged..BURST {
            assert_eq!(Heard::of(&fleet.ask(request)), heard);
        }
        assert_eq!(Heard::of(&fleet.ask(request)), refused);
    };
    let wrong = pending.wrong();
    exactly(
        record.binding_failures,
        &wrong,
        Heard::Wrong,
        Heard::TooManyFailures,
    );
    assert_eq!(
        Heard::of(&fleet.ask(&pending.right())),
        Heard::TooManyFailures
    );
    let wrong = Request::recover(&token, "not a recovery code");
    exactly(
        record.recovery_failures,
        &wrong,
        Heard::Wrong,
        Heard::TooManyFailures,
    );
    let challenge = Request::challenge(&token);
    exactly(
        record.sends,
        &challenge,
        Heard::Granted,
        Heard::TooManySends,
    );
    assert_eq!(messages(fleet, *user) - before, BURST - record.sends);
}
