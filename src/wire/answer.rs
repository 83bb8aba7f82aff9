//! Responses: the successful ones, `mfa_required`, and the HTTP form of any response.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::error::{BadRequest, ErrorAnswer};
use super::header::NO_STORE;
use crate::authenticator::{AuthenticatorEntry, AuthenticatorId, AuthenticatorStatus};
use crate::channel::Channel;
use crate::code::RecoveryCode;
use crate::engine::associate::Associated;
use crate::engine::challenge::Challenged;
use crate::engine::manage::{Removed, Requirements};
use crate::session::token::MfaToken;

const OOB: &str = "oob";
const PROMPT: &str = "prompt";

/// Text that is overwritten when dropped.
struct Secret(Zeroizing<String>);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_string()))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The response of `POST /mfa/associate`.
///
/// [`Answer`] has an example.
#[derive(Serialize)]
pub struct AssociateAnswer {
    authenticator_type: &'static str,
    binding_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<[Secret; 1]>,
    oob_channel: Option<Channel>,
    oob_code: Secret,
}

impl From<&Associated> for AssociateAnswer {
    fn from(associated: &Associated) -> Self {
        let recovery_code = associated.recovery_code.as_ref();
        Self {
            authenticator_type: OOB,
            binding_method: PROMPT,
            recovery_codes: recovery_code.map(|code| [code.expose_secret().into()]),
            oob_channel: channel(associated.authenticator),
            oob_code: Secret(Zeroizing::new(associated.oob_code.expose_secret())),
        }
    }
}

/// The response of `POST /mfa/challenge`.
///
/// [`Answer`] has an example.
#[derive(Serialize)]
pub struct ChallengeAnswer {
    challenge_type: &'static str,
    oob_code: Secret,
    binding_method: &'static str,
}

impl From<&Challenged> for ChallengeAnswer {
    fn from(challenged: &Challenged) -> Self {
        Self {
            challenge_type: OOB,
            oob_code: Secret(Zeroizing::new(challenged.oob_code.expose_secret())),
            binding_method: PROMPT,
        }
    }
}

/// The response of `GET /mfa/authenticators`: a bare array.
///
/// [`Answer`] has an example.
#[derive(Serialize)]
#[serde(transparent)]
pub struct AuthenticatorsAnswer(Vec<Entry>);

#[derive(Serialize)]
struct Entry {
    id: AuthenticatorId,
    authenticator_type: &'static str,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    oob_channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    // Newer clients drop entries without it.
    #[serde(rename = "type")]
    kind: &'static str,
}

impl FromIterator<AuthenticatorEntry> for AuthenticatorsAnswer {
    fn from_iter<I: IntoIterator<Item = AuthenticatorEntry>>(entries: I) -> Self {
        Self(entries.into_iter().map(Entry::from).collect())
    }
}

impl From<AuthenticatorEntry> for Entry {
    fn from(entry: AuthenticatorEntry) -> Self {
        let (authenticator_type, kind) = match entry.id {
            AuthenticatorId::Phone(..) => (OOB, PHONE),
            AuthenticatorId::RecoveryCode(_) => (RECOVERY_CODE, RECOVERY_CODE),
        };
        Self {
            id: entry.id,
            authenticator_type,
            active: entry.status == AuthenticatorStatus::Active,
            oob_channel: channel(entry.id),
            name: entry.phone.map(|phone| phone.to_string()),
            kind,
        }
    }
}

const PHONE: &str = "phone";
const RECOVERY_CODE: &str = "recovery-code";

fn channel(id: AuthenticatorId) -> Option<Channel> {
    match id {
        AuthenticatorId::Phone(channel, _) => Some(channel),
        AuthenticatorId::RecoveryCode(_) => None,
    }
}

