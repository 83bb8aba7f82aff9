//! Rules 12, 16 and 17: how big a record grows, that it comes out the same, and what it is loaded from.

use core::time::Duration;

use oob_mfa::testing::{Answer, Command, Guess, World, commands, policies};
use oob_mfa::{
    Account, AuthenticatorId, BindingCode, Channel, Denied, DeviceId, OobCode, PhoneNumber, Policy,
    RateLimit, RecoveryCode, Subject,
};
use proptest::prelude::*;
use serde_json::{Value, json as value};

use crate::harness::{Look, MINUTE, engine, json, play, through_json, world};

/// The largest record there can be, in bytes.
const LARGEST_POSTCARD: usize = 3_975;
const LARGEST_JSON: usize = 12_421;

fn binary(account: &Account) -> Vec<u8> {
    postcard::to_allocvec(account).unwrap()
}

/// Rule 12: the record stays within its bound.
pub fn bounded() -> Look {
    Box::new(|_, _, observation, after| {
        if observation.reply.saved {
            let record = &after.record().unwrap();
            assert!(binary(record).len() <= LARGEST_POSTCARD);
            assert!(json(record).len() <= LARGEST_JSON);
        }
    })
}

/// Rule 16: the same again is the same, to the byte.
pub fn replay() -> Look {
    Box::new(|before, command, observation, after| {
        let mut twin = before.clone();
        assert_eq!(twin.apply(command), *observation);
        let bytes = |world: &World| {
            world
                .record()
                .as_ref()
                .map(|record| (json(record), binary(record)))
        };
        assert_eq!(bytes(&twin), bytes(after));
        assert!(twin.sessions().last() == after.sessions().last());
        assert!(twin.codes().last() == after.codes().last());
        assert!(twin.recovery_codes().last() == after.recovery_codes().last());
    })
}

/// Rule 17: what is stored loads as it was, and one byte of it changed does so or is refused.
pub fn hostile_input() -> Look {
    let mut at = 0;
    Box::new(move |_, _, observation, after| {
        if observation.reply.saved {
            let record = after.record().unwrap();
            loads_stably(Some(record.clone()));
            let mut bytes = binary(&record);
            // A stride without a factor in common with most lengths gets to every byte.
            at = (at + 101) % bytes.len();
            assert!(postcard::from_bytes::<Account>(&bytes[..at]).is_err());
            bytes[at] = bytes[at].wrapping_add(1);
            loads_stably(postcard::from_bytes(&bytes).ok());
        }
    })
}

proptest! {
    #[test]
    fn r12_no_sequence_grows_the_record_beyond_its_bound(
        policy in policies(),
        seed: u64,
        commands in commands(30..60),
    ) {
        let subject = "\u{1}".repeat(255).parse().unwrap();
        play(&mut World::new(engine(&policy), subject, seed), &commands, bounded());
    }

    #[test]
    fn r16_the_same_inputs_give_the_same_bytes(
        policy in policies(),
        seed: u64,
        commands in commands(1..40),
    ) {
        let (mut one, mut two) = (world(&policy, seed), world(&policy, seed));
        let mut observations = Vec::new();
        // One record is loaded from its stored form now and then, the other never.
        play(&mut one, &commands, |_, _, observation, after| {
            observations.push((observation.clone(), after.record().as_ref().map(json), after.record().as_ref().map(binary)));
        });
        for (command, observed) in commands.iter().zip(observations) {
            let observation = two.apply(command);
            assert_eq!((observation, two.record().as_ref().map(json), two.record().as_ref().map(binary)), observed);
        }
        assert!(one.codes() == two.codes());
        assert!(one.recovery_codes() == two.recovery_codes());
        assert!(one.sessions() == two.sessions());
    }

    #[test]
    fn r17_no_text_panics_a_parser(text: String) {
        parse(&text);
        for prefix in ["+", "dev_", "sms|dev_", "recovery-code|", "AQAAAAE"] {
            parse(&format!("{prefix}{text}"));
        }
    }

    #[test]
    fn r17_no_bytes_panic_the_record(bytes: Vec<u8>) {
        loads_stably(postcard::from_bytes::<Account>(&bytes).ok());
        loads_stably(serde_json::from_slice::<Account>(&bytes).ok());
    }

    #[test]
    fn r17_a_mutated_token_is_refused(seed: u64, at: prop::sample::Index, with: char) {
        let policy = Policy::auth0();
        let mut world = world(&policy, seed);
        world.apply(&Command::Begin);
        let token = world.engine().issue_token(&world.sessions()[0]);
        let mut characters: Vec<char> = token.expose_secret().chars().collect();
        let at = at.index(characters.len());
        prop_assume!(characters[at] != with);
        characters[at] = with;
        let mutated: String = characters.iter().collect();
        assert!(world.engine().open_token(&mutated, None, world.now()).is_err());
        let truncated: String = characters[..at].iter().collect();
        assert!(world.engine().open_token(&truncated, None, world.now()).is_err());
        let token = token.expose_secret();
        assert!(world.engine().open_token(&format!("{token}A"), None, world.now()).is_err());
    }

    #[test]
    fn r17_a_mutated_record_is_refused_or_works(
        policy in policies(),
        seed: u64,
        commands in commands(5..30),
        at: prop::sample::Index,
        with: u8,
        replacement in values(),
    ) {
        let mut world = world(&policy, seed);
        for command in &commands {
            world.apply(command);
        }
        let Some(record) = world.record() else { return Ok(()) };
        let bytes = binary(&record);
        assert!(postcard::from_bytes::<Account>(&bytes[..at.index(bytes.len())]).is_err());
        let mut flipped = bytes.clone();
        flipped[at.index(bytes.len())] = with;
        let text = json(&record);
        assert!(serde_json::from_str::<Account>(&text[..at.index(text.len())]).is_err());
        let mut tree = serde_json::to_value(&record).unwrap();
        let leaves = count_leaves(&tree);
        replace_leaf(&mut tree, &mut at.index(leaves), &replacement);
        let loaded = [postcard::from_bytes(&flipped).ok(), serde_json::from_value(tree).ok()];
        for account in loaded {
            loads_stably(account.clone());
            // Whatever was loaded, nothing panics on it, and what is saved of it loads.
            if let Some(account) = account {
                let mut twin = world.clone();
                twin.reload(|_| account);
                play(&mut twin, &commands, |_, _, _, _| {});
            }
        }
    }
}

