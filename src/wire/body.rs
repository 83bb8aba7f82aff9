//! Requests: the raw parameters, and how each endpoint reads them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use super::error::BadRequest;
#[cfg(feature = "exchange")]
use super::header::decode_form;
use super::header::{ClientCredentials, basic, is_bearer};
use crate::authenticator::AuthenticatorId;
use crate::channel::{Channel, Channels};
use crate::code::RecoveryCode;
use crate::engine::associate::Associate;
use crate::engine::challenge::Challenge;
use crate::engine::verify::VerifyOob;

/// The parameters of a request, from JSON or from a form.
///
/// Reading fails only if the body is malformed, is not an object, or has more than 64 parameters. The
/// method that needs a parameter reports what is wrong with it. Unknown parameters are ignored. Empty
/// ones count as missing (RFC 6749 section 3.1). Repeated ones are refused.
///
/// # Examples
///
/// ```
/// use oob_mfa::wire::{BadRequest, Body, Grant};
///
/// let body: Body = serde_json::from_str(
///     r#"{
///         "grant_type": "http://auth0.com/oauth/grant-type/mfa-oob",
///         "client_id": "my-app", "mfa_token": "a token",
///         "oob_code": "an id", "binding_code": "123 456"
///     }"#,
/// )?;
/// let client = body.client(None)?; // without the `Authorization` header
/// assert!(client.client_id() == "my-app" && client.matches(None));
/// assert_eq!(body.mfa_token(None)?, "a token");
/// assert!(matches!(body.grant()?, Grant::MfaOob(_)));
/// assert_eq!(body.optional("scope")?, None);
/// let missing = BadRequest::Missing("phone_number");
/// assert_eq!(body.required("phone_number"), Err(missing));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// `Debug` shows only the names; the values are overwritten when dropped.
#[derive(Default)]
pub struct Body {
    parameters: Vec<(String, Parameter)>,
}

enum Parameter {
    Text(Zeroizing<String>),
    Texts(Vec<Zeroizing<String>>),
    Null,
    Other,
    Repeated,
}

/// What a request to the token endpoint submits.
///
/// [`Body`] has an example.
#[derive(Debug)]
#[non_exhaustive]
pub enum Grant {
    /// The grant type `http://auth0.com/oauth/grant-type/mfa-oob`.
    MfaOob(VerifyOob),
    /// The grant type `http://auth0.com/oauth/grant-type/mfa-recovery-code`.
    MfaRecoveryCode(RecoveryCode),
    /// Any other grant type: answer it yourself, or with [`BadRequest::UnsupportedGrantType`].
    Other(String),
}

const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
const MFA_RECOVERY_CODE: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
const OOB: &str = "oob";

impl Body {
    /// A required string parameter.
    ///
    /// # Errors
    ///
    /// [`BadRequest::Missing`], [`BadRequest::NotAString`] or [`BadRequest::Repeated`].
    pub fn required(&self, name: &'static str) -> Result<&str, BadRequest> {
        self.optional(name)?.ok_or(BadRequest::Missing(name))
    }

