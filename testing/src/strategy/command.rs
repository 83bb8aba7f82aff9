//! Commands, and sequences of them.

use std::iter::repeat_n;

use oob_mfa::{Assurance, Channel};
use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::{DAY, HOUR, MINUTE, channels, forward_steps, phones, steps};
use crate::command::{Authenticator, Command, Guess, Presenter, RecoveryGuess, TokenGuess, Vouch};

/// Sequences of commands, with the clock moving in either direction; `len` counts their scenes,
/// most of which are one command long.
pub fn commands(len: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Command>> {
    sequence(steps().boxed(), len)
}

/// As [`commands`], with a clock that never runs backwards.
pub fn monotone_commands(len: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Command>> {
    sequence(forward_steps().boxed(), len)
}

fn sequence(
    steps: BoxedStrategy<i64>,
    len: impl Into<SizeRange>,
) -> impl Strategy<Value = Vec<Command>> {
    let stepped = steps.prop_map(|millis| Command::Step { millis }).boxed();
    let single =
        prop_oneof![3 => stepped.clone(), 5 => by_user(), 4 => answers(), 1 => by_administrator()];
    // On the heap: a test without optimization moves them on the stack many times.
    let scenes = prop_oneof![
        14 => single.prop_map(|command| Vec::from([command])).boxed(),
        3 => enrollment(stepped.clone()).boxed(),
        3 => login(stepped).boxed(),
        2 => burst(answers()).boxed(),
        2 => burst(by_user()).boxed(),
        1 => rush().boxed(),
    ];
    vec(scenes, len).prop_map(|scenes| scenes.into_iter().flatten().collect())
}

/// Mostly the latest, sometimes one of the few before, sometimes any.
fn recent() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(0_usize), 3 => 1_usize..4, 1 => 0_usize..40]
}

fn authenticators() -> impl Strategy<Value = Authenticator> {
    prop_oneof![
        8 => (channels(), recent()).prop_map(|(channel, device)| Authenticator::Phone(channel, device)),
        1 => Just(Authenticator::RecoveryCode),
        1 => Just(Authenticator::Unknown),
    ]
}

fn sessions() -> impl Strategy<Value = Command> {
    prop_oneof![3 => Just(Command::Begin), 2 => vouched().prop_map(Command::Vouch)]
}

fn vouched() -> impl Strategy<Value = Vouch> {
    let assurance = select(&[
        Assurance::Mfa,
        Assurance::Mfa,
        Assurance::Mfa,
        Assurance::FirstFactor,
    ]);
    let scope = select(&[
        "enroll read:authenticators remove:authenticators",
        "enroll read:authenticators remove:authenticators",
        "openid enroll",
        "read:authenticators",
        "remove:authenticators",
        "enrollment remove:authenticator",
        "",
    ]);
    let age = prop_oneof![6 => Just(0_i64), 2 => 0..10 * MINUTE, 1 => -2 * MINUTE..0];
    let lifetime = prop_oneof![
        3 => select(&[10 * MINUTE, HOUR, DAY]),
        1 => select(&[0, 1, DAY + 1, 30 * DAY]),
    ];
    let stranger = prop::bool::weighted(0.05);
    (assurance, scope, age, lifetime, stranger).prop_map(
        |(assurance, scope, age, lifetime, stranger)| Vouch {
            assurance,
            scope: scope.into(),
            age,
            lifetime,
            stranger,
        },
    )
}

fn tokens() -> impl Strategy<Value = Command> {
    let presenters = select(&[Presenter::Its, Presenter::Unnamed, Presenter::Another]);
    let tokens = prop_oneof![
        3 => Just(TokenGuess::Issued),
        1 => select(&[TokenGuess::Forged, TokenGuess::Malformed]),
    ];
    (recent(), presenters, tokens).prop_map(|(session, presenter, token)| Command::OpenToken {
        session,
        presenter,
        token,
    })
}

fn associations() -> impl Strategy<Value = Command> {
    (recent(), phones(), channels()).prop_map(|(session, phone, channel)| Command::Associate {
        session,
        phone,
        channel,
    })
}

fn challenges() -> impl Strategy<Value = Command> {
    (recent(), proptest::option::of(authenticators()), narrowed()).prop_map(
        |(session, authenticator, channel)| Command::Challenge {
            session,
            authenticator,
            channel,
        },
    )
}

/// The channel of a challenge: mostly none.
fn narrowed() -> impl Strategy<Value = Option<Channel>> {
    prop_oneof![3 => Just(None), 1 => channels().prop_map(Some)]
}

fn by_user() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => sessions(),
        1 => tokens(),
        3 => associations(),
        4 => challenges(),
        1 => recent().prop_map(|session| Command::List { session }),
        1 => recent().prop_map(|session| Command::Regenerate { session }),
        1 => (recent(), authenticators())
            .prop_map(|(session, authenticator)| Command::Remove { session, authenticator }),
    ]
}