fn parse(text: &str) {
    let policy = Policy::auth0();
    let now = time::UtcDateTime::UNIX_EPOCH;
    if let Ok(phone) = text.parse::<PhoneNumber>() {
        assert_eq!(phone.to_e164(), text);
    }
    if let Ok(id) = text.parse::<AuthenticatorId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = text.parse::<DeviceId>() {
        assert_eq!(id.to_string(), text);
    }
    assert_eq!(
        text.parse::<Subject>().is_ok(),
        (1..=255).contains(&text.len())
    );
    assert!(matches!(OobCode::from(text).expose_secret().len(), 0 | 22));
    assert!(matches!(
        BindingCode::from(text).expose_secret().len(),
        0 | 6..=8
    ));
    assert!(matches!(
        RecoveryCode::from(text).expose_secret().len(),
        0 | 24
    ));
    assert!(engine(&policy).open_token(text, None, now).is_err());
}

/// What loads is what it is written as again.
fn loads_stably(account: Option<Account>) {
    if let Some(account) = account {
        assert_eq!(
            postcard::from_bytes::<Account>(&binary(&account)).unwrap(),
            account
        );
        assert_eq!(
            serde_json::from_str::<Account>(&json(&account)).unwrap(),
            account
        );
    }
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<u64>().prop_map(Value::from),
        (0_u64..1 << 53).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(value!([])),
        Just(value!({})),
    ]
}

fn count_leaves(tree: &Value) -> usize {
    match tree {
        Value::Array(items) => items.iter().map(count_leaves).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(count_leaves).sum::<usize>() + 1,
        _ => 1,
    }
}

/// Puts the replacement in the place of the leaf, or branch, of this number.
fn replace_leaf(tree: &mut Value, number: &mut usize, replacement: &Value) -> bool {
    if *number == 0 {
        *tree = replacement.clone();
        return true;
    }
    *number -= 1;
    match tree {
        Value::Array(items) => items
            .iter_mut()
            .any(|item| replace_leaf(item, number, replacement)),
        Value::Object(fields) => fields
            .values_mut()
            .any(|field| replace_leaf(field, number, replacement)),
        _ => false,
    }
}

const LAST: u64 = (1 << 53) - 1;

fn device(number: usize) -> String {
    format!("dev_{number:016}")
}

fn text_of(len: usize, number: usize) -> String {
    // The last character holds bits beyond the bytes, which have to be nought.
    format!("{number:0>width$}A", width = len - 1)
}

fn recovery(number: usize) -> Value {
    value!({"device": device(900 + number), "digest": text_of(43, 0), "failures": u32::MAX})
}

fn pending(number: usize, target: &Value) -> Value {
    value!({
        "id": text_of(22, number),
        "session": text_of(22, number),
        "issued_at": LAST - 1,
        "code": {"issued": {
            "digest": {"key": u32::MAX, "digest": text_of(43, 0)},
            "expires_at": LAST,
            "attempts": u32::MAX,
            "channel": "voice",
            "target": target,
        }},
    })
}

/// A record in which everything is at its longest.
fn largest(phones: usize, challenges: impl Fn(usize) -> Value, recovery: &Value) -> Value {
    let phone = |number: usize| {
        value!({
            "device": device(number),
            "number": format!("+{}", 999_999_999_999_999 - number),
            "status": "disabled",
            "last_used": LAST,
            "last_channel": "voice",
            "failures": u32::MAX,
        })
    };
    let spent = |number| value!({"session": text_of(22, number), "expires_at": LAST});
    value!({
        "version": 1,
        "subject": "\u{1}".repeat(255),
        "revision": LAST,
        "budgets": {"sends": LAST, "binding_failures": LAST, "recovery_failures": LAST},
        "valid_from": {"first_factor": LAST, "every": LAST},
        "pruned_through": LAST,
        "doubted_until": LAST,
        "phones": (0..phones).map(phone).collect::<Vec<_>>(),
        "recovery": recovery,
        "challenges": (0..16).map(|number| pending(number, &challenges(number))).collect::<Vec<_>>(),
        "spent": (0..16).map(spent).collect::<Vec<_>>(),
    })
}

