//! The signatures of jsonwebtoken, by p256.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult, new_error};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

/// ES256 and nothing else, by p256.
pub(super) static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // For JWKs, which jsonwebtoken is not asked for.
    key_utils: KeyUtils::new_unimplemented(),
};

struct Es256<K>(K);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    if *algorithm != Algorithm::ES256 {
        return Err(new_error(ErrorKind::UnsupportedAlgorithm));
    }
    let key = SigningKey::from_slice(key.as_bytes())
        .map_err(|_| new_error(ErrorKind::InvalidEcdsaKey))?;
    Ok(Box::new(Es256(key)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    if *algorithm != Algorithm::ES256 {
        return Err(new_error(ErrorKind::UnsupportedAlgorithm));
    }
    let key = VerifyingKey::from_sec1_bytes(key.try_get_as_bytes()?)
        .map_err(|_| new_error(ErrorKind::InvalidEcdsaKey))?;
    Ok(Box::new(Es256(key)))
}

impl signature::Signer<Vec<u8>> for Es256<SigningKey> {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        use p256::ecdsa::signature::Signer;
        let signature: Signature = self
            .0
            .try_sign(message)
            .map_err(|_| signature::Error::new())?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl JwtSigner for Es256<SigningKey> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

impl signature::Verifier<Vec<u8>> for Es256<VerifyingKey> {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        use p256::ecdsa::signature::Verifier;
        let signature = Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        self.0
            .verify(message, &signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Es256<VerifyingKey> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
