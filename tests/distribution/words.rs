//! Which words make which code. Each word in a block of `10ᵈ` makes another code; the words past
//! the last whole block are rejected.

use oob_mfa::{Account, AuthenticatorId, Channel, FirstFactor};

use crate::source::words;
use crate::{Drawer, granted};

const WORDS: u64 = 1 << 32;

/// The code of a challenge that draws exactly these words, after 4 for its `oob_code`.
fn code(drawer: &Drawer, drawn: impl IntoIterator<Item = u32>) -> String {
    let mut rng = words([0; 4].into_iter().chain(drawn));
    let challenged = drawer.challenge(&mut rng);
    assert_eq!(rng.left(), 0, "words that were not drawn");
    challenged.delivery.code.expose_secret().to_owned()
}

fn word(number: u64) -> u32 {
    u32::try_from(number).unwrap()
}

#[test]
fn every_block_of_words_begins_with_zeros_and_ends_with_nines() {
    for (digits, blocks) in [(6, 4_294), (7, 429), (8, 42)] {
        let drawer = Drawer::new(digits);
        let bound = 10_u64.pow(word(digits as u64));
        assert_eq!(WORDS / bound, blocks);
        let (zeros, nines) = ("0".repeat(digits), "9".repeat(digits));
        for block in 0..blocks {
            let first = block * bound;
            assert_eq!(code(&drawer, [word(first)]), zeros);
            assert_eq!(code(&drawer, [word(first + bound - 1)]), nines);
        }
    }
}

#[test]
fn every_word_past_the_last_block_is_rejected() {
    // All of them for 6 digits, 1 in 5 for 7, 1 in 97 for 8, with the first and the last.
    for (digits, rejected, step) in [(6, 967_296, 1), (7, 4_967_296, 5), (8, 94_967_296, 97)] {
        let drawer = Drawer::new(digits);
        let first = WORDS - rejected;
        assert_eq!(first % 10_u64.pow(word(digits as u64)), 0);
        let thrown_away = (first..WORDS).step_by(step).chain([WORDS - 1]).map(word);
        assert_eq!(
            code(&drawer, thrown_away.chain([42])),
            format!("{:0digits$}", 42)
        );
        assert_eq!(code(&drawer, [word(first - 1)]), "9".repeat(digits));
    }
}

#[test]
fn the_lowest_five_bits_of_a_word_make_a_character_of_a_recovery_code() {
    const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let drawer = Drawer::new(6);
    for place in 0..24 {
        for value in 0..32_u32 {
            // The other bits do not count, in any place.
            let others = (value.wrapping_mul(0x9e37_79b9) ^ place) & !31;
            let mut drawn = [0; 24];
            drawn[place as usize] = others | value;
            let mut rng = words((0..16).chain(drawn));
            let code = drawer.recovery_code(&mut rng);
            assert_eq!(rng.left(), 0);
            let mut expected = [b'2'; 24];
            expected[place as usize] = ALPHABET[value as usize];
            assert_eq!(code.expose_secret().as_bytes(), expected);
        }
    }
}

#[test]
fn a_word_makes_one_of_62_characters_of_a_device_and_four_words_make_none() {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let drawer = Drawer::new(6);
    let last_block = word(WORDS - 4 - 62);
    for block in [0, 62, 62 * 1_000_000, last_block] {
        for value in 0..62 {
            let mut rng = words([block + value; 16]);
            let device = drawer.device(&mut rng);
            assert_eq!(rng.left(), 0);
            assert_eq!(device.as_bytes(), [ALPHABET[value as usize]; 16]);
        }
    }
    for place in 0..16 {
        let thrown_away = (WORDS - 4..WORDS).map(word);
        let drawn = (0..place).chain(thrown_away).chain(place..16);
        let mut rng = words(drawn);
        assert_eq!(drawer.device(&mut rng), "ABCDEFGHIJKLMNOP");
        assert_eq!(rng.left(), 0);
    }
}

/// Four words whose bytes are 0x10, 0x11 … 0x1f, and those bytes in base64url.
const COUNTED: [u32; 4] = [0x1312_1110, 0x1716_1514, 0x1b1a_1918, 0x1f1e_1d1c];
const COUNTED_TEXT: &str = "EBESExQVFhcYGRobHB0eHw";

#[test]
fn the_bytes_of_an_oob_code_are_those_of_the_source() {
    let drawer = Drawer::new(6);
    let challenged = drawer.challenge(&mut words(COUNTED.into_iter().chain([123_456])));
    assert_eq!(challenged.oob_code.expose_secret(), COUNTED_TEXT);
    assert_eq!(challenged.delivery.code.expose_secret(), "123456");
}

#[test]
fn the_tag_of_a_session_is_16_bytes_of_the_source() {
    let drawer = Drawer::new(6);
    let mut rng = words(COUNTED);
    let subject = drawer.account.subject().clone();
    let first_factor = FirstFactor {
        subject: subject.clone(),
        client: "demo",
        scope: "",
        audience: "",
    };
    let begun = drawer.engine.begin(first_factor, drawer.now, &mut rng);
    let session = begun.unwrap();
    assert_eq!(rng.left(), 0);
    // The record holds it beside the session's code.
    let request = oob_mfa::Associate {
        channel: Channel::Sms,
        phone: crate::PHONE.parse().unwrap(),
    };
    let mut rng = words((0..16).chain(0..16).chain(8..32).chain(COUNTED).chain([7]));
    let fresh = Account::new(subject);
    let transition = drawer
        .engine
        .associate(fresh, &session, &request, drawer.now, &mut rng);
    let (result, next) = crate::both(transition);
    assert_eq!(rng.left(), 0);
    let record = serde_json::to_value(next.unwrap()).unwrap();
    assert_eq!(record["account"]["challenges"][0]["session"], COUNTED_TEXT);
    assert_eq!(record["account"]["challenges"][0]["id"], COUNTED_TEXT);
    // In this order: the device, the id of the recovery code, the code itself, oob_code, binding code.
    let grant = result.unwrap();
    let recovery =
        &record["account"]["challenges"][0]["code"]["issued"]["target"]["enrollment"]["recovery"];
    assert_eq!(grant.authenticator.to_string(), "sms|dev_ABCDEFGHIJKLMNOP");
    assert_eq!(recovery["device"], "dev_ABCDEFGHIJKLMNOP");
    let shown = grant.recovery_code.unwrap();
    assert_eq!(shown.expose_secret(), "ABCDEFGHJKLMNPQRSTUVWXYZ");
    assert_eq!(grant.delivery.code.expose_secret(), "000007");
}

#[test]
fn a_recovery_code_that_is_used_draws_an_id_and_a_code() {
    let drawer = Drawer::new(6);
    let regenerated = drawer.engine.regenerate_recovery_code(
        drawer.account.clone(),
        &drawer.mfa,
        drawer.now,
        &mut words(0..40),
    );
    let (code, next) = crate::both(regenerated);
    let mut rng = words((16..32).chain(8..32));
    let verified = granted(drawer.engine.verify_recovery_code(
        next.unwrap(),
        &drawer.first_factor,
        &code.unwrap(),
        drawer.now,
        &mut rng,
    ));
    assert_eq!(rng.left(), 0);
    let used: AuthenticatorId = "recovery-code|dev_ABCDEFGHIJKLMNOP".parse().unwrap();
    assert_eq!(verified.authenticator(), used);
    let next = verified.recovery_code().unwrap();
    assert_eq!(next.expose_secret(), "ABCDEFGHJKLMNPQRSTUVWXYZ");
}
