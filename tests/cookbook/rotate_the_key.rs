{
    use oob_mfa::{Denied, Engine};

    let mut world = oob_mfa_testing::World::new();
    let (_, recovery_code) = world.enroll("+14155558730");
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let token = world.engine.issue_token(&session);
    let policy = world.engine.policy().clone();
    let steps = rotation(Key::new(1, &[7; 32]), Key::new(2, &[8; 32])).unwrap();
    let [first, second, third] = steps.map(|keys| Engine::new(policy.clone(), keys));

    // A server at step 1 verifies what a server at step 2 makes.
    let made_by_second = second.issue_token(&session);
    let opened = first.open_token(made_by_second.expose_secret(), None, world.now());
    assert!(opened.is_ok());

    // What the old key made is good at step 2, and refused at step 3.
    let opened = |engine: &Engine| engine.open_token(token.expose_secret(), None, world.now());
    assert!(opened(&second).is_ok());
    assert_eq!(opened(&third), Err(Denied::TokenInvalid));
    let mut at_third = world.clone();
    at_third.engine = third;
    assert_eq!(
        at_third.verify(&session, &sent).unwrap_err(),
        Denied::OobCodeExpired
    );
    assert!(at_third.recover(&session, &recovery_code).is_ok());
    world.engine = second;
    assert!(world.verify(&session, &sent).is_ok());
}
