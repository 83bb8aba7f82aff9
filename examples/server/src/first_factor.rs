//! The password grant: the right password always gets an `mfa_token`.

use oob_mfa::Subject;
use oob_mfa::exchange::{Exchange, Grant, Passed};
use oob_mfa::wire::ErrorAnswer;

use crate::clients::{DEFAULT_SCOPES, RefusedAudience};
use crate::peers::Network;
use crate::service::{BUSY, Service};
use crate::users::Unjudged;

const PASSWORD_GRANTS: [&str; 2] = [
    "password",
    "http://auth0.com/oauth/grant-type/password-realm",
];
/// The longest audience that an error repeats.
const MAX_ECHO: usize = 255;

impl Service {
    pub(crate) async fn first_factor(&self, grant: Grant, network: Network) -> Exchange {
        if !PASSWORD_GRANTS.contains(&grant.grant_type()) {
            return grant.unsupported();
        }
        match self.judge(&grant, network).await {
            Ok((subject, scope, audience)) => {
                tracing::info!(
                    client = grant.client(),
                    subject = subject.as_str(),
                    "first factor passed"
                );
                grant.first_factor(Passed {
                    subject,
                    scope,
                    audience,
                })
            }
            Err(error) => grant.fail(error),
        }
    }

    /// The user, and the granted scope and audience.
    async fn judge(
        &self,
        grant: &Grant,
        network: Network,
    ) -> Result<(Subject, String, String), ErrorAnswer> {
        let (body, client) = (grant.body(), grant.client());
        let (name, password) = (body.required("username")?, body.required("password")?);
        let audience = body.optional("audience")?.unwrap_or_default();
        let scope = self.granted(body.optional("scope")?, audience, client)?;
        match self.users.first_factor(name, password, network).await {
            Ok(Some(subject)) => Ok((subject, scope, audience.to_owned())),
            Ok(None) => {
                tracing::info!(client, ?network, "wrong email or password");
                let text = "Wrong email or password.";
                Err(ErrorAnswer::new(403, "invalid_grant", text))
            }
            Err(Unjudged::TooMany { retry_after }) => {
                tracing::info!(client, ?network, "too many passwords");
                let text = "Too many wrong passwords. Wait for some minutes before retrying.";
                Err(ErrorAnswer::new(429, "too_many_attempts", text).with_retry_after(retry_after))
            }
            Err(Unjudged::Busy) => Err(ErrorAnswer::temporarily_unavailable(BUSY)),
        }
    }

    /// The granted scope and audience. A scope that the client may not have is dropped. An audience
    /// that it may not have is refused: a token for another audience would be useless.
    fn granted(
        &self,
        scope: Option<&str>,
        audience: &str,
        client: &str,
    ) -> Result<String, ErrorAnswer> {
        let allowed = self.clients.get(client);
        let allowed = allowed.ok_or_else(ErrorAnswer::server_error)?;
        match allowed.check_audience(audience, self.issuer()) {
            Ok(()) => {}
            Err(RefusedAudience::Slash(known)) if known.len() <= MAX_ECHO => {
                let text = format!("The audience is unknown. Check the slash at the end: {known}");
                return Err(ErrorAnswer::new(400, "invalid_request", text));
            }
            Err(_) => {
                tracing::info!(client, "the audience is not allowed");
                let text = "The client is not allowed to ask for this audience.";
                return Err(ErrorAnswer::new(403, "access_denied", text));
            }
        }
        let default = || DEFAULT_SCOPES.join(" ");
        Ok(allowed.granted(&scope.map_or_else(default, str::to_owned)))
    }
}
