{
    use oob_mfa_testing::{MINUTE, YEAR};

    let mut world = oob_mfa_testing::World::new();
    world.enroll("+14155558730");
    world.wait(YEAR);
    world.sign_in().unwrap();
    let session = world.first_factor();
    let from_the_future = world.engine.issue_token(&session);
    world.set_back(YEAR);
    assert_eq!(world.sign_in().err(), Some(Denied::ClockBehind));

    world.engine = with_key(&world.engine, Key::new(2, &[8; 32]));
    let (store, subjects) = (world.store().clone(), [world.subject().clone()]);
    let rewind = || rewind_all(&world.engine, &store, &subjects, world.now()).unwrap();
    assert_eq!(rewind(), 1);
    assert_eq!(rewind(), 0);

    world.wait(2 * MINUTE);
    assert!(matches!(world.sign_in(), Err(Denied::TooManySends { .. })));
    world.restore_budgets();
    assert!(world.sign_in().is_ok());
    world.wait(YEAR);
    let opened = world
        .engine
        .open_token(from_the_future.expose_secret(), None, world.now());
    assert_eq!(opened, Err(Denied::TokenInvalid));
}
