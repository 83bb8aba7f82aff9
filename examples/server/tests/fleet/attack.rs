//! Many requests at the same time, on one account.

use std::sync::Barrier;
use std::thread;

use crate::common::request::{Connection, Request};
use crate::common::{long, wrong};
use crate::fleet::{Target, User};
use crate::received::{Received, Tally};

/// The number of sending threads.
const CLIENTS: usize = 4;

/// The result of an attack.
pub struct Count {
    pub attack: &'static str,
    pub user: User,
    pub received: Tally,
    /// The messages to the account, including those of its enrollment and challenges.
    pub messages: usize,
}

/// A pending code.
pub struct Pending {
    pub token: String,
    pub oob_code: String,
    /// The right code.
    pub code: String,
}

impl Pending {
    pub fn right(&self) -> Request {
        Request::answer(&self.token, &self.oob_code, &self.code)
    }

    pub fn wrong(&self) -> Request {
        Request::answer(&self.token, &self.oob_code, &wrong(&self.code))
    }
}

/// The `mfa_token` of a first factor.
pub fn login(target: &impl Target, user: User) -> String {
    target.ask(&Request::login(&user.email())).text("mfa_token")
}

/// Enrolls a first phone with one message. Returns the recovery code.
pub fn enroll(target: &impl Target, user: User) -> String {
    let token = login(target, user);
    let associated = target.ask(&Request::associate(&token, &user.phone())).ok();
    let oob_code = associated["oob_code"].as_str().unwrap();
    let code = last_code(target, user);
    target.ask(&Request::answer(&token, oob_code, &code)).ok();
    associated["recovery_codes"][0].as_str().unwrap().to_owned()
}

/// A challenge in a new session. One message.
pub fn challenge(target: &impl Target, user: User) -> Pending {
    let token = login(target, user);
    let oob_code = target.ask(&Request::challenge(&token)).text("oob_code");
    let code = last_code(target, user);
    Pending {
        token,
        oob_code,
        code,
    }
}

fn last_code(target: &impl Target, user: User) -> String {
    let messages = target.messages(user);
    messages.last().unwrap()["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Sends all at once, round-robin over the processes. Each request goes over an accepted
/// connection, except for its last byte. A few threads then send all last bytes together: the
/// closest to one moment that requests can get.
fn at_once(target: &impl Target, requests: &[Request]) -> Tally {
    let begun = requests.iter().enumerate().map(|(turn, request)| {
        let mut connection = Connection::warm(target.address(turn)).unwrap();
        connection.begin(request).unwrap();
        (connection, request)
    });
    let mut begun: Vec<_> = begun.collect();
    let share = requests.len().div_ceil(CLIENTS);
    let start = Barrier::new(begun.chunks(share).len());
    thread::scope(|scope| {
        let threads = begun.chunks_mut(share).map(|begun| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for (connection, request) in &mut *begun {
                    connection.finish(request).unwrap();
                }
                let answers = begun.iter_mut().map(|(connection, _)| connection.answer());
                answers
                    .map(|answer| Received::of(&answer.unwrap()))
                    .collect::<Tally>()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold(Tally::default(), |all, received| all.with(&received))
    })
}

fn count(
    target: &impl Target,
    user: User,
    attack: &'static str,
    requests: impl IntoIterator<Item = Request>,
) -> Count {
    let requests: Vec<_> = requests.into_iter().collect();
    let received = at_once(target, &requests);
    Count {
        attack,
        user,
        received,
        messages: target.messages(user).len(),
    }
}

/// Wrong codes for one challenge. Returns the challenge too, for the right code after them.
pub fn wrong_codes(target: &impl Target) -> (Count, Pending) {
    let user = target.user();
    enroll(target, user);
    let pending = challenge(target, user);
    let requests = (0..200).map(|_| pending.wrong());
    let count = count(target, user, "200 wrong codes", requests);
    (count, pending)
}

/// The right code of a challenge, on one account after the other.
///
/// One write decides the attack, and a fast one is over before others begin. It is therefore repeated.
pub fn right_codes(target: &impl Target) -> Vec<Count> {
    let rounds = long::or(10, 4);
    (0..rounds).map(|_| right_code(target)).collect()
}

fn right_code(target: &impl Target) -> Count {
    let user = target.user();
    enroll(target, user);
    let pending = challenge(target, user);
    let requests = (0..100).map(|_| pending.right());
    count(target, user, "the right code 100 times", requests)
}

/// The same recovery code, each time in a new session.
pub fn recovery_code(target: &impl Target) -> Count {
    let user = target.user();
    let recovery_code = enroll(target, user);
    let requests = (0..100).map(|_| Request::recover(&login(target, user), &recovery_code));
    count(target, user, "one recovery code 100 times", requests)
}

/// Challenges of the phone, each in a new session.
pub fn challenges(target: &impl Target) -> Count {
    let user = target.user();
    enroll(target, user);
    let requests = (0..100).map(|_| Request::challenge(&login(target, user)));
    count(target, user, "100 challenges", requests)
}

/// Associations of one number with an empty account, each in a new session.
pub fn associations(target: &impl Target) -> Count {
    let user = target.user();
    let requests = (0..100).map(|_| Request::associate(&login(target, user), &user.phone()));
    count(target, user, "100 associations", requests)
}
