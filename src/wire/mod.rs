//! The bodies of Auth0's MFA API: what a client sends and expects.
//!
//! Requests are read into a [`Body`] by whatever serde format the content type names (`serde_json`
//! for JSON, `serde_urlencoded` for a form) and asked for what the endpoint needs; answers and errors
//! serialize to what the API says. Nothing here knows a framework: a status is a number, a header is
//! two texts.
//!
//! | endpoint | read | decide | answer |
//! |---|---|---|---|
//! | `POST /mfa/associate` | [`bearer`], [`Body::associate`] | [`Engine::associate`] | [`AssociateAnswer`] |
//! | `GET /mfa/authenticators` | [`bearer`] | [`Engine::authenticators`] | [`AuthenticatorsAnswer`] |
//! | `POST /mfa/challenge` | [`Body::mfa_token`], [`Body::challenge`] | [`Engine::challenge`] | [`ChallengeAnswer`] |
//! | `POST /oauth/token` | [`Body::mfa_token`], [`Body::grant`] | [`Engine::verify_oob`], [`Engine::verify_recovery_code`] | [`TokenAnswer`] |
//! | `DELETE /mfa/authenticators/{id}` | [`bearer`], [`authenticator_id`] | [`Engine::remove_authenticator`] | 204, empty |
//! | any | [`Body::client`] | | [`ErrorAnswer`] |
//!
//! Answers are made from grants: `AssociateAnswer::from(&associated)`,
//! `ChallengeAnswer::from(&challenged)`, `entries.collect::<AuthenticatorsAnswer>()`, and
//! `TokenAnswer::new(…)` from the embedder's tokens. A [`BadRequest`] turns into an [`ErrorAnswer`] by
//! `?`, a [`Denied`](crate::Denied) by `map_err(|denied| ErrorAnswer::denied(&denied, now))`.
//!
//! Every answer carries the headers [`NO_STORE`].
//!
//! # Examples
//!
//! ```
//! use oob_mfa::wire::{Body, ErrorAnswer};
//! use oob_mfa::{Channel, Denied};
//! use time::UtcDateTime;
//!
//! let body: Body = serde_json::from_str(
//!     r#"{ "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+14155558730" }"#,
//! )?;
//! assert_eq!(body.associate()?.channel, Channel::Sms);
//!
//! let answer = ErrorAnswer::denied(&Denied::AlreadyEnrolled, UtcDateTime::UNIX_EPOCH);
//! assert_eq!(answer.status(), 403);
//! assert_eq!(
//!     serde_json::to_string(&answer)?,
//!     r#"{"error":"access_denied","error_description":"User is already enrolled."}"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Engine::associate`]: crate::Engine::associate
//! [`Engine::authenticators`]: crate::Engine::authenticators
//! [`Engine::challenge`]: crate::Engine::challenge
//! [`Engine::verify_oob`]: crate::Engine::verify_oob
//! [`Engine::verify_recovery_code`]: crate::Engine::verify_recovery_code
//! [`Engine::remove_authenticator`]: crate::Engine::remove_authenticator

mod answer;
mod body;
mod error;
mod format;
mod header;

pub use self::answer::{
    Answer, AssociateAnswer, AuthenticatorsAnswer, ChallengeAnswer, MfaRequiredAnswer, TokenAnswer,
};
pub use self::body::{Body, Grant};
pub use self::error::{BadRequest, ErrorAnswer};
pub use self::format::{Format, LONGEST_BODY};
pub use self::header::{ClientCredentials, NO_STORE, authenticator_id, bearer};
