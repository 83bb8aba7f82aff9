//! Every `Denied` and every `Event`, each produced by the engine and heard by its exact value.
//!
//! What there is to be heard is read off the source, because from outside a `match` over a
//! non-exhaustive enum always has a wildcard: a variant that nobody produces here fails the test.

mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use oob_mfa::*;
use time::UtcDateTime;
use world::*;

const DENIED: &str = include_str!("../src/denied.rs");
const TRANSITION: &str = include_str!("../src/transition.rs");
const SESSION: &str = include_str!("../src/session.rs");

/// The names of the variants of an enum, as rustfmt sets them.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source
        .split_once(&format!("pub enum {name} {{\n"))
        .unwrap_or_else(|| panic!("no enum {name}"));
    let (body, _) = body.split_once("\n}\n").unwrap();
    let names = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| first_word(line).to_owned());
    names.collect()
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap()
}

/// The variants of these values.
fn heard<T: core::fmt::Debug>(values: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    let name = |value: T| first_word(&format!("{value:?}")).to_owned();
    values.into_iter().map(name).collect()
}

/// What was answered, and what should have been.
type Answered = (Result<(), Denied>, Denied);

fn by<T>(result: Result<T, Denied>, expected: Denied) -> Answered {
    (result.map(drop), expected)
}

/// Where a policy cannot take less.
fn one(period: Duration) -> RateLimit {
    RateLimit::new(1, period).unwrap()
}

fn about_a_token() -> Vec<Answered> {
    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let token = token.expose_secret();
    let open = |world: &World, text: &str, client| world.engine.open_token(text, client, world.now);
    let others = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[8; 32])));
    let malformed = open(&world, "no token", None);
    let invalid = others.open_token(token, None, world.now);
    let foreign = open(&world, token, Some("another"));
    assert!(open(&world, token, Some("demo")).is_ok());
    world.wait(10 * MINUTE - MILLISECOND);
    assert!(open(&world, token, None).is_ok());
    world.wait(MILLISECOND);
    let expired = open(&world, token, None);
    vec![
        by(malformed, Denied::TokenMalformed),
        by(invalid, Denied::TokenInvalid),
        by(foreign, Denied::TokenOfAnotherClient),
        by(expired, Denied::TokenExpired),
    ]
}

fn about_a_parameter() -> Vec<Answered> {
    let mut world = World::new();
    let mut begin = |most: usize, which: usize| {
        let long = "x".repeat(most);
        let mut texts = [""; 3];
        texts[which] = &long;
        let [client, scope, audience] = texts;
        let subject = world.account.subject().clone();
        let now = world.now;
        world
            .engine
            .begin(subject, client, scope, audience, now, &mut world.rng)
    };
    let parameters = [("client_id", 255), ("scope", 1_024), ("audience", 1_024)];
    let too_long = parameters.iter().enumerate().map(|(which, (name, most))| {
        assert!(begin(*most, which).is_ok(), "{name}");
        let denied = Denied::ParameterTooLong { parameter: name };
        by(begin(most + 1, which), denied)
    });
    too_long.collect()
}

fn about_a_session() -> Vec<Answered> {
    let mut world = World::new();
    let before = world.first_factor();
    let spent = world.first_factor();
    let sent = world.associate(&spent, ALICES).unwrap();
    world.verify(&spent, &sent).unwrap();
    let expired = world.trusted(Assurance::Mfa, EVERY_SCOPE, Duration::ZERO);
    let too_long = world.trusted(Assurance::Mfa, EVERY_SCOPE, DAY + MILLISECOND);
    let stranger = World::of(Policy::auth0(), "auth0|mallory").first_factor();
    let mut answered = vec![
        by(world.challenge(&spent, None), Denied::SessionSpent),
        by(world.challenge(&expired, None), Denied::TokenExpired),
        by(world.challenge(&too_long, None), Denied::SessionTooLong),
        by(world.challenge(&stranger, None), Denied::SubjectMismatch),
    ];
    for (scope, lacking) in [
        (Scope::Enroll, "read:authenticators remove:authenticators"),
        (Scope::ReadAuthenticators, "enroll remove:authenticators"),
        (Scope::RemoveAuthenticators, "enroll read:authenticators"),
    ] {
        let session = world.trusted(Assurance::Mfa, lacking, MINUTE);
        let result = match scope {
            Scope::Enroll => world.associate(&session, MALLORYS).map(drop),
            Scope::ReadAuthenticators => world
                .engine
                .authenticators(&world.account, &session, world.now)
                .map(drop),
            Scope::RemoveAuthenticators => world.remove(&session, sent.authenticator).map(drop),
            other => panic!("nobody asks for {other}"),
        };
        answered.push(by(result, Denied::InsufficientScope(scope)));
    }
    world.wait(MILLISECOND);
    world.reset();
    answered.push(by(world.challenge(&before, None), Denied::SessionRevoked));
    answered
}

