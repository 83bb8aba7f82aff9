//! The lists of spent sessions and of codes.

use super::*;

#[test]
fn the_seventeenth_login_waits_until_the_first_session_expires() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.does(vouch(Assurance::Mfa, HOUR));
    both.does(Command::Regenerate { session: 0 });
    let is_granted = |answer: Answer| matches!(answer, Answer::Verified { phone: None, .. });
    for _ in 0..16 {
        both.does(Command::Begin);
        assert!(is_granted(both.gets(recover(0))));
        both.waits(SECOND);
    }
    let full = Denied::TooManySessions {
        retry_at: after_start(10 * MINUTE),
    };
    both.does(Command::Begin);
    assert_eq!(both.denied(recover(0)), full);
    // An MFA session that confirms an enrollment needs no room.
    both.does(vouch(Assurance::Mfa, HOUR));
    both.does(associate(0, 1));
    assert!(matches!(
        both.gets(right(0)),
        Answer::Verified {
            assurance: Assurance::Mfa,
            ..
        }
    ));
    both.waits(10 * MINUTE - 16 * SECOND - 1);
    both.does(Command::Begin);
    assert_eq!(both.denied(recover(0)), full);
    both.waits(1);
    assert!(is_granted(both.gets(recover(0))));
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
    // A code that supersedes another needs no room.
    let sent = |code| Answer::Challenged { device: 0, code };
    assert_eq!(both.gets(challenge(1)), sent(16));
    both.waits(5 * MINUTE - 16 * SECOND - 1);
    assert_eq!(both.challenged_anew(), full);
    both.waits(1);
    // Without a save in between, expired codes are still in the record.
    both.does(Command::Begin);
    assert_eq!(both.gets(challenge(0)), sent(17));
}

#[test]
fn expired_codes_make_room_first_and_then_discarded_ones() {
    let mut both = Both::of(Policy::auth0());
    both.does(vouch(Assurance::FirstFactor, HOUR));
    both.does(associate(0, 0));
    both.waits(5 * MINUTE);
    for number in 1..=3 {
        both.does(vouch(Assurance::FirstFactor, HOUR));
        both.does(associate(0, number));
        both.waits(SECOND);
    }
    assert_eq!(both.gets(right(2)), verified(1, Purpose::Enrollment));
    // Of the first 4 codes, 1 has expired, 1 was used and 2 were discarded.
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