fn malformed() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&[
            "",
            "0",
            "12345",
            "123456789",
            "１２３４５",
            "12345a",
            " 12345",
            "123 45",
            "1234567890 ",
            " ",
            "\u{200b}",
            "①②③④⑤⑥",
            "123,456",
        ])
        .prop_map(String::from),
        any::<String>().prop_filter("no digits", |text| !text
            .bytes()
            .all(|byte| byte.is_ascii_digit())),
    ]
}

fn guesses() -> impl Strategy<Value = Guess> {
    prop_oneof![
        4 => Just(Guess::Right),
        1 => Just(Guess::Retyped),
        4 => Just(Guess::Wrong),
        1 => recent().prop_map(Guess::OfAnother),
        1 => malformed().prop_map(Guess::Malformed),
    ]
}

fn recovery_guesses() -> impl Strategy<Value = RecoveryGuess> {
    prop_oneof![
        4 => recent().prop_map(RecoveryGuess::Shown),
        1 => recent().prop_map(RecoveryGuess::Retyped),
        3 => Just(RecoveryGuess::Wrong),
        1 => malformed().prop_map(RecoveryGuess::Malformed),
    ]
}

fn answers() -> impl Strategy<Value = Command> {
    let presenters = prop_oneof![5 => Just(None), 1 => recent().prop_map(Some)];
    let codes = prop_oneof![19 => recent().prop_map(Some), 1 => Just(None)];
    let oob =
        (presenters, codes, guesses()).prop_map(|(session, code, guess)| Command::VerifyOob {
            session,
            code,
            guess,
        });
    let recovery = (recent(), recovery_guesses())
        .prop_map(|(session, guess)| Command::VerifyRecoveryCode { session, guess });
    prop_oneof![3 => oob, 1 => recovery]
}

fn by_administrator() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => Just(Command::Reset),
        1 => Just(Command::Erase),
        3 => (phones(), channels())
            .prop_map(|(phone, channel)| Command::ImportPhone { phone, channel }),
        1 => recent().prop_map(|device| Command::RemovePhone { device }),
        1 => Just(Command::RestoreBudgets),
        2 => Just(Command::Rewind),
    ]
}

/// A session, its phone, a pause, and an answer that is mostly right.
fn enrollment(stepped: BoxedStrategy<Command>) -> impl Strategy<Value = Vec<Command>> {
    (sessions(), phones(), channels(), scene_end(stepped)).prop_map(
        |(begin, phone, channel, end)| {
            let mut scene = Vec::from([
                begin,
                Command::Associate {
                    session: 0,
                    phone,
                    channel,
                },
            ]);
            scene.extend(end);
            scene
        },
    )
}

/// A session, a challenge, a pause, and an answer that is mostly right.
fn login(stepped: BoxedStrategy<Command>) -> impl Strategy<Value = Vec<Command>> {
    let authenticators = prop_oneof![3 => Just(None), 1 => authenticators().prop_map(Some)];
    let begins = prop_oneof![4 => Just(Command::Begin), 1 => sessions()];
    let asked = (authenticators, narrowed());
    (begins, asked, scene_end(stepped)).prop_map(|(begin, (authenticator, channel), end)| {
        let mut scene = Vec::from([
            begin,
            Command::Challenge {
                session: 0,
                authenticator,
                channel,
            },
        ]);
        scene.extend(end);
        scene
    })
}

fn scene_end(stepped: BoxedStrategy<Command>) -> impl Strategy<Value = Vec<Command>> {
    let moment = prop_oneof![2 => Just(None), 1 => stepped.prop_map(Some)];
    let guess = prop_oneof![3 => Just(Guess::Right), 1 => guesses()];
    (moment, guess).prop_map(|(moment, guess)| {
        let answer = Command::VerifyOob {
            session: None,
            code: Some(0),
            guess,
        };
        moment.into_iter().chain([answer]).collect()
    })
}

/// The same command repeatedly, to use up a budget.
fn burst(commands: impl Strategy<Value = Command>) -> impl Strategy<Value = Vec<Command>> {
    (commands, 2_usize..20).prop_map(|(command, times)| repeat_n(command, times).collect())
}

/// The same request from one session after another, more than the record has room for.
fn rush() -> impl Strategy<Value = Vec<Command>> {
    let recover = Command::VerifyRecoveryCode {
        session: 0,
        guess: RecoveryGuess::Shown(0),
    };
    let challenge = Command::Challenge {
        session: 0,
        authenticator: None,
        channel: None,
    };
    let asked = select(Vec::from([
        Vec::from([Command::Begin, recover]),
        Vec::from([Command::Begin, challenge.clone()]),
        Vec::from([Command::RestoreBudgets, Command::Begin, challenge]),
    ]));
    (asked, 2_usize..20).prop_map(|(asked, times)| repeat_n(asked, times).flatten().collect())
}