fn about_a_phone() -> Vec<Answered> {
    let policy = Policy::auth0()
        .with_channels(Channels::Voice)
        .with_max_phones(1)
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let session = world.first_factor();
    let owner = world.second_factor();
    let mut answered = vec![
        by(world.challenge(&session, None), Denied::NotEnrolled),
        by(
            world.associate(&session, ALICES),
            Denied::ChannelUnavailable,
        ),
    ];
    let import = |world: &mut World, phone: &str| {
        let phone = phone.parse().unwrap();
        let (account, now) = (world.account.clone(), world.now);
        let transition =
            world
                .engine
                .import_phone(&account, phone, Channel::Voice, now, &mut world.rng);
        world.commit(transition)
    };
    let unknown: AuthenticatorId = "voice|dev_AAAAAAAAAAAAAAAA".parse().unwrap();
    let phone = import(&mut world, ALICES).unwrap();
    assert_ne!(phone, unknown);
    let unable = world.challenge(&session, Some(unknown));
    answered.extend([
        by(unable, Denied::InvalidAuthenticator),
        by(world.remove(&owner, unknown), Denied::UnknownAuthenticator),
        by(import(&mut world, ALICES), Denied::PhoneAlreadyEnrolled),
        by(import(&mut world, MALLORYS), Denied::TooManyPhones),
        by(world.recover(&session, "any"), Denied::NoRecoveryCode),
    ]);
    // By voice this once: a first factor may not add a phone beside another.
    let request = Associate {
        channel: Channel::Voice,
        phone: MALLORYS.parse().unwrap(),
    };
    let (account, now) = (world.account.clone(), world.now);
    let transition = world
        .engine
        .associate(&account, &session, &request, now, &mut world.rng);
    answered.push(by(world.commit(transition), Denied::AlreadyEnrolled));
    answered
}

fn about_a_code() -> Vec<Answered> {
    let mut world = World::new();
    let (_, recovery_code) = world.enroll(ALICES);
    let (session, other) = (world.first_factor(), world.first_factor());
    let sent = world.challenge(&session, None).unwrap();
    let malformed = Sent {
        oob_code: "no oob_code".into(),
        ..sent.clone()
    };
    assert_ne!(recovery_code, "2".repeat(24));
    let mut answered = vec![
        by(world.verify(&session, &malformed), Denied::OobCodeUnknown),
        by(world.verify(&other, &sent), Denied::OobCodeOfAnotherSession),
        by(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        ),
        by(
            world.recover(&session, &"2".repeat(24)),
            Denied::InvalidRecoveryCode,
        ),
    ];
    world.wait(5 * MINUTE);
    answered.push(by(world.verify(&session, &sent), Denied::OobCodeExpired));
    answered
}

fn about_a_limit() -> Vec<Answered> {
    let policy = Policy::auth0()
        .with_sends(one(HOUR))
        .with_binding_failures(one(6 * MINUTE))
        .and_then(|policy| policy.with_recovery_failures(one(7 * MINUTE)))
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.enroll(ALICES);
    world.wait(HOUR);
    let start = world.now;
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let after = |span: Duration| start + span;
    let sends = Denied::TooManySends {
        retry_at: after(HOUR),
    };
    let failures = |span| Denied::TooManyFailures {
        retry_at: after(span),
    };
    let mut answered = vec![
        by(world.challenge(&session, None), sends),
        by(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        ),
        by(world.verify(&session, &sent), failures(6 * MINUTE)),
        by(
            world.recover(&session, "wrong"),
            Denied::InvalidRecoveryCode,
        ),
        by(world.recover(&session, "wrong"), failures(7 * MINUTE)),
    ];

    let many = RateLimit::new(17, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(many), "auth0|alice");
    world.import(ALICES).unwrap();
    let start = world.now;
    for _ in 0..16 {
        world.sign_in().unwrap();
        world.wait(SECOND);
    }
    let sessions = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE,
    };
    answered.push(by(world.sign_in(), sessions));
    answered
}

#[test]
fn every_denial_is_heard() {
    let answered = [
        about_a_token(),
        about_a_parameter(),
        about_a_session(),
        about_a_phone(),
        about_a_code(),
        about_a_limit(),
    ]
    .concat();
    for (result, expected) in &answered {
        assert_eq!(*result, Err(*expected));
    }
    let denials = || answered.iter().filter_map(|(result, _)| result.err());
    assert_eq!(heard(denials()), variants(DENIED, "Denied"));
    let scopes = denials().filter_map(|denied| match denied {
        Denied::InsufficientScope(scope) => Some(scope),
        _ => None,
    });
    assert_eq!(heard(scopes), variants(SESSION, "Scope"));
}

/// What was logged, and what should have been.
type Logged = (Vec<Event>, Vec<Event>);

impl World {
    /// What the last saved transition has logged.
    fn logged(&self, expected: impl IntoIterator<Item = Event>) -> Logged {
        (self.events.clone(), expected.into_iter().collect())
    }
}

