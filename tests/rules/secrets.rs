//! Rules 14 and 15: nothing reveals a secret, and codes are drawn evenly.

use core::convert::Infallible;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20::rand_core::{TryCryptoRng, TryRng};
use oob_mfa::{
    BindingCode, Challenge, Channel, FirstFactor, OobCode, Policy, RecoveryCode, VerifyOob,
};
use oob_mfa_testing::{Answer, Command, TestRng, World, commands, phones};
use proptest::prelude::*;

use crate::harness::{Look, config, engine, json, play, world};

/// The key of the engine: 32 bytes of 7, in base64.
const KEY_AS_TEXT: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// The session's tag, which comes after version and key in the token, as a record has it.
fn tag_in(token: &str) -> String {
    let token = Base64UrlUnpadded::decode_vec(token).unwrap();
    Base64UrlUnpadded::encode_string(&token[5..21])
}

/// Rule 14: none of the latest secrets is printed or stored.
///
/// Many numbers contain 6 given digits by chance, so the test searches for a code between other
/// characters.
pub fn secrets() -> Look {
    Box::new(|_, _, observation, after| {
        let record = after.record();
        let events = serde_json::to_string(&observation.events).unwrap();
        let told = format!(
            "{observation:?} {events} {record:?} {:?}",
            after.sessions().last()
        );
        let stored = record.as_ref().map(json).unwrap_or_default();
        for code in after.codes().iter().rev().take(16) {
            let quoted = format!("\"{}\"", code.binding_code);
            assert!(
                !told.contains(&quoted) && !stored.contains(&quoted),
                "a code is told"
            );
            assert!(!told.contains(&code.oob_code), "an oob_code is told");
            assert!(!events.contains(&code.to.to_e164()), "a number is told");
        }
        for shown in after.recovery_codes().iter().rev().take(16) {
            assert!(!told.contains(&shown.characters) && !stored.contains(&shown.characters));
        }
        if let Some(session) = after.sessions().last() {
            let token = after.engine.issue_token(session);
            let token = token.expose_secret();
            assert!(
                !told.contains(token) && !stored.contains(token),
                "a token is told"
            );
            assert!(
                !told.contains(&tag_in(token)),
                "the tag of a session is told"
            );
        }
    })
}

