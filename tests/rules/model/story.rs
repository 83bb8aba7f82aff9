//! Random stories of several users.

use oob_mfa::{Channels, Policy, RecoveryCodes};
use oob_mfa_testing::{Command, Guess, Presenter, RecoveryGuess, TokenGuess, commands, policies};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::site::USERS;

#[derive(Clone, Debug)]
pub struct Story {
    pub policy: Policy,
    pub seed: u64,
    pub visits: Vec<Visit>,
}

#[derive(Clone, Debug)]
pub enum Visit {
    /// A command of a user, or of an administrator for them. All share one clock.
    Does(usize, Command),
    /// The clock moves to a time at which something of a user begins or ends, or a millisecond
    /// before or after.
    Waits {
        user: usize,
        moment: usize,
        off: i64,
    },
    /// The servers restart with another policy.
    Restarts {
        channels: Channels,
        phones: usize,
        recovery_codes: RecoveryCodes,
    },
    /// The server confuses a session of another user with one of this user.
    MixesUp {
        user: usize,
        with: usize,
        session: usize,
    },
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let scene = (user(), commands(1..2)).prop_map(|(user, commands)| {
        let does = |command| Visit::Does(user, command);
        commands.into_iter().map(does).collect::<Vec<_>>()
    });
    let mixed_up = (user(), 1..USERS, 0_usize..4).prop_map(|(user, other, session)| {
        vec![Visit::MixesUp {
            user,
            with: (user + other) % USERS,
            session,
        }]
    });
    let recovery_codes = select(&[
        RecoveryCodes::Issued,
        RecoveryCodes::Issued,
        RecoveryCodes::Off,
    ]);
    let channels = select(&[Channels::SmsAndVoice, Channels::Sms, Channels::Voice]);
    let restart =
        (channels, 1_usize..10, recovery_codes).prop_map(|(channels, phones, recovery_codes)| {
            vec![Visit::Restarts {
                channels,
                phones,
                recovery_codes,
            }]
        });
    // After a clock ran ahead and came back, little else can happen before a rewind.
    let rewind = user().prop_map(|user| vec![Visit::Does(user, Command::Rewind)]);
    let scenes = prop_oneof![40 => scene, 8 => wait(), 1 => mixed_up, 2 => restart, 4 => rewind];
    let scenes = prop::collection::vec(scenes, 50..250);
    // In a slow story most sessions have expired; in a fast one they overlap.
    let tempo = select(&[1, 20, 1_000]);
    (scenes, tempo).prop_map(|(scenes, tempo)| {
        let mut visits = scenes.concat();
        for visit in &mut visits {
            if let Visit::Does(_, Command::Step { millis }) = visit {
                *millis /= tempo;
            }
        }
        visits
    })
}

/// A time of a user, and a command at that time.
fn wait() -> impl Strategy<Value = Vec<Visit>> {
    let verify = (0_usize..3).prop_map(|code| Command::VerifyOob {
        session: None,
        code: Some(code),
        guess: Guess::Right,
    });
    let challenge = (0_usize..3).prop_map(|session| Command::Challenge {
        session,
        authenticator: None,
        channel: None,
    });
    let recover = (0_usize..3).prop_map(|session| Command::VerifyRecoveryCode {
        session,
        guess: RecoveryGuess::Shown(0),
    });
    let open = (0_usize..3).prop_map(|session| Command::OpenToken {
        session,
        presenter: Presenter::Its,
        token: TokenGuess::Issued,
    });
    let asks = prop_oneof![3 => verify, 1 => challenge, 1 => recover, 1 => open];
    (user(), 0_usize..30, -1_i64..=1, asks).prop_map(|(user, moment, off, command)| {
        vec![
            Visit::Waits { user, moment, off },
            Visit::Does(user, command),
        ]
    })
}

fn user() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 1 => 1..USERS]
}

impl Story {
    /// The story with this number: always the same.
    pub fn drawn(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let drawn = (policies(), visits()).new_tree(&mut runner).unwrap();
        let (policy, visits) = drawn.current();
        Self {
            policy,
            seed,
            visits,
        }
    }
}