fn limit_reached(limit: Limit, retry_at: UtcDateTime) -> Event {
    Event::LimitReached { limit, retry_at }
}

/// An owner enrolls, signs in, recovers and removes the phone.
fn of_an_owner() -> Vec<Logged> {
    let mut world = World::new();
    let phone: PhoneNumber = ALICES.parse().unwrap();
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    let (authenticator, device) = (sent.authenticator, sent.device());
    let issued = Event::CodeIssued {
        authenticator,
        phone,
    };
    let added = Event::AuthenticatorAdded {
        authenticator,
        phone,
    };
    let signed_in = Event::Authenticated { authenticator };
    let mut logged = vec![world.logged([issued])];
    world.verify(&session, &sent).unwrap();
    logged.push(world.logged([added, Event::RecoveryCodeReplaced, signed_in]));

    let session = world.first_factor();
    let challenged = world.challenge(&session, None).unwrap();
    logged.push(world.logged([issued]));
    for failures in [1, 2] {
        let wrong = world.verify(&session, &challenged.wrong());
        assert_eq!(wrong.map(drop), Err(Denied::InvalidBindingCode));
        logged.push(world.logged([Event::WrongBindingCode {
            authenticator,
            failures,
        }]));
    }
    world.verify(&session, &challenged).unwrap();
    logged.push(world.logged([signed_in]));

    let session = world.first_factor();
    for failures in [1, 2] {
        let wrong = world.recover(&session, "wrong");
        assert_eq!(wrong.map(drop), Err(Denied::InvalidRecoveryCode));
        logged.push(world.logged([Event::WrongRecoveryCode { failures }]));
    }
    let code = sent.recovery_code.unwrap();
    let recovery_code = world.list()[0].0.parse().unwrap();
    world.recover(&session, &code).unwrap();
    logged.push(world.logged([
        Event::RecoveryCodeUsed,
        Event::RecoveryCodeReplaced,
        Event::Authenticated {
            authenticator: recovery_code,
        },
    ]));

    let owner = world.second_factor();
    world.remove(&owner, authenticator).unwrap();
    logged.push(world.logged([
        Event::AuthenticatorRemoved { device, phone },
        Event::RecoveryCodeRemoved,
    ]));
    logged
}

fn of_an_administrator() -> Vec<Logged> {
    let mut world = World::new();
    let authenticator = world.import(ALICES).unwrap();
    let phone = ALICES.parse().unwrap();
    let mut logged = vec![world.logged([Event::AuthenticatorAdded {
        authenticator,
        phone,
    }])];
    world.restore_budgets();
    logged.push(world.logged([Event::BudgetsRestored]));
    world.reset();
    logged.push(world.logged([Event::AccountReset]));
    logged
}

/// The last of each budget is taken, and with the last wrong code the phone is stopped.
fn of_a_limit() -> Vec<Logged> {
    let policy = Policy::auth0()
        .with_sends(one(HOUR))
        .with_binding_failures(one(6 * MINUTE))
        .and_then(|policy| policy.with_recovery_failures(one(7 * MINUTE)))
        .and_then(|policy| policy.with_failure_cap(Some(1)))
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let (authenticator, _) = world.enroll(ALICES);
    world.wait(HOUR);
    let start = world.now;
    let phone = ALICES.parse().unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let mut logged = vec![world.logged([
        Event::CodeIssued {
            authenticator,
            phone,
        },
        limit_reached(Limit::Sends, start + HOUR),
    ])];
    let wrong = world.verify(&session, &sent.wrong());
    assert_eq!(wrong.map(drop), Err(Denied::InvalidBindingCode));
    logged.push(world.logged([
        Event::WrongBindingCode {
            authenticator,
            failures: 1,
        },
        Event::AuthenticatorDisabled {
            device: sent.device(),
            phone,
        },
        limit_reached(Limit::BindingFailures, start + 6 * MINUTE),
    ]));
    let wrong = world.recover(&session, "wrong");
    assert_eq!(wrong.map(drop), Err(Denied::InvalidRecoveryCode));
    logged.push(world.logged([
        Event::WrongRecoveryCode { failures: 1 },
        limit_reached(Limit::RecoveryFailures, start + 7 * MINUTE),
    ]));
    logged
}

#[test]
fn every_event_is_logged() {
    let logged = [of_an_owner(), of_an_administrator(), of_a_limit()].concat();
    for (events, expected) in &logged {
        assert_eq!(events, expected);
    }
    let events = || logged.iter().flat_map(|(events, _)| events);
    assert_eq!(heard(events()), variants(TRANSITION, "Event"));
    let limits = events().filter_map(|event| match event {
        Event::LimitReached { limit, .. } => Some(limit),
        _ => None,
    });
    assert_eq!(heard(limits), variants(TRANSITION, "Limit"));
}
