//! Users and their passwords: the first factor.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use oob_mfa::Subject;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// A user of the configuration.
pub struct User {
    /// What the user signs in with; case does not matter.
    pub email: String,
    /// What tokens and the record call the user.
    pub subject: Subject,
    /// The password as argon2 stores it.
    pub password_hash: PasswordHash,
}

/// Every user.
pub struct Users {
    users: Arc<[User]>,
    // A verification takes a core and 19 MiB: more at once than there are cores would only take memory.
    turns: Semaphore,
    // How many may wait for one: the rest is told to come again, because a password costs its
    // sender nothing.
    places: Semaphore,
}

/// How many verifications may wait per core.
const MOST_WAITING: usize = 16;

/// More passwords wait to be judged than will be soon.
#[derive(Debug)]
pub struct TooManyWait;

impl Users {
    /// The users of a configuration.
    #[must_use]
    pub fn new(users: Vec<User>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            users: users.into(),
            turns: Semaphore::new(cores),
            places: Semaphore::new(cores * MOST_WAITING),
        }
    }

    /// The e-mail address of a user.
    #[must_use]
    pub fn email(&self, subject: &Subject) -> Option<&str> {
        self.users
            .iter()
            .find(|user| user.subject == *subject)
            .map(|user| user.email.as_str())
    }

    /// The user whose name and password these are.
    ///
    /// A name that nobody has costs what a wrong password of the first user costs, so that the time
    /// of the answer tells neither.
    ///
    /// # Errors
    ///
    /// [`TooManyWait`]
    pub async fn first_factor(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Option<Subject>, TooManyWait> {
        let _place = self.places.try_acquire().map_err(|_| TooManyWait)?;
        Ok(self.judge(name, password).await)
    }

    async fn judge(&self, name: &str, password: &str) -> Option<Subject> {
        let found = self
            .users
            .iter()
            .position(|user| user.email.eq_ignore_ascii_case(name));
        let password = Zeroizing::new(password.to_owned());
        let users = Arc::clone(&self.users);
        let _turn = self.turns.acquire().await.ok()?;
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

/// Hashes a password that stands in the configuration as it is.
///
/// # Errors
///
/// argon2's, or that of the operating system's random source.
pub fn hash(password: &str) -> Result<PasswordHash, String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| error.to_string())
}
