//! The engine does what the model says at the edges that a drawn story seldom meets.
//!
//! Each story goes up to an edge and over it, and says what is heard on either side, so that neither of
//! the two can be wrong alone, nor both.

use oob_mfa::testing::{
    Answer, Authenticator, Command, Guess, Model, RecoveryGuess, Reply, Vouch, World,
};
use oob_mfa::{
    Assurance, Channel, Channels, Denied, Engine, Key, KeyRing, PhoneNumber, Policy, Purpose,
};
use time::{Duration, UtcDateTime};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

struct Both {
    world: World,
    model: Model,
}

impl Both {
    fn of(policy: Policy) -> Self {
        let engine = Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])));
        Self {
            world: World::new(engine, "auth0|alice".parse().unwrap(), 1),
            model: Model::new(policy),
        }
    }

    fn does(&mut self, command: Command) -> Reply {
        let reply = self.world.apply(&command).reply;
        assert_eq!(reply, self.model.apply(&command), "{command:?}");
        assert_eq!(
            self.world.recorded(),
            self.model.recorded(),
            "after {command:?}"
        );
        reply
    }

    fn hears(&mut self, command: Command) -> Answer {
        self.does(command).answer
    }

    fn denied(&mut self, command: Command) -> Denied {
        match self.hears(command) {
            Answer::Denied(denied) => denied,
            answer => panic!("{answer:?}"),
        }
    }

    fn waits(&mut self, millis: i64) {
        self.does(Command::Step { millis });
    }

    /// A session of its own asks for a code, however many were sent before.
    fn challenged_anew(&mut self) -> Answer {
        self.does(Command::RestoreBudgets);
        self.does(Command::Begin);
        self.hears(challenge(0))
    }
}

fn phone(number: u64) -> PhoneNumber {
    format!("+1415555873{number}").parse().unwrap()
}

fn import(number: u64) -> Command {
    Command::ImportPhone {
        phone: phone(number),
        channel: Channel::Sms,
    }
}

fn associate(session: usize, number: u64) -> Command {
    Command::Associate {
        session,
        phone: phone(number),
        channel: Channel::Sms,
    }
}

fn challenge(session: usize) -> Command {
    Command::Challenge {
        session,
        authenticator: None,
    }
}

fn challenge_phone(device: usize) -> Command {
    Command::Challenge {
        session: 0,
        authenticator: Some(Authenticator::Phone(Channel::Sms, device)),
    }
}

fn answer(code: usize, guess: Guess) -> Command {
    Command::VerifyOob {
        session: None,
        code: Some(code),
        guess,
    }
}

fn right(code: usize) -> Command {
    answer(code, Guess::Right)
}

fn recover() -> Command {
    Command::VerifyRecoveryCode {
        session: 0,
        guess: RecoveryGuess::Shown(0),
    }
}

fn vouch(assurance: Assurance, lifetime: i64) -> Command {
    Command::Vouch(Vouch {
        assurance,
        scope: "enroll read:authenticators remove:authenticators".into(),
        age: 0,
        lifetime,
        stranger: false,
    })
}

fn remove(channel: Channel, device: usize) -> Command {
    Command::Remove {
        session: 0,
        authenticator: Authenticator::Phone(channel, device),
    }
}

fn verified(device: usize, purpose: Purpose) -> Answer {
    Answer::Verified {
        phone: Some((Channel::Sms, device)),
        purpose,
        recovery_code: None,
    }
}

fn after_start(millis: i64) -> UtcDateTime {
    let start = UtcDateTime::from_unix_timestamp(World::START / SECOND).unwrap();
    start + Duration::milliseconds(millis)
}

#[test]
fn an_enrollment_that_was_overtaken_hears_so_until_its_code_expires() {
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Begin);
    both.does(Command::Begin);
    both.does(associate(1, 0));
    both.does(associate(0, 1));
    assert_eq!(both.hears(right(1)), verified(0, Purpose::Enrollment));
    assert_eq!(both.denied(right(0)), Denied::AlreadyEnrolled);
    both.waits(5 * MINUTE - 1);
    assert_eq!(both.denied(right(0)), Denied::AlreadyEnrolled);
    both.waits(1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
}

