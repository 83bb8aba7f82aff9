use super::*;

/// The answer, and the expected one.
type Answered = (Result<(), Denied>, Denied);

/// A story: its answers, and the secrets that their texts must not contain.
struct Story {
    answered: Vec<Answered>,
    secrets: Vec<String>,
}

impl Story {
    fn new(answered: Vec<Answered>, secrets: &[&str]) -> Self {
        let secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
        Self { answered, secrets }
    }
}

fn by<T>(result: Result<T, Denied>, expected: Denied) -> Answered {
    (result.map(drop), expected)
}

fn about_a_token() -> Story {
    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let token = token.expose_secret();
    let open =
        |world: &World, text: &str, client| world.engine.open_token(text, client, world.now());
    let others = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[8; 32])));
    let malformed = open(&world, "no token", None);
    let invalid = others.open_token(token, None, world.now());
    let foreign = open(&world, token, Some("another"));
    assert!(open(&world, token, Some("demo")).is_ok());
    world.wait(10 * MINUTE - MILLISECOND);
    assert!(open(&world, token, None).is_ok());
    world.wait(MILLISECOND);
    let expired = open(&world, token, None);
    let answered = vec![
        by(malformed, Denied::TokenMalformed),
        by(invalid, Denied::TokenInvalid),
        by(foreign, Denied::TokenOfAnotherClient),
        by(expired, Denied::TokenExpired),
    ];
    Story::new(answered, &[token, "no token"])
}

fn about_a_parameter() -> Story {
    let mut world = World::new();
    let mut begin = |most: usize, which: usize| {
        let long = "x".repeat(most);
        let mut texts = [""; 3];
        texts[which] = &long;
        let [client, scope, audience] = texts;
        let first_factor = FirstFactor {
            subject: world.account().subject().clone(),
            client,
            scope,
            audience,
        };
        let now = world.now();
        world.engine.begin(first_factor, now, &mut world.rng)
    };
    let parameters = [("client_id", 255), ("scope", 1_024), ("audience", 1_024)];
    let too_long = parameters.iter().enumerate().map(|(which, (name, most))| {
        assert!(begin(*most, which).is_ok(), "{name}");
        let denied = Denied::ParameterTooLong { parameter: name };
        by(begin(most + 1, which), denied)
    });
    Story::new(too_long.collect(), &["xxxx"])
}

fn about_a_session() -> Story {
    let mut world = World::new();
    let before = world.first_factor();
    let spent = world.first_factor();
    let sent = world.associate(&spent, ALICES).unwrap();
    world.verify(&spent, &sent).unwrap();
    let expired = world.trusted(Assurance::Mfa, EVERY_SCOPE, Duration::ZERO);
    let too_long = world.trusted(Assurance::Mfa, EVERY_SCOPE, DAY + MINUTE + MILLISECOND);
    world.wait(MINUTE + MILLISECOND);
    let early = world.first_factor();
    world.set_back(MINUTE + MILLISECOND);
    let full = world.second_factor();
    let stranger = World::of(Policy::auth0(), "auth0|mallory").first_factor();
    let mut answered = vec![
        by(world.challenge(&spent, None), Denied::SessionSpent),
        by(world.challenge(&expired, None), Denied::TokenExpired),
        by(world.challenge(&too_long, None), Denied::SessionTooLong),
        by(world.challenge(&early, None), Denied::SessionNotYetValid),
        by(world.challenge(&stranger, None), Denied::SubjectMismatch),
        by(world.challenge(&full, None), Denied::FirstFactorRequired),
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
                .authenticators(&world.account(), &session, world.now())
                .map(drop),
            Scope::RemoveAuthenticators => world.remove(&session, sent.authenticator).map(drop),
            other => panic!("nobody asks for {other}"),
        };
        answered.push(by(result, Denied::InsufficientScope(scope)));
    }
    world.wait(MILLISECOND);
    world.reset();
    answered.push(by(world.challenge(&before, None), Denied::SessionRevoked));
    let secrets = [&sent.oob_code, &sent.code, ALICES, "vouched for"];
    Story::new(answered, &secrets)
}

fn about_a_clock() -> Story {
    let mut world = World::new();
    world.enroll(ALICES);
    let rewound = world.rewind();
    world.set_back(MINUTE + MILLISECOND);
    let behind = world.sign_in();
    let answered = vec![
        by(rewound, Denied::ClockNotAhead),
        by(behind, Denied::ClockBehind),
    ];
    Story::new(answered, &[ALICES])
}