    /// An optional string parameter.
    ///
    /// # Errors
    ///
    /// [`BadRequest::NotAString`] or [`BadRequest::Repeated`].
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, BadRequest> {
        match self.find(name) {
            None | Some(Parameter::Null) => Ok(None),
            Some(Parameter::Text(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(Parameter::Texts(_) | Parameter::Other) => Err(BadRequest::NotAString(name)),
            Some(Parameter::Repeated) => Err(BadRequest::Repeated(name)),
        }
    }

    /// The parameters of a form. A library's parser would replace invalid UTF-8 with U+FFFD, and leave copies
    /// of secrets behind.
    #[cfg(feature = "exchange")]
    pub(crate) fn of_form(text: &str) -> Option<Self> {
        let mut body = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode_form(name)?.to_string();
            body.add(name, Parameter::Text(decode_form(value)?))?;
        }
        Some(body)
    }

    /// Adds a parameter. `None` if there are too many.
    fn add(&mut self, name: String, value: Parameter) -> Option<()> {
        if self.parameters.len() >= MAX_PARAMETERS {
            return None;
        }
        match self.parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, first)) => *first = Parameter::Repeated,
            None => self.parameters.push((name, value)),
        }
        Some(())
    }

    /// A required list, by its name or by another name that clients send.
    fn list(&self, [name, other]: [&'static str; 2]) -> Result<Vec<&str>, BadRequest> {
        let list = match self.optional_list(name)? {
            None => self.optional_list(other)?,
            list => list,
        };
        list.ok_or(BadRequest::Missing(name))
    }

    /// A list; for a single element, old clients send a bare string.
    fn optional_list(&self, name: &'static str) -> Result<Option<Vec<&str>>, BadRequest> {
        match self.find(name) {
            Some(Parameter::Texts(texts)) if texts.is_empty() => Ok(None),
            Some(Parameter::Texts(texts)) => {
                Ok(Some(texts.iter().map(|text| text.as_str()).collect()))
            }
            Some(Parameter::Other) => Err(BadRequest::NotAList(name)),
            _ => Ok(self.optional(name)?.map(|text| Vec::from([text]))),
        }
    }

    fn find(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, parameter)| parameter)
    }

    /// `POST /mfa/associate`; `enabled` are the policy's channels.
    ///
    /// `oob_channels` lists what the client supports: the first enabled one is used, and unknown
    /// names are skipped.
    ///
    /// # Errors
    ///
    /// * The errors of a parameter that is missing, repeated or of a wrong type
    /// * [`BadRequest::UnsupportedAuthenticatorType`]
    /// * [`BadRequest::NoCommonChannel`]
    /// * [`BadRequest::InvalidPhoneNumber`]
    pub fn associate(&self, enabled: Channels) -> Result<Associate, BadRequest> {
        // The table in Auth0's guide misspells the name.
        let types = self.list(["authenticator_types", "authentication_types"])?;
        if !types.contains(&OOB) {
            return Err(BadRequest::UnsupportedAuthenticatorType);
        }
        // A published client sends the parameter name of the challenge.
        let supported = self.list(["oob_channels", "oob_channel"])?;
        let channel = supported
            .into_iter()
            .filter_map(Channel::named)
            .find(|channel| enabled.contains(*channel))
            .ok_or(BadRequest::NoCommonChannel { enabled })?;
        let phone = self.required("phone_number")?;
        let phone = phone.parse().map_err(BadRequest::InvalidPhoneNumber)?;
        Ok(Associate { channel, phone })
    }

    /// `POST /mfa/challenge`.
    ///
    /// # Errors
    ///
    /// * The errors of a parameter that is repeated or of a wrong type
    /// * [`BadRequest::UnsupportedChallengeType`] if `challenge_type` is present without `oob`
    /// * [`BadRequest::UnknownChannel`]
    ///
    /// The engine, not this method, refuses an `authenticator_id` that is not an id.
    pub fn challenge(&self) -> Result<Challenge, BadRequest> {
        if let Some(types) = self.optional_list("challenge_type")?
            && !types
                .iter()
                .flat_map(|types| types.split_whitespace())
                .any(|one| one.eq_ignore_ascii_case(OOB))
        {
            let requested = types.join(" ").chars().take(MAX_ECHO).collect();
            return Err(BadRequest::UnsupportedChallengeType { requested });
        }
        let authenticator = self
            .optional("authenticator_id")?
            .map(AuthenticatorId::presented);
        let channel = match self.optional("oob_channel")? {
            Some(name) => Some(Channel::named(name).ok_or(BadRequest::UnknownChannel)?),
            None => None,
        };
        Ok(Challenge {
            authenticator,
            channel,
        })
    }

    /// `POST /oauth/token`.
    ///
    /// # Errors
    ///
    /// Those of a parameter that is missing, repeated or of a wrong type. A code of a wrong shape is not
    /// an error here: the engine decides.
    pub fn grant(&self) -> Result<Grant, BadRequest> {
        match self.required("grant_type")? {
            MFA_OOB => Ok(Grant::MfaOob(VerifyOob {
                oob_code: self.required("oob_code")?.into(),
                binding_code: self.required("binding_code")?.into(),
            })),
            MFA_RECOVERY_CODE => Ok(Grant::MfaRecoveryCode(
                self.required("recovery_code")?.into(),
            )),
            other => Ok(Grant::Other(other.to_string())),
        }
    }

    /// The token, from the body or from a bearer header.
    ///
    /// # Errors
    ///
    /// [`BadRequest::Missing`] if it is in neither, [`BadRequest::NotAString`],
    /// [`BadRequest::Repeated`].
    pub fn mfa_token<'a>(&'a self, authorization: Option<&'a str>) -> Result<&'a str, BadRequest> {
        match self.optional("mfa_token")? {
            Some(token) => Ok(token),
            None => super::bearer(authorization).map_err(|_| BadRequest::Missing("mfa_token")),
        }
    }

    /// The client's credentials, from the body or HTTP Basic. A bearer header is ignored.
    ///
    /// # Errors
    ///
    /// * [`BadRequest::Missing`] if there is no `client_id`
    /// * [`BadRequest::Repeated`] and [`BadRequest::NotAString`]
    /// * [`BadRequest::SeveralCredentials`] for HTTP Basic with a `client_secret` or another `client_id` in the
    ///   body (RFC 6749 section 2.3)
    /// * [`BadRequest::InvalidClient`] if the header is neither bearer nor HTTP Basic
    pub fn client(&self, authorization: Option<&str>) -> Result<ClientCredentials, BadRequest> {
        let id = self.optional("client_id")?;
        let secret = self.optional("client_secret")?;
        match authorization.filter(|header| !is_bearer(header)) {
            Some(header) => {
                let credentials = basic(header).ok_or(BadRequest::InvalidClient)?;
                if secret.is_some() || id.is_some_and(|id| id != credentials.client_id()) {
                    return Err(BadRequest::SeveralCredentials);
                }
                Ok(credentials)
            }
            None => Ok(ClientCredentials::new(
                id.ok_or(BadRequest::Missing("client_id"))?,
                secret,
            )),
        }
    }
}