/// So is one that a clock which came back finds to be issued ahead.
#[test]
fn an_expired_code_is_remembered_for_ten_minutes_either_way() {
    let mut both = Both::of(Policy::auth0());
    both.does(vouch(Assurance::FirstFactor, HOUR));
    both.does(associate(0, 0));
    both.waits(5 * MINUTE);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
    both.waits(5 * MINUTE - 1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
    both.waits(1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeUnknown);
    both.waits(-20 * MINUTE);
    assert_eq!(both.denied(right(0)), Denied::OobCodeUnknown);
    both.waits(1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
}

#[test]
fn a_phone_is_removed_by_a_channel_that_is_served_and_the_last_takes_the_recovery_code_along() {
    let mut both = Both::of(Policy::auth0().with_channels(Channels::Sms));
    both.does(import(0));
    both.does(import(1));
    both.does(vouch(Assurance::Mfa, HOUR));
    both.does(Command::Regenerate { session: 0 });
    assert_eq!(
        both.denied(remove(Channel::Voice, 1)),
        Denied::UnknownAuthenticator
    );
    assert_eq!(
        both.hears(remove(Channel::Sms, 1)),
        Answer::Removed { device: 0 }
    );
    assert!(both.world.recorded().recovery_code.is_some());
    assert_eq!(both.world.recorded().first_factor_valid_from, 0);
    assert_eq!(
        both.hears(remove(Channel::Sms, 0)),
        Answer::Removed { device: 1 }
    );
    assert_eq!(both.world.recorded().recovery_code, None);
    assert_eq!(both.world.recorded().first_factor_valid_from, World::START);
}

#[test]
fn an_enrollment_is_removed_while_it_lives_and_nobody_elses_with_it() {
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Begin);
    both.does(Command::Begin);
    both.does(associate(1, 0));
    both.does(associate(0, 1));
    let remove = |device| Command::RemovePhone { device };
    assert_eq!(both.hears(remove(1)), Answer::Removed { device: 0 });
    assert_eq!(both.denied(remove(1)), Denied::UnknownAuthenticator);
    // It was no phone yet: whoever has passed the first factor can still enroll.
    assert_eq!(both.world.recorded().first_factor_valid_from, 0);
    both.waits(5 * MINUTE);
    assert_eq!(both.denied(remove(0)), Denied::UnknownAuthenticator);
    both.waits(-1);
    assert_eq!(both.hears(remove(0)), Answer::Removed { device: 1 });
}

#[test]
fn a_phone_that_the_cap_disables_loses_its_codes_and_no_others() {
    let mut both = Both::of(Policy::auth0().with_failure_cap(Some(2)).unwrap());
    both.does(import(0));
    both.does(import(1));
    both.does(Command::Begin);
    both.does(challenge_phone(1));
    both.does(challenge_phone(0));
    assert_eq!(
        both.denied(answer(1, Guess::Wrong)),
        Denied::InvalidBindingCode
    );
    assert!(!both.world.recorded().phones[0].is_disabled);
    assert_eq!(
        both.denied(answer(1, Guess::Wrong)),
        Denied::InvalidBindingCode
    );
    assert!(both.world.recorded().phones[0].is_disabled);
    assert_eq!(both.denied(right(1)), Denied::OobCodeUnknown);
    assert_eq!(both.hears(right(0)), verified(1, Purpose::Login));
}

#[test]
fn the_seventeenth_login_waits_until_the_first_session_expires() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.does(vouch(Assurance::Mfa, HOUR));
    both.does(Command::Regenerate { session: 0 });
    let is_granted = |answer: Answer| matches!(answer, Answer::Verified { phone: None, .. });
    for _ in 0..16 {
        both.does(Command::Begin);
        assert!(is_granted(both.hears(recover())));
        both.waits(SECOND);
    }
    let full = Denied::TooManySessions {
        retry_at: after_start(10 * MINUTE),
    };
    both.does(Command::Begin);
    assert_eq!(both.denied(recover()), full);
    // A session that is not spent by it needs no room.
    both.does(vouch(Assurance::Mfa, HOUR));
    assert!(is_granted(both.hears(recover())));
    both.waits(10 * MINUTE - 16 * SECOND - 1);
    both.does(Command::Begin);
    assert_eq!(both.denied(recover()), full);
    both.waits(1);
    assert!(is_granted(both.hears(recover())));
}

#[test]
fn the_seventeenth_code_waits_until_the_first_expires() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    for code in 0..16 {
        assert_eq!(
            both.challenged_anew(),
            Answer::Challenged { device: 0, code }
        );
        both.waits(SECOND);
    }
    let full = Answer::Denied(Denied::TooManySends {
        retry_at: after_start(5 * MINUTE),
    });
    assert_eq!(both.challenged_anew(), full);
    // One that takes the place of its own needs no room.
    let sent = |code| Answer::Challenged { device: 0, code };
    assert_eq!(both.hears(challenge(1)), sent(16));
    both.waits(5 * MINUTE - 16 * SECOND - 1);
    assert_eq!(both.challenged_anew(), full);
    both.waits(1);
    // With no save between: what has expired still stands in the record.
    both.does(Command::Begin);
    assert_eq!(both.hears(challenge(0)), sent(17));
}

