{
    let mut world = oob_mfa_testing::World::new();
    let rows = [
        ("auth0|alice", "+14155558730"),
        ("auth0|bob", "+442071838750"),
    ];
    let rows = rows.map(|(subject, phone)| (subject.parse().unwrap(), phone.parse().unwrap()));
    let (engine, store, now) = (world.engine.clone(), world.store().clone(), world.now());
    assert_eq!(
        import(&engine, &store, &rows, now, &mut world.rng).unwrap(),
        2
    );
    assert_eq!(
        import(&engine, &store, &rows, now, &mut world.rng).unwrap(),
        0
    );
    assert_eq!(world.account().revision(), 1);
    assert!(world.sign_in().is_ok());
}
