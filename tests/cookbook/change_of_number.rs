{
    use oob_mfa::{Channel, Denied};
    use oob_mfa_testing::World;

    let mut world = World::new();
    let (old, _) = world.enroll("+14155558730");
    let session = world.second_factor();
    let (engine, store, now) = (world.engine.clone(), world.store().clone(), world.now());
    let mut other = world.clone();

    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558731".parse().unwrap(),
    };
    let associated = add(&engine, &store, &session, &request, now, &mut world.rng).unwrap();
    let sent = other.associate(&session, "+14155558731").unwrap();
    assert_eq!(world.account(), other.account());

    let oob_code = associated.oob_code.expose_secret();
    let answer = |code: &str| VerifyOob {
        oob_code: oob_code.as_str().into(),
        binding_code: code.into(),
    };
    // A wrong code removes nothing.
    let wrong = sent.wrong();
    let rejected = switch(&engine, &store, &session, &answer(&wrong.code), &old, now);
    let denied = rejected.unwrap_err().downcast_ref().cloned();
    assert_eq!(denied, Some(Denied::InvalidBindingCode));
    assert_eq!(other.verify(&session, &wrong).err(), denied);
    assert_eq!(world.account(), other.account());

    let code = associated.delivery.code.expose_secret();
    let removed = switch(&engine, &store, &session, &answer(code), &old, now).unwrap();
    assert_eq!(removed.phone.to_e164(), "+14155558730");
    other.verify(&session, &sent).unwrap();
    other.remove(&session, old).unwrap();
    assert_eq!(world.account(), other.account());

    let account = world.account();
    let phones: Vec<_> = engine.phones(&account, now).collect();
    assert_eq!(phones.len(), 1);
    assert_eq!(phones[0].phone.to_e164(), "+14155558731");
    assert!(world.sign_in().is_ok());
}
