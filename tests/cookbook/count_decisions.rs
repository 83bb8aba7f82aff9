{
    use oob_mfa::exchange::{Exchange, Request};

    let world = oob_mfa_testing::World::new();
    let engine = std::sync::Arc::new(world.engine.clone());
    let mut decisions = Decisions::default();
    for target in ["/mfa/authenticators", "/mfa/authenticators", "/nothing"] {
        let headers: [(&str, &[u8]); 1] = [("authorization", b"Bearer nonsense")];
        let request = Request {
            method: "GET",
            target,
            headers: &headers,
            body: b"",
        };
        match Exchange::begin(&engine, &request, world.now()) {
            Exchange::Done(reply) => decisions.count(&reply),
            Exchange::Token(step) => {
                let Exchange::Done(reply) = step.unknown() else {
                    panic!("the end")
                };
                decisions.count(&reply);
            }
            other => panic!("{other:?}"),
        }
    }
    let expected = [
        (("authenticators", 401, "token_malformed"), 2),
        (("none", 404, "none"), 1),
    ];
    assert_eq!(decisions.0.into_iter().collect::<Vec<_>>(), expected);
}
