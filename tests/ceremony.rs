//! The life of an account from its first phone on, over the public API.

use oob_mfa::*;
use oob_mfa_testing::{ALICES, MINUTE, SECOND, World, stored_and_loaded};

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
    let mut world = World::new();
    let fresh = world.account();
    let mut stored = None;
    let account = |stored: &Option<Account>| stored.clone().unwrap_or_else(|| fresh.clone());
    let session = world.first_factor();
    let request = Associate {
        channel: Channel::Sms,
        phone: ALICES.parse().unwrap(),
    };
    let (now, rng) = (world.now(), &mut world.rng);
    let transition = world
        .engine
        .associate(account(&stored), &session, &request, now, rng);
    let outcome = driven(&mut stored, transition);
    assert_eq!(outcome.events[0].name(), "code_issued");
    let associated = outcome.result.unwrap();
    let answer = |code: &str| VerifyOob {
        oob_code: associated.oob_code.expose_secret().as_str().into(),
        binding_code: code.into(),
    };
    let right = answer(associated.delivery.code.expose_secret());
    let verify =
        |world: &World, stored: &mut Option<Account>, session: &MfaSession, answer: &VerifyOob| {
            let transition = world
                .engine
                .verify_oob(account(stored), session, answer, world.now());
            driven(stored, transition)
        };

    // A rejection is saved before it can be seen.
    let outcome = verify(&world, &mut stored, &session, &answer("12345"));
    assert_eq!(outcome.result.err(), Some(Denied::InvalidBindingCode));
    assert_eq!(stored.as_ref().unwrap().revision(), 2);
    // A refusal has nothing to save.
    let other = world.first_factor();
    let outcome = verify(&world, &mut stored, &other, &right);
    assert_eq!(outcome.result.err(), Some(Denied::OobCodeOfAnotherSession));
    assert!(outcome.events.is_empty());
    assert_eq!(stored.as_ref().unwrap().revision(), 2);

    world.wait(MINUTE);
    let verified = verify(&world, &mut stored, &session, &right)
        .result
        .unwrap();
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
