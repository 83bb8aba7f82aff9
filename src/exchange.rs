//! One HTTP request as a state machine of steps: bytes in, bytes out.
//!
//! Give [`Exchange::begin`] an HTTP request. It returns the first step, for example: authenticate
//! this client. You do the step and answer it. The answer returns the next step, for example: load
//! this account. The last one is [`Exchange::Done`] with the [`Reply`].
//!
//! * The answer consumes the step. No step can be skipped or answered twice. Answer truthfully: the compiler
//!   does not see whether you saved or sent.
//! * Nothing is sent or minted before the account is saved, and no response exists before the end.
//! * The machine covers every endpoint with its errors, and 404, 405, `HEAD` and `OPTIONS`.
//! * A step is `Send + Sync + 'static`: keep it during your IO, in blocking and in async code.
//!
//! # The steps
//!
//! | step | you | answers |
//! |---|---|---|
//! | [`Client`] | look up the client, compare its secret | `authenticated`, `rejected`, `unavailable` |
//! | [`Token`] | open your own access token | `session`, `denied`, `unknown`, `unavailable` |
//! | [`Grant`] | check a password | `first_factor`, `granted`, `unsupported`, `unavailable` |
//! | [`Load`] | read the account | `loaded`, `unavailable`, `broken` |
//! | [`Admit`] | allow the country, ask the provider's circuit breaker | `admitted` |
//! | [`Replace`] | write the account, by its revision | `stored`, `conflict`, `lost` |
//! | [`Send`] | send the message | `sent`, `unknown`, `failed` |
//! | [`Mint`] | sign the tokens | `minted`, `failed` |
//!
//! Every step also has `fail`, which ends the request with your own error.
//!
//! # Example
//!
//! A whole server, except for its sockets. In async code, `.await` the IO: nothing else changes.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Arc;
//!
//! use getrandom::rand_core::UnwrapErr;
//! use oob_mfa::exchange::{Admit, Exchange, Grant, Passed, Reply, Request};
//! use oob_mfa::wire::{ClientCredentials, ErrorAnswer, TokenAnswer};
//! use oob_mfa::{Account, Engine, Key, KeyRing, Policy, Subject};
//! use time::UtcDateTime;
//!
//! struct Server {
//!     engine: Arc<Engine>,
//!     accounts: HashMap<Subject, Account>, // your database
//!     sent: Vec<String>,                   // your provider
//! }
//!
//! fn respond(server: &mut Server, request: &Request<'_>) -> Reply {
//!     let mut exchange =
//!         Exchange::begin(&server.engine, request, UtcDateTime::now());
//!     loop {
//!         exchange = match exchange {
//!             Exchange::Client(step) if is_client(step.credentials()) => {
//!                 step.authenticated()
//!             }
//!             Exchange::Client(step) => step.rejected(),
//!             // No access tokens in this example.
//!             Exchange::Token(step) => step.unknown(),
//!             Exchange::Grant(step) => first_factor(step),
//!             Exchange::Load(step) => {
//!                 let account = server.accounts.get(step.subject()).cloned();
//!                 let mut rng = UnwrapErr(getrandom::SysRng);
//!                 step.loaded(account, UtcDateTime::now(), &mut rng)
//!             }
//!             Exchange::Admit(step) => admit(step),
//!             Exchange::Replace(step) => {
//!                 let account = step.next().account();
//!                 let subject = account.subject();
//!                 let stored = server.accounts.get(subject);
//!                 if stored.map(Account::revision) == account.replaces() {
//!                     server.accounts.insert(subject.clone(), account.clone());
//!                     step.stored()
//!                 } else {
//!                     step.conflict()
//!                 }
//!             }
//!             Exchange::Send(step) => {
//!                 server
//!                     .sent
//!                     .push(step.delivery().code.expose_secret().to_owned());
//!                 step.sent()
//!             }
//!             Exchange::Mint(step) => {
//!                 let answer = TokenAnswer::new(
//!                     "an access token",
//!                     600,
//!                     step.verified().scope(),
//!                 );
//!                 step.minted(answer)
//!             }
//!             Exchange::Done(reply) => return reply,
//!         };
//!     }
//! }
//!
//! fn is_client(credentials: &ClientCredentials) -> bool {
//!     credentials.client_id() == "my-app" && credentials.matches(None)
//! }
//!
//! fn first_factor(step: Grant) -> Exchange {
//!     // Your user table, and a slow hash of the password.
//!     let body = step.body();
//!     let is_right = body.optional("username") == Ok(Some("alice@example.com"))
//!         && body.optional("password") == Ok(Some("correct horse"));
//!     match step.grant_type() {
//!         "password" if is_right => {
//!             let Ok(subject) = "auth0|alice".parse() else {
//!                 return step.fail(ErrorAnswer::server_error());
//!             };
//!             let (scope, audience) = ("openid".into(), String::new());
//!             step.first_factor(Passed { subject, scope, audience })
//!         }
//!         "password" => {
//!             let wrong = "Wrong email or password.";
//!             step.fail(ErrorAnswer::new(403, "invalid_grant", wrong))
//!         }
//!         _ => step.unsupported(),
//!     }
//! }
//!
//! fn admit(step: Admit) -> Exchange {
//!     // "+1" alone would be some 25 countries.
//!     if step.target().phone.to_e164().starts_with("+1415") {
//!         step.admitted()
//!     } else {
//!         let elsewhere = "No messages to this country.";
//!         step.fail(ErrorAnswer::new(403, "access_denied", elsewhere))
//!     }
//! }
//!
//! # let secret = [7; 32];
//! // `secret`: 32 bytes from the system's random source.
//! let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &secret)));
//! let mut server = Server {
//!     engine: engine.into(),
//!     accounts: HashMap::new(),
//!     sent: Vec::new(),
//! };
//! let mut post = |target: &str, authorization: &str, body: &str| {
//!     let headers: [(&str, &[u8]); 2] = [
//!         ("authorization", authorization.as_bytes()),
//!         ("content-type", b"application/json"),
//!     ];
//!     let headers =
//!         if authorization.is_empty() { &headers[1..] } else { &headers };
//!     let request =
//!         Request { method: "POST", target, headers, body: body.as_bytes() };
//!     let reply = respond(&mut server, &request);
//!     let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
//!     (reply.status(), body, server.sent.last().cloned().unwrap_or_default())
//! };
//!
//! // A first factor.
//! let (status, body, _) = post(
//!     "/oauth/token",
//!     "",
//!     r#"{
//!         "grant_type": "password", "client_id": "my-app",
//!         "username": "alice@example.com", "password": "correct horse"
//!     }"#,
//! );
//! assert_eq!((status, body["error"].as_str()), (403, Some("mfa_required")));
//! let bearer = format!("Bearer {}", body["mfa_token"].as_str().unwrap());
//!
//! // A phone in a country that is not admitted, and one that gets its code.
//! let associate = |number: &str| {
//!     format!(
//!         r#"{{
//!             "authenticator_types": ["oob"], "oob_channels": ["sms"],
//!             "phone_number": "{number}"
//!         }}"#
//!     )
//! };
//! let (status, _, code) =
//!     post("/mfa/associate", &bearer, &associate("+447911123456"));
//! assert_eq!((status, code.as_str()), (403, ""));
//! let (status, body, code) =
//!     post("/mfa/associate", &bearer, &associate("+14155558730"));
//! assert_eq!((status, code.len()), (200, 6));
//!
//! // The code confirms the phone and completes the login.
//! let verify = serde_json::json!({
//!     "grant_type": "http://auth0.com/oauth/grant-type/mfa-oob",
//!     "client_id": "my-app",
//!     "oob_code": body["oob_code"], "binding_code": code,
//! });
//! let (status, body, _) = post("/oauth/token", &bearer, &verify.to_string());
//! assert_eq!(
//!     (status, body["access_token"].as_str()),
//!     (200, Some("an access token"))
//! );
//! ```
//!
//! # The requests
//!
//! Bodies are JSON or forms. The client authenticates by `client_id` and `client_secret` in the body, or by
//! HTTP Basic. A client without a secret sends only its `client_id`. In a form a list has 1 value:
//! `oob_channels=sms`. For more values, send JSON.
//!
//! | request | parameters |
//! |---|---|
//! | `POST /oauth/token` | your own grant, for example `grant_type=password`, `username`, `password`, `scope`, `audience` |
//! | `POST /mfa/associate`, bearer | `authenticator_types=["oob"]`, `oob_channels=["sms"]`, `phone_number` |
//! | `POST /mfa/challenge` | `mfa_token`; optional: `authenticator_id`, `oob_channel`, `challenge_type=oob` |
//! | `POST /oauth/token` | `grant_type=http://auth0.com/oauth/grant-type/mfa-oob`, `mfa_token`, `oob_code`, `binding_code` |
//! | `POST /oauth/token` | `grant_type=http://auth0.com/oauth/grant-type/mfa-recovery-code`, `mfa_token`, `recovery_code` |
//! | `GET /mfa/authenticators`, bearer | |
//! | `DELETE /mfa/authenticators/{id}`, bearer | an access token with `remove:authenticators` |
//!
//! *Bearer* is the `mfa_token` of a login, or an [access token for the MFA
//! API](crate::cookbook#access-tokens-for-the-mfa-api).
//!
//! # Your part
//!
//! * Route every path and method to the machine: a framework's own 404 and 405 have other bodies. The
//!   response to `HEAD` has no body; do not add a `Content-Length`.
//! * Read at most [`MAX_BODY`](crate::wire::MAX_BODY) + 1 bytes of a body, with a deadline. A framework's
//!   limiter would answer 413 with another body. For errors before the machine, convert an
//!   [`ErrorAnswer`](crate::wire::ErrorAnswer) to a [`Reply`].
//! * Drive a request to its end, even if the client hangs up: in async code run the loop in a spawned task.
//!   If the loop stops between [`Replace`] and [`Done`](Exchange::Done), a code may be used up, or charged
//!   and never sent. If your store blocks, call [`Exchange::begin`] in the handler, and run the loop in
//!   `spawn_blocking(move || …)`.
//! * Store [`Next::events`](crate::Next::events) with the account, in the same transaction. A refusal has no
//!   event: log [`Reply::denied`].
//! * Answer with `unavailable` or `lost` if your store fails, and do not retry the write.
//! * Auth0's API has no endpoint for a new recovery code: call
//!   [`Engine::regenerate_recovery_code`](crate::Engine::regenerate_recovery_code) from one of your own.

mod account;
mod endpoints;
mod machine;
mod reply;
mod request;
mod route;

pub use self::endpoints::Passed;
pub use self::machine::{Admit, Client, Exchange, Grant, Load, Mint, Replace, Send, Token};
pub use self::reply::Reply;
pub use self::request::Request;
pub use self::route::Endpoint;
