//! The ends of the calendar: nothing panics there, and every saved account loads.

use oob_mfa::{
    Associate, AuthenticatorId, BindingCode, Challenge, Channel, DeviceId, FirstFactor, Limit,
    OobCode, RecoveryCode, Transition, VerifyOob,
};
use oob_mfa_testing::{ALICES, Command, MALLORYS, Scene, World, commands, policies};
use proptest::prelude::*;
use proptest::sample::select;
use time::UtcDateTime;

use super::clock;
use crate::harness::{config, play, through_json, through_postcard, world};

const ENDS: [i64; 6] = [i64::MIN, i64::MAX, -1, 1, -400_000_000_000_000, 60_000];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r13_nothing_panics_at_the_ends_of_the_calendar(
        policy in policies(),
        seed: u64,
        commands in commands(1..40),
        ends in prop::collection::vec(select(&ENDS[..]), 1..20),
    ) {
        let mut ends = ends.iter().cycle();
        let mut to_the_ends = Vec::new();
        for command in commands {
            if !matches!(command, Command::Step { .. }) {
                to_the_ends.push(command);
            }
            to_the_ends.push(Command::Step { millis: *ends.next().unwrap() });
        }
        play(&mut world(&policy, seed), &to_the_ends, clock());
    }
}

/// Saves the next account, which must load unchanged.
fn saved<T>(transition: Transition<T>) {
    let saved = transition.commit(|next| {
        assert_eq!(through_json(next.account()), *next.account());
        assert_eq!(through_postcard(next.account()), *next.account());
        Ok::<_, ()>(())
    });
    drop(saved.unwrap());
}

/// Every operation, at a time that no clock of a [`World`] shows.
fn ask_everything(world: &mut World, now: UtcDateTime) {
    let World { engine, rng, .. } = world;
    let engine = engine.clone();
    let mut rng = rng.clone();
    let account = || world.account();
    let first_factor = FirstFactor {
        subject: world.subject().clone(),
        client: "demo",
        scope: "",
        audience: "",
    };
    let session = engine.begin(first_factor, now, &mut rng).unwrap();
    let token = engine.issue_token(&session);
    drop(engine.open_token(token.expose_secret(), None, now));
    let phone = MALLORYS.parse().unwrap();
    let channel = Channel::Sms;
    let device: DeviceId = "dev_NeverIssuedToAny".parse().unwrap();
    let id = AuthenticatorId::Phone(channel, device);
    let code = RecoveryCode::from("");
    let verify = VerifyOob {
        oob_code: OobCode::from(""),
        binding_code: BindingCode::from(""),
    };
    let associate = Associate { channel, phone };
    saved(engine.associate(account(), &session, &associate, now, &mut rng));
    saved(engine.challenge(account(), &session, &Challenge::default(), now, &mut rng));
    saved(engine.verify_oob(account(), &session, &verify, now));
    saved(engine.verify_recovery_code(account(), &session, &code, now, &mut rng));
    saved(engine.remove_authenticator(account(), &session, &id, now));
    saved(engine.regenerate_recovery_code(account(), &session, now, &mut rng));
    saved(engine.reset(account(), now));
    saved(engine.remove_phone(account(), device, now));
    saved(engine.import_phone(account(), phone, channel, now, &mut rng));
    saved(engine.restore_budgets(account(), now));
    saved(engine.rewind(account(), now));
    let account = account();
    if let Ok(entries) = engine.authenticators(&account, &session, now) {
        assert!(entries.count() <= 53);
    }
    assert!(engine.phones(&account, now).count() <= 26);
    for limit in Limit::ALL {
        assert!(engine.remaining(&account, limit, now) <= 10);
    }
}

#[test]
fn r13_every_operation_answers_at_moments_that_no_record_holds() {
    let mut enrolled = World::new();
    enrolled.enroll(ALICES);
    let largest = Scene::largest("auth0|alice".parse().unwrap(), 1).world;
    for mut world in [World::new(), enrolled, largest] {
        for now in [
            UtcDateTime::MIN,
            UtcDateTime::UNIX_EPOCH - time::Duration::MILLISECOND,
            UtcDateTime::UNIX_EPOCH,
            UtcDateTime::MAX,
        ] {
            ask_everything(&mut world, now);
        }
    }
}
