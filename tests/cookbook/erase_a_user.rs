{
    let mut world = oob_mfa_testing::World::new();
    world.enroll("+14155558730");
    let older = world.first_factor();
    let (store, subject) = (world.store().clone(), world.subject().clone());
    let (delete_after, revision) = erase(&world.engine, &store, &subject, world.now()).unwrap();
    assert!(!world.account().is_enrolled());
    let refused = world.associate(&older, "+447700900123").err();
    assert_eq!(refused, Some(oob_mfa::Denied::SessionRevoked));
    assert_eq!(
        delete_after,
        world.now() + time::Duration::minutes(24 * 60 + 2)
    );
    assert!(store.delete(&subject, revision));
    assert!(!store.delete(&subject, revision));
    assert!(world.record().is_none());
}