/// The response of `POST /oauth/token` with the embedder's tokens.
///
/// # Examples
///
/// ```
/// use oob_mfa::wire::{Answer, TokenAnswer};
///
/// let tokens = TokenAnswer::new("an access token", 600, "openid")
///     .with_id_token("an ID token");
/// assert_eq!(Answer::from(tokens).status(), 200);
/// ```
#[derive(Serialize)]
pub struct TokenAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<Secret>,
    access_token: Secret,
    expires_in: u64,
    scope: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_code: Option<Secret>,
}

impl TokenAnswer {
    /// An access token, its lifetime in seconds, and the scope it grants.
    #[must_use]
    pub fn new(access_token: &str, expires_in: u64, scope: &str) -> Self {
        Self {
            id_token: None,
            access_token: access_token.into(),
            expires_in,
            scope: scope.to_string(),
            token_type: "Bearer",
            recovery_code: None,
        }
    }

    /// Adds the ID token.
    #[must_use]
    pub fn with_id_token(mut self, id_token: &str) -> Self {
        self.id_token = Some(id_token.into());
        self
    }

    /// Adds the recovery code that replaces the used one, from
    /// [`Verified::recovery_code`](crate::Verified::recovery_code).
    #[must_use]
    pub fn with_recovery_code(mut self, recovery_code: Option<&RecoveryCode>) -> Self {
        self.recovery_code = recovery_code.map(|code| code.expose_secret().into());
        self
    }

    /// Limits the lifetime to this many seconds.
    #[cfg(feature = "exchange")]
    pub(crate) fn within(mut self, seconds: Option<u64>) -> Self {
        self.expires_in = seconds.map_or(self.expires_in, |most| self.expires_in.min(most));
        self
    }
}

/// The response after the first factor passed: 403, and the `mfa_token` for the next step.
///
/// [`Answer`] has an example.
#[derive(Serialize)]
pub struct MfaRequiredAnswer {
    error: &'static str,
    error_description: &'static str,
    mfa_token: Secret,
    mfa_requirements: MfaRequirements,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum MfaRequirements {
    Enroll(Vec<Kind>),
    Challenge(Vec<Kind>),
}

#[derive(Serialize)]
struct Kind {
    r#type: &'static str,
}

impl MfaRequiredAnswer {
    /// The status of the response.
    pub const STATUS: u16 = 403;

    /// The token, and what the account requires
    /// ([`Engine::requirements`](crate::Engine::requirements)).
    #[must_use]
    pub fn new(token: &MfaToken, requirements: Requirements) -> Self {
        let kind = |name: &'static str| Kind { r#type: name };
        let mfa_requirements = match requirements {
            Requirements::Enroll => MfaRequirements::Enroll(Vec::from([kind(PHONE)])),
            Requirements::Challenge {
                phone,
                recovery_code,
            } => {
                let phone = phone.then(|| kind(PHONE));
                let recovery_code = recovery_code.then(|| kind(RECOVERY_CODE));
                MfaRequirements::Challenge(phone.into_iter().chain(recovery_code).collect())
            }
        };
        Self {
            error: "mfa_required",
            error_description: "Multifactor authentication required",
            mfa_token: token.expose_secret().into(),
            mfa_requirements,
        }
    }
}

/// Any response of the API: a status, headers and a body.
///
/// A transport writes every response the same way, without knowing its content.
///
/// # Examples
///
/// ```
/// use oob_mfa::wire::{Answer, BadRequest};
///
/// fn http(answer: &Answer) -> serde_json::Result<String> {
///     let mut http = format!("HTTP/1.1 {}\r\n", answer.status());
///     for (name, value) in answer.headers() {
///         http += &format!("{name}: {value}\r\n");
///     }
///     let body = answer.body().map(serde_json::to_string).transpose()?;
///     Ok(http + "\r\n" + &body.unwrap_or_default())
/// }
///
/// assert_eq!(
///     http(&BadRequest::Missing("oob_code").into())?,
///     "HTTP/1.1 400\r\n\
///      Content-Type: application/json\r\n\
///      Cache-Control: no-store\r\n\
///      Pragma: no-cache\r\n\
///      \r\n\
///      {\"error\":\"invalid_request\",\
///      \"error_description\":\"Missing required parameter: oob_code\"}"
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// From what the engine returned:
///
/// ```
/// # use oob_mfa::{wire::*, *};
/// # let mut world = oob_mfa_testing::World::new();
/// # world.enroll("+14155558730");
/// # let (first, mfa, account, save) = (world.first_factor(), world.second_factor(), world.account(), |_: Next| Ok::<(), &str>(()));
/// # let (engine, now, mut rng, token) = (world.engine.clone(), world.now(), world.rng.clone(), world.engine.issue_token(&first));
/// # let phone = Associate { channel: Channel::Sms, phone: "+819012345678".parse()? };
/// # let associated = engine.associate(account.clone(), &mfa, &phone, now, &mut rng).commit(save)?.result?;
/// # let challenged = engine.challenge(account.clone(), &first, &Challenge::default(), now, &mut rng).commit(save)?.result?;
/// let entries = engine.authenticators(&account, &first, now)?;
/// let list: AuthenticatorsAnswer = entries.collect();
/// let required = MfaRequiredAnswer::new(&token, engine.requirements(&account));
/// let issued = [Answer::from(&associated), Answer::from(&challenged)];
/// assert_eq!(issued.map(|answer| answer.status()), [200, 200]);
/// assert_eq!(Answer::from(list).status(), 200);
/// assert_eq!(Answer::from(required).status(), 403);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Answer(Content);

#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Associate(AssociateAnswer),
    Challenge(ChallengeAnswer),
    Authenticators(AuthenticatorsAnswer),
    Removed,
    Token(TokenAnswer),
    MfaRequired(MfaRequiredAnswer),
    Error(ErrorAnswer),
}

