//! Tokens that someone else made from public data, or that name another algorithm than their key's.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64ct::Base64;

use super::*;

/// The private keys of the file, and the claims of a valid token.
struct Forger {
    tokens: Tokens,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    claims: String,
}

impl Forger {
    fn new() -> Self {
        let tokens = tokens();
        let der = |list| Base64::decode_vec(secret(&KEYS, list)).unwrap();
        let now = at(SIGNED_IN, 0);
        let verified = confirmed(now, at(SIGNED_IN + 600, 0));
        let minted = mint(&tokens, &verified).unwrap();
        let token = minted["access_token"].as_str().unwrap();
        Self {
            rsa: RsaKeyPair::from_pkcs8(&der("rs256")).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der("es256")).unwrap(),
            claims: token.split('.').nth(1).unwrap().to_owned(),
            tokens,
        }
    }

    /// The id of the first RSA key (0) and of the first key of the curve (2), of four.
    fn kid(&self, index: usize) -> Value {
        self.tokens.key_set()["keys"][index]["kid"].clone()
    }

    fn sign_rsa(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let rng = SystemRandom::new();
        self.rsa
            .sign(encoding, &rng, message, &mut signature)
            .unwrap();
        signature
    }

    fn sign_ec(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.ec.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    fn open(&self, header: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> Result<(), Denied> {
        let header = Base64UrlUnpadded::encode_string(header.to_string().as_bytes());
        let message = format!("{header}.{}", self.claims);
        let signature = Base64UrlUnpadded::encode_string(&sign(message.as_bytes()));
        let token = format!("{message}.{signature}");
        self.tokens.open(&token).map(drop)
    }
}

fn header(alg: &str, kid: &Value) -> Value {
    json!({ "typ": "at+jwt", "alg": alg, "kid": kid })
}

#[test]
fn a_token_of_the_key_and_algorithm_that_it_names_opens() {
    let forger = Forger::new();
    let opened = forger.open(&header("RS256", &forger.kid(0)), |message| {
        forger.sign_rsa(&RSA_PKCS1_SHA256, message)
    });
    assert_eq!(opened, Ok(()));
    let opened = forger.open(&header("ES256", &forger.kid(2)), |message| {
        forger.sign_ec(message)
    });
    assert_eq!(opened, Ok(()));
}

#[test]
fn a_right_signature_by_another_algorithm_than_the_keys_is_refused() {
    let forger = Forger::new();
    let others: [(&str, &'static dyn RsaEncoding); 2] =
        [("RS384", &RSA_PKCS1_SHA384), ("PS256", &RSA_PSS_SHA256)];
    for (alg, encoding) in others {
        let opened = forger.open(&header(alg, &forger.kid(0)), |message| {
            forger.sign_rsa(encoding, message)
        });
        assert_eq!(opened, Err(Denied::TokenInvalid), "{alg}");
    }
}

#[test]
fn a_token_that_names_another_key_than_the_one_that_signed_it_is_refused() {
    let forger = Forger::new();
    // The other key of the same kind, and a key of the other kind under either name of algorithm.
    for (alg, kid) in [("RS256", 1), ("RS256", 2), ("ES256", 2)] {
        let opened = forger.open(&header(alg, &forger.kid(kid)), |message| {
            forger.sign_rsa(&RSA_PKCS1_SHA256, message)
        });
        assert_eq!(opened, Err(Denied::TokenInvalid), "{alg} {kid}");
    }
    for (alg, kid) in [("ES256", 3), ("ES256", 0), ("RS256", 0)] {
        let opened = forger.open(&header(alg, &forger.kid(kid)), |message| {
            forger.sign_ec(message)
        });
        assert_eq!(opened, Err(Denied::TokenInvalid), "{alg} {kid}");
    }
}

#[test]
fn a_token_that_names_no_key_or_an_unknown_one_is_refused() {
    let forger = Forger::new();
    for header in [
        json!({ "typ": "at+jwt", "alg": "RS256" }),
        header("RS256", &json!("")),
        header("RS256", &json!("unknown")),
    ] {
        let opened = forger.open(&header, |message| {
            forger.sign_rsa(&RSA_PKCS1_SHA256, message)
        });
        assert_eq!(opened, Err(Denied::TokenInvalid), "{header}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let forger = Forger::new();
    for kid in [0, 2].map(|index| forger.kid(index)) {
        for alg in ["none", "None", "NONE", ""] {
            let opened = forger.open(&header(alg, &kid), |_| Vec::new());
            assert_eq!(opened, Err(Denied::TokenMalformed), "{alg}");
        }
        for alg in ["RS256", "ES256"] {
            let opened = forger.open(&header(alg, &kid), |_| Vec::new());
            assert_eq!(opened, Err(Denied::TokenInvalid), "{alg}");
        }
    }
}

#[test]
fn a_published_key_is_not_accepted_as_an_hmac_secret() {
    let forger = Forger::new();
    let jwk = |index: usize| forger.tokens.key_set()["keys"][index].to_string();
    let part = |index: usize, name: &str| {
        let part = forger.tokens.key_set()["keys"][index][name].clone();
        Base64UrlUnpadded::decode_vec(part.as_str().unwrap()).unwrap()
    };
    for (kid, secrets) in [
        (
            0,
            [
                forger.rsa.public_key().as_ref().to_vec(),
                part(0, "n"),
                jwk(0).into_bytes(),
            ],
        ),
        (
            2,
            [
                forger.ec.public_key().as_ref().to_vec(),
                part(2, "x"),
                jwk(2).into_bytes(),
            ],
        ),
    ] {
        for secret in secrets {
            let opened = forger.open(&header("HS256", &forger.kid(kid)), |message| {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
                hmac::sign(&key, message).as_ref().to_vec()
            });
            assert_eq!(opened, Err(Denied::TokenInvalid));
        }
    }
}
