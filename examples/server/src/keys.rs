//! The key file: the engine's keys, and those that sign tokens.
//!
//! Processes with the same file open each other's tokens and judge each other's codes.

mod signing;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use base64ct::{Base64, Encoding};
use oob_mfa::{Key, KeyRing};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use self::signing::{SigningAlgorithm, SigningKey, SigningKeys};
use crate::files;

/// The keys of a key file.
#[derive(Debug)]
pub struct Keys {
    /// What seals `mfa_token`s and judges codes.
    pub engine: KeyRing,
    /// What signs tokens.
    pub signing: SigningKeys,
}

/// The format of the file: secrets in base64. The first of each list is in use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    engine: Vec<Zeroizing<String>>,
    #[serde(default)]
    rs256: Vec<Zeroizing<String>>,
    #[serde(default)]
    es256: Vec<Zeroizing<String>>,
}

const KEY_ID: &[u8] = b"oob-mfa-server key id 1";

impl Keys {
    /// Reads the text of a key file. The first key of an algorithm signs.
    ///
    /// # Errors
    ///
    /// What is wrong, with the name of the list but not its content.
    pub fn parse(text: &str, algorithm: SigningAlgorithm) -> io::Result<Self> {
        // The error of the TOML parser can quote a secret.
        let written: Written = toml::from_str(text).map_err(|_| {
            wrong("a key file has the lists engine, rs256 and es256, of texts in base64")
        })?;
        let rs256 = signing_keys(SigningAlgorithm::Rs256, "rs256", &written.rs256)?;
        let es256 = signing_keys(SigningAlgorithm::Es256, "es256", &written.es256)?;
        let (name, mut first, mut others) = match algorithm {
            SigningAlgorithm::Rs256 => ("rs256", rs256, es256),
            SigningAlgorithm::Es256 => ("es256", es256, rs256),
        };
        if first.is_empty() {
            return Err(wrong(&format!(
                "{name} has no key, but signing_algorithm needs one: add one from new-keys"
            )));
        }
        let current = first.remove(0);
        first.append(&mut others);
        Ok(Self {
            engine: key_ring(&written.engine)?,
            signing: SigningKeys::new(current, first),
        })
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

fn key_ring(secrets: &[Zeroizing<String>]) -> io::Result<KeyRing> {
    let mut ring: Option<KeyRing> = None;
    for (text, number) in secrets.iter().zip(1..) {
        let mut secret = Zeroizing::new([0; 32]);
        let decoded = Base64::decode(text.as_str(), &mut secret[..]).map(<[u8]>::len);
        if decoded != Ok(secret.len()) {
            return Err(wrong(&format!(
                "engine: key {number} is not 32 bytes in base64"
            )));
        }
        // Derived from the secret, so two keys never get the same id.
        let id = Sha256::new_with_prefix(KEY_ID)
            .chain_update(&secret[..])
            .finalize();
        let key = Key::new(u32::from_be_bytes([id[0], id[1], id[2], id[3]]), &secret);
        ring = Some(match ring {
            None => KeyRing::new(key),
            Some(ring) => ring
                .with_previous(key)
                .map_err(|_| wrong(&format!("engine: key {number} is a duplicate")))?,
        });
    }
    ring.ok_or_else(|| wrong("engine has no key: add one from new-keys"))
}

fn signing_keys(
    algorithm: SigningAlgorithm,
    name: &str,
    texts: &[Zeroizing<String>],
) -> io::Result<Vec<SigningKey>> {
    let mut keys: Vec<SigningKey> = Vec::with_capacity(texts.len());
    for (text, number) in texts.iter().zip(1..) {
        let key = Base64::decode_vec(text)
            .map(Zeroizing::new)
            .ok()
            .and_then(|der| SigningKey::from_pkcs8(algorithm, &der).ok())
            .ok_or_else(|| {
                wrong(&format!(
                    "{name}: key {number} is not a private key of this kind in PKCS#8 and base64"
                ))
            })?;
        if keys.iter().any(|other| other.id() == key.id()) {
            return Err(wrong(&format!("{name}: key {number} is a duplicate")));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// The text of a key file with one new key of each kind.
///
/// # Errors
///
/// If the operating system has no randomness.
pub fn fresh() -> io::Result<Zeroizing<String>> {
    let signing = |algorithm: SigningAlgorithm| algorithm.generate().map_err(io::Error::other);
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut secret[..]).map_err(io::Error::other)?;
    let engine = Zeroizing::new(Base64::encode_string(&secret[..]));
    let rs256 = signing(SigningAlgorithm::Rs256)?;
    let es256 = signing(SigningAlgorithm::Es256)?;
    // Full capacity from the start: a growing text leaves copies behind in memory.
    let mut text = Zeroizing::new(String::with_capacity(4_096));
    text.push_str(
        "# The secrets of oob-mfa-server. The first key of each list is in use. The others only open and verify what they made before.\n",
    );
    for (name, key) in [("engine", engine), ("rs256", rs256), ("es256", es256)] {
        for part in [name, " = [\"", &key, "\"]\n"] {
            text.push_str(part);
        }
    }
    Ok(text)
}

/// The keys in the file; `None` if there is no file.
///
/// # Errors
///
/// Errors of the file system and of [`Keys::parse`].
pub fn read(path: &Path, algorithm: SigningAlgorithm) -> io::Result<Option<Keys>> {
    match read_whole(path, algorithm) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Creates the file, then reads it: another process may have been first.
///
/// # Errors
///
/// Those of [`read`] and [`fresh`].
pub fn make_and_read(path: &Path, algorithm: SigningAlgorithm) -> io::Result<Keys> {
    make(path)?;
    read_whole(path, algorithm)
}

fn read_whole(path: &Path, algorithm: SigningAlgorithm) -> io::Result<Keys> {
    let text = Zeroizing::new(fs::read_to_string(path)?);
    let keys = Keys::parse(&text, algorithm)?;
    files::warn_if_open(path)?;
    Ok(keys)
}

/// Writes new keys to a file beside it and links that file, so no process reads a partial file or
/// replaces one in use.
fn make(path: &Path) -> io::Result<()> {
    let text = fresh()?;
    let mut beside = path.as_os_str().to_owned();
    // Not the process id: in a container it is the same after every start.
    beside.push(format!(
        ".{:016x}",
        getrandom::u64().map_err(io::Error::other)?
    ));
    let mut file = files::private()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(test)]
mod tests;
