//! What the feature `testing` gives to tests, tested.

use std::collections::BTreeSet;

use oob_mfa::testing::{
    Answer, Clock, Command, Fault, Guess, MemoryStore, MemoryStoreUnavailable, Outbox, Scene,
    World, accounts, associates, backward_steps, challenges, forward_steps, recovery_codes,
    verify_oobs,
};
use oob_mfa::{
    Account, Channel, Denied, Engine, Key, KeyRing, Next, PhoneNumber, Policy, RecoveryCode,
    Unsaved,
};
use proptest::prelude::*;
use time::{Duration, UtcDateTime};

fn engine() -> Engine {
    Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])))
}

fn world() -> World {
    World::new(engine(), "auth0|alice".parse().unwrap(), 1)
}

fn phone() -> PhoneNumber {
    "+14155558730".parse().unwrap()
}

fn import() -> Command {
    Command::ImportPhone {
        phone: phone(),
        channel: Channel::Sms,
    }
}

/// A challenge that waits for its answer.
fn challenged() -> World {
    let mut world = world();
    world.apply(&import());
    world.apply(&Command::Begin);
    world.apply(&Command::Challenge {
        session: 0,
        authenticator: None,
    });
    world
}

fn answer(guess: Guess) -> Command {
    Command::VerifyOob {
        session: None,
        code: Some(0),
        guess,
    }
}

fn failures_left(world: &World) -> u32 {
    let left = world.engine().remaining(&world.account(), world.now());
    left.binding_failures
}

#[test]
fn a_conflict_is_asked_again_and_charges_once() {
    let mut world = challenged();
    world.store().inject([Fault::Conflict; 15]);
    let observation = world.apply(&answer(Guess::Wrong));
    assert_eq!(
        observation.reply.answer,
        Answer::Denied(Denied::InvalidBindingCode)
    );
    assert_eq!(failures_left(&world), 9);
}

#[test]
fn a_lost_answer_is_not_asked_again_and_charges_once() {
    let mut world = challenged();
    world.store().inject([Fault::LostAnswer]);
    let observation = world.apply(&answer(Guess::Wrong));
    assert_eq!(observation.reply.answer, Answer::Unavailable);
    assert_eq!(failures_left(&world), 9);

    // The right code is burned with the answer that was lost.
    world.store().inject([Fault::LostAnswer]);
    let observation = world.apply(&answer(Guess::Right));
    assert_eq!(observation.reply.answer, Answer::Unavailable);
    let observation = world.apply(&answer(Guess::Right));
    assert_eq!(
        observation.reply.answer,
        Answer::Denied(Denied::SessionSpent)
    );
}

#[test]
fn a_store_that_is_out_of_reach_changes_nothing_and_sends_nothing() {
    let mut world = challenged();
    let (record, messages) = (world.record(), world.outbox().messages().len());
    let challenge = Command::Challenge {
        session: 0,
        authenticator: None,
    };
    for fail in [
        |world: &World| world.store().inject([Fault::Unavailable]),
        |world: &World| world.store().inject([Fault::Conflict; 16]),
        |world: &World| world.store().fail_loads(1),
    ] {
        fail(&world);
        let reply = world.apply(&challenge).reply;
        assert_eq!(reply.answer, Answer::Unavailable);
        assert_eq!((reply.sent, reply.saved), (None, false));
        assert_eq!(world.record(), record);
        assert_eq!(world.outbox().messages().len(), messages);
    }
    // The faults are over, and the next command is as any.
    let observation = world.apply(&answer(Guess::Right));
    assert!(matches!(observation.reply.answer, Answer::Verified { .. }));
}

#[test]
fn a_message_that_is_lost_at_the_providers_stays_charged() {
    let mut world = challenged();
    let left = |world: &World| {
        world
            .engine()
            .remaining(&world.account(), world.now())
            .sends
    };
    let (before, messages) = (left(&world), world.outbox().messages().len());
    world.outbox().fail_next(1);
    let challenge = Command::Challenge {
        session: 0,
        authenticator: None,
    };
    world.apply(&challenge);
    assert_eq!(
        (left(&world), world.outbox().messages().len()),
        (before - 1, messages)
    );
    world.apply(&challenge);
    assert_eq!(
        (left(&world), world.outbox().messages().len()),
        (before - 2, messages + 1)
    );
}

/// Sessions and the clock are the world's own.
#[test]
fn what_needs_no_record_does_not_load_one() {
    let mut world = world();
    world.store().fail_loads(1);
    assert_eq!(
        world.apply(&Command::Begin).reply.answer,
        Answer::Began { session: 0 }
    );
    let before = world.now();
    world.apply(&Command::Step { millis: 5 });
    assert_eq!(world.now(), before + Duration::milliseconds(5));
    assert_eq!(
        world.apply(&Command::List { session: 0 }).reply.answer,
        Answer::Unavailable
    );
    assert_eq!(
        world.apply(&Command::List { session: 0 }).reply.answer,
        Answer::Listed(vec![])
    );
}

