|world: &mut oob_mfa_testing::World, channel: &str, number: &str| -> oob_mfa::exchange::Admit {
    use oob_mfa::exchange::{Exchange, Request};

    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let bearer = format!("Bearer {}", token.expose_secret());
    let body = serde_json::json!({
        "authenticator_types": ["oob"], "oob_channels": [channel], "phone_number": number,
    });
    let body = body.to_string();
    let headers: [(&str, &[u8]); 1] = [("authorization", bearer.as_bytes())];
    let request = Request {
        method: "POST",
        target: "/mfa/associate",
        headers: &headers,
        body: body.as_bytes(),
    };
    let engine = std::sync::Arc::new(world.engine.clone());
    let Exchange::Load(step) = Exchange::begin(&engine, &request, world.now()) else {
        panic!("a load")
    };
    let Exchange::Admit(step) = step.loaded(None, world.now(), &mut world.rng) else {
        panic!("an admission")
    };
    step
}
