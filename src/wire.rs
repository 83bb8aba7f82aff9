//! The bodies of Auth0's MFA API: what a client sends and expects.
//!
//! Requests are read into a [`Body`] by the serde [`Format`] that the content type names (`serde_json`
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
//! | `DELETE /mfa/authenticators/{id}` | [`bearer`], [`authenticator_id`] | [`Engine::remove_authenticator`] | [`Answer`] of 204, empty |
//! | any | [`Body::client`] | | [`ErrorAnswer`] |
//!
//! Each of them turns into an [`Answer`], which has a status, headers and a body: `Answer::from(…)` of
//! what the engine granted, of `entries.collect::<AuthenticatorsAnswer>()`, and of `TokenAnswer::new(…)`
//! from the embedder's tokens. A [`BadRequest`] turns into an [`ErrorAnswer`] by `?`, a
//! [`Denied`](crate::Denied) by `map_err(|denied| ErrorAnswer::denied(&denied, now))`.
//!
//! An error of the token endpoint goes through [`ErrorAnswer::at_token_endpoint`], without which official
//! SDKs do not read the body of a 401.
//!
//! [`exchange`](crate::exchange) does all of this for you. Use this module directly if you write the endpoints
//! yourself: read a body of at most [`MAX_BODY`] bytes by its [`Format`], after [`check_encoding`] and
//! [`without_bom`]; open the token, read the request, [`decide`](crate::decide), send, answer.
//!
//! # Examples
//!
//! ```
//! use oob_mfa::wire::{Body, ErrorAnswer};
//! use oob_mfa::{Channel, Channels, Denied};
//! use time::UtcDateTime;
//!
//! let body: Body = serde_json::from_str(
//!     r#"{ "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+14155558730" }"#,
//! )?;
//! assert_eq!(body.associate(Channels::SmsAndVoice)?.channel, Channel::Sms);
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
mod denied;
mod error;
mod format;
mod header;

pub use self::answer::{
    Answer, AssociateAnswer, AuthenticatorsAnswer, ChallengeAnswer, MfaRequiredAnswer, TokenAnswer,
};
pub use self::body::{Body, Grant};
pub use self::error::{BadRequest, ErrorAnswer};
pub use self::format::{Format, MAX_BODY, check_encoding, without_bom};
pub use self::header::{ClientCredentials, NO_STORE, authenticator_id, bearer};
