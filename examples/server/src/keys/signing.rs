//! The keys that sign tokens, and what clients need to verify them.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64ct::{Base64, Encoding};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use zeroize::Zeroizing;

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// RSA, which every OpenID Connect client supports.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// The curve P-256: shorter and faster signatures.
    #[serde(rename = "ES256")]
    Es256,
}

impl SigningAlgorithm {
    /// A new private key: PKCS#8 in base64.
    ///
    /// RSA has 2,048 bits, as clients expect. NIST allows that until 2030, and signing with 3,072 bits
    /// is several times slower.
    pub(super) fn generate(self) -> Result<Zeroizing<String>, Unspecified> {
        let encoded = |der: &[u8]| Zeroizing::new(Base64::encode_string(der));
        Ok(match self {
            Self::Rs256 => {
                let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
                encoded(der.as_ref())
            }
            Self::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                encoded(pair.to_pkcs8v1()?.as_ref())
            }
        })
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// A key that signs tokens with one algorithm.
pub struct SigningKey {
    pair: Pair,
    id: String,
    jwk: Jwk,
    decoding: DecodingKey,
}

impl SigningKey {
    /// A private key in PKCS#8.
    pub(super) fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, KeyRejected> {
        let (pair, decoding) = match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(der)?;
                let decoding = DecodingKey::from_rsa_der(pair.public_key().as_ref());
                (Pair::Rsa(pair), decoding)
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)?;
                let decoding = DecodingKey::from_ec_der(pair.public_key().as_ref());
                (Pair::Ec(pair), decoding)
            }
        };
        let mut jwk = Jwk::from_decoding_key(&decoding, Some(pair.algorithm()))
            .expect("the public key of a pair is well-formed");
        let id = jwk
            .thumbprint(ThumbprintHash::SHA256)
            .expect("RSA and P-256 have a thumbprint");
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(id.clone());
        Ok(Self {
            pair,
            id,
            jwk,
            decoding,
        })
    }

    /// The thumbprint of the public key (RFC 7638).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The only algorithm that it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.pair.algorithm()
    }

    /// The public key, in the form for clients.
    #[must_use]
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The public key that verifies.
    pub(crate) const fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// The signature of a message.
    ///
    /// jsonwebtoken would parse and check the private key again for every signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&rng, message)?.as_ref().to_vec()),
        }
    }
}

impl Pair {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RS256,
            Self::Ec(_) => Algorithm::ES256,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// The signing key, and others that verify what they signed before or will sign later.
#[derive(Debug)]
pub struct SigningKeys {
    current: SigningKey,
    others: Vec<SigningKey>,
}

impl SigningKeys {
    pub(super) const fn new(current: SigningKey, others: Vec<SigningKey>) -> Self {
        Self { current, others }
    }

    /// The signing key.
    #[must_use]
    pub const fn current(&self) -> &SigningKey {
        &self.current
    }

    /// All keys, the signing key first.
    pub fn all(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(&self.others)
    }
}
