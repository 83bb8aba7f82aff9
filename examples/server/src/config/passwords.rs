//! How passwords are hashed: bounded, and the same for all.

use argon2::Params;

use super::ConfigError;
use crate::users::User;

/// Limits for one verification: memory in KiB, passes, lanes.
const MAX: (u32, u32, u32) = (256 * 1024, 16, 16);

/// Checks that every password costs the same: otherwise the response time would reveal who exists.
/// Also limits the cost of one password.
pub(super) fn check(users: &[User]) -> Result<(), ConfigError> {
    let mut first: Option<(&User, String)> = None;
    for user in users {
        let wrong = |what: String| ConfigError(format!("user {:?}: {what}", user.email));
        let hash = &user.password_hash;
        let params = Params::try_from(hash).map_err(|error| wrong(format!("argon2: {error}")))?;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        if memory > MAX.0 || passes > MAX.1 || lanes > MAX.2 {
            let (most_memory, most_passes, most_lanes) = MAX;
            return Err(wrong(format!(
                "password_hash with m={memory},t={passes},p={lanes} costs too much: at most m={most_memory},\
                 t={most_passes},p={most_lanes}"
            )));
        }
        let (version, length) = (
            hash.version.unwrap_or(0x13),
            hash.hash.map(|hash| hash.len()),
        );
        let said = format!(
            "{} v={version} m={memory},t={passes},p={lanes}, {} bytes",
            hash.algorithm,
            length.unwrap_or_default()
        );
        match &first {
            None => first = Some((user, said)),
            Some((other, others)) if *others != said => {
                return Err(wrong(format!(
                    "password_hash has {said}, but that of {:?} has {others}: give all the same settings, or the \
                     response time reveals who exists",
                    other.email
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
