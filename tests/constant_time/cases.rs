//! The cases under valgrind: operations that judge a secret.

use std::convert::Infallible;
use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use oob_mfa::{
    Account, Challenge, Denied, Engine, Key, KeyRing, MfaSession, Policy, RecoveryCode, Transition,
    VerifyOob,
};
use oob_mfa_testing::{ALICES, MINUTE, Sent, World};
use serde_json::Value;

use crate::controls;
use crate::valgrind::{Secret, mark, mark_only, publish};

/// Runs a case, and returns the user's answer.
///
/// "…, marked: Key, Stored" is the case with only these secrets marked.
pub fn run(case: &str) -> String {
    let (case, marked) = case.split_once(", marked: ").unwrap_or((case, "all"));
    if marked != "all" {
        let is_kept = |secret: &Secret| marked.contains(&format!("{secret:?}"));
        mark_only(&Secret::ALL.into_iter().filter(is_kept).collect::<Vec<_>>());
    }
    let user = || User::signing_in();
    match case {
        "binding code: right" => user().answers(str::to_owned),
        "binding code: right, to enroll" => User::enrolling().answers(str::to_owned),
        "binding code: wrong in the first digit" => user().answers(|code| other_at(code, 0)),
        "binding code: wrong in the last digit" => user().answers(|code| other_at(code, 5)),
        "binding code: no digits" => user().answers(|_| "ÄÖÜ".into()),
        "binding code: too short" => user().answers(|code| code[..5].into()),
        "binding code: right, budget empty" => user().exhausted().answers(str::to_owned),
        "binding code: wrong, budget empty" => user().exhausted().answers(|code| other_at(code, 0)),
        "oob_code: unknown" => user().answers_to(|oob_code| other_at(oob_code, 0)),
        "oob_code: malformed" => user().answers_to(|oob_code| format!("{}*", &oob_code[..21])),
        "recovery code: right" => user().recovers(str::to_owned),
        "recovery code: right, in lower case" => user().recovers(str::to_lowercase),
        "recovery code: right, in groups" => user().recovers(in_groups),
        "recovery code: wrong in the first character" => user().recovers(|code| other_at(code, 0)),
        "recovery code: wrong in the last character" => user().recovers(|code| other_at(code, 23)),
        "recovery code: too short" => user().recovers(|code| code[..23].into()),
        "recovery code: right, budget empty" => user().exhausted().recovers(str::to_owned),
        "recovery code: wrong, budget empty" => {
            user().exhausted().recovers(|code| other_at(code, 0))
        }
        "mfa_token: right" => user().opens(str::to_owned),
        "mfa_token: wrong in the first byte of the seal" => {
            user().opens(|token| other_at(token, token.len() - SEAL_TEXT))
        }
        "mfa_token: wrong in the last byte of the seal" => {
            user().opens(|token| other_at(token, token.len() - 2))
        }
        "mfa_token: malformed" => user().opens(|token| format!("{}*", &token[..token.len() - 1])),
        "mfa_token: sealed" => user().seals(),
        "binding code: drawn" => user().asks(),
        other => match other.strip_prefix("recovery code read: ") {
            Some(typed) => read_as_typed(typed),
            None => controls::run(other),
        },
    }
}

/// The characters of a token that hold its seal of 32 bytes, and nothing else if the length of the
/// rest is a multiple of 3.
const SEAL_TEXT: usize = 43;
/// The characters of a token that hold only 15 of the 16 bytes of the session's tag.
const TAG_TEXT: std::ops::Range<usize> = 8..28;

/// A user with a phone and a recovery code, who asked for another code.
///
/// Nothing is secret until here.
struct User {
    world: World,
    session: MfaSession,
    sent: Sent,
    recovery_code: String,
}

