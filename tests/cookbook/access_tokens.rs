{
    use oob_mfa::Account;
    use oob_mfa::exchange::{Reply, Request};
    use serde_json::{Value, json};

    struct Server {
        world: oob_mfa_testing::World,
        account: Option<Account>,
        code: String,
        minted: u32,
        sessions: Sessions,
    }

    impl Server {
        fn post(&mut self, target: &str, bearer: Option<&str>, body: Value) -> (u16, Value) {
            self.respond("POST", target, bearer, body)
        }

        fn respond(
            &mut self,
            method: &str,
            target: &str,
            bearer: Option<&str>,
            body: Value,
        ) -> (u16, Value) {
            let bearer = bearer.map(|token| format!("Bearer {token}"));
            let mut headers: Vec<(&str, &[u8])> = vec![("content-type", b"application/json")];
            headers.extend(
                bearer
                    .as_ref()
                    .map(|bearer| ("authorization", bearer.as_bytes())),
            );
            let body = body.to_string();
            let request = Request {
                method,
                target,
                headers: &headers,
                body: body.as_bytes(),
            };
            let engine = std::sync::Arc::new(self.world.engine.clone());
            let mut exchange = Exchange::begin(&engine, &request, self.world.now());
            let reply: Reply = loop {
                exchange = match exchange {
                    Exchange::Client(step) => step.authenticated(),
                    Exchange::Token(step) => self.sessions.open(step),
                    Exchange::Grant(step) => passed(step, "auth0|alice".parse().unwrap()),
                    Exchange::Load(step) => {
                        step.loaded(self.account.clone(), self.world.now(), &mut self.world.rng)
                    }
                    Exchange::Admit(step) => step.admitted(),
                    Exchange::Replace(step) => {
                        self.account = Some(step.next().account().clone());
                        step.stored()
                    }
                    Exchange::Send(step) => {
                        self.code = step.delivery().code.expose_secret().to_owned();
                        step.sent()
                    }
                    Exchange::Mint(step) => {
                        self.minted += 1;
                        let (token, id) = (
                            format!("token {}", self.minted),
                            format!("id {}", self.minted),
                        );
                        self.sessions
                            .mint(step, &token, &SessionId::from_jti(&id).unwrap())
                    }
                    Exchange::Done(reply) => break reply,
                    other => panic!("{other:?}"),
                };
            };
            (
                reply.status(),
                serde_json::from_slice(reply.body()).unwrap_or_default(),
            )
        }

        fn login(&mut self, client: &str, audience: &str) -> (u16, Value) {
            let scope = "openid enroll read:authenticators remove:authenticators";
            let body = json!({
                "grant_type": "password", "client_id": client, "scope": scope, "audience": audience,
            });
            self.post("/oauth/token", None, body)
        }
    }

    let mut server = Server {
        world: oob_mfa_testing::World::new(),
        account: None,
        code: String::new(),
        minted: 0,
        sessions: Sessions::default(),
    };
    let refused = |answer: (u16, Value)| (answer.0, answer.1["error"] == "access_denied");
    assert_eq!(
        refused(server.login("app", "https://another.example.com/")),
        (403, true)
    );
    assert_eq!(refused(server.login("partner", MFA_API)), (403, true));
    let mut counts = Vec::new();
    for audience in ["", MFA_API] {
        let (_, required) = server.login("app", audience);
        let mfa_token = required["mfa_token"].as_str().unwrap();
        let (target, body) = match server.minted {
            0 => {
                let phone = "+14155558730";
                let body = json!({
                    "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": phone,
                });
                ("/mfa/associate", body)
            }
            _ => (
                "/mfa/challenge",
                json!({ "client_id": "app", "mfa_token": mfa_token }),
            ),
        };
        let (status, sent) = server.post(target, Some(mfa_token), body);
        assert_eq!(status, 200, "{sent}");
        let body = json!({
            "grant_type": "http://auth0.com/oauth/grant-type/mfa-oob", "client_id": "app",
            "mfa_token": mfa_token, "oob_code": sent["oob_code"], "binding_code": server.code,
        });
        let (status, tokens) = server.post("/oauth/token", None, body);
        let expected = match audience {
            "" => "openid",
            _ => "enroll read:authenticators remove:authenticators",
        };
        assert_eq!((status, tokens["scope"].as_str()), (200, Some(expected)));
        let token = tokens["access_token"].as_str().unwrap();
        let (status, list) = server.respond("GET", "/mfa/authenticators", Some(token), Value::Null);
        counts.push((status, list.as_array().map(Vec::len)));
    }
    assert_eq!(counts, [(401, None), (200, Some(3))]);
}
