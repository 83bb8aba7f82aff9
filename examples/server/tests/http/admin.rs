//! The administration, on its own listener.

mod access;
mod metrics;
mod operations;
mod recovery_code;

use std::future;
use std::sync::Arc;

use oob_mfa_server::admin::{self, Operators};
use serde_json::{Value, json};

use crate::common::*;

const ANN: &str = "0123456789abcdef0123456789abcdef";
const BOB: &str = "fedcba9876543210fedcba9876543210";
const SCRAPER: &str = "ffffffffffffffffffffffffffffffff";
const ACCOUNT: &str = "/accounts/auth0%7Calice";

/// A server, and its administration.
struct Site {
    world: World,
    admin: Client,
}

impl Site {
    fn new() -> Self {
        let world = World::new();
        let listener = world
            .runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let admin = Client::of(listener.local_addr().unwrap());
        let service = Arc::clone(world.service.as_ref().unwrap());
        let tokens = format!("ann:{ANN},bob:{BOB}");
        let operators = Operators::parse(&tokens, Some(SCRAPER)).unwrap();
        let served = admin::serve(listener, service, operators, future::pending());
        world.runtime.spawn(served);
        Self { world, admin }
    }

    /// A request of ann about alice.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("authorization", &*bearer(ANN))];
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.admin
            .send(method, &format!("{ACCOUNT}{path}"), &headers, body)
    }

    fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, &Value::Null)
    }

    fn show(&self) -> Value {
        self.ask("GET", "", &Value::Null).ok()
    }

    fn import(&self, phone: &str) -> Answer {
        let body = json!({ "phone_number": phone, "channel": "sms" });
        self.ask("POST", "/phones", &body)
    }

    /// The device of alice's only phone.
    fn device(&self) -> String {
        let account = self.show();
        assert_eq!(account["phones"].as_array().unwrap().len(), 1);
        account["phones"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Asserts that a denial has this name, and that nothing was written.
    #[track_caller]
    fn denied(&self, ask: impl FnOnce() -> Answer, status: u16, error: &str, description: &str) {
        let before = self.world.record();
        ask().is(status, error, description);
        assert_eq!(self.world.record(), before);
    }
}