impl User {
    fn enrolling() -> Self {
        // The lengths of subject, client and scope: the seal of a token does not share a character.
        let mut world = World::of(Policy::auth0(), "auth0|507f1f77bcf86cd799439011");
        let session = world.first_factor();
        let sent = world.associate(&session, ALICES).expect("a first phone");
        let recovery_code = sent.recovery_code.clone().expect("a first enrollment");
        Self {
            world,
            session,
            sent,
            recovery_code,
        }
    }

    fn signing_in() -> Self {
        let mut user = Self::enrolling();
        let confirmed = user.world.verify(&user.session, &user.sent);
        confirmed.expect("the right code");
        user.world.wait(MINUTE);
        user.session = user.world.first_factor();
        let challenged = user.world.challenge(&user.session, None);
        user.sent = challenged.expect("an active phone");
        user
    }

    /// The same after ten wrong codes of each kind.
    fn exhausted(mut self) -> Self {
        self.world.use_up_failures(&self.session, &self.sent);
        for _ in 0..10 {
            let recovered = self.world.recover(&self.session, "no code");
            recovered.expect_err("a wrong code");
        }
        self
    }

    fn token(&self) -> String {
        let token = self.world.engine.issue_token(&self.session);
        token.expose_secret().into()
    }

    fn verify(&self, account: Account, oob_code: &str, code: &str) -> String {
        let engine = secret_engine();
        let request = VerifyOob {
            oob_code: oob_code.into(),
            binding_code: code.into(),
        };
        answered(engine.verify_oob(account, &self.session, &request, self.world.now()))
    }

    /// Secret: the key, every stored digest, the typed text.
    fn answers(&self, typed: impl FnOnce(&str) -> String) -> String {
        let account = self.loaded(&["digest"]);
        let mut typed = typed(&self.sent.code);
        self.verify(account, &self.sent.oob_code, secret_text(&mut typed))
    }

    /// Secret: the stored ids of challenges, and the presented `oob_code`.
    fn answers_to(&self, presented: impl FnOnce(&str) -> String) -> String {
        let account = self.loaded(&["id"]);
        let mut presented = presented(&self.sent.oob_code);
        self.verify(account, secret_text(&mut presented), &self.sent.code)
    }

    /// Secret: the key, every stored digest, the typed text, the words that the new code is drawn
    /// from.
    fn recovers(&self, typed: impl FnOnce(&str) -> String) -> String {
        let account = self.loaded(&["digest"]);
        let engine = secret_engine();
        let mut typed = typed(&self.recovery_code);
        let code = RecoveryCode::from(secret_text(&mut typed));
        // The id of the new code's entry is drawn before it, and shown in the list.
        let rng = &mut SecretRng::after(1);
        answered(engine.verify_recovery_code(account, &self.session, &code, self.world.now(), rng))
    }

    /// Secret: the key, the seal, and all but the first byte of the session's tag.
    fn opens(&self, presented: impl FnOnce(&str) -> String) -> String {
        let engine = secret_engine();
        let mut token = presented(&self.token());
        let seal = token.len() - SEAL_TEXT;
        assert!(seal.is_multiple_of(4), "the seal shares a character");
        // SAFETY: the bytes stay what they are.
        let bytes = unsafe { token.as_bytes_mut() };
        mark(Secret::Presented, &mut bytes[seal..]);
        mark(Secret::Presented, &mut bytes[TAG_TEXT]);
        let mut opened = engine.open_token(black_box(&token), Some("demo"), self.world.now());
        publish(&mut opened);
        said(&opened)
    }

    /// Secret: the key.
    fn seals(&self) -> String {
        let token = secret_engine().issue_token(&self.session);
        let mut text = token.expose_secret().to_owned();
        // SAFETY: the bytes stay what they are.
        publish(unsafe { text.as_mut_str().as_bytes_mut() });
        (if text == self.token() {
            "the same"
        } else {
            "another"
        })
        .into()
    }