/// Rule 15, as far as one code shows: each code has the policy's number of digits, leading zeros
/// included.
pub fn whole_codes(policy: &Policy) -> Look {
    let digits = policy.code_digits();
    Box::new(move |_, _, observation, after| {
        if observation.reply.sent.is_some() {
            let code = &after.codes().last().unwrap().binding_code;
            assert!(code.len() == digits && code.bytes().all(|byte| byte.is_ascii_digit()));
        }
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r14_nothing_printed_or_stored_contains_a_secret(seed: u64, commands in commands(1..30)) {
        // A time or a phone number rarely contains a code of 8 digits.
        let policy = Policy::auth0().with_code_digits(8).unwrap();
        let mut told = String::new();
        let mut stored = String::new();
        let mut world = world(&policy, seed);
        play(&mut world, &commands, |_, _, observation, after| {
            told += &format!("{observation:?}");
            told += &serde_json::to_string(&observation.events).unwrap();
            told += &format!("{:?}", after.record());
            if let Answer::Denied(denied) = observation.reply.answer {
                told += &format!("{denied:?} {denied}");
            }
            if observation.reply.saved {
                stored += &after.record().as_ref().map(json).unwrap_or_default();
            }
        });
        told += &format!("{:?} {:?}", world.sessions(), world.engine);
        for code in world.codes() {
            let answer = VerifyOob {
                oob_code: OobCode::from(code.oob_code.as_str()),
                binding_code: BindingCode::from(code.binding_code.as_str()),
            };
            told += &format!("{answer:?} {}", code.delivery);
        }
        for shown in world.recovery_codes() {
            told += &format!("{:?}", RecoveryCode::from(shown.characters.as_str()));
        }
        let mut secrets = vec![KEY_AS_TEXT.to_owned()];
        let mut handles = Vec::new();
        for session in world.sessions() {
            let token = world.engine.issue_token(session);
            told += &format!("{token:?}");
            secrets.push(token.expose_secret().to_owned());
            handles.push(tag_in(token.expose_secret()));
        }
        secrets.extend(world.recovery_codes().iter().map(|shown| shown.characters.clone()));
        secrets.extend(world.codes().iter().map(|code| code.binding_code.clone()));
        for secret in &secrets {
            assert!(!told.contains(secret), "{secret} is told");
            assert!(!stored.contains(secret), "{secret} is stored");
        }
        handles.extend(world.codes().iter().map(|code| code.oob_code.clone()));
        for handle in &handles {
            assert!(!told.contains(handle), "{handle} is told");
        }
    }

    #[test]
    fn r14_transitions_and_outcomes_print_no_secret(seed: u64, phone in phones()) {
        let policy = Policy::auth0().with_code_digits(8).unwrap();
        let engine = engine(&policy);
        let mut rng = TestRng::new(seed);
        let account = world(&policy, seed).account();
        let now = time::UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let first_factor = FirstFactor {
            subject: account.subject().clone(),
            client: "demo",
            scope: "openid",
            audience: "",
        };
        let session = engine.begin(first_factor, now, &mut rng).unwrap();
        let request = oob_mfa::Associate { channel: Channel::Voice, phone };
        let transition = engine.associate(account, &session, &request, now, &mut rng);
        assert_eq!(format!("{transition:?}"), "Transition { changed: true, .. }");
        let mut told = String::new();
        let outcome = transition.commit(|next| {
            told += &format!("{next:?}");
            Ok::<_, ()>(())
        });
        let outcome = outcome.unwrap();
        told += &format!("{outcome:?}");
        let grant = outcome.result.unwrap();
        told += &format!("{grant:?} {:?}", grant.delivery);
        told += &serde_json::to_string(&outcome.events).unwrap();
        for secret in [
            grant.delivery.code.expose_secret(),
            grant.recovery_code.as_ref().unwrap().expose_secret(),
            &grant.oob_code.expose_secret(),
            &phone.to_e164(),
        ] {
            assert!(!secret.is_empty() && !told.contains(secret), "{secret} is told");
        }
    }
}

/// The words of an `oob_code` of sevens.
const SEVENS: [u32; 4] = [0x0707_0707; 4];

/// A source of exactly these words. Bytes come from words, the lowest first.
struct Scripted<'a>(core::iter::Copied<core::slice::Iter<'a, u32>>);

impl TryRng for Scripted<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next().expect("no further word is drawn"))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("no word of 64 bits is drawn")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes());
        }
        Ok(())
    }
}

impl TryCryptoRng for Scripted<'_> {}

/// The code of a challenge with these random words. It must draw all of them.
fn drawn(digits: usize, words: &[u32]) -> String {
    let policy = Policy::auth0().with_code_digits(digits).unwrap();
    let mut world: World = world(&policy, 1);
    world.apply(&Command::ImportPhone {
        phone: "+14155558730".parse().unwrap(),
        channel: Channel::Sms,
    });
    world.apply(&Command::Begin);
    let words = [&SEVENS, words].concat();
    let mut rng = Scripted(words.iter().copied());
    let (engine, session, now) = (&world.engine, &world.sessions()[0], world.now());
    let challenged = engine.challenge(
        world.account(),
        session,
        &Challenge::default(),
        now,
        &mut rng,
    );
    let outcome = challenged.commit(|_| Ok::<_, ()>(())).unwrap();
    assert_eq!(rng.0.len(), 0, "every word is drawn");
    outcome
        .result
        .unwrap()
        .delivery
        .code
        .expose_secret()
        .to_owned()
}

#[test]
fn r15_words_become_codes_by_rejection_and_leading_zeros_stay() {
    assert_eq!(drawn(6, &[0]), "000000");
    assert_eq!(drawn(6, &[42]), "000042");
    assert_eq!(drawn(6, &[999_999]), "999999");
    assert_eq!(drawn(6, &[1_000_000]), "000000");
    assert_eq!(drawn(7, &[42]), "0000042");
    assert_eq!(drawn(8, &[99_999_999]), "99999999");
    // 2³² is 4,294 whole millions and 967,296: those last words are rejected.
    assert_eq!(drawn(6, &[4_293_999_999]), "999999");
    assert_eq!(drawn(6, &[4_294_000_000, 1]), "000001");
    assert_eq!(drawn(6, &[u32::MAX, 4_294_000_000, 999_999]), "999999");
    assert_eq!(drawn(7, &[4_289_999_999]), "9999999");
    assert_eq!(drawn(7, &[4_290_000_000, 7]), "0000007");
    assert_eq!(drawn(8, &[4_199_999_999]), "99999999");
    assert_eq!(drawn(8, &[4_200_000_000, 8]), "00000008");
}

