{
    use oob_mfa::{Denied, FirstFactor};

    let hosts = ["login.acme.example", "login.globex.example"];
    let tenants = Tenants::of(&[(hosts[0], [1; 32]), (hosts[1], [2; 32])]);
    let [acme, globex] = hosts.map(|host| tenants.by_host(host).unwrap());
    assert!(tenants.by_host("elsewhere.example").is_none());

    let mut world = oob_mfa_testing::World::new();
    let first_factor = FirstFactor {
        subject: "acme|alice".parse().unwrap(),
        client: "app",
        scope: "",
        audience: "",
    };
    let session = acme
        .begin(first_factor, world.now(), &mut world.rng)
        .unwrap();
    let token = acme.issue_token(&session);
    let opened = |engine: &Engine| engine.open_token(token.expose_secret(), None, world.now());
    assert_eq!(opened(acme), Ok(session));
    assert_eq!(opened(globex), Err(Denied::TokenInvalid));
}
