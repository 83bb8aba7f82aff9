//! The parts of a world, and its `Debug`.

use oob_mfa::{Account, Challenge, Channel, Denied, VerifyOob};
use oob_mfa_testing::{Clock, Command, Fault, Guess, MemoryStore, Outbox};
use time::{Duration, UtcDateTime};

use super::{
    answer, challenge, challenged, engine, failures_left, first_factor, import, phone, world,
};

#[test]
fn code_under_test_takes_the_parts_of_a_world() {
    let mut world = world();
    let (clock, store, outbox) = (
        world.clock().clone(),
        world.store().clone(),
        world.outbox().clone(),
    );
    // An embedder's server that uses them.
    let engine = engine();
    let subject = world.subject().clone();
    let imported = engine.import_phone(
        Account::new(subject.clone()),
        phone(),
        Channel::Sms,
        clock.now(),
        &mut world.rng,
    );
    let imported = imported.commit(|next| store.replace(next)).unwrap();
    assert!(imported.result.is_ok());
    let session = engine
        .begin(first_factor(&subject), clock.now(), &mut world.rng)
        .unwrap();
    let account = store.load(&subject).unwrap().unwrap();
    let challenged = engine
        .challenge(
            account,
            &session,
            &Challenge::default(),
            clock.now(),
            &mut world.rng,
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
    let late = VerifyOob {
        oob_code: challenged.oob_code.expose_secret().as_str().into(),
        binding_code: code.as_str().into(),
    };
    let late = engine.verify_oob(world.account(), &session, &late, world.now());
    let late = late.commit(|next| store.replace(next)).unwrap();
    assert_eq!(late.result.unwrap_err(), Denied::OobCodeExpired);
}

#[test]
fn a_clone_of_a_world_is_independent() {
    let mut one = challenged();
    let two = one.clone();
    one.apply(&Command::Step { millis: 1 });
    one.apply(&answer(Guess::Wrong));
    one.apply(&challenge());
    assert_eq!(two.now() + Duration::milliseconds(1), one.now());
    assert_eq!(failures_left(&two), 10);
    assert_eq!(two.outbox().messages().len(), 1);
    assert_eq!(one.outbox().messages().len(), 2);
}

#[test]
fn the_clock_moves_both_ways_within_the_calendar() {
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
fn worlds_of_one_scene_share_clock_store_and_outbox() {
    let mut one = challenged();
    let mut other = one.beside("auth0|bob".parse().unwrap(), 2);
    assert_eq!(other.record(), None);
    other.apply(&import());
    other.apply(&Command::Begin);
    other.apply(&challenge());
    assert_eq!(one.store().load(other.subject()), Ok(other.record()));
    assert!(other.record().is_some());
    assert_eq!(one.outbox().messages(), other.outbox().messages());
    assert_eq!(one.outbox().messages().len(), 2);
    one.apply(&Command::Step { millis: 1 });
    assert_eq!(one.now(), other.now());
}

#[test]
fn a_reload_replaces_the_record() {
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
fn debug_of_a_request_prints_no_code() {
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

#[test]
fn an_error_prints_its_reason() {
    let mut world = challenged();
    let (begin, account) = (Command::Begin, world.account());
    let asked = world.ask(&begin, account.clone());
    assert_eq!(format!("{asked:?}"), "Asked { .. }");
    let decision = asked.commit(|_| Ok::<(), ()>(())).unwrap();
    assert_eq!(format!("{decision:?}"), "Decision { .. }");
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
        "the store is unreachable, or its answer was lost"
    );
    let outbox = Outbox::new();
    outbox.fail_next(1);
    let (engine, now) = (engine(), world.now());
    let session = engine
        .begin(first_factor(world.subject()), now, &mut world.rng)
        .unwrap();
    let challenged = engine.challenge(
        account,
        &session,
        &Challenge::default(),
        now,
        &mut world.rng,
    );
    let challenged = challenged.commit(|_| Ok::<(), ()>(())).unwrap();
    let not_sent = outbox.send(&challenged.result.unwrap().delivery);
    assert_eq!(
        not_sent.unwrap_err().to_string(),
        "the provider did not accept the message"
    );
}
