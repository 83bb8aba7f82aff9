{
    use oob_mfa::Denied;

    let mut world = oob_mfa_testing::World::new();
    let (id, _) = world.enroll("+14155558730");
    let session = world.first_factor();
    let texted = world.challenge(&session, None).unwrap();

    let AuthenticatorId::Phone(_, device) = id else {
        panic!("a phone")
    };
    let (engine, store, now) = (world.engine.clone(), world.store().clone(), world.now());
    let mut other = world.clone();
    let called = call(&engine, &store, &session, device, now, &mut world.rng).unwrap();
    assert_eq!(called.delivery.channel, Channel::Voice);
    assert!(called.delivery.keys.is_some());
    let voice = AuthenticatorId::Phone(Channel::Voice, device);
    other.challenge(&session, Some(voice)).unwrap();
    assert_eq!(world.account(), other.account());

    // The code of the text message no longer works, and charges no budget.
    assert_eq!(
        world.verify(&session, &texted).err(),
        Some(Denied::OobCodeUnknown)
    );
}
