{
    use oob_mfa::{Denied, Policy};

    let mut world = oob_mfa_testing::World::of(Policy::nist_800_63b4(), "auth0|alice");
    world.enroll("+14155558730");
    world.add("+442071838750");
    assert!(asks_for_passkey(&world.sign_in().unwrap()));
    let older = world.first_factor();
    remove_phones(&world.engine, world.store(), world.subject(), world.now()).unwrap();
    assert!(!world.account().is_enrolled());
    let refused = world.associate(&older, "+447700900123").err();
    assert_eq!(refused, Some(Denied::SessionRevoked));
}
