//! The life of an account from its first phone on, over the public API.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::*;
use oob_mfa_testing::{MINUTE, SECOND, World, stored_and_loaded};
use time::{Duration, UtcDateTime};

#[test]
fn a_first_phone_is_associated_and_confirmed() {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let now = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let subject: Subject = "auth0|alice".parse().unwrap();
    let mut account = Account::new(subject.clone());
    let first_factor = FirstFactor {
        subject,
        client: "demo",
        scope: "openid",
        audience: "",
    };
    let session = engine.begin(first_factor, now, &mut rng).unwrap();
    let token = engine.issue_token(&session);
    let opened = engine
        .open_token(token.expose_secret(), Some("demo"), now)
        .unwrap();
    assert_eq!(opened, session);
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let outcome = engine
        .associate(account.clone(), &session, &request, now, &mut rng)
        .commit(|next| {
            assert_eq!(next.account().replaces(), None);
            account = next.account().clone();
            Ok::<_, ()>(())
        })
        .unwrap();
    let associated = outcome.result.unwrap();
    let answer = VerifyOob {
        oob_code: associated.oob_code.expose_secret().as_str().into(),
        binding_code: associated.delivery.code.expose_secret().into(),
    };
    let reloaded: Account =
        serde_json::from_str(&serde_json::to_string(&account).unwrap()).unwrap();
    assert_eq!(reloaded, account);
    let reloaded: Account =
        postcard::from_bytes(&postcard::to_allocvec(&account).unwrap()).unwrap();
    assert_eq!(reloaded, account);
    let later = now + Duration::seconds(20);
    let outcome = engine
        .verify_oob(reloaded, &session, &answer, later)
        .commit(|next| {
            assert_eq!(next.account().replaces(), Some(1));
            account = next.account().clone();
            Ok::<_, ()>(())
        })
        .unwrap();
    assert_eq!(outcome.result.unwrap().purpose(), Purpose::Enrollment);
}

/// Everything that tokens are minted from, for a login by each factor.
#[test]
fn verified_names_the_user_and_the_authenticator() {
    for (policy, restricted) in [(Policy::auth0(), false), (Policy::nist_800_63b4(), true)] {
        let mut world = World::of(policy, "auth0|alice");
        let (phone, recovery) = world.enroll("+14155558730");
        let AuthenticatorId::Phone(Channel::Sms, device) = phone else {
            panic!("{phone}")
        };
        let by_voice = AuthenticatorId::Phone(Channel::Voice, device);
        let begin = |world: &mut World, number: usize| {
            world.wait(SECOND);
            let (client, scope) = (format!("client {number}"), format!("openid {number}"));
            let audience = format!("https://api.example/{number}");
            let first_factor = FirstFactor {
                subject: world.subject().clone(),
                client: &client,
                scope: &scope,
                audience: &audience,
            };
            let now = world.now();
            let begun = world.engine.begin(first_factor, now, &mut world.rng);
            (begun.unwrap(), [client, scope, audience])
        };
        let told = |verified: &Verified| {
            [verified.client(), verified.scope(), verified.audience()].map(str::to_owned)
        };
        for (number, authenticator, channel, amr) in [
            (1, phone, Channel::Sms, ["mfa", "sms"]),
            (2, by_voice, Channel::Voice, ["mfa", "tel"]),
        ] {
            let (session, claims) = begin(&mut world, number);
            let sent = world.challenge(&session, Some(authenticator)).unwrap();
            let verified = world.verify(&session, &sent).unwrap();
            assert_eq!(verified.subject().as_str(), "auth0|alice");
            assert_eq!(told(&verified), claims);
            assert_eq!(verified.authenticator(), authenticator);
            assert_eq!(verified.channel(), Some(channel));
            assert_eq!(verified.amr(), amr);
            assert_eq!(verified.is_restricted(), restricted);
            assert_eq!(verified.purpose(), Purpose::Login);
            assert_eq!(verified.verified_at(), world.now());
            assert!(verified.recovery_code().is_none());
        }
        let (session, claims) = begin(&mut world, 3);
        let verified = world.recover(&session, &recovery).unwrap();
        assert_eq!(verified.subject().as_str(), "auth0|alice");
        assert_eq!(told(&verified), claims);
        let AuthenticatorId::RecoveryCode(_) = verified.authenticator() else {
            panic!("{}", verified.authenticator())
        };
        assert_eq!((verified.channel(), verified.amr()), (None, &["mfa"][..]));
        assert!(!verified.is_restricted());
        assert_eq!(verified.purpose(), Purpose::Login);
        assert_eq!(verified.verified_at(), world.now());
        let next = verified.recovery_code().unwrap().expose_secret();
        assert!(next.len() == 24 && next != recovery);
    }
}

