//! The whole operation with many users: find the account, judge the right code, put the account
//! back.
//!
//! It shows that nothing grows with the number of users except cache misses.

mod ours;

pub use self::ours::{Accounts, Records};

/// Users, each with a login under way.
pub trait Service: Default {
    /// What a user's client sends.
    type Answer;

    /// Replaces the user by the same user with a login just started.
    fn begin(&mut self, user: u64);

    /// The right code of that login.
    fn answer(&self, user: u64) -> Self::Answer;

    /// Whether the code is right, which is true once.
    fn verify(&mut self, answer: &Self::Answer) -> bool;
}

/// A service with this many users.
#[must_use]
pub fn filled<S: Service>(users: u64) -> S {
    let mut service = S::default();
    for user in 0..users {
        service.begin(user);
    }
    service
}

/// Signs in these users. Each has a login under way before and after.
///
/// `measured` does what it is given, and measures it.
///
/// # Panics
///
/// If a right code is refused, or granted twice.
pub fn sign_in<S: Service, T>(
    service: &mut S,
    users: &[u64],
    measured: impl FnOnce(&mut dyn FnMut()) -> T,
) -> T {
    let answers: Vec<S::Answer> = users.iter().map(|user| service.answer(*user)).collect();
    let mut right = 0;
    let measure = measured(&mut || {
        right = answers
            .iter()
            .filter(|answer| service.verify(answer))
            .count();
    });
    assert_eq!(right, users.len());
    let again = answers.iter().filter(|answer| service.verify(answer));
    assert_eq!(again.count(), 0, "what was judged was not put back");
    for user in users {
        service.begin(*user);
    }
    measure
}

const KEY: [u8; 32] = [7; 32];
/// The time of every answer, in milliseconds.
const NOW: u64 = 1_800_086_420_000;

fn subject(user: u64) -> String {
    format!("auth0|{user:024x}")
}