/// More than any request of the API has. The search for repeated parameters is quadratic.
const MAX_PARAMETERS: usize = 64;
/// How many characters of an unsupported challenge type the error repeats.
const MAX_ECHO: usize = 64;

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> de::Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Body::default();
        while let Some((name, value)) = map.next_entry::<String, Parameter>()? {
            let added = body.add(name, value);
            added.ok_or_else(|| {
                de::Error::custom(format_args!(
                    "too many parameters: at most {MAX_PARAMETERS}"
                ))
            })?;
        }
        Ok(body)
    }
}

impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParameterVisitor)
    }
}

struct ParameterVisitor;

// Reads any value to its end: a wrong type is an error of its parameter, not a malformed body.
impl<'de> de::Visitor<'de> for ParameterVisitor {
    type Value = Parameter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a parameter")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Parameter, E> {
        Ok(Parameter::Text(Zeroizing::new(text.to_string())))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Parameter, E> {
        Ok(Parameter::Text(Zeroizing::new(text)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Parameter, E> {
        Ok(Parameter::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Parameter, E> {
        Ok(Parameter::Null)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Parameter, E> {
        Ok(Parameter::Other)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Parameter, E> {
        Ok(Parameter::Other)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Parameter, E> {
        Ok(Parameter::Other)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Parameter, E> {
        Ok(Parameter::Other)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Parameter, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(element) = seq.next_element::<Parameter>()? {
            match (element, &mut texts) {
                (Parameter::Text(text), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Parameter::Other, Parameter::Texts))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Parameter, A::Error> {
        while map
            .next_entry::<de::IgnoredAny, de::IgnoredAny>()?
            .is_some()
        {}
        Ok(Parameter::Other)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.parameters.iter().map(|(name, _)| name))
            .finish()
    }
}
