//! Who may do what: the checks that operations share. They change nothing.

use crate::account::{Account, MAX_SPENT, State};
use crate::denied::Denied;
use crate::instant::Millis;
use crate::phone::PhoneNumber;
use crate::policy::Policy;
use crate::scope::Scope;
use crate::session::{Assurance, MfaSession};

/// Refuses a session of another subject.
pub(super) fn check_subject(account: &Account, session: &MfaSession) -> Result<(), Denied> {
    if account.subject() == session.subject() {
        Ok(())
    } else {
        Err(Denied::SubjectMismatch)
    }
}

/// Refuses a session that has expired, is not yet valid, lasts too long, was revoked or is spent.
pub(super) fn check_session(
    state: &State,
    session: &MfaSession,
    policy: &Policy,
    now: Millis,
) -> Result<(), Denied> {
    if session.expires() <= now {
        return Err(Denied::TokenExpired);
    }
    // A server whose clock is ahead by the skew may have issued the session.
    let ahead = now.after(policy.skew);
    if session.issued() > ahead {
        return Err(Denied::SessionNotYetValid);
    }
    if session.expires() > ahead.after(policy.longest_session) {
        return Err(Denied::SessionTooLong);
    }
    let is_first_factor = session.assurance() == Assurance::FirstFactor;
    let issued = Some(session.issued());
    let revoked = &state.revoked_until;
    if issued <= revoked.every || (is_first_factor && issued <= revoked.first_factor) {
        return Err(Denied::SessionRevoked);
    }
    let mut spent = state.spent.iter().map(|spent| &spent.session);
    if is_first_factor && spent.any(|tag| tag == session.tag()) {
        return Err(Denied::SessionSpent);
    }
    Ok(())
}

/// Rule 9: an MFA session completes no login.
pub(super) fn check_first_factor(session: &MfaSession) -> Result<(), Denied> {
    match session.assurance() {
        Assurance::FirstFactor => Ok(()),
        Assurance::Mfa => Err(Denied::FirstFactorRequired),
    }
}

/// Rule 9: managing the factors needs an MFA session with the scope.
pub(super) fn check_scope(session: &MfaSession, scope: Scope) -> Result<(), Denied> {
    if session.grants(scope) {
        Ok(())
    } else {
        Err(Denied::InsufficientScope(scope))
    }
}

/// Rule 9: a first-factor session enrolls only while no phone guards the account.
pub(super) fn check_may_enroll(state: &State, session: &MfaSession) -> Result<(), Denied> {
    match session.assurance() {
        Assurance::FirstFactor if state.is_enrolled() => Err(Denied::AlreadyEnrolled),
        Assurance::FirstFactor => Ok(()),
        Assurance::Mfa => check_scope(session, Scope::Enroll),
    }
}

/// Refuses a number that is confirmed on this account, and a phone beyond the policy's limit.
pub(super) fn check_room_for_phone(
    state: &State,
    number: PhoneNumber,
    policy: &Policy,
) -> Result<(), Denied> {
    if state.phones.iter().any(|phone| phone.number == number) {
        return Err(Denied::PhoneAlreadyEnrolled);
    }
    if state.phones.len() >= policy.max_phones() {
        return Err(Denied::TooManyPhones);
    }
    Ok(())
}

/// Refuses a login if the record has no room to remember its session as spent (rules 2 and 12).
pub(super) fn check_room_for_spent(state: &State, session: &MfaSession) -> Result<(), Denied> {
    if session.assurance() == Assurance::Mfa || state.spent.len() < MAX_SPENT {
        return Ok(());
    }
    let expiries = state.spent.iter().map(|spent| spent.expires_at);
    let retry_at = expiries.min().unwrap_or(session.expires()).to_utc();
    Err(Denied::TooManySessions { retry_at })
}
