{
    let at_admit = include!("at_admit.rs");

    let minute = core::time::Duration::from_secs(60);
    let mut limits = Limits {
        per_number: RateLimit::new(2, 10 * minute).unwrap(),
        per_address: RateLimit::new(3, minute).unwrap(),
        numbers: HashMap::new(),
        addresses: HashMap::new(),
    };
    let mut statuses = Vec::new();
    for (user, number, last_byte) in [
        ("a", "+14155558730", 1),
        ("b", "+14155558730", 2),
        ("c", "+14155558730", 3), // a number has 2
        ("d", "+14155558731", 3),
        ("e", "+14155558732", 3),
        ("f", "+14155558733", 3),
        ("g", "+14155558734", 3), // an address has 3
    ] {
        let mut world = oob_mfa_testing::World::of(oob_mfa::Policy::auth0(), user);
        let step = at_admit(&mut world, "sms", number);
        statuses.push(
            match limits.admit(step, [127, 0, 0, last_byte].into(), world.now()) {
                Exchange::Replace(_) => (200, None),
                Exchange::Done(reply) => {
                    let wait = reply.headers().find(|(name, _)| *name == "Retry-After");
                    (reply.status(), wait.map(|(_, seconds)| seconds.to_owned()))
                }
                other => panic!("{other:?}"),
            },
        );
    }
    let refused = |wait: &str| (429, Some(wait.to_owned()));
    let ok = || (200, None);
    assert_eq!(
        statuses,
        [ok(), ok(), refused("600"), ok(), ok(), ok(), refused("60")]
    );

    let of = |address: &str| network(address.parse().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}