#[test]
fn r15_recovery_codes_take_five_bits_of_a_word_each() {
    // Every symbol, in two codes of 24.
    for (symbols, recovery_code) in [
        (0..24, "23456789ABCDEFGHJKLMNPQR"),
        (8..32, "ABCDEFGHJKLMNPQRSTUVWXYZ"),
    ] {
        let policy = Policy::auth0();
        let mut world = world(&policy, 1);
        world.apply(&Command::Begin);
        // The device, the recovery code's own id, the recovery code, the oob_code, the binding code.
        let words: Vec<u32> = (0..16)
            .chain(0..16)
            .chain(symbols)
            .chain(SEVENS)
            .chain([123_456])
            .collect();
        let mut rng = Scripted(words.iter().copied());
        let request = oob_mfa::Associate {
            channel: Channel::Sms,
            phone: "+14155558730".parse().unwrap(),
        };
        let (engine, session, now) = (&world.engine, &world.sessions()[0], world.now());
        let outcome = engine
            .associate(world.account(), session, &request, now, &mut rng)
            .commit(|_| Ok::<_, ()>(()))
            .unwrap();
        let grant = outcome.result.unwrap();
        assert_eq!(grant.authenticator.to_string(), "sms|dev_ABCDEFGHIJKLMNOP");
        assert_eq!(grant.recovery_code.unwrap().expose_secret(), recovery_code);
        assert_eq!(grant.delivery.code.expose_secret(), "123456");
        assert_eq!(grant.oob_code.expose_secret(), "BwcHBwcHBwcHBwcHBwcHBw");
    }
}

#[test]
fn r14_an_account_does_not_print_what_an_oob_code_encodes() {
    let policy = Policy::auth0();
    let mut world = world(&policy, 1);
    world.apply(&Command::ImportPhone {
        phone: "+14155558730".parse().unwrap(),
        channel: Channel::Sms,
    });
    world.apply(&Command::Begin);
    let words = [&SEVENS[..], &[1]].concat();
    let mut rng = Scripted(words.iter().copied());
    let (engine, session, now) = (&world.engine, &world.sessions()[0], world.now());
    let challenged = engine.challenge(
        world.account(),
        session,
        &Challenge::default(),
        now,
        &mut rng,
    );
    let mut told = String::new();
    let outcome = challenged.commit(|next| {
        told = format!("{next:?}");
        Ok::<_, ()>(())
    });
    assert!(outcome.unwrap().result.is_ok());
    // The source made it from sevens.
    assert!(
        told.contains("ChallengeId(redacted)") && !told.contains("7, 7"),
        "{told}"
    );
}

/// What someone who reads the store gets, field by field.
#[test]
fn r14_a_record_has_the_numbers_the_handle_and_the_tag_in_the_clear_and_of_codes_only_digests() {
    const OWNERS: &str = "+14155558730";
    const PENDING: &str = "+442079460000";
    let mut world = oob_mfa_testing::World::new();
    let (_, recovery_code) = world.enroll(OWNERS);
    let (session, manager) = (world.first_factor(), world.second_factor());
    let sent = world.challenge(&session, None).unwrap();
    let pending = world.associate(&manager, PENDING).unwrap();
    let stored = json(&world.account());
    let token = |session| world.engine.issue_token(session).expose_secret().to_owned();
    let (of_session, of_manager) = (token(&session), token(&manager));
    for clear in [
        world.account().subject().as_str(),
        OWNERS,
        PENDING,
        &sent.oob_code,
        &pending.oob_code,
        &tag_in(&of_session),
    ] {
        assert!(stored.contains(clear), "{clear} is not stored: {stored}");
    }
    for secret in [
        &sent.code,
        &pending.code,
        &recovery_code,
        &of_session,
        &of_manager,
        KEY_AS_TEXT,
    ] {
        assert!(!stored.contains(secret), "{secret} is stored: {stored}");
    }
}
