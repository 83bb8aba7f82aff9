//! The targets over the committed corpus, on any toolchain.

use std::fs;
use std::path::{Path, PathBuf};

use oob_mfa::{Account, Denied, PhoneNumber, Purpose};
use oob_mfa_testing::{Answer, World};

fn files(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// A minimum of seeds of each kind: losing or renaming them fails.
fn seeds(target: &str, prefix: &str, count: usize) -> Vec<(PathBuf, Vec<u8>)> {
    let mut seeds = files(target);
    seeds.retain(|(path, _)| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(prefix)
    });
    assert_eq!(seeds.len(), count, "{target}/{prefix}*");
    seeds
}

macro_rules! targets {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            let files = files(stringify!($target));
            assert!(!files.is_empty());
            for (path, data) in files {
                println!("{}", path.display());
                oob_mfa_fuzz::$target(&data);
            }
        }
    )*
        #[test]
        fn every_corpus_has_its_target() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
            let mut found: Vec<_> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            let mut known = vec![$(stringify!($target)),*];
            known.sort_unstable();
            assert_eq!(found, known);
        }
    };
}
targets! { body commands exchange message phone record token }

#[test]
fn valid_numbers_parse_and_invalid_numbers_do_not() {
    for (path, data) in seeds("phone", "good-", 4) {
        let text = String::from_utf8(data).unwrap();
        assert!(text.parse::<PhoneNumber>().is_ok(), "{}", path.display());
    }
    for (path, data) in seeds("phone", "bad-", 6) {
        let text = String::from_utf8(data).unwrap();
        assert!(text.parse::<PhoneNumber>().is_err(), "{}", path.display());
    }
}

#[test]
fn valid_records_load_and_invalid_records_do_not() {
    let load = |path: &Path, data: &[u8]| {
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            serde_json::from_slice::<Account>(data).map_err(|error| error.to_string())
        } else {
            postcard::from_bytes::<Account>(data).map_err(|error| error.to_string())
        }
    };
    for (path, data) in seeds("record", "good-", 26) {
        assert!(load(&path, &data).is_ok(), "{}", path.display());
    }
    for (path, data) in seeds("record", "bad-", 5) {
        assert!(load(&path, &data).is_err(), "{}", path.display());
    }
}

#[test]
fn forged_tokens_do_not_open() {
    let world = World::new();
    let denials = [
        ("forged-seal", Denied::TokenInvalid),
        ("forged-trailing", Denied::TokenMalformed),
    ];
    for (prefix, denied) in denials {
        for (_, data) in seeds("token", prefix, 1) {
            let text = String::from_utf8(data).unwrap();
            assert_eq!(
                world.engine.open_token(&text, None, world.now()),
                Err(denied)
            );
        }
    }
}

#[test]
fn issued_tokens_are_those_of_the_corpus_and_the_seal_of_the_target_is_the_engines() {
    use base64ct::{Base64UrlUnpadded, Encoding};

    let mut committed: Vec<_> = seeds("token", "issued-", 6)
        .into_iter()
        .map(|(_, data)| String::from_utf8(data).unwrap())
        .collect();
    let mut issued = oob_mfa_fuzz::issued_tokens();
    for token in &issued {
        let mut body = Base64UrlUnpadded::decode_vec(token).unwrap();
        body.truncate(body.len() - 32);
        assert_eq!(oob_mfa_fuzz::seal(&body), *token);
    }
    committed.sort();
    issued.sort();
    assert_eq!(committed, issued);
}

/// A seed that no longer reaches the state in its name is useless for the search.
#[test]
fn stories_end_as_they_are_named() {
    let last = |name: &str| {
        let (_, data) = seeds("commands", name, 1).remove(0);
        oob_mfa_fuzz::commands::answers(&data).pop().unwrap()
    };
    let denied = |name: &str| match last(name) {
        Answer::Denied(denied) => denied,
        other => panic!("{name}: {other:?}"),
    };
    for (name, expected) in [
        ("enroll", Purpose::Enrollment),
        ("login-voice", Purpose::Login),
        ("recover", Purpose::Login),
        ("clock-back", Purpose::Login),
        ("skewed", Purpose::Login),
    ] {
        let answer = last(name);
        let verified = matches!(answer, Answer::Verified { purpose, .. } if purpose == expected);
        assert!(verified, "{name}: {answer:?}");
    }
    assert!(matches!(last("manage"), Answer::Removed { .. }));
    assert_eq!(denied("disabled"), Denied::InvalidAuthenticator);
    assert!(matches!(
        denied("spent-failures"),
        Denied::TooManyFailures { .. }
    ));
    assert!(matches!(last("spent-sends"), Answer::Challenged { .. }));
    assert!(matches!(
        denied("many-logins"),
        Denied::TooManySessions { .. }
    ));
    assert!(matches!(
        denied("many-challenges"),
        Denied::TooManySends { .. }
    ));
    assert_eq!(denied("reset"), Denied::SessionRevoked);
    assert_eq!(denied("erased"), Denied::SessionRevoked);
    assert_eq!(denied("mixed-up"), Denied::SubjectMismatch);
    assert_eq!(denied("clock-behind"), Denied::ClockBehind);
    assert_eq!(denied("rewound"), Denied::SessionRevoked);
    assert_eq!(denied("mfa-login"), Denied::FirstFactorRequired);
    assert_eq!(denied("tokens"), Denied::TokenExpired);
}

/// The name of a seed begins with the status of its last reply.
#[test]
fn exchanges_end_as_they_are_named() {
    let seeds = seeds("exchange", "", 29);
    for (path, data) in seeds {
        let statuses = oob_mfa_fuzz::exchange::statuses(&data);
        let last = statuses.last().unwrap().to_string();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&last), "{name}: {statuses:?}");
    }
}
