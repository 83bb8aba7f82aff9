//! Policy switches apply to stored factors.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::common::*;

/// Sends a request to a server of this world with other lines of the configuration.
fn with_policy<T>(world: &mut World, lines: &str, ask: impl FnOnce(&World) -> T) -> T {
    let (address, _served, stop) = world.start(lines, 2);
    let before: SocketAddr = std::mem::replace(&mut world.address, address);
    let answered = ask(world);
    world.address = before;
    stop.send(()).unwrap();
    answered
}

fn required(world: &World) -> Value {
    let answer = world.password("alice@example.com", PASSWORD, "", "");
    answer.value()["mfa_requirements"].clone()
}

#[test]
fn recovery_codes_that_are_switched_off_are_not_required_listed_accepted_or_used_up() {
    let mut world = World::new();
    let recovery_code = world.enroll(&world.login(), PHONE).unwrap();
    let phone = json!({ "type": "phone" });
    let both = json!({ "challenge": [phone, { "type": "recovery-code" }] });
    assert_eq!(required(&world), both);

    let before = world.record();
    with_policy(&mut world, "[policy]\nrecovery_codes = false", |world| {
        assert_eq!(required(world), json!({ "challenge": [phone] }));
        let token = world.login();
        let ids = world.ids(&token);
        assert_eq!(ids.len(), 2);
        assert!(!ids.iter().any(|id| id.starts_with("recovery-code|")));
        let refused = world.recover(&token, &recovery_code);
        refused.refused(NO_RECOVERY_CODE);
    });
    assert_eq!(world.record(), before);

    assert_eq!(required(&world), both);
    world.recover(&world.login(), &recovery_code).ok();
}

#[test]
fn the_first_enabled_channel_of_a_client_is_used() {
    let mut world = World::new();
    with_policy(&mut world, "[policy]\nchannels = [\"voice\"]", |world| {
        let associate = |channels: Value| {
            let body = json!({
                "authenticator_types": ["oob"], "oob_channels": channels, "phone_number": PHONE,
            });
            world.associate_by(&body, &world.login())
        };
        assert_eq!(
            associate(json!(["sms", "voice"])).ok()["oob_channel"],
            "voice"
        );
        assert_eq!(world.outbox.messages().pop().unwrap()["channel"], "voice");
        let refused = associate(json!(["sms"]));
        assert_eq!(refused.status, 400, "{refused:?}");
        assert_eq!(world.outbox.messages().len(), 1);
    });
}
