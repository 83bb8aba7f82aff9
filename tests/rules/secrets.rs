//! Rules 14 and 15: nothing reveals a secret, and codes are drawn evenly.

use base64ct::{Base64UrlUnpadded, Encoding};
use oob_mfa::{BindingCode, Channel, FirstFactor, OobCode, Policy, RecoveryCode, VerifyOob};
use oob_mfa_testing::record::challenge_id;
use oob_mfa_testing::{ALICES, Answer, TestRng, World, commands, phones};
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
        let printed = format!(
            "{observation:?} {events} {record:?} {:?}",
            after.sessions().last()
        );
        let stored = record.as_ref().map(json).unwrap_or_default();
        for code in after.codes().iter().rev().take(16) {
            let quoted = format!("\"{}\"", code.binding_code);
            assert!(
                !printed.contains(&quoted) && !stored.contains(&quoted),
                "a code is printed"
            );
            assert!(!printed.contains(&code.oob_code), "an oob_code is printed");
            assert!(!events.contains(&code.to.to_e164()), "a number is printed");
        }
        for shown in after.recovery_codes().iter().rev().take(16) {
            assert!(!printed.contains(&shown.characters) && !stored.contains(&shown.characters));
        }
        if let Some(session) = after.sessions().last() {
            let token = after.engine.issue_token(session);
            let token = token.expose_secret();
            assert!(
                !printed.contains(token) && !stored.contains(token),
                "a token is printed"
            );
            assert!(
                !printed.contains(&tag_in(token)),
                "the tag of a session is printed"
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
        let mut printed = String::new();
        let mut stored = String::new();
        let mut world = world(&policy, seed);
        play(&mut world, &commands, |_, _, observation, after| {
            printed += &format!("{observation:?}");
            printed += &serde_json::to_string(&observation.events).unwrap();
            printed += &format!("{:?}", after.record());
            if let Answer::Denied(denied) = observation.reply.answer {
                printed += &format!("{denied:?} {denied}");
            }
            if observation.reply.saved {
                stored += &after.record().as_ref().map(json).unwrap_or_default();
            }
        });
        printed += &format!("{:?} {:?}", world.sessions(), world.engine);
        for code in world.codes() {
            let answer = VerifyOob {
                oob_code: OobCode::from(code.oob_code.as_str()),
                binding_code: BindingCode::from(code.binding_code.as_str()),
            };
            printed += &format!("{answer:?} {}", code.delivery);
        }
        for shown in world.recovery_codes() {
            printed += &format!("{:?}", RecoveryCode::from(shown.characters.as_str()));
        }
        let mut secrets = vec![KEY_AS_TEXT.to_owned()];
        let mut handles = Vec::new();
        for session in world.sessions() {
            let token = world.engine.issue_token(session);
            printed += &format!("{token:?}");
            secrets.push(token.expose_secret().to_owned());
            handles.push(tag_in(token.expose_secret()));
        }
        secrets.extend(world.recovery_codes().iter().map(|shown| shown.characters.clone()));
        secrets.extend(world.codes().iter().map(|code| code.binding_code.clone()));
        for secret in &secrets {
            assert!(!printed.contains(secret), "{secret} is printed");
            assert!(!stored.contains(secret), "{secret} is stored");
        }
        handles.extend(world.codes().iter().map(|code| code.oob_code.clone()));
        for handle in &handles {
            assert!(!printed.contains(handle), "{handle} is printed");
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
        let mut printed = String::new();
        let outcome = transition.commit(|next| {
            printed += &format!("{next:?}");
            Ok::<_, ()>(())
        });
        let outcome = outcome.unwrap();
        printed += &format!("{outcome:?}");
        let grant = outcome.result.unwrap();
        printed += &format!("{grant:?} {:?}", grant.delivery);
        printed += &serde_json::to_string(&outcome.events).unwrap();
        for secret in [
            grant.delivery.code.expose_secret(),
            grant.recovery_code.as_ref().unwrap().expose_secret(),
            &grant.oob_code.expose_secret(),
            &phone.to_e164(),
        ] {
            assert!(!secret.is_empty() && !printed.contains(secret), "{secret} is printed");
        }
    }
}

#[test]
fn r14_an_account_does_not_print_what_an_oob_code_encodes() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let bytes = format!("{:?}", challenge_id(&sent.oob_code));
    let bytes = bytes.trim_matches(['[', ']']);
    let mut printed = String::new();
    let restored = world.engine.restore_budgets(world.account(), world.now());
    let outcome = restored.commit(|next| {
        printed = format!("{next:?}");
        Ok::<_, ()>(())
    });
    assert!(outcome.unwrap().result.is_ok());
    assert!(
        printed.contains("ChallengeId(redacted)") && !printed.contains(bytes),
        "{printed}"
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
