//! Users and their passwords: the first factor.

mod attempts;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, CustomizedPasswordHasher, Params};
use oob_mfa::Subject;
use tokio::sync::{Mutex, Semaphore};
use zeroize::Zeroizing;

use self::attempts::Attempts;
use crate::peers::{Network, Places};

/// A user of the configuration.
pub struct User {
    /// The name that the user signs in with; case does not matter.
    pub email: String,
    /// The user's subject in tokens and the record.
    pub subject: Subject,
    /// The password hash of argon2.
    pub password_hash: PasswordHash,
}

/// Every user.
pub struct Users {
    users: Arc<[User]>,
    attempts: Attempts,
    // An address that sends many passwords delays only itself: one is checked at a time. A single one waits
    // for at most one check per other address.
    queue: Places<Mutex<()>>,
    // A verification takes a core and 19 MiB: more than one per core would only take memory.
    cores: Semaphore,
    // How many addresses may wait. A task outlives its connection, so the limit of connections does
    // not apply.
    places: Semaphore,
}

/// The same as the number of connections.
const MAX_WAITING: usize = 512;
/// How many requests of one address may wait.
const MAX_WAITING_OF_ONE: usize = 32;
/// `Retry-After` for an address that sends too many at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Why a password was not checked.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unjudged {
    /// This address has sent too many wrong ones, or too many at once.
    TooMany {
        /// When the address may send the next.
        retry_after: Duration,
    },
    /// Too many addresses wait.
    Busy,
}

impl Users {
    /// The users of a configuration.
    ///
    /// # Panics
    ///
    /// Never: the limits are constants.
    #[must_use]
    pub fn new(users: Vec<User>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            users: users.into(),
            attempts: Attempts::new().expect("the limits are valid"),
            queue: Places::at_most(MAX_WAITING_OF_ONE),
            cores: Semaphore::new(cores),
            places: Semaphore::new(MAX_WAITING),
        }
    }

    /// The number of users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are no users.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Hashes a password with the settings of these users, so it takes as long to check.
    ///
    /// # Errors
    ///
    /// Those of [`hash`].
    pub fn hash(&self, password: &str) -> Result<PasswordHash, String> {
        let Some(user) = self.users.first() else {
            return hash(password);
        };
        let like = &user.password_hash;
        let params = Params::try_from(like).map_err(|error| error.to_string())?;
        let (algorithm, version) = (like.algorithm.as_str(), like.version);
        Argon2::default()
            .hash_password_customized(
                password.as_bytes(),
                &salt()?,
                Some(algorithm),
                version,
                params,
            )
            .map_err(|error| error.to_string())
    }

    /// The e-mail address of a user.
    #[must_use]
    pub fn email(&self, subject: &Subject) -> Option<&str> {
        self.users
            .iter()
            .find(|user| user.subject == *subject)
            .map(|user| user.email.as_str())
    }

    /// The user with this name and password.
    ///
    /// An unknown name costs the same as a wrong password of the first user: the response time does
    /// not reveal who exists. One password per address is checked at a time; the limit of wrong
    /// ones is checked before.
    ///
    /// # Errors
    ///
    /// [`Unjudged`]
    pub async fn first_factor(
        &self,
        name: &str,
        password: &str,
        network: Network,
    ) -> Result<Option<Subject>, Unjudged> {
        let too_many = |retry_after| Unjudged::TooMany { retry_after };
        let place = self.queue.take(network).ok_or(too_many(AT_ONCE))?;
        let _turn = place.shared.lock().await;
        let attempt = self.attempts.check(name, network).map_err(too_many)?;
        tokio::time::sleep(attempt.delay).await;
        let _place = self.places.try_acquire().map_err(|_| Unjudged::Busy)?;
        let judged = self.judge(name, password).await;
        if judged.is_none() {
            self.attempts.failed(&attempt);
        }
        Ok(judged)
    }

    async fn judge(&self, name: &str, password: &str) -> Option<Subject> {
        let found = self
            .users
            .iter()
            .position(|user| user.email.eq_ignore_ascii_case(name));
        let password = Zeroizing::new(password.to_owned());
        let users = Arc::clone(&self.users);
        let _core = self.cores.acquire().await.ok()?;
        let judged = tokio::task::spawn_blocking(move || {
            let user = users.get(found.unwrap_or_default())?;
            Argon2::default()
                .verify_password(password.as_bytes(), &user.password_hash)
                .ok()?;
            Some(user.subject.clone())
        });
        // The task panics only if argon2 does, and the request with it.
        let subject = judged.await.ok()??;
        found.map(|_| subject)
    }
}

/// Hashes a plaintext password of the configuration.
///
/// # Errors
///
/// Those of argon2 or of the operating system's random source.
pub fn hash(password: &str) -> Result<PasswordHash, String> {
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt()?)
        .map_err(|error| error.to_string())
}

fn salt() -> Result<[u8; 16], String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
    Ok(salt)
}
