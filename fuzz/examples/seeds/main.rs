//! Writes the seeds of the corpora, from real values: `cargo run --example seeds` in this folder.

mod messages;
mod stories;

use std::fs;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20::ChaCha20Rng;
use oob_mfa::{
    Account, Associate, Associated, Challenge, Channel, Denied, MfaSession, Next, OobCode,
    PhoneNumber, Policy, Transition, VerifyOob,
};
use oob_mfa_fuzz::world::{
    alice, beginning, engine, first_factor, issued_tokens, mfa, rng, stored,
};
use time::Duration;

fn main() {
    for (name, text) in [
        ("good-shortest", "+2901234"),
        ("good-us", "+14155558730"),
        ("good-jp", "+818012345678"),
        ("good-longest", "+999999999999999"),
        ("bad-no-plus", "14155558730"),
        ("bad-zero", "+0415555873"),
        ("bad-short", "+141555"),
        ("bad-long", "+1234567890123456"),
        ("bad-wide", "+1415555８730"),
    ] {
        write("phone", name, text.as_bytes());
        if let Ok(number) = text.parse::<PhoneNumber>() {
            let binary = postcard::to_allocvec(&number).expect("a number has a binary form");
            write(
                "phone",
                &format!("binary-{}", &name["good-".len()..]),
                &binary,
            );
        }
    }

    for (number, token) in issued_tokens().iter().enumerate() {
        write("token", &format!("issued-{number}"), token.as_bytes());
        // The part under the seal, for the mutations that get past it.
        let token = Base64UrlUnpadded::decode_vec(token).expect("a token is base64url");
        write(
            "token",
            &format!("sealed-{number}"),
            &token[..token.len() - 32],
        );
    }

    let text = &issued_tokens()[0];
    let token = Base64UrlUnpadded::decode_vec(text).expect("a token is base64url");
    let mut forged = token.clone();
    forged[token.len() - 1] ^= 1;
    write(
        "token",
        "forged-seal",
        Base64UrlUnpadded::encode_string(&forged).as_bytes(),
    );
    // The same bytes to a decoder that overlooks the bits left over in the last character.
    let mut lax = text.clone().into_bytes();
    *lax.last_mut().expect("a token has characters") += 1;
    write("token", "forged-trailing-bits", &lax);
    // Expires after the last moment of any clock.
    let mut sealed = token[..token.len() - 32].to_vec();
    sealed[30..38].copy_from_slice(&((1_u64 << 53) - 1).to_be_bytes());
    write("token", "sealed-past-9999", &sealed);
    sealed.push(0);
    write("token", "sealed-trailing-byte", &sealed);

    requests();
    stories::stories();
    messages::messages();
    for (name, account) in accounts() {
        let (json, binary) = stored(&account);
        write("record", &format!("good-{name}.json"), &json);
        write("record", &format!("good-{name}.postcard"), &binary);
        if name == "enrolled" {
            let json = String::from_utf8(json).expect("JSON is UTF-8");
            let breaks = [
                ("version", "\"version\":1", "\"version\":2"),
                ("revision", "\"revision\":2", "\"revision\":0"),
                (
                    "moment",
                    "\"pruned_through\":0",
                    "\"pruned_through\":9007199254740992",
                ),
            ];
            for (broken, from, to) in breaks {
                assert!(json.contains(from), "{json}");
                write(
                    "record",
                    &format!("bad-{broken}.json"),
                    json.replace(from, to).as_bytes(),
                );
            }
        }
    }
}