    /// Secret: the key, and the words that the code is drawn from.
    fn asks(&self) -> String {
        let account = self.loaded(&["digest"]);
        // The oob_code is drawn before the code, and the client gets it.
        let (request, rng) = (Challenge::default(), &mut SecretRng::after(1));
        answered(secret_engine().challenge(account, &self.session, &request, self.world.now(), rng))
    }

    /// The account, read from its postcard record, in which the values of these names are secret.
    fn loaded(&self, secret: &[&str]) -> Account {
        let account = self.world.account();
        let mut record = postcard::to_allocvec(&account).expect("a record");
        let json = serde_json::to_value(&account).expect("a record");
        let mut values = Vec::new();
        values_of(&json, secret, &mut values);
        assert!(!values.is_empty());
        let places: Vec<usize> = values.iter().map(|value| place(&record, value)).collect();
        for (place, value) in places.into_iter().zip(&values) {
            mark(Secret::Stored, &mut record[place..place + value.len()]);
        }
        postcard::from_bytes(black_box(&record)).expect("its own record")
    }
}

/// The bytes under these names in a JSON record.
fn values_of(json: &Value, names: &[&str], found: &mut Vec<Vec<u8>>) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if names.contains(&name.as_str()) => {
                        found.push(Base64UrlUnpadded::decode_vec(text).expect("bytes"));
                    }
                    _ => values_of(value, names, found),
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                values_of(value, names, found);
            }
        }
        _ => {}
    }
}

fn place(record: &[u8], value: &[u8]) -> usize {
    let mut windows = record.windows(value.len());
    windows
        .position(|window| window == value)
        .expect("the same value in both formats")
}

fn secret_engine() -> Engine {
    let mut secret = [7; 32];
    mark(Secret::Key, &mut secret);
    let keys = KeyRing::new(Key::new(1, black_box(&secret)));
    Engine::new(Policy::auth0(), keys)
}

fn secret_text(text: &mut String) -> &str {
    // SAFETY: the bytes stay what they are.
    mark(Secret::Presented, unsafe {
        text.as_mut_str().as_bytes_mut()
    });
    black_box(text)
}

/// The same text with another digit or character in one place.
fn other_at(text: &str, place: usize) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    characters[place] = if characters[place] == '3' { '4' } else { '3' };
    characters.into_iter().collect()
}

/// Writes the record, as a store would, then opens the outcome.
fn answered<T>(transition: Transition<T>) -> String {
    let save = |next: oob_mfa::Next| {
        black_box(postcard::to_allocvec(next.account()).expect("a record"));
        Ok::<_, Infallible>(())
    };
    let Ok(outcome) = transition.commit(save);
    let mut result = outcome.result;
    publish(&mut result);
    said(&result)
}

fn said<T>(result: &Result<T, Denied>) -> String {
    match result {
        Ok(_) => "granted".into(),
        Err(denied) => denied.name().into(),
    }
}

/// A source whose words for codes are secret. The words for the ids before them are not.
struct SecretRng {
    words: ChaCha20Rng,
    /// The number of calls before the first secret one.
    public: usize,
}

impl SecretRng {
    fn after(public: usize) -> Self {
        let words = ChaCha20Rng::from_seed([4; 32]);
        Self { words, public }
    }
}

impl TryRng for SecretRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(black_box(u32::from_le_bytes(word)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("no code is drawn from 64 bits at once")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.words.fill_bytes(bytes);
        match self.public.checked_sub(1) {
            Some(left) => self.public = left,
            None => mark(Secret::Drawn, bytes),
        }
        Ok(())
    }
}

impl TryCryptoRng for SecretRng {}

fn in_groups(code: &str) -> String {
    let (left, right) = code.split_at(12);
    format!("{left}-{right}")
}

/// A case for callgrind, without marked secrets.
#[inline(never)]
fn read_as_typed(typed: &str) -> String {
    let code = black_box(RecoveryCode::from(typed));
    drop(code);
    String::new()
}
