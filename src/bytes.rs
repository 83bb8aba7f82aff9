//! Fixed byte strings of the record and of `oob_code`: base64url text for people, bytes for machines.

use alloc::string::String;
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserializer, Serializer, de};
use subtle::{Choice, ConstantTimeEq};

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The bytes of a text that is exactly as long as `N` bytes need.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let decoded = Base64UrlUnpadded::decode(text, &mut bytes).ok()?;
    (decoded.len() == N).then_some(bytes)
}

/// Compares in constant time, 16 bytes at a time: `subtle` is 6× slower byte by byte.
pub(crate) fn ct_eq<const N: usize>(a: &[u8; N], b: &[u8; N]) -> Choice {
    const { assert!(N.is_multiple_of(16), "whole words") }
    let (a, b) = (a.as_chunks().0.iter(), b.as_chunks().0.iter());
    a.zip(b).fold(Choice::from(1), |same, (a, b)| {
        same & u128::from_ne_bytes(*a).ct_eq(&u128::from_ne_bytes(*b))
    })
}

pub(crate) fn serialize<const N: usize, S: Serializer>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&encode(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

pub(crate) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Text)
    } else {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Text<const N: usize>;

impl<const N: usize> de::Visitor<'_> for Text<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes in base64url")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        decode(text).ok_or_else(|| E::custom(format_args!("not {N} bytes in base64url")))
    }
}

struct Bytes<const N: usize>;

impl<const N: usize> de::Visitor<'_> for Bytes<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        <[u8; N]>::try_from(bytes).map_err(|_| E::custom(format_args!("not {N} bytes")))
    }
}