fn about_a_phone() -> Story {
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
        let (account, now) = (world.account(), world.now());
        let transition =
            world
                .engine
                .import_phone(account, phone, Channel::Voice, now, &mut world.rng);
        world.commit(transition)
    };
    let unknown: AuthenticatorId = "voice|dev_AAAAAAAAAAAAAAAA".parse().unwrap();
    let phone = import(&mut world, ALICES).unwrap();
    assert_ne!(phone, unknown);
    let unable = world.challenge(&session, Some(unknown));
    let of_another_channel = "sms|dev_AAAAAAAAAAAAAAAA".parse().ok();
    let by_voice = Some(Channel::Voice);
    let contradicted = world.challenge_by(&session, of_another_channel, by_voice);
    answered.extend([
        by(unable, Denied::InvalidAuthenticator),
        by(contradicted, Denied::ChannelMismatch),
        by(world.remove(&owner, unknown), Denied::UnknownAuthenticator),
        by(import(&mut world, ALICES), Denied::PhoneAlreadyEnrolled),
        by(import(&mut world, MALLORYS), Denied::TooManyPhones),
        by(world.recover(&session, "any"), Denied::NoRecoveryCode),
    ]);
    // A first-factor session cannot add a phone beside another.
    let request = Associate {
        channel: Channel::Voice,
        phone: MALLORYS.parse().unwrap(),
    };
    let (account, now) = (world.account(), world.now());
    let transition = world
        .engine
        .associate(account, &session, &request, now, &mut world.rng);
    answered.push(by(world.commit(transition), Denied::AlreadyEnrolled));
    Story::new(answered, &[ALICES, MALLORYS])
}

fn about_a_code() -> Story {
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
    Story::new(answered, &[&sent.oob_code, &sent.code, &recovery_code])
}

fn about_a_limit() -> Story {
    let policy = Policy::auth0()
        .with_sends(one(HOUR))
        .with_binding_failures(one(6 * MINUTE))
        .and_then(|policy| policy.with_recovery_failures(one(7 * MINUTE)))
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.enroll(ALICES);
    world.wait(HOUR);
    let start = world.now();
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
    let start = world.now();
    for _ in 0..16 {
        world.sign_in().unwrap();
        world.wait(SECOND);
    }
    let sessions = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE,
    };
    answered.push(by(world.sign_in(), sessions));
    Story::new(answered, &[ALICES, &sent.code])
}

fn stories() -> [Story; 7] {
    [
        about_a_token(),
        about_a_parameter(),
        about_a_session(),
        about_a_clock(),
        about_a_phone(),
        about_a_code(),
        about_a_limit(),
    ]
}

/// Every denial of the stories.
fn denials() -> Vec<Denied> {
    let stories = stories().into_iter();
    let answered = stories.flat_map(|story| story.answered);
    answered.filter_map(|(result, _)| result.err()).collect()
}

#[test]
fn every_denial_is_observed() {
    for (result, expected) in stories().iter().flat_map(|story| &story.answered) {
        assert_eq!(*result, Err(*expected));
    }
    let names: BTreeSet<_> = denials().iter().map(Denied::name).collect();
    assert_eq!(names, all(Denied::NAMES));
    assert!(names.into_iter().all(is_snake_case));
    let scopes = denials().into_iter().filter_map(|denied| match denied {
        Denied::InsufficientScope(scope) => Some(scope.as_str()),
        _ => None,
    });
    let every_scope = ["enroll", "read:authenticators", "remove:authenticators"];
    assert_eq!(scopes.collect::<BTreeSet<_>>(), all(&every_scope));
}

#[test]
fn every_denial_has_its_own_text_without_a_secret() {
    let mut texts = std::collections::BTreeMap::new();
    for Story { answered, secrets } in stories() {
        for denied in answered.into_iter().filter_map(|(result, _)| result.err()) {
            let text = denied.to_string();
            assert!(!text.is_empty(), "{denied:?}");
            for secret in &secrets {
                assert!(!text.contains(secret), "{text}");
                assert!(!format!("{denied:?}").contains(secret), "{denied:?}");
            }
            let said_by = texts.entry(text).or_insert(denied.name());
            assert_eq!(*said_by, denied.name());
        }
    }
    assert!(texts.len() >= Denied::NAMES.len());
}
