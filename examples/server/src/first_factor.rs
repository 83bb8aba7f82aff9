//! The password grant: a password that is right is answered with an `mfa_token`, always.

use std::time::Duration;

use oob_mfa::FirstFactor;
use oob_mfa::wire::{Body, ErrorAnswer, MfaRequiredAnswer};

use super::answer::{Failure, respond};
use super::endpoints::Answer;
use crate::clients::{DEFAULT_SCOPES, RefusedAudience};
use crate::peers::Network;
use crate::service::{BUSY, Service, refuse};
use crate::users::Unjudged;

/// How long an audience may be that is repeated in an error.
const MAX_ECHO: usize = 255;

pub(super) async fn grant(
    service: &Service,
    body: &Body,
    client: &str,
    network: Network,
) -> Answer {
    let (name, password) = (body.required("username")?, body.required("password")?);
    let audience = body.optional("audience")?.unwrap_or_default();
    let scope = granted(service, body.optional("scope")?, audience, client)?;
    let judged = service.users.first_factor(name, password, network).await;
    let judged = judged.map_err(|unjudged| match unjudged {
        Unjudged::TooMany { retry_after } => {
            tracing::info!(client, ?network, "too many passwords");
            too_many(retry_after)
        }
        Unjudged::Busy => ErrorAnswer::temporarily_unavailable(BUSY).into(),
    })?;
    let Some(subject) = judged else {
        tracing::info!(client, ?network, "wrong email or password");
        return Err(Failure::of(
            403,
            "invalid_grant",
            "Wrong email or password.",
        ));
    };
    tracing::info!(client, %subject, "first factor passed");
    let account = service.account(&subject).await?;
    let now = service.now();
    let first_factor = FirstFactor {
        subject,
        client,
        scope: &scope,
        audience,
    };
    let session = service
        .engine
        .begin(first_factor, now, &mut service.rng())
        .map_err(|denied| refuse(Some(account.subject()), &denied, now))?;
    let token = service.engine.issue_token(&session);
    let requirements = service.engine.requirements(&account);
    Ok(respond(MfaRequiredAnswer::new(&token, requirements)))
}

/// The scope that a client is granted: what it asks for and may have. An audience that it may not ask for
/// is refused, because a token for another would be of no use.
fn granted(
    service: &Service,
    scope: Option<&str>,
    audience: &str,
    client: &str,
) -> Result<String, Failure> {
    let allowed = service.clients.get(client);
    let allowed = allowed.ok_or_else(ErrorAnswer::server_error)?;
    match allowed.check_audience(audience, service.issuer()) {
        Ok(()) => {}
        Err(RefusedAudience::Slash(known)) if known.len() <= MAX_ECHO => {
            let description =
                format!("The audience is unknown. Mind the slash at the end: {known}");
            return Err(Failure::of(400, "invalid_request", description));
        }
        Err(_) => {
            tracing::info!(client, "the audience is not allowed");
            return Err(Failure::of(
                403,
                "access_denied",
                "The client is not allowed to ask for this audience.",
            ));
        }
    }
    let default = || DEFAULT_SCOPES.join(" ");
    Ok(allowed.granted(&scope.map_or_else(default, str::to_owned)))
}

fn too_many(retry_after: Duration) -> Failure {
    let description = "Too many wrong passwords. Wait for some minutes before retrying.";
    Failure::of(429, "too_many_attempts", description).after(retry_after)
}
