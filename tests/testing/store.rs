//! A world on a store with faults, and the store and the outbox alone.

use oob_mfa::{Account, Channel, Denied, Limit, Next, Unsaved};
use oob_mfa_testing::{
    Answer, Command, Fault, Guess, MemoryStore, MemoryStoreUnavailable, Outbox, World,
};
use time::Duration;

use super::{answer, challenge, challenged, failures_left, phone, world};

#[test]
fn a_conflict_is_retried_and_charged_once() {
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
fn a_lost_answer_is_not_retried_and_is_charged_once() {
    let mut world = challenged();
    world.store().inject([Fault::LostAnswer]);
    let observation = world.apply(&answer(Guess::Wrong));
    assert_eq!(observation.reply.answer, Answer::Unavailable);
    assert_eq!(failures_left(&world), 9);

    // The right code was used up by the write with the lost answer.
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
    for fail in [
        |world: &World| world.store().inject([Fault::Unavailable]),
        |world: &World| world.store().inject([Fault::Conflict; 16]),
        |world: &World| world.store().fail_loads(1),
    ] {
        fail(&world);
        let reply = world.apply(&challenge()).reply;
        assert_eq!(reply.answer, Answer::Unavailable);
        assert_eq!((reply.sent, reply.saved), (None, false));
        assert_eq!(world.record(), record);
        assert_eq!(world.outbox().messages().len(), messages);
    }
    // The faults are over, and the next command works.
    let observation = world.apply(&answer(Guess::Right));
    assert!(matches!(observation.reply.answer, Answer::Verified { .. }));
}

#[test]
fn a_message_that_is_lost_at_the_providers_stays_charged() {
    let mut world = challenged();
    let left = |world: &World| {
        let account = world.account();
        world.engine.remaining(&account, Limit::Sends, world.now())
    };
    let (before, messages) = (left(&world), world.outbox().messages().len());
    world.outbox().fail_next(1);
    world.apply(&challenge());
    assert_eq!(
        (left(&world), world.outbox().messages().len()),
        (before - 1, messages)
    );
    world.apply(&challenge());
    assert_eq!(
        (left(&world), world.outbox().messages().len()),
        (before - 2, messages + 1)
    );
}

/// Sessions and the clock do not use the store.
#[test]
fn a_request_that_needs_no_record_does_not_load_one() {
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
fn a_store_in_memory_replaces_only_what_is_replaced() {
    let (store, mut world) = (MemoryStore::new(), world());
    let new = Account::new(world.subject().clone());
    let mut import =
        |account: &Account,
         replace: &dyn Fn(Next) -> Result<(), Unsaved<MemoryStoreUnavailable>>| {
            let (account, now) = (account.clone(), world.now());
            let World { engine, rng, .. } = &mut world;
            let asked = engine.import_phone(account, phone(), Channel::Sms, now, rng);
            asked.commit(replace).map(|_| ())
        };
    let replace = |next: Next| store.replace(next);
    assert_eq!(import(&new, &replace), Ok(()));
    assert_eq!(import(&new, &replace), Err(Unsaved::Conflict));
    let stored = store.load(new.subject()).unwrap().unwrap();
    assert_eq!(stored.revision(), 1);
    assert_eq!(store.load(&"another user".parse().unwrap()), Ok(None));
}

#[test]
fn an_outbox_keeps_the_order_and_knows_the_latest() {
    let outbox = Outbox::new();
    let mut world = challenged();
    world.apply(&challenge());
    assert!(outbox.messages().is_empty());
    assert_eq!(outbox.code_for(phone()), None);
    let [first, second] = &world.outbox().messages()[..] else {
        panic!("two messages were sent");
    };
    assert_eq!(first.code, world.codes()[0].binding_code);
    assert_eq!(second.id, world.codes()[1].delivery);
    assert_eq!(world.outbox().code_for(phone()), Some(second.code.clone()));
}
