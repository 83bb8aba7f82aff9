use super::*;

use SigningAlgorithm::{Es256, Rs256};

/// The content of a list of a key file, between its brackets.
fn list<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    line.strip_prefix(" = [")
        .unwrap()
        .strip_suffix(']')
        .unwrap()
}

fn ids(keys: &Keys) -> Vec<&str> {
    keys.signing.all().map(SigningKey::id).collect()
}

#[test]
fn a_key_file_is_created_once_and_only_its_owner_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    assert!(read(&path, Rs256).unwrap().is_none());
    let made = make_and_read(&path, Rs256).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for keys in [
        read(&path, Rs256).unwrap().unwrap(),
        make_and_read(&path, Rs256).unwrap(),
    ] {
        assert_eq!(format!("{keys:?}"), format!("{made:?}"));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn a_file_that_is_not_a_key_file_is_refused_by_name_and_left_unchanged() {
    let good = fresh().unwrap();
    let [engine, rs256, es256] = ["engine", "rs256", "es256"].map(|name| list(&good, name));
    let short = Base64::encode_string(&[1; 31]);
    let long = Base64::encode_string(&[1; 33]);
    let no_lists = "a key file has the lists engine, rs256 and es256, of texts in base64";
    let no_rsa = "rs256: key 1 is not a private key of this kind in PKCS#8 and base64";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    for (text, expected) in [
        (String::new(), no_lists),
        // The start of a TOML error that would quote the text.
        (format!("engine = {engine}\nrs256 = [{rs256}]"), no_lists),
        (format!("engine = [{engine}]\nrsa = [{rs256}]"), no_lists),
        (format!("rs256 = [{rs256}]"), no_lists),
        (
            format!("engine = []\nrs256 = [{rs256}]"),
            "engine has no key: add one from new-keys",
        ),
        (
            format!("engine = [\"{short}\"]\nrs256 = [{rs256}]"),
            "engine: key 1 is not 32 bytes in base64",
        ),
        (
            format!("engine = [{engine}, \"{long}\"]\nrs256 = [{rs256}]"),
            "engine: key 2 is not 32 bytes in base64",
        ),
        (
            format!("engine = [{engine}, {engine}]\nrs256 = [{rs256}]"),
            "engine: key 2 is a duplicate",
        ),
        (
            format!("engine = [{engine}]\nrs256 = [{rs256}, {rs256}]"),
            "rs256: key 2 is a duplicate",
        ),
        (format!("engine = [{engine}]\nrs256 = [{engine}]"), no_rsa),
        (format!("engine = [{engine}]\nrs256 = [{es256}]"), no_rsa),
        (
            format!("engine = [{engine}]\nrs256 = [\"no base64\"]"),
            no_rsa,
        ),
        (
            format!("engine = [{engine}]\nrs256 = [{rs256}]\nes256 = [{rs256}]"),
            "es256: key 1 is not a private key of this kind in PKCS#8 and base64",
        ),
        (
            format!("engine = [{engine}]\nes256 = [{es256}]"),
            "rs256 has no key, but signing_algorithm needs one: add one from new-keys",
        ),
    ] {
        fs::write(&path, &text).unwrap();
        let error = read(&path, Rs256).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(error.to_string(), expected, "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    // A list that does not sign may be absent.
    let text = format!("engine = [{engine}]\nrs256 = [{rs256}]");
    assert_eq!(ids(&Keys::parse(&text, Rs256).unwrap()).len(), 1);
    let error = Keys::parse(&text, Es256).unwrap_err();
    assert_eq!(
        error.to_string(),
        "es256 has no key, but signing_algorithm needs one: add one from new-keys"
    );
}

#[test]
fn the_first_key_of_the_algorithm_signs_and_every_other_is_kept() {
    let (one, two) = (fresh().unwrap(), fresh().unwrap());
    let both = ["engine", "rs256", "es256"]
        .map(|name| format!("{name} = [{}, {}]", list(&one, name), list(&two, name)))
        .join("\n");
    let id = |text: &str, algorithm| {
        let keys = Keys::parse(text, algorithm).unwrap();
        keys.signing.current().id().to_owned()
    };
    let rs256 = [id(&one, Rs256), id(&two, Rs256)];
    let es256 = [id(&one, Es256), id(&two, Es256)];
    let keys = Keys::parse(&both, Rs256).unwrap();
    assert_eq!(ids(&keys), [&rs256[0], &rs256[1], &es256[0], &es256[1]]);
    let keys = Keys::parse(&both, Es256).unwrap();
    assert_eq!(ids(&keys), [&es256[0], &es256[1], &rs256[0], &rs256[1]]);
    assert_eq!(keys.signing.current().id(), es256[0]);
}

#[test]
fn a_key_is_published_without_its_secret_under_its_thumbprint() {
    use base64ct::Base64UrlUnpadded;
    let keys = Keys::parse(&fresh().unwrap(), Rs256).unwrap();
    let published: Vec<_> = keys.signing.all().map(SigningKey::jwk).collect();
    let [rsa, ec] = &published[..] else {
        panic!("{published:?}");
    };
    let [rsa, ec] = [rsa, ec].map(|jwk| serde_json::to_value(jwk).unwrap());
    let thumbprint = |text: String| Base64UrlUnpadded::encode_string(&Sha256::digest(text));
    let (n, x, y) = (&rsa["n"], &ec["x"], &ec["y"]);
    let kid = thumbprint(format!(r#"{{"e":"AQAB","kty":"RSA","n":{n}}}"#));
    assert_eq!(
        rsa,
        serde_json::json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": "AQAB",
        })
    );
    let kid = thumbprint(format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#));
    assert_eq!(
        ec,
        serde_json::json!({
            "kty": "EC", "use": "sig", "alg": "ES256", "kid": kid, "crv": "P-256", "x": x, "y": y,
        })
    );
    let length = |text: &serde_json::Value| {
        Base64UrlUnpadded::decode_vec(text.as_str().unwrap())
            .unwrap()
            .len()
    };
    assert_eq!([length(n), length(x), length(y)], [256, 32, 32]);
}

#[test]
fn nothing_secret_is_printed() {
    let text = fresh().unwrap();
    let keys = Keys::parse(&text, Rs256).unwrap();
    let shown = format!("{keys:?}");
    for id in ids(&keys) {
        assert!(shown.contains(id), "{shown}");
    }
    for name in ["engine", "rs256", "es256"] {
        let secret = list(&text, name).trim_matches('"');
        // In any encoding: only the ids are as long as a secret.
        let longest = shown.split(|c: char| !c.is_ascii_alphanumeric() && !"-_+/".contains(c));
        assert!(longest.map(str::len).max().unwrap() <= 43, "{shown}");
        assert!(!shown.contains(&secret[..16]), "{shown}");
    }
}
