//! Successful answers.

use super::*;

#[test]
fn answers_have_the_fields_of_the_guide_in_its_order() {
    let mut world = World::new();
    let session = world.first_factor();
    let request = Associate {
        channel: Channel::Sms,
        phone: ALICES.parse().unwrap(),
    };
    let transition = world.engine.associate(
        world.account(),
        &session,
        &request,
        world.now(),
        &mut world.rng,
    );
    let associated = world.commit(transition).unwrap();
    let (oob_code, recovery_code) = (
        associated.oob_code.expose_secret(),
        associated.recovery_code.as_ref().unwrap().expose_secret(),
    );
    assert_eq!(
        text(&AssociateAnswer::from(&associated)),
        format!(
            r#"{{"authenticator_type":"oob","binding_method":"prompt","recovery_codes":["{recovery_code}"],"oob_channel":"sms","oob_code":"{oob_code}"}}"#
        )
    );
    let AuthenticatorId::Phone(_, device) = associated.authenticator else {
        panic!("a phone")
    };
    let list = |world: &World, session| {
        let account = world.account();
        let entries = world.engine.authenticators(&account, session, world.now());
        text(&entries.unwrap().collect::<AuthenticatorsAnswer>())
    };
    let recovery = |listed: &str| {
        let (_, rest) = listed.split_once("recovery-code|").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let expected = |recovery: &str, active: bool| {
        format!(
            r#"[{{"id":"recovery-code|{recovery}","authenticator_type":"recovery-code","active":{active},"type":"recovery-code"}},{{"id":"sms|{device}","authenticator_type":"oob","active":{active},"oob_channel":"sms","name":"XXXXXXXX8730","type":"phone"}},{{"id":"voice|{device}","authenticator_type":"oob","active":{active},"oob_channel":"voice","name":"XXXXXXXX8730","type":"phone"}}]"#
        )
    };
    let listed = list(&world, &session);
    assert_eq!(listed, expected(&recovery(&listed), false));

    let sent = Sent {
        authenticator: associated.authenticator,
        oob_code,
        code: associated.delivery.code.expose_secret().to_owned(),
        recovery_code: None,
    };
    world.verify(&session, &sent).unwrap();
    let session = world.first_factor();
    let listed = list(&world, &session);
    assert_eq!(listed, expected(&recovery(&listed), true));

    let transition = world.engine.challenge(
        world.account(),
        &session,
        &Challenge::default(),
        world.now(),
        &mut world.rng,
    );
    let challenged = world.commit(transition).unwrap();
    let oob_code = challenged.oob_code.expose_secret();
    assert_eq!(
        text(&ChallengeAnswer::from(&challenged)),
        format!(r#"{{"challenge_type":"oob","oob_code":"{oob_code}","binding_method":"prompt"}}"#)
    );
    assert_eq!(
        text(&std::iter::empty().collect::<AuthenticatorsAnswer>()),
        "[]"
    );
}

#[test]
fn token_answers_and_mfa_required_are_those_of_the_api() {
    let tokens = TokenAnswer::new("eyJ...i", 600, "openid profile").with_id_token("eyJ...i");
    assert_eq!(
        text(&tokens),
        r#"{"id_token":"eyJ...i","access_token":"eyJ...i","expires_in":600,"scope":"openid profile","token_type":"Bearer"}"#
    );
    let code = RecoveryCode::from("N3BGPZZWJ85JLCNPZBDW6QXC");
    let tokens = TokenAnswer::new("a", 1, "").with_recovery_code(Some(&code));
    assert_eq!(
        text(&tokens),
        r#"{"access_token":"a","expires_in":1,"scope":"","token_type":"Bearer","recovery_code":"N3BGPZZWJ85JLCNPZBDW6QXC"}"#
    );

    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let required = |world: &World| {
        text(&MfaRequiredAnswer::new(
            &token,
            world.engine.requirements(&world.account()),
        ))
        .replace(token.expose_secret(), "…")
    };
    let begin = r#"{"error":"mfa_required","error_description":"Multifactor authentication required","mfa_token":"…","mfa_requirements":"#;
    assert_eq!(
        required(&world),
        format!(r#"{begin}{{"enroll":[{{"type":"phone"}}]}}}}"#)
    );
    world.enroll(ALICES);
    assert_eq!(
        required(&world),
        format!(r#"{begin}{{"challenge":[{{"type":"phone"}},{{"type":"recovery-code"}}]}}}}"#)
    );
    assert_eq!(MfaRequiredAnswer::STATUS, 403);
}
