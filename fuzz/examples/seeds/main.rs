//! Writes the seeds whose bytes the crate or the target `commands` decides, from real values: `cargo run
//! --example seeds` in this folder. The other seeds are edited as files.

mod stories;

use std::fs;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use oob_mfa::{Account, Policy};
use oob_mfa_fuzz::{issued_tokens, stored};
use oob_mfa_testing::{ALICES, MALLORYS, MINUTE, SECOND, World, YEAR};

fn main() {
    for (number, token) in issued_tokens().iter().enumerate() {
        write("token", &format!("issued-{number}"), token.as_bytes());
        // The sealed part, for mutations that pass the seal.
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
    // The same bytes for a decoder that ignores the unused bits of the last character.
    let mut lax = text.clone().into_bytes();
    *lax.last_mut().expect("a token has characters") += 1;
    write("token", "forged-trailing-bits", &lax);
    // Expires after the last time of any clock.
    let mut sealed = token[..token.len() - 32].to_vec();
    sealed[30..38].copy_from_slice(&((1_u64 << 53) - 1).to_be_bytes());
    write("token", "sealed-past-9999", &sealed);
    sealed.push(0);
    write("token", "sealed-trailing-byte", &sealed);

    stories::stories();
    for (name, account) in accounts() {
        let (json, binary) = stored(&account);
        write("record", &format!("good-{name}.json"), &json);
        write("record", &format!("good-{name}.postcard"), &binary);
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        for (_, broken, from, to) in BREAKS.into_iter().filter(|(good, ..)| *good == name) {
            assert!(json.contains(from), "{json}");
            let json = json.replace(from, to);
            write("record", &format!("bad-{broken}.json"), json.as_bytes());
        }
    }
}

/// A record by its name, and a change that makes it invalid.
const BREAKS: [(&str, &str, &str, &str); 5] = [
    ("enrolled", "version", r#""version":1"#, r#""version":2"#),
    ("enrolled", "revision", r#""revision":2"#, r#""revision":0"#),
    (
        "enrolled",
        "moment",
        r#""as_of":1800000000000"#,
        r#""as_of":9007199254740992"#,
    ),
    (
        "enrolled",
        "used-ahead",
        r#""last_used":1800000000000"#,
        r#""last_used":1800000000001"#,
    ),
    (
        "challenged",
        "issued-ahead",
        r#""issued_at":1800000000000"#,
        r#""issued_at":1800000000001"#,
    ),
];

/// The states of a user, each as a record.
fn accounts() -> Vec<(&'static str, Account)> {
    let mut world = World::new();
    // Those of the target `record`, in order.
    let [enrolling, login] = [world.first_factor(), world.first_factor()];
    let manage = world.second_factor();

    let sent = world.associate(&enrolling, ALICES).expect("a first phone");
    let mut accounts = vec![("enrolling", world.account())];
    let recovery_code = sent.recovery_code.clone().expect("the first has one");
    let mut discarded = world.clone();
    let another = discarded
        .associate(&login, MALLORYS)
        .expect("a first phone");
    discarded.verify(&login, &another).expect("the right code");
    accounts.push(("discarded", discarded.account()));
    world.verify(&enrolling, &sent).expect("the right code");
    accounts.push(("enrolled", world.account()));

    let first = world.challenge(&login, None).expect("an active phone");
    accounts.push(("challenged", world.account()));
    let mut signed_in = world.clone();
    signed_in.verify(&login, &first).expect("the right code");
    accounts.push(("signed-in", signed_in.account()));
    let sent = world.challenge(&login, None).expect("an active phone");
    world.wait(9 * SECOND);
    world
        .verify(&login, &sent.wrong())
        .expect_err("a wrong code");
    accounts.push(("charged", world.account()));

    let mut recovered = world.clone();
    recovered
        .recover(&login, &recovery_code)
        .expect("the recovery code");
    accounts.push(("recovered", recovered.account()));

    let mut disabled = world.clone();
    let policy = Policy::auth0().with_failure_cap(Some(2)).expect("a cap");
    disabled.engine = World::of(policy, "auth0|alice").engine;
    disabled
        .verify(&login, &sent.wrong())
        .expect_err("a wrong code");
    accounts.push(("disabled", disabled.account()));

    let mut removed = world.clone();
    removed
        .remove(&manage, sent.authenticator)
        .expect("a phone of the account");
    accounts.push(("removed", removed.account()));

    // The next change finds the code expired, and keeps its challenge.
    let mut expired = world.clone();
    expired.wait(6 * MINUTE);
    expired.restore_budgets();
    accounts.push(("expired", expired.account()));

    let mut reset = world.clone();
    reset.reset();
    accounts.push(("reset", reset.account()));

    // A server that is ahead issues a code, and an administrator rewinds the account.
    let mut rewound = world.clone();
    rewound.wait(YEAR);
    rewound.sign_in().expect("the right code");
    rewound.set_back(YEAR);
    rewound.rewind().expect("the clock is ahead");
    accounts.push(("rewound", rewound.account()));

    // Nine phones and every challenge that has room: an administrator keeps refilling the sends.
    for number in 0..8 {
        world
            .import(&format!("+49151000000{number:02}"))
            .expect("a free number");
    }
    for number in 0..15 {
        world.restore_budgets();
        world
            .associate(&manage, &format!("+3361234567{number:02}"))
            .expect("room for a code");
    }
    accounts.push(("largest", world.account()));
    accounts
}

fn write(target: &str, name: &str, data: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).expect("a folder for the corpus");
    fs::write(folder.join(name), data).expect("a seed is written");
}