impl Answer {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match &self.0 {
            Content::Associate(_)
            | Content::Challenge(_)
            | Content::Authenticators(_)
            | Content::Token(_) => 200,
            Content::Removed => 204,
            Content::MfaRequired(_) => MfaRequiredAnswer::STATUS,
            Content::Error(answer) => answer.status(),
        }
    }

    /// Every header. The content type is present only if there is a body.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let content_type = self.body().map(|_| ("Content-Type", "application/json"));
        let common = content_type
            .into_iter()
            .chain(NO_STORE)
            .map(|(name, value)| (name, Cow::Borrowed(value)));
        let error = match &self.0 {
            Content::Error(answer) => Some(answer),
            _ => None,
        };
        common.chain(error.into_iter().flat_map(ErrorAnswer::particular_headers))
    }

    /// What to serialize as JSON; `None` if the response has no body.
    #[must_use]
    pub const fn body(&self) -> Option<&impl Serialize> {
        match &self.0 {
            Content::Removed => None,
            content => Some(content),
        }
    }
}

impl From<&Associated> for Answer {
    fn from(associated: &Associated) -> Self {
        Self(Content::Associate(associated.into()))
    }
}

impl From<&Challenged> for Answer {
    fn from(challenged: &Challenged) -> Self {
        Self(Content::Challenge(challenged.into()))
    }
}

impl From<&Removed> for Answer {
    fn from(_: &Removed) -> Self {
        Self(Content::Removed)
    }
}

impl From<AuthenticatorsAnswer> for Answer {
    fn from(answer: AuthenticatorsAnswer) -> Self {
        Self(Content::Authenticators(answer))
    }
}

impl From<TokenAnswer> for Answer {
    fn from(answer: TokenAnswer) -> Self {
        Self(Content::Token(answer))
    }
}

impl From<MfaRequiredAnswer> for Answer {
    fn from(answer: MfaRequiredAnswer) -> Self {
        Self(Content::MfaRequired(answer))
    }
}

impl From<ErrorAnswer> for Answer {
    fn from(answer: ErrorAnswer) -> Self {
        Self(Content::Error(answer))
    }
}

impl From<BadRequest> for Answer {
    fn from(bad: BadRequest) -> Self {
        ErrorAnswer::from(bad).into()
    }
}
