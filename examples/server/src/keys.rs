//! The key file, and the two keys that come from it.
//!
//! One file, one secret: every process that is started with the same file opens the tokens and judges
//! the codes of the others.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use oob_mfa::{Key, KeyRing};
use p256::ecdsa::SigningKey;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::files;

/// The secret of a key file.
pub type Secret = Zeroizing<[u8; 32]>;

// One label per key, none the beginning of another.
const ENGINE: &[u8] = b"oob-mfa-server engine 1";
const ENGINE_ID: &[u8] = b"oob-mfa-server key id 1";
const SIGNING: &[u8] = b"oob-mfa-server es256 1";

/// The engine's key. Its id comes from the secret too, so that another file has another.
#[must_use]
pub fn engine_keys(secret: &Secret) -> KeyRing {
    let id = derive(secret, ENGINE_ID, 0);
    let id = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
    KeyRing::new(Key::new(id, &derive(secret, ENGINE, 0)))
}

/// The key that signs tokens.
#[must_use]
pub fn signing_key(secret: &Secret) -> SigningKey {
    // One in 2³² derivations is no scalar of the curve: the next is taken.
    (0..=u8::MAX)
        .find_map(|attempt| SigningKey::from_slice(&derive(secret, SIGNING, attempt)[..]).ok())
        .expect("256 derivations that are no scalar")
}

fn derive(secret: &Secret, label: &[u8], attempt: u8) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret[..]).expect("HMAC takes any key");
    mac.update(label);
    mac.update(&[attempt]);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// The secret in the file; none where there is no file.
///
/// # Errors
///
/// What the file system says, and a file that is not 32 bytes in base64.
pub fn read(path: &Path) -> io::Result<Option<Secret>> {
    match read_whole(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Makes the file, and reads what it holds: another process may have been first.
///
/// # Errors
///
/// As [`read`].
pub fn make_and_read(path: &Path) -> io::Result<Secret> {
    make(path)?;
    read_whole(path)
}

fn read_whole(path: &Path) -> io::Result<Secret> {
    let text = Zeroizing::new(fs::read_to_string(path)?);
    let mut secret = Secret::default();
    let decoded = Base64::decode(text.trim(), &mut secret[..]).map(<[u8]>::len);
    if decoded != Ok(secret.len()) {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            "a key file has 32 bytes in base64",
        ));
    }
    files::warn_if_open(path)?;
    Ok(secret)
}

/// Writes a new secret beside the file and links it there, so that nobody reads half of one and
/// nobody replaces one that is in use.
fn make(path: &Path) -> io::Result<()> {
    let mut secret = Secret::default();
    getrandom::fill(&mut secret[..]).map_err(io::Error::other)?;
    let text = Zeroizing::new(Base64::encode_string(&secret[..]) + "\n");
    let mut beside = path.as_os_str().to_owned();
    // Not the process's number: in a container that is the same after every start.
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
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        assert_eq!(read(&path).unwrap(), None);
        let made = make_and_read(&path).unwrap();
        assert_ne!(*made, [0; 32]);
        assert_eq!(read(&path).unwrap().unwrap(), made);
        assert_eq!(make_and_read(&path).unwrap(), made);
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
    fn a_file_of_anything_but_32_bytes_is_refused_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        for text in [
            "",
            "AAAA",
            &"A".repeat(44),
            &Base64::encode_string(&[1; 33]),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(fs::read_to_string(&path).unwrap(), *text);
        }
    }

    #[test]
    fn the_keys_of_one_secret_differ_from_each_other_and_from_anothers() {
        let (one, two) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
        assert_eq!(signing_key(&one), signing_key(&one));
        assert_ne!(signing_key(&one), signing_key(&two));
        assert_ne!(
            signing_key(&one).to_bytes()[..],
            derive(&one, ENGINE, 0)[..]
        );
        let id = |secret| derive(secret, ENGINE_ID, 0)[..4].to_vec();
        assert_ne!(id(&one), id(&two));
    }
}
