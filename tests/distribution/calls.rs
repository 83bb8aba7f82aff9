//! The number of calls of the random source. For the operating system's, each is a system call.

use oob_mfa::{Account, Associate, Challenge, Channel, FirstFactor};

use crate::source::words;
use crate::{Drawer, granted};

fn associate(drawer: &Drawer, channel: Channel, drawn: impl IntoIterator<Item = u32>) -> usize {
    let mut rng = words(drawn);
    let account = Account::new(drawer.account.subject().clone());
    let request = Associate {
        channel,
        phone: "+14155550000".parse().unwrap(),
    };
    let engine = &drawer.engine;
    granted(engine.associate(
        account,
        &drawer.first_factor,
        &request,
        drawer.now,
        &mut rng,
    ));
    rng.calls()
}

#[test]
fn each_field_is_drawn_with_one_call() {
    let drawer = Drawer::new(6);
    for (channel, calls) in [(Channel::Sms, 2), (Channel::Voice, 3)] {
        // The oob_code, the binding code, and the keys of a call.
        let mut rng = words(0..100);
        let (account, session) = (drawer.account.clone(), &drawer.first_factor);
        let request = Challenge {
            channel: Some(channel),
            ..Challenge::default()
        };
        let engine = &drawer.engine;
        granted(engine.challenge(account, session, &request, drawer.now, &mut rng));
        assert_eq!(rng.calls(), calls);
        // Before them, the device, and the id and characters of the recovery code.
        assert_eq!(associate(&drawer, channel, 0..100), calls + 3);
    }
    let mut rng = words(0..100);
    drawer.recovery_code(&mut rng);
    assert_eq!(rng.calls(), 2);
    let first_factor = FirstFactor {
        subject: drawer.account.subject().clone(),
        client: "demo",
        scope: "",
        audience: "",
    };
    let mut rng = words(0..100);
    drawer
        .engine
        .begin(first_factor, drawer.now, &mut rng)
        .unwrap();
    assert_eq!(rng.calls(), 1);
}

#[test]
fn a_rejected_word_costs_one_more_call() {
    let drawer = Drawer::new(6);
    for rejected in 0..3 {
        // The first words of the device.
        let drawn = std::iter::repeat_n(u32::MAX, rejected).chain(0..100);
        assert_eq!(associate(&drawer, Channel::Sms, drawn), 5 + rejected);
    }
}
