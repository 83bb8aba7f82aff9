use alloc::format;
use alloc::string::ToString;

use serde::de::{Visitor, value};
use serde::{Deserialize, Deserializer};

use super::{AuthenticatorId, DeviceId, InvalidAuthenticatorId};
use crate::channel::Channel;
use crate::code::tests::Words;

fn device(text: &str) -> DeviceId {
    text.parse().unwrap()
}

#[test]
fn a_device_id_is_drawn_from_letters_and_digits_only() {
    let first = DeviceId::draw(&mut Words::new(0..16));
    assert_eq!(first.to_string(), "dev_ABCDEFGHIJKLMNOP");
    let last = DeviceId::draw(&mut Words::new(46..62));
    assert_eq!(last.to_string(), "dev_uvwxyz0123456789");
    // The last word that is used, and the first that is rejected.
    let edge = [4_294_967_291, 4_294_967_292, u32::MAX]
        .into_iter()
        .chain(0..15);
    let mut rng = Words::new(edge);
    assert_eq!(DeviceId::draw(&mut rng).to_string(), "dev_9ABCDEFGHIJKLMNO");
    assert_eq!(rng.left(), 0);
}

#[test]
fn a_device_id_parses_from_its_own_text_and_no_other() {
    let text = "dev_NU1Ofuw3Cw0XCt5x";
    assert_eq!(device(text).to_string(), text);
    assert_eq!(format!("{:?}", device(text)), text);
    for other in [
        "",
        "dev_",
        "NU1Ofuw3Cw0XCt5x",
        "dev_NU1Ofuw3Cw0XCt5",
        "dev_NU1Ofuw3Cw0XCt5xx",
        "DEV_NU1Ofuw3Cw0XCt5x",
        "dev-NU1Ofuw3Cw0XCt5x",
        "dev_NU1Ofuw3Cw0XCt5_",
        "dev_NU1Ofuw3Cw0XCt5 ",
        " dev_NU1Ofuw3Cw0XCt5x",
        "dev_NU1Ofuw3Cw0XCt5\0",
        "dev_NU1Ofuw3Cw0XCté",
        "dev_dev_NU1Ofuw3Cw0XCt5x",
        "dev_\u{ff21}\u{ff21}\u{ff21}\u{ff21}\u{ff21}A",
    ] {
        assert_eq!(
            other.parse::<DeviceId>(),
            Err(InvalidAuthenticatorId),
            "{other:?}"
        );
    }
}

#[test]
fn a_device_id_is_stored_as_text_for_people_and_bytes_for_machines() {
    let id = device("dev_NU1Ofuw3Cw0XCt5x");
    assert_eq!(
        serde_json::to_string(&id).unwrap(),
        "\"dev_NU1Ofuw3Cw0XCt5x\""
    );
    assert_eq!(
        serde_json::from_str::<DeviceId>("\"dev_NU1Ofuw3Cw0XCt5x\"").unwrap(),
        id
    );
    assert!(serde_json::from_str::<DeviceId>("\"NU1Ofuw3Cw0XCt5x\"").is_err());
    let bytes = postcard::to_allocvec(&id).unwrap();
    assert_eq!(bytes, b"\x10NU1Ofuw3Cw0XCt5x");
    assert_eq!(postcard::from_bytes::<DeviceId>(&bytes).unwrap(), id);
    assert!(postcard::from_bytes::<DeviceId>(b"\x10NU1Ofuw3Cw0XCt5|").is_err());
    assert!(postcard::from_bytes::<DeviceId>(b"\x0fNU1Ofuw3Cw0XCt5").is_err());
    assert!(postcard::from_bytes::<DeviceId>(b"\x11NU1Ofuw3Cw0XCt5xx").is_err());
}

/// A number in a binary format.
struct Number(u64);

impl<'de> Deserializer<'de> for Number {
    type Error = value::Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_u64(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn a_binary_device_id_that_is_not_bytes_is_refused_and_the_error_names_the_form() {
    let refused = DeviceId::deserialize(Number(7)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "invalid type: integer `7`, expected 16 bytes"
    );
}

#[test]
fn an_authenticator_is_its_kind_and_its_device() {
    let id = device("dev_NU1Ofuw3Cw0XCt5x");
    for (text, authenticator) in [
        (
            "sms|dev_NU1Ofuw3Cw0XCt5x",
            AuthenticatorId::Phone(Channel::Sms, id),
        ),
        (
            "voice|dev_NU1Ofuw3Cw0XCt5x",
            AuthenticatorId::Phone(Channel::Voice, id),
        ),
        (
            "recovery-code|dev_NU1Ofuw3Cw0XCt5x",
            AuthenticatorId::RecoveryCode(id),
        ),
    ] {
        assert_eq!(text.parse(), Ok(authenticator));
        assert_eq!(authenticator.to_string(), text);
        assert_eq!(
            serde_json::to_string(&authenticator).unwrap(),
            format!("\"{text}\"")
        );
    }
    for other in [
        "",
        "|",
        "sms",
        "sms|",
        "sms|NU1Ofuw3Cw0XCt5x",
        "|dev_NU1Ofuw3Cw0XCt5x",
        "dev_NU1Ofuw3Cw0XCt5x",
        "SMS|dev_NU1Ofuw3Cw0XCt5x",
        "tel|dev_NU1Ofuw3Cw0XCt5x",
        "recovery_code|dev_NU1Ofuw3Cw0XCt5x",
        "sms |dev_NU1Ofuw3Cw0XCt5x",
        "sms|voice|dev_NU1Ofuw3Cw0XCt5x",
        "sms|dev_NU1Ofuw3Cw0XCt5x|",
        "sms%7Cdev_NU1Ofuw3Cw0XCt5x",
    ] {
        assert_eq!(
            other.parse::<AuthenticatorId>(),
            Err(InvalidAuthenticatorId),
            "{other:?}"
        );
    }
    assert_eq!(
        InvalidAuthenticatorId.to_string(),
        "the text is not an id: an authenticator has sms|dev_…, voice|dev_… or recovery-code|dev_…, a device dev_…, with 16 ASCII letters or digits"
    );
}