fn requests() {
    const JSON_ASSOCIATE: &str =
        r#"{"authenticator_types":["oob"],"oob_channels":["sms"],"phone_number":"+14155558730"}"#;
    let token = &issued_tokens()[0];
    let bearer = format!("Bearer {token}");
    // demo:s3cret, form-encoded and then in base64.
    let basic = "Basic ZGVtbzpzM2NyZXQ=";
    let oob_code = "AAECAwQFBgcICQoLDA0ODw";
    let oob = "http://auth0.com/oauth/grant-type/mfa-oob";
    let recovery = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
    let encoded = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
    for (name, header, body) in [
        ("associate", bearer.as_str(), JSON_ASSOCIATE.to_owned()),
        (
            "associate-old-client",
            &bearer,
            r#"{"authentication_types":"oob","oob_channels":"tel","phone_number":"+818012345678","client_id":"demo","client_secret":"s3cret"}"#.to_owned(),
        ),
        ("associate-types", "", r#"{"authenticator_types":[1],"oob_channels":{},"phone_number":null,"mfa_token":["t"]}"#.to_owned()),
        ("repeated", "", r#"{"mfa_token":"a","mfa_token":"b","client_id":"demo"}"#.to_owned()),
        (
            "challenge",
            "",
            format!(r#"{{"mfa_token":"{token}","client_id":"demo","client_secret":"s3cret","challenge_type":"oob otp","authenticator_id":"sms|dev_NU1Ofuw3Cw0XCt5x"}}"#),
        ),
        (
            "challenge-no-id",
            "",
            r#"{"challenge_type":"oob","authenticator_id":"no id"}"#.to_owned(),
        ),
        ("challenge-form", &bearer, "client_id=demo&challenge_type=OOB".to_owned()),
        ("challenge-otp", "", "mfa_token=t&client_id=demo&challenge_type=otp".to_owned()),
        (
            "token-oob-form",
            basic,
            format!("grant_type={}&mfa_token={token}&oob_code={oob_code}&binding_code=012345", encoded(oob)),
        ),
        (
            "token-oob",
            "",
            format!(r#"{{"grant_type":"{oob}","client_id":"demo","client_secret":"s3cret","mfa_token":"{token}","oob_code":"{oob_code}","binding_code":"012345"}}"#),
        ),
        (
            "token-recovery-form",
            "",
            format!("grant_type={}&client_id=demo&mfa_token={token}&recovery_code=N3BG+2222-3333-4444-5555-ZZZZ", encoded(recovery)),
        ),
        ("token-password", basic, "grant_type=password&client_id=demo&username=alice&password=p%C3%A4ss".to_owned()),
        ("empty", "Bearer ", "mfa_token=&client_id=&grant_type=&phone_number=".to_owned()),
        ("delete", "sms%7Cdev_NU1Ofuw3Cw0XCt5x", String::new()),
        ("delete-recovery", "recovery-code|dev_O4KYL4FtcLAVRsCl", String::new()),
    ] {
        write("body", name, format!("{header}\n{body}").as_bytes());
    }
}

/// The states that a user goes through, each as its record.
fn accounts() -> Vec<(&'static str, Account)> {
    let mut user = User {
        account: Account::new(alice()),
        rng: rng(9),
    };
    let session = first_factor(&alice(), 1);
    let associated = user.associate(&session, "+14155558730");
    let mut accounts = vec![("enrolling", user.account.clone())];
    let recovery_code = associated
        .recovery_code
        .as_ref()
        .expect("the first has one");
    user.verify(&session, &associated);
    accounts.push(("enrolled", user.account.clone()));

    let login = first_factor(&alice(), 2);
    user.challenge(&login);
    accounts.push(("challenged", user.account.clone()));
    let wrong = VerifyOob {
        oob_code: user.challenge(&login),
        binding_code: "x".into(),
    };
    let later = beginning() + Duration::seconds(9);
    user.saved(|user| engine(Policy::auth0()).verify_oob(&user.account, &login, &wrong, later))
        .expect_err("a wrong code");
    accounts.push(("charged", user.account.clone()));

    let mut recovered = user.fork();
    recovered
        .saved(|user| {
            let engine = engine(Policy::auth0());
            engine.verify_recovery_code(&user.account, &login, recovery_code, later, &mut user.rng)
        })
        .expect("the right recovery code");
    accounts.push(("recovered", recovered.account));

    let mut disabled = user.fork();
    let policy = Policy::auth0().with_failure_cap(Some(2)).expect("a cap");
    let wrong = VerifyOob {
        oob_code: disabled.challenge(&login),
        binding_code: "x".into(),
    };
    disabled
        .saved(|user| engine(policy).verify_oob(&user.account, &login, &wrong, later))
        .expect_err("a wrong code");
    accounts.push(("disabled", disabled.account));

    let mut reset = user.fork();
    reset
        .saved(|user| engine(Policy::auth0()).reset(&user.account, later))
        .expect("a reset always is");
    accounts.push(("reset", reset.account));

    // Nine phones and every challenge there is room for: an administrator keeps refilling the sends.
    for number in 0..8 {
        let phone = format!("+49151000000{number:02}")
            .parse()
            .expect("a number");
        user.saved(|user| {
            let engine = engine(Policy::auth0());
            engine.import_phone(&user.account, phone, Channel::Voice, later, &mut user.rng)
        })
        .expect("a free number");
    }
    let manage = mfa(&alice());
    for number in 0..15 {
        user.saved(|user| engine(Policy::auth0()).restore_budgets(&user.account, later))
            .expect("a refill always is");
        user.associate(&manage, &format!("+3361234567{number:02}"));
    }
    accounts.push(("largest", user.account));
    accounts
}

struct User {
    account: Account,
    rng: ChaCha20Rng,
}

impl User {
    fn fork(&self) -> Self {
        Self {
            account: self.account.clone(),
            rng: rng(10),
        }
    }

    fn associate(&mut self, session: &MfaSession, number: &str) -> Associated {
        let phone = number.parse().expect("a number");
        let request = Associate {
            channel: Channel::Sms,
            phone,
        };
        self.saved(|user| {
            let engine = engine(Policy::auth0());
            engine.associate(&user.account, session, &request, beginning(), &mut user.rng)
        })
        .expect("a free number and a full budget")
    }

    fn verify(&mut self, session: &MfaSession, associated: &Associated) {
        let request = VerifyOob {
            oob_code: associated.oob_code.expose_secret().as_str().into(),
            binding_code: associated.delivery.code.expose_secret().into(),
        };
        let engine = engine(Policy::auth0());
        self.saved(|user| engine.verify_oob(&user.account, session, &request, beginning()))
            .expect("the right code");
    }

    fn challenge(&mut self, session: &MfaSession) -> OobCode {
        let engine = engine(Policy::auth0());
        let request = Challenge::default();
        let challenged = self
            .saved(|user| {
                engine.challenge(&user.account, session, &request, beginning(), &mut user.rng)
            })
            .expect("an active phone and a full budget");
        challenged.oob_code
    }

    fn saved<T>(&mut self, ask: impl FnOnce(&mut Self) -> Transition<T>) -> Result<T, Denied> {
        let transition = ask(self);
        let save = |next: Next| {
            self.account = next.account;
            Ok::<_, core::convert::Infallible>(())
        };
        transition.commit(save).expect("the save succeeds").result
    }
}

fn write(target: &str, name: &str, data: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).expect("a folder for the corpus");
    fs::write(folder.join(name), data).expect("a seed is written");
}
