//! Scenes are at the limits that they name.

use oob_mfa::{Account, Denied, Limit, Subject};
use oob_mfa_testing::record::Record;
use oob_mfa_testing::{Answer, Command, Scene};
use time::Duration;

fn subject() -> Subject {
    "auth0|alice".parse().unwrap()
}

fn assert_each_command_saves(scene: &Scene) {
    for command in &scene.commands {
        let reply = scene.world.clone().apply(command).reply;
        assert!(reply.saved, "{command:?}: {reply:?}");
    }
}

/// The searches for schedules start with them, and one that lets time pass finds the same races.
#[test]
fn each_command_of_a_scene_changes_the_record_until_its_codes_expire() {
    for mut scene in [
        Scene::signing_in(subject(), 1),
        Scene::enrolling(subject(), 1),
    ] {
        let (account, now) = (scene.world.account(), scene.world.now());
        for limit in [Limit::Sends, Limit::BindingFailures] {
            assert_eq!(scene.world.engine.remaining(&account, limit, now), 1);
        }
        assert_each_command_saves(&scene);
        let last = Duration::minutes(5) - Duration::milliseconds(1);
        scene.world.clock().step(last);
        assert_each_command_saves(&scene);
        scene.world.clock().step(Duration::milliseconds(1));
        let late = scene.world.apply(&scene.commands[0]).reply;
        assert_eq!(late.answer, Answer::Denied(Denied::OobCodeExpired));
    }
}

/// The bound of rule 12, except for the revision: the first is 7 bytes shorter in postcard and 15 in JSON.
#[test]
fn the_largest_scene_is_as_large_as_a_record_can_be() {
    let scene = Scene::largest("\u{1}".repeat(255).parse().unwrap(), 1);
    let account = scene.world.account();
    assert_eq!(postcard::to_allocvec(&account).unwrap().len(), 3_968 - 7);
    assert_eq!(serde_json::to_string(&account).unwrap().len(), 12_394 - 15);
}

#[test]
fn every_scene_can_be_stored() {
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
            postcard::from_bytes::<Account>(&stored).as_ref(),
            Ok(&account),
            "{name}"
        );
        let (record, bytes) = Record::of(&account);
        assert_eq!((record.load(), bytes), (account, stored), "{name}");
    }
}

/// Its last change is later than any clock.
#[test]
fn the_largest_scene_can_be_rewound() {
    let mut scene = Scene::largest(subject(), 1);
    let refused = scene.world.apply(&Command::RestoreBudgets).reply;
    assert_eq!(refused.answer, Answer::Denied(Denied::ClockBehind));
    let [rewind] = &scene.commands[..] else {
        panic!("{:?}", scene.commands)
    };
    let reply = scene.world.apply(rewind).reply;
    assert_eq!((reply.answer, reply.saved), (Answer::Done, true));
}
