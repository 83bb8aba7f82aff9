//! Rules 8, 9 and 11: what becomes a factor, who may change factors, and which session a code
//! belongs to.

use std::collections::HashSet;

use oob_mfa::{Assurance, AuthenticatorStatus, Denied, Event, MfaSession, Purpose};
use oob_mfa_testing::{Answer, Command, RecoveryGuess, World};

use crate::harness::{
    Look, answer_to, answered, index, is_behind, on_every_step, presented_session,
};

/// Rule 8: an unconfirmed phone is not challenged, and its recovery code does not work.
pub fn confirm_before_active() -> Look {
    let mut confirmed_codes = HashSet::new();
    let mut confirmed = HashSet::new();
    Box::new(
        move |before, command, observation, _| match &observation.reply.answer {
            Answer::Challenged { device, .. } => assert!(confirmed.contains(device)),
            Answer::Verified {
                phone: Some((_, device)),
                purpose: Purpose::Enrollment,
                ..
            } => {
                confirmed_codes.insert(answered(before, command));
                confirmed.insert(*device);
            }
            Answer::Verified { phone: None, .. } => {
                let Command::VerifyRecoveryCode {
                    guess: RecoveryGuess::Shown(at) | RecoveryGuess::Retyped(at),
                    ..
                } = command
                else {
                    panic!("{command:?} has no recovery code")
                };
                let shown = index(before.recovery_codes().len(), *at).unwrap();
                let with = before.recovery_codes()[shown].with;
                assert!(with.is_none() || confirmed_codes.contains(&with));
            }
            Answer::Imported { device } => {
                confirmed.insert(*device);
            }
            Answer::Removed { device } => {
                confirmed.remove(device);
            }
            Answer::Done if matches!(command, Command::Reset | Command::Erase) => {
                confirmed.clear();
            }
            Answer::Listed(entries) => {
                for entry in entries {
                    if let Some((_, device)) = entry.phone {
                        let unconfirmed = entry.status == AuthenticatorStatus::Unconfirmed;
                        assert_eq!(unconfirmed, !confirmed.contains(&device));
                    }
                }
            }
            _ => {}
        },
    )
}

/// Rule 9: a second factor guards the factors.
pub fn second_factor_guards() -> Look {
    Box::new(|before, command, observation, _| {
        let Some(session) = presented_session(before, command) else {
            return;
        };
        let guarded = before.account().is_enrolled();
        let mfa = session.assurance() == Assurance::Mfa;
        match &observation.reply.answer {
            Answer::Associated { .. }
            | Answer::Verified {
                purpose: Purpose::Enrollment,
                ..
            } => {
                assert!(if mfa {
                    holds(session, "enroll")
                } else {
                    !guarded
                });
            }
            Answer::Regenerated { .. } => assert!(mfa && holds(session, "enroll")),
            Answer::Removed { .. } => assert!(mfa && holds(session, "remove:authenticators")),
            Answer::Listed(_) => assert!(!mfa || holds(session, "read:authenticators")),
            _ => {}
        }
    })
}

/// Rule 9, the other direction: an MFA session cannot complete a login.
///
/// It cannot challenge, and tokens from its confirmations end with it.
pub fn an_mfa_session_cannot_complete_a_login() -> Look {
    Box::new(|before, command, observation, _| {
        let Some(session) = presented_session(before, command) else {
            return;
        };
        let mfa = session.assurance() == Assurance::Mfa;
        let authenticated = observation
            .events
            .iter()
            .any(|event| matches!(event, Event::Authenticated { .. }));
        match observation.reply.answer {
            Answer::Challenged { .. } => assert!(!mfa),
            Answer::Verified {
                purpose,
                assurance,
                not_after,
                ..
            } => {
                assert_eq!(assurance, session.assurance());
                assert_eq!(not_after, mfa.then(|| session.expires_at()));
                assert_eq!(authenticated, !mfa);
                assert!(!mfa || purpose == Purpose::Enrollment);
            }
            Answer::Denied(Denied::FirstFactorRequired) => assert!(mfa && !is_behind(before)),
            Answer::Denied(Denied::InvalidRecoveryCode | Denied::NotEnrolled) => {
                assert!(!mfa || matches!(command, Command::Regenerate { .. }));
            }
            _ => assert!(!authenticated),
        }
    })
}

/// Rule 11: a code supersedes only those of the same session and phone.
pub fn one_live_code() -> Look {
    Box::new(|before, _, observation, after| {
        let (Answer::Associated { code, .. } | Answer::Challenged { code, .. }) =
            observation.reply.answer
        else {
            return;
        };
        let issued = &after.codes()[code];
        for (number, other) in before.codes().iter().enumerate().rev().take(12) {
            let superseded = other.session == issued.session
                && (other.device == issued.device
                    || other.enrolls && issued.enrolls && other.to == issued.to);
            if superseded {
                assert!(!passes(after, number), "{number} and {code} are both live");
            } else if passes(before, number) {
                assert!(passes(after, number), "{code} voids {number}");
            }
        }
    })
}

on_every_step! {
    r08_an_unconfirmed_phone_is_not_challenged_and_its_recovery_code_does_not_work: 50, |_| confirm_before_active();
    r09_a_second_factor_guards_the_factors: 60, |_| second_factor_guards();
    r09_an_mfa_session_cannot_complete_a_login: 60, |_| an_mfa_session_cannot_complete_a_login();
    r11_one_live_code_per_session_and_authenticator: 40, |_| one_live_code();
}

fn holds(session: &MfaSession, scope: &str) -> bool {
    session.scope().split(' ').any(|held| held == scope)
}

/// Whether the right code of a challenge would succeed now.
fn passes(world: &World, number: usize) -> bool {
    matches!(answer_to(world, number), Answer::Verified { .. })
}
