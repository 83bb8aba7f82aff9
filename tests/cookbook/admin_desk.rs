{
    use oob_mfa::{AuthenticatorId, Denied};

    let mut world = oob_mfa_testing::World::new();
    let (id, _) = world.enroll("+14155558730");
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    world.use_up_failures(&session, &sent);
    let AuthenticatorId::Phone(_, device) = id else {
        panic!("a phone")
    };
    let lines = |sends: u32, wrong: u32| {
        [
            format!("{device} XXXXXXXX8730 Active"),
            format!("Sends: {sends}"),
            format!("BindingFailures: {wrong}"),
            "RecoveryFailures: 10".to_owned(),
        ]
    };
    assert_eq!(
        show(&world.engine, &world.account(), world.now()),
        lines(8, 0)
    );
    refill(&world.engine, world.store(), world.subject(), world.now()).unwrap();
    assert_eq!(
        show(&world.engine, &world.account(), world.now()),
        lines(10, 10)
    );

    world.challenge(&session, None).unwrap();
    world.reset();
    let left = show(&world.engine, &world.account(), world.now());
    assert_eq!(
        left,
        ["Sends: 9", "BindingFailures: 10", "RecoveryFailures: 10"]
    );
    assert_eq!(world.sign_in().err(), Some(Denied::SessionRevoked));
}