#[test]
fn code_under_test_takes_the_parts_of_a_world() {
    let mut world = world();
    let (clock, store, outbox) = (
        world.clock().clone(),
        world.store().clone(),
        world.outbox().clone(),
    );
    // A server of the embedder's, with them in its hands.
    let engine = engine();
    let subject = world.subject().clone();
    let imported = engine.import_phone(
        &Account::new(subject.clone()),
        phone(),
        Channel::Sms,
        clock.now(),
        world.rng(),
    );
    let imported = imported.commit(|next| store.replace(next)).unwrap();
    assert!(imported.result.is_ok());
    let session = engine
        .begin(subject.clone(), "demo", "", "", clock.now(), world.rng())
        .unwrap();
    let account = store.load(&subject).unwrap().unwrap();
    let challenged = engine
        .challenge(
            &account,
            &session,
            &oob_mfa::Challenge::default(),
            clock.now(),
            world.rng(),
        )
        .commit(|next| store.replace(next))
        .unwrap()
        .result
        .unwrap();
    outbox.send(&challenged.delivery).unwrap();

    assert_eq!(Ok(world.record()), store.load(&subject));
    assert_eq!(world.outbox().messages().len(), 1);
    let code = outbox.code_for(phone()).unwrap();
    assert_eq!(code, challenged.delivery.code.expose_secret());
    clock.step(Duration::minutes(5));
    assert_eq!(world.now(), clock.now());
    let late = oob_mfa::VerifyOob {
        oob_code: challenged.oob_code.expose_secret().as_str().into(),
        binding_code: code.as_str().into(),
    };
    let late = engine.verify_oob(&world.account(), &session, &late, world.now());
    let late = late.commit(|next| store.replace(next)).unwrap();
    assert_eq!(late.result.unwrap_err(), Denied::OobCodeExpired);
}

#[test]
fn a_clone_is_a_world_of_its_own() {
    let mut one = challenged();
    let two = one.clone();
    one.apply(&Command::Step { millis: 1 });
    one.apply(&answer(Guess::Wrong));
    one.apply(&Command::Challenge {
        session: 0,
        authenticator: None,
    });
    assert_eq!(two.now() + Duration::milliseconds(1), one.now());
    assert_eq!(failures_left(&two), 10);
    assert_eq!(two.outbox().messages().len(), 1);
    assert_eq!(one.outbox().messages().len(), 2);
}

#[test]
fn the_clock_goes_either_way_and_stays_within_what_it_can_show() {
    let clock = Clock::new();
    let start = clock.now();
    assert_eq!(start.unix_timestamp(), 1_800_000_000);
    clock.step(Duration::milliseconds(-1));
    assert_eq!(clock.now(), start - Duration::milliseconds(1));
    clock.step(Duration::MIN);
    assert_eq!(clock.now(), UtcDateTime::UNIX_EPOCH);
    clock.step(Duration::MAX);
    assert_eq!(
        clock.now(),
        UtcDateTime::MAX - Duration::nanoseconds(999_999)
    );
}

#[test]
fn a_store_in_memory_replaces_only_what_is_replaced() {
    let (store, mut world) = (MemoryStore::new(), world());
    let new = Account::new(world.subject().clone());
    let mut import =
        |account: &Account,
         replace: &dyn Fn(Next) -> Result<(), Unsaved<MemoryStoreUnavailable>>| {
            let now = world.now();
            let asked = engine().import_phone(account, phone(), Channel::Sms, now, world.rng());
            asked.commit(replace).map(|_| ())
        };
    let replace = |next: Next| store.replace(next);
    assert_eq!(import(&new, &replace), Ok(()));
    assert_eq!(import(&new, &replace), Err(Unsaved::Conflict));
    let stored = store.load(new.subject()).unwrap().unwrap();
    assert_eq!(stored.revision(), 1);
    assert_eq!(store.load(&"somebody else".parse().unwrap()), Ok(None));
}

#[test]
fn nothing_of_it_prints_a_code() {
    let world = challenged();
    let code = &world.codes()[0];
    let printed = format!(
        "{:?} {:?} {:?}",
        world.outbox(),
        world.store(),
        world.clock()
    );
    assert!(!printed.contains(&code.binding_code));
    assert!(!printed.contains(&code.oob_code));
    assert!(printed.contains("XXXXXXXX8730"), "{printed}");
}