/// A driver that cannot pass a closure: it stores the next account, and then opens the outcome.
fn driven<T>(stored: &mut Option<Account>, transition: Transition<T>) -> Outcome<T> {
    match transition.begin() {
        Step::Refused(outcome) => outcome,
        Step::Save(next, sealed) => {
            assert_eq!(
                next.account().replaces(),
                stored.as_ref().map(Account::revision)
            );
            *stored = Some(stored_and_loaded(next.account()));
            sealed.open(next.stored_durably()).unwrap()
        }
    }
}

#[test]
fn a_login_works_in_the_two_step_form() {
    let World {
        engine, mut rng, ..
    } = World::new();
    let mut now = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let subject: Subject = "auth0|alice".parse().unwrap();
    let first_factor = FirstFactor {
        subject: subject.clone(),
        client: "demo",
        scope: "openid",
        audience: "",
    };
    let mut stored = None;
    let account = |stored: &Option<Account>| {
        let record = stored.clone();
        record.unwrap_or_else(|| Account::new(subject.clone()))
    };
    let session = engine.begin(first_factor.clone(), now, &mut rng).unwrap();
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let transition = engine.associate(account(&stored), &session, &request, now, &mut rng);
    let outcome = driven(&mut stored, transition);
    assert_eq!(outcome.events[0].name(), "code_issued");
    let associated = outcome.result.unwrap();
    let answer = |code: &str| VerifyOob {
        oob_code: associated.oob_code.expose_secret().as_str().into(),
        binding_code: code.into(),
    };
    let code = associated.delivery.code.expose_secret().to_owned();

    // A rejection is saved before it can be seen.
    let wrong = answer("12345");
    let transition = engine.verify_oob(account(&stored), &session, &wrong, now);
    let outcome = driven(&mut stored, transition);
    assert_eq!(outcome.result.err(), Some(Denied::InvalidBindingCode));
    assert_eq!(stored.as_ref().unwrap().revision(), 2);
    // A refusal has nothing to save.
    let other = engine.begin(first_factor, now, &mut rng).unwrap();
    let transition = engine.verify_oob(account(&stored), &other, &answer(&code), now);
    let outcome = driven(&mut stored, transition);
    assert_eq!(outcome.result.err(), Some(Denied::OobCodeOfAnotherSession));
    assert!(outcome.events.is_empty());
    assert_eq!(stored.as_ref().unwrap().revision(), 2);

    now += MINUTE;
    let transition = engine.verify_oob(account(&stored), &session, &answer(&code), now);
    let verified = driven(&mut stored, transition).result.unwrap();
    assert_eq!(verified.purpose(), Purpose::Enrollment);
    assert!(stored.unwrap().is_enrolled());
}

#[test]
fn the_stored_of_another_account_opens_nothing() {
    let world = World::new();
    let begin = |engine: &Engine| {
        let transition = engine.restore_budgets(world.account(), world.now());
        match transition.begin() {
            Step::Save(next, sealed) => (next, sealed),
            Step::Refused(outcome) => panic!("{outcome:?}"),
        }
    };
    // Of the same account, at the same moment: equal in everything.
    let (first, its) = begin(&world.engine);
    let (second, others) = begin(&world.engine);
    assert_eq!(first.account(), second.account());
    let refused: Result<_, AnothersStored> = others.open(first.stored_durably());
    assert!(refused.is_err());
    assert!(its.open(second.stored_durably()).is_err());
    let (next, sealed) = begin(&world.engine);
    assert_eq!(sealed.open(next.stored_durably()).unwrap().result, Ok(()));
}