#[test]
fn what_has_expired_makes_room_first_and_then_what_was_overtaken() {
    let mut both = Both::of(Policy::auth0());
    both.does(vouch(Assurance::FirstFactor, HOUR));
    both.does(associate(0, 0));
    both.waits(5 * MINUTE);
    for number in 1..=3 {
        both.does(vouch(Assurance::FirstFactor, HOUR));
        both.does(associate(0, number));
        both.waits(SECOND);
    }
    assert_eq!(both.hears(right(2)), verified(1, Purpose::Enrollment));
    // Of the first four codes one has expired, one was used and two were overtaken.
    for sent in 0..13 {
        assert_eq!(
            both.challenged_anew(),
            Answer::Challenged {
                device: 1,
                code: 4 + sent
            }
        );
    }
    let what_is_left = |both: &mut Both| {
        let codes = both.world.codes().len() - 1;
        [0, 2, 3].map(|code| both.denied(right(codes - code)))
    };
    let gone = Denied::OobCodeUnknown;
    let overtaken = Denied::AlreadyEnrolled;
    assert_eq!(
        what_is_left(&mut both),
        [Denied::OobCodeExpired, overtaken, overtaken]
    );
    both.challenged_anew();
    assert_eq!(what_is_left(&mut both), [gone, overtaken, overtaken]);
    both.challenged_anew();
    assert_eq!(what_is_left(&mut both), [gone, gone, overtaken]);
    both.challenged_anew();
    assert_eq!(what_is_left(&mut both), [gone; 3]);
    assert_eq!(
        both.challenged_anew(),
        Answer::Denied(Denied::TooManySends {
            retry_at: after_start(10 * MINUTE + 3 * SECOND),
        })
    );
}

#[test]
fn an_expiry_as_far_ahead_as_any_is_not_doubted() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.does(vouch(Assurance::FirstFactor, DAY));
    both.does(challenge(0));
    assert_eq!(both.hears(right(0)), verified(0, Purpose::Login));
    both.does(Command::RestoreBudgets);
    let recorded = both.world.recorded();
    assert_eq!(
        (recorded.spent, recorded.doubted_until),
        (vec![(0, World::START + DAY)], None)
    );
    both.waits(-1);
    both.does(Command::RestoreBudgets);
    let doubted_until = both.world.recorded().doubted_until;
    assert_eq!(doubted_until, Some(World::START - 1 + DAY));
}

#[test]
fn once_the_doubt_is_over_only_what_still_lies_too_far_ahead_is_brought_back() {
    let mut both = Both::of(Policy::auth0());
    let times = |both: &Both| {
        let recorded = both.world.recorded();
        (
            recorded.valid_from - World::START,
            recorded.first_factor_valid_from - World::START,
            recorded.doubted_until.map(|until| until - World::START),
        )
    };
    both.waits(2 * DAY);
    both.does(Command::Reset);
    both.waits(1);
    both.does(import(0));
    both.does(Command::RemovePhone { device: 0 });
    assert_eq!(times(&both), (2 * DAY, 2 * DAY + 1, None));
    both.waits(-2 * DAY - 1);
    both.does(Command::RestoreBudgets);
    assert_eq!(times(&both), (2 * DAY, 2 * DAY + 1, Some(DAY)));
    both.waits(DAY - 1);
    both.does(Command::RestoreBudgets);
    assert_eq!(times(&both), (2 * DAY, 2 * DAY + 1, Some(DAY)));
    both.waits(1);
    both.does(Command::RestoreBudgets);
    assert_eq!(times(&both), (2 * DAY, DAY, None));
}

#[test]
fn a_budget_that_is_overdrawn_by_more_than_a_day_is_empty_and_not_less() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    // With nine left of hours, 33 hours back are a day below nothing.
    both.waits(33 * HOUR);
    both.does(Command::Begin);
    both.does(challenge(0));
    both.waits(-33 * HOUR);
    let refused = |both: &mut Both| {
        let reply = both.does(import(0));
        assert_eq!(reply.answer, Answer::Denied(Denied::PhoneAlreadyEnrolled));
        (reply.saved, both.world.recorded().full_at[0] - World::START)
    };
    assert_eq!(refused(&mut both), (false, 34 * HOUR));
    both.waits(-1);
    assert_eq!(refused(&mut both), (true, 10 * HOUR - 1));
    assert_eq!(refused(&mut both), (false, 10 * HOUR - 1));
}