/// They are what the searches for schedules begin with.
#[test]
fn each_command_of_a_scene_changes_the_record() {
    for scene in [
        Scene::signing_in("auth0|alice".parse().unwrap(), 1),
        Scene::enrolling("auth0|alice".parse().unwrap(), 1),
    ] {
        let left = scene
            .world
            .engine()
            .remaining(&scene.world.account(), scene.world.now());
        assert_eq!((left.sends, left.binding_failures), (1, 1));
        for command in &scene.commands {
            let reply = scene.world.clone().apply(command).reply;
            assert!(reply.saved, "{command:?}: {reply:?}");
        }
    }
}

/// Rule 12's bound, but for the revision, whose first is 7 bytes shorter in postcard and 15 in JSON.
#[test]
fn the_largest_scene_is_as_large_as_a_record_can_be() {
    let scene = Scene::largest("\u{1}".repeat(255).parse().unwrap(), 1);
    let account = scene.world.account();
    assert_eq!(postcard::to_allocvec(&account).unwrap().len(), 3_975 - 7);
    assert_eq!(serde_json::to_string(&account).unwrap().len(), 12_421 - 15);
}

/// So that a search that lets time pass finds the same races.
#[test]
fn each_command_of_a_scene_changes_the_record_until_its_codes_expire() {
    for mut scene in [
        Scene::signing_in("auth0|alice".parse().unwrap(), 1),
        Scene::enrolling("auth0|alice".parse().unwrap(), 1),
    ] {
        let last = Duration::minutes(5) - Duration::milliseconds(1);
        scene.world.clock().step(last);
        for command in &scene.commands {
            let reply = scene.world.clone().apply(command).reply;
            assert!(reply.saved, "{command:?}: {reply:?}");
        }
        scene.world.clock().step(Duration::milliseconds(1));
        let late = scene.world.apply(&scene.commands[0]).reply;
        assert_eq!(late.answer, Answer::Denied(Denied::OobCodeExpired));
    }
}

#[test]
fn worlds_beside_each_other_have_one_clock_one_store_and_one_outbox() {
    let mut one = challenged();
    let mut other = one.beside("auth0|bob".parse().unwrap(), 2);
    assert_eq!(other.record(), None);
    other.apply(&import());
    other.apply(&Command::Begin);
    other.apply(&Command::Challenge {
        session: 0,
        authenticator: None,
    });
    assert_eq!(one.store().load(other.subject()), Ok(other.record()));
    assert!(other.record().is_some());
    assert_eq!(one.outbox().messages(), other.outbox().messages());
    assert_eq!(one.outbox().messages().len(), 2);
    one.apply(&Command::Step { millis: 1 });
    assert_eq!(one.now(), other.now());
}

#[test]
fn a_reload_puts_what_it_is_given_in_the_place_of_the_record() {
    let mut world = world();
    world.reload(|_| panic!("there is no record yet"));
    world.apply(&import());
    let imported = world.account();
    world.apply(&Command::RestoreBudgets);
    let restored = world.account();
    world.reload(|record| {
        assert_eq!(*record, restored);
        imported.clone()
    });
    assert_eq!(world.record(), Some(imported));
}

#[test]
fn what_it_prints_says_what_it_is() {
    let mut world = challenged();
    let (begin, account) = (Command::Begin, world.account());
    let asked = world.ask(&begin, &account);
    assert_eq!(format!("{asked:?}"), "Asked { .. }");
    let heard = asked.commit(|_| Ok::<(), ()>(())).unwrap();
    assert_eq!(format!("{heard:?}"), "Heard { .. }");
    assert_eq!(
        format!("{:?}", world.clock()),
        "Clock(2027-01-15 8:00:00.0 +00)"
    );
    let sent = &world.outbox().messages()[0];
    let printed = format!(
        "Message {{ channel: Sms, to: {:?}, expires_at: 2027-01-15 8:05:00.0 +00, id: {:?}, .. }}",
        phone(),
        sent.id
    );
    assert_eq!(format!("{sent:?}"), printed);
    assert_eq!(
        format!("{:?}", world.outbox()),
        format!("Outbox([{printed}])")
    );

    let store = MemoryStore::new();
    store.inject([Fault::LostAnswer]);
    store.fail_loads(3);
    assert_eq!(
        format!("{store:?}"),
        "MemoryStore { records: {}, faults: [LostAnswer], failing_loads: 3 }"
    );
    assert_eq!(
        store.load(world.subject()).unwrap_err().to_string(),
        "the store is out of reach, or its answer was lost"
    );
    let outbox = Outbox::new();
    outbox.fail_next(1);
    let (engine, now) = (engine(), world.now());
    let session = engine
        .begin(world.subject().clone(), "demo", "", "", now, world.rng())
        .unwrap();
    let challenged = engine.challenge(
        &account,
        &session,
        &oob_mfa::Challenge::default(),
        now,
        world.rng(),
    );
    let challenged = challenged.commit(|_| Ok::<(), ()>(())).unwrap();
    let not_sent = outbox.send(&challenged.result.unwrap().delivery);
    assert_eq!(
        not_sent.unwrap_err().to_string(),
        "the provider did not take the message"
    );
}

