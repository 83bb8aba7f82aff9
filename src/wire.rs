//! The bodies of Auth0's MFA API: what a client sends and expects.
//!
//! Read a request into a [`Body`] in the [`Format`] of its content type: `serde_json` for JSON,
//! `serde_urlencoded` for a form. Then ask the body for what the endpoint needs. Responses and
//! errors serialize to the bodies of the API. Nothing here depends on a framework: a status is a
//! number, and a header is 2 strings.
//!
//! | endpoint | read | [`Engine`](crate::Engine) | answer |
//! |---|---|---|---|
//! | `POST /mfa/associate` | [`bearer`], [`Body::associate`] | [`associate`] | [`AssociateAnswer`] |
//! | `GET /mfa/authenticators` | [`bearer`] | [`authenticators`] | [`AuthenticatorsAnswer`] |
//! | `POST /mfa/challenge` | [`Body::mfa_token`], [`Body::challenge`] | [`challenge`] | [`ChallengeAnswer`] |
//! | `POST /oauth/token` | [`Body::mfa_token`], [`Body::grant`] | [`verify_oob`], [`verify_recovery_code`] | [`TokenAnswer`] |
//! | `DELETE /mfa/authenticators/{id}` | [`bearer`], [`authenticator_id`] | [`remove_authenticator`] | an empty [`Answer`] with status 204 |
//! | `POST /mfa/challenge`, `POST /oauth/token` | [`Body::client`] | | |
//! | `POST /mfa/associate` with a `client_secret` | [`Body::client`] | | |
//! | any | | | [`ErrorAnswer`] |
//!
//! An [`Answer`] has a status, headers and a body. `Answer::from` takes a reference to an
//! [`Associated`](crate::Associated), a [`Challenged`](crate::Challenged) or a [`Removed`](crate::Removed).
//! It also takes an [`AuthenticatorsAnswer`] of the entries, a [`TokenAnswer`] with your tokens, an
//! [`MfaRequiredAnswer`], an [`ErrorAnswer`] or a [`BadRequest`].
//!
//! `?` converts a [`BadRequest`] to an [`ErrorAnswer`]. For a [`Denied`](crate::Denied) use
//! `map_err(|denied| ErrorAnswer::denied(&denied, now))`.
//!
//! Pass an error of the token endpoint through [`ErrorAnswer::at_token_endpoint`]. Without it,
//! official SDKs do not read the body of a 401.
//!
//! [`exchange`](crate::exchange) does all of this for you. Use this module directly if you write the
//! endpoints yourself. Read a body of at most [`MAX_BODY`] bytes with its [`Format`], after
//! [`check_encoding`] and [`without_bom`]. Then authenticate the client where the table says so, open the
//! token, [`decide`](crate::decide), send, and respond.
//!
//! # Examples
//!
//! ```
//! use oob_mfa::wire::{Body, ErrorAnswer};
//! use oob_mfa::{Channel, Channels, Denied};
//! use time::UtcDateTime;
//!
//! let body: Body = serde_json::from_str(
//!     r#"{
//!         "authenticator_types": ["oob"], "oob_channels": ["sms"],
//!         "phone_number": "+14155558730"
//!     }"#,
//! )?;
//! assert_eq!(body.associate(Channels::SmsAndVoice)?.channel, Channel::Sms);
//!
//! let answer =
//!     ErrorAnswer::denied(&Denied::AlreadyEnrolled, UtcDateTime::UNIX_EPOCH);
//! assert_eq!(answer.status(), 403);
//! assert_eq!(
//!     serde_json::to_string(&answer)?,
//!     "{\"error\":\"access_denied\",\
//!      \"error_description\":\"User is already enrolled.\"}"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`associate`]: crate::Engine::associate
//! [`authenticators`]: crate::Engine::authenticators
//! [`challenge`]: crate::Engine::challenge
//! [`verify_oob`]: crate::Engine::verify_oob
//! [`verify_recovery_code`]: crate::Engine::verify_recovery_code
//! [`remove_authenticator`]: crate::Engine::remove_authenticator

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