fn enrollment(number: usize, recovery: &Value) -> Value {
    value!({"enrollment": {
        "device": device(100 + number),
        "number": format!("+{}", 888_888_888_888_888 - number),
        "begun_by": "first_factor",
        "recovery": recovery,
    }})
}

fn by_mfa(number: usize, recovery: &Value) -> Value {
    let mut target = enrollment(number, recovery);
    target["enrollment"]["begun_by"] = "mfa".into();
    target
}

#[test]
fn r12_the_largest_record_has_this_many_bytes() {
    // Unconfirmed recovery codes and the live one exclude each other, and so do phones and
    // enrollments of a first factor.
    let phones_and_codes = largest(10, |n| by_mfa(n, &recovery(n)), &Value::Null);
    let phones_and_one_code = largest(10, |n| by_mfa(n, &Value::Null), &recovery(0));
    let enrollments = largest(0, |n| enrollment(n, &recovery(n)), &Value::Null);
    let sizes = [phones_and_codes, phones_and_one_code, enrollments].map(|record| {
        let account: Account = serde_json::from_value(record).unwrap();
        (binary(&account).len(), json(&account).len())
    });
    assert_eq!(sizes[0], (LARGEST_POSTCARD, LARGEST_JSON));
    assert!(sizes[1].0 < sizes[0].0 && sizes[1].1 < sizes[0].1);
    assert!(sizes[2].0 < sizes[0].0 && sizes[2].1 < sizes[0].1);
}

/// A first factor passed, and a code asked for.
fn challenged(world: &mut World) -> Answer {
    world.apply(&Command::Begin);
    world
        .apply(&Command::Challenge {
            session: 0,
            authenticator: None,
        })
        .reply
        .answer
}

fn logged_in(world: &mut World) -> Answer {
    challenged(world);
    let right = Command::VerifyOob {
        session: None,
        code: Some(0),
        guess: Guess::Right,
    };
    world.apply(&right).reply.answer
}

#[test]
fn r12_the_seventeenth_challenge_and_the_seventeenth_login_wait_for_the_first_to_expire() {
    let sends = RateLimit::new(100, Duration::from_secs(1)).unwrap();
    let mut world = world(&Policy::auth0().with_sends(sends), 1);
    let phone = "+14155558730".parse().unwrap();
    world.apply(&Command::ImportPhone {
        phone,
        channel: Channel::Sms,
    });

    let mut challenges = world.clone();
    for _ in 0..16 {
        assert!(matches!(
            challenged(&mut challenges),
            Answer::Challenged { .. }
        ));
    }
    let retry_at = world.now() + Duration::from_secs(300);
    let full = Answer::Denied(Denied::TooManySends { retry_at });
    assert_eq!(challenged(&mut challenges), full);
    challenges.apply(&Command::Step {
        millis: 5 * MINUTE - 1,
    });
    assert_eq!(challenged(&mut challenges), full);
    challenges.apply(&Command::Step { millis: 1 });
    // Sixteen that have expired make room, the oldest first.
    for _ in 0..16 {
        assert!(matches!(
            challenged(&mut challenges),
            Answer::Challenged { .. }
        ));
        let record = challenges.record().unwrap();
        assert_eq!(through_json(&record), record);
    }

    for _ in 0..16 {
        assert!(matches!(logged_in(&mut world), Answer::Verified { .. }));
    }
    let retry_at = world.now() + Duration::from_secs(600);
    let full = Answer::Denied(Denied::TooManySessions { retry_at });
    assert_eq!(logged_in(&mut world), full);
    world.apply(&Command::Step {
        millis: 10 * MINUTE - 1,
    });
    assert_eq!(logged_in(&mut world), full);
    world.apply(&Command::Step { millis: 1 });
    assert!(matches!(logged_in(&mut world), Answer::Verified { .. }));
}

#[test]
fn r12_one_more_of_anything_is_refused() {
    let load = |record: Value| {
        serde_json::from_value::<Account>(record)
            .unwrap_err()
            .to_string()
    };
    let full = || largest(10, |n| by_mfa(n, &recovery(n)), &Value::Null);
    let mut record = full();
    record["challenges"]
        .as_array_mut()
        .unwrap()
        .push(pending(16, &by_mfa(16, &recovery(16))));
    assert_eq!(load(record), "more challenges than an account can hold");
    let mut record = full();
    record["spent"]
        .as_array_mut()
        .unwrap()
        .push(value!({"session": text_of(22, 16), "expires_at": 0}));
    assert_eq!(load(record), "more spent sessions than an account can hold");
    assert_eq!(
        load(largest(11, |n| by_mfa(n, &recovery(n)), &Value::Null)),
        "more phones than an account can hold"
    );
    let mut record = full();
    record["subject"] = "x".repeat(256).into();
    assert_eq!(load(record), "a subject has 1 to 255 bytes");
}