#[test]
fn drawn_steps_meet_every_edge_and_a_millisecond_before_and_after() {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut draw = |steps: &dyn Fn() -> BoxedStrategy<i64>| -> BTreeSet<i64> {
        let steps = steps();
        (0..5_000)
            .map(|_| steps.new_tree(&mut runner).unwrap().current())
            .collect()
    };
    let forward = draw(&|| forward_steps().boxed());
    let backward = draw(&|| backward_steps().boxed());
    let minutes = [1, 5, 6, 10, 60].map(|minutes| minutes * 60_000);
    for edge in minutes.into_iter().chain([86_400_000, 31_536_000_000]) {
        for step in [edge - 1, edge, edge + 1] {
            assert!(forward.contains(&step), "{step}");
            assert!(backward.contains(&-step), "{step}");
        }
    }
    // The rest is short, and between the edges.
    let (first, last) = (forward.first().copied(), forward.last().copied());
    assert_eq!((first, last), (Some(0), Some(31_536_000_001)));
    let other: Vec<i64> = forward.range(3_600_002..86_399_999).copied().collect();
    assert!(other.len() > 100);
    assert!(other.last() < Some(&7_200_000));
    assert_eq!(forward.range(86_400_002..31_535_999_999).count(), 0);
    assert_eq!(backward.last(), Some(&0));
}

proptest! {
    #[test]
    fn drawn_accounts_are_as_they_are_stored(account in accounts(Policy::nist_800_63b4())) {
        if account.revision() > 0 {
            let stored = serde_json::to_string(&account).unwrap();
            prop_assert_eq!(serde_json::from_str::<Account>(&stored).unwrap(), account);
        }
    }

    /// Whatever is drawn, the engine answers it, and a no of a kind that fits.
    #[test]
    fn drawn_requests_can_be_asked_of_drawn_accounts(
        account in accounts(Policy::auth0()),
        associate in associates(),
        challenge in challenges(),
        verify in verify_oobs(),
        code in recovery_codes(),
    ) {
        let (engine, mut world) = (engine(), world());
        let now = world.now();
        let subject = account.subject().clone();
        let session = engine.begin(subject, "demo", "", "", now, world.rng()).unwrap();
        let saved = |_: Next| Ok::<(), ()>(());
        let _ = engine.associate(&account, &session, &associate, now, world.rng()).commit(saved).unwrap();
        let _ = engine.challenge(&account, &session, &challenge, now, world.rng()).commit(saved).unwrap();
        let verified = engine.verify_oob(&account, &session, &verify, now).commit(saved).unwrap();
        prop_assert!(verified.result.is_err());
        let recovered = engine.verify_recovery_code(&account, &session, &code, now, world.rng());
        prop_assert!(recovered.commit(saved).unwrap().result.is_err());
    }
}

#[test]
fn drawn_recovery_codes_are_mostly_of_the_right_shape() {
    // A code of the alphabet, in upper case or in groups, is not told from a live one before it is judged.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = (0..100).map(|_| {
        use proptest::strategy::{Strategy, ValueTree};
        recovery_codes().new_tree(&mut runner).unwrap().current()
    });
    let shaped = drawn.filter(|code: &RecoveryCode| code.expose_secret().len() >= 24);
    assert!(shaped.count() > 60);
}

#[test]
fn an_outbox_keeps_the_order_and_knows_the_latest() {
    let outbox = Outbox::new();
    let mut world = challenged();
    world.apply(&Command::Challenge {
        session: 0,
        authenticator: None,
    });
    assert!(outbox.messages().is_empty());
    assert_eq!(outbox.code_for(phone()), None);
    let [first, second] = &world.outbox().messages()[..] else {
        panic!("two messages were sent");
    };
    assert_eq!(first.code, world.codes()[0].binding_code);
    assert_eq!(second.id, world.codes()[1].delivery);
    assert_eq!(world.outbox().code_for(phone()), Some(second.code.clone()));
}

#[test]
fn every_scene_can_be_stored() {
    let subject = || "auth0|alice".parse().unwrap();
    for (name, scene) in [
        ("signing in", Scene::signing_in(subject(), 1)),
        ("enrolling", Scene::enrolling(subject(), 1)),
        ("largest", Scene::largest(subject(), 1)),
    ] {
        let account = scene.world.account();
        let stored = postcard::to_allocvec(&account).unwrap();
        let json = serde_json::to_string(&account).unwrap();
        assert_eq!(
            serde_json::from_str::<Account>(&json).map_err(|error| error.to_string()),
            Ok(account.clone()),
            "{name}"
        );
        assert_eq!(
            postcard::from_bytes::<Account>(&stored),
            Ok(account),
            "{name}"
        );
    }
}
