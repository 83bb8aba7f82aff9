//! Rules 12, 16 and 17: the size of a record, that it is deterministic, and which records load.

mod largest;

use oob_mfa::{
    Account, AuthenticatorId, BindingCode, DeviceId, OobCode, PhoneNumber, Policy, RecoveryCode,
    Subject,
};
use oob_mfa_testing::{Command, World, commands, policies};
use proptest::prelude::*;
use serde_json::{Value, json as value};

use crate::harness::{Look, config, engine, json, play, world};

/// The largest record there can be, in bytes.
const LARGEST_POSTCARD: usize = 3_968;
const LARGEST_JSON: usize = 12_394;

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

/// Rule 16: the same inputs give the same bytes.
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

/// Rule 17: a stored record loads unchanged. With one byte changed, it is refused, or saves and
/// loads unchanged.
pub fn hostile_input() -> Look {
    let mut at = 0;
    Box::new(move |_, _, observation, after| {
        if observation.reply.saved {
            let record = after.record().unwrap();
            loads_stably(Some(record.clone()));
            let mut bytes = binary(&record);
            // A stride without a common factor with most lengths reaches every byte.
            at = (at + 101) % bytes.len();
            assert!(postcard::from_bytes::<Account>(&bytes[..at]).is_err());
            bytes[at] = bytes[at].wrapping_add(1);
            loads_stably(postcard::from_bytes(&bytes).ok());
        }
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r12_no_sequence_grows_the_record_beyond_its_bound(
        policy in policies(),
        seed: u64,
        commands in commands(30..60),
    ) {
        let subject = "\u{1}".repeat(255).parse().unwrap();
        play(&mut World::with_engine(engine(&policy), subject, seed), &commands, bounded());
    }

    #[test]
    fn r16_the_same_inputs_give_the_same_bytes(
        policy in policies(),
        seed: u64,
        commands in commands(1..40),
    ) {
        let (mut one, mut two) = (world(&policy, seed), world(&policy, seed));
        let mut observations = Vec::new();
        // One record is sometimes loaded from its stored form, the other never.
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
        let token = world.engine.issue_token(&world.sessions()[0]);
        let mut characters: Vec<char> = token.expose_secret().chars().collect();
        let at = at.index(characters.len());
        prop_assume!(characters[at] != with);
        characters[at] = with;
        let mutated: String = characters.iter().collect();
        assert!(world.engine.open_token(&mutated, None, world.now()).is_err());
        let truncated: String = characters[..at].iter().collect();
        assert!(world.engine.open_token(&truncated, None, world.now()).is_err());
        let token = token.expose_secret();
        assert!(world.engine.open_token(&format!("{token}A"), None, world.now()).is_err());
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
            // No record that loads causes a panic, and every account saved from it loads.
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

/// A record that loads saves and loads unchanged.
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

/// Replaces the leaf or branch with this number.
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
