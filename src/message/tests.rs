use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Debug;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use proptest::prelude::*;
use time::UtcDateTime;

use super::*;
use crate::code::CallKeys;
use crate::code::tests::Words;
use crate::delivery::DeliveryId;
use crate::{Account, Associate, Engine, FirstFactor, Key, KeyRing, Policy, Subject};

const PHONE: &str = "+14155558730";

/// The keys of every call here.
pub(super) const KEYS: &str = "407";

fn delivery(channel: Channel, code: &str) -> Delivery {
    let keys = || CallKeys::draw(&mut Words::new([407]));
    Delivery {
        channel,
        to: PHONE.parse().unwrap(),
        code: code.into(),
        keys: (channel == Channel::Voice).then(keys),
        expires_at: UtcDateTime::UNIX_EPOCH,
        id: DeliveryId::of([7; 16]),
    }
}

pub(super) fn wording(app: &str, host: Option<&str>) -> Wording {
    Wording::new(app.parse().unwrap(), host.map(|host| host.parse().unwrap())).unwrap()
}

fn text(wording: &Wording, code: &str) -> String {
    match wording.message(&delivery(Channel::Sms, code)).unwrap() {
        Message::Sms(text) => text.expose_secret().into(),
        Message::Voice(_) => panic!("a call for an SMS"),
    }
}

pub(super) fn call(wording: &Wording, code: &str) -> VoiceCall {
    match wording.message(&delivery(Channel::Voice, code)).unwrap() {
        Message::Voice(call) => call,
        Message::Sms(_) => panic!("an SMS for a call"),
    }
}

pub(super) fn first_digits(call: VoiceCall, keys: &str) -> String {
    let answered = call.press(keys).unwrap();
    let mut digits = answered.steps().filter_map(|step| match step {
        AnswerStep::SayDigits(digits) => Some(digits.expose_secret().into()),
        AnswerStep::Say(_) | AnswerStep::Pause(_) => None,
    });
    digits.next().unwrap()
}

/// Labels of `a` that make a host of this length.
pub(super) fn host_of(len: usize) -> String {
    (1..=len)
        .map(|at| if at % 64 == 0 && at < len { '.' } else { 'a' })
        .collect()
}

#[test]
fn a_text_without_a_host_is_one_line() {
    let wording = wording("Example", None);
    assert_eq!(
        text(&wording, "123456"),
        "123456 is your Example code. Do not share it."
    );
    assert_eq!(
        text(&wording, "01234567"),
        "01234567 is your Example code. Do not share it."
    );
}

#[test]
fn a_text_with_a_host_ends_in_the_origin_bound_line() {
    let wording = wording("Example", Some("Example.COM"));
    assert_eq!(
        text(&wording, "000000"),
        "000000 is your Example code. Do not share it.\n\n@example.com #000000"
    );
    assert_eq!(
        text(&wording, "01234567"),
        "01234567 is your Example code. Do not share it.\n\n@example.com #01234567"
    );
}

#[test]
fn a_delivery_of_the_engine_is_worded_with_its_code() {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let now = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let subject: Subject = "alice".parse().unwrap();
    let first_factor = FirstFactor {
        subject: subject.clone(),
        client: "",
        scope: "",
        audience: "",
    };
    let session = engine.begin(first_factor, now, &mut rng).unwrap();
    let account = Account::new(subject);
    for channel in [Channel::Sms, Channel::Voice] {
        let request = Associate {
            channel,
            phone: PHONE.parse().unwrap(),
        };
        let outcome = engine.associate(account.clone(), &session, &request, now, &mut rng);
        let outcome = outcome.commit(|_| Ok::<_, ()>(())).unwrap();
        let delivery = outcome.result.unwrap().delivery;
        let code = delivery.code.expose_secret();
        assert_eq!(code.len(), 6);
        let keys = delivery.keys.as_ref().map(CallKeys::expose_secret);
        let digits = keys.map(|keys| keys.bytes().filter(u8::is_ascii_digit).count());
        assert_eq!(digits, (channel == Channel::Voice).then_some(3));
        match wording("Example", None).message(&delivery).unwrap() {
            Message::Sms(text) => {
                assert_eq!(channel, Channel::Sms);
                assert_eq!(
                    text.expose_secret(),
                    format!("{code} is your Example code. Do not share it.")
                );
            }
            Message::Voice(call) => {
                assert_eq!(channel, Channel::Voice);
                let keys = delivery.keys.as_ref().unwrap().expose_secret();
                assert_eq!(first_digits(call, keys).replace(", ", ""), code);
            }
        }
    }
}

#[test]
fn a_text_of_160_septets_is_sent_and_one_of_161_is_refused() {
    // 70 septets with the longest name and code, 13 beside the host for the bound line.
    let app = "a".repeat(30);
    let fits = wording(&app, Some(&host_of(77)));
    assert_eq!(septets(&text(&fits, "12345678")), Some(160));
    assert_eq!(septets(&text(&fits, "123456")), Some(156));
    let refused = Wording::new(app.parse().unwrap(), Some(host_of(78).parse().unwrap()));
    assert_eq!(refused, Err(InvalidWording::TooLong { septets: 161 }));
    let refused = Wording::new(app.parse().unwrap(), Some(host_of(253).parse().unwrap()));
    assert_eq!(refused, Err(InvalidWording::TooLong { septets: 336 }));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the text takes 336 septets and one SMS holds 160: shorten the app name or the host"
    );
    // A shorter name leaves room for a longer host.
    let fits = wording("a", Some(&host_of(106)));
    assert_eq!(septets(&text(&fits, "12345678")), Some(160));
    let refused = Wording::new("a".parse().unwrap(), Some(host_of(107).parse().unwrap()));
    assert_eq!(refused, Err(InvalidWording::TooLong { septets: 161 }));
}

#[test]
fn a_delivery_whose_code_is_not_six_to_eight_digits_is_refused() {
    let wording = wording("Example", Some("example.com"));
    for channel in [Channel::Sms, Channel::Voice] {
        for code in ["123456", "1234567", "12345678"] {
            assert!(wording.message(&delivery(channel, code)).is_ok(), "{code}");
        }
        for code in ["1234 56", "123456\n", "１２３４５６"] {
            // It is read like a typed code, so no extra line is left.
            let message = delivery(channel, code);
            assert_eq!(message.code.expose_secret(), "123456");
            assert!(wording.message(&message).is_ok(), "{code:?}");
        }
        let others = [
            "",
            "12345",
            "123456789",
            "12345a",
            "1234,56",
            "123456\u{0}",
            "12345\n",
            "\n@b #1",
            "１２",
            "-12345",
        ];
        for code in others {
            let refused = wording.message(&delivery(channel, code));
            assert_eq!(refused.unwrap_err(), InvalidDelivery::Code, "{code}");
        }
    }
    assert_eq!(
        InvalidDelivery::Code.to_string(),
        "the code of the delivery is not 6 to 8 digits: pass the delivery that the engine returned"
    );
}

#[test]
fn a_call_without_keys_is_refused_and_a_text_message_needs_none() {
    let wording = wording("Example", None);
    let mut call = delivery(Channel::Voice, "123456");
    call.keys = None;
    let refused = wording.message(&call);
    assert_eq!(refused.unwrap_err(), InvalidDelivery::Keys);
    assert_eq!(
        InvalidDelivery::Keys.to_string(),
        "the delivery has no keys: request a code by voice"
    );
    // An SMS turned into a call has no keys.
    let mut turned = delivery(Channel::Sms, "123456");
    assert!(turned.keys.is_none() && wording.message(&turned).is_ok());
    turned.channel = Channel::Voice;
    assert_eq!(wording.message(&turned).unwrap_err(), InvalidDelivery::Keys);
}

fn assert_redacted(value: &dyn Debug, words: &str) {
    assert_eq!(format!("{value:?}"), words);
    let pretty = format!("{value:#?}");
    assert!(
        !pretty.contains("86420") && !pretty.contains("8, 6"),
        "{pretty}"
    );
    assert!(
        !pretty.contains(KEYS) && !pretty.contains("4, 0"),
        "{pretty}"
    );
}

#[test]
fn debug_shows_no_code() {
    let wording = wording("Example", Some("example.com"));
    let sms = wording.message(&delivery(Channel::Sms, "864207")).unwrap();
    assert_redacted(&sms, "Sms(SmsText(redacted))");
    let Message::Sms(text) = &sms else {
        panic!("an SMS")
    };
    assert_redacted(text, "SmsText(redacted)");

    let voice = wording
        .message(&delivery(Channel::Voice, "864207"))
        .unwrap();
    assert_redacted(&voice, "Voice(VoiceCall(redacted))");
    let Message::Voice(call) = voice else {
        panic!("a call")
    };
    assert_redacted(&call, "VoiceCall(redacted)");
    let answered = call.press(KEYS).unwrap();
    assert_redacted(&answered, "AnsweredCall(SpokenDigits(redacted))");
    let steps: Vec<_> = answered.steps().collect();
    assert_redacted(
        &steps,
        "[Say(\"Your code is\"), SayDigits(SpokenDigits(redacted)), Pause(1s), \
         Say(\"Again, your code is\"), SayDigits(SpokenDigits(redacted)), Pause(1s), \
         Say(\"Do not share it. Goodbye.\")]",
    );
}

#[test]
fn a_secret_text_is_allocated_once_at_its_exact_size() {
    let wording = wording("Example", Some("example.com"));
    let text = wording.text("12345678");
    assert_eq!(text.0.capacity(), text.0.len());
}

fn host() -> impl Strategy<Value = String> {
    let label = "[A-Za-z]([A-Za-z0-9-]{0,6}[A-Za-z0-9])?";
    proptest::collection::vec(label, 1..6).prop_map(|labels| labels.join("."))
}

pub(super) fn app() -> impl Strategy<Value = String> {
    // All characters of the basic table that a name may have, with few digits and some spaces.
    let words = "[A-Za-zàéèùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜäöñü!\"£$¥¤%&'()*+,./:;<=>?¡§¿-]{1,7}";
    (
        proptest::collection::vec(words, 1..4),
        proptest::option::of("[0-9]{1,5}"),
    )
        .prop_map(|(words, digits)| words.join(" ") + &digits.unwrap_or_default())
}

/// Any text, and nearly valid text.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z0-9.@# \\n\\r-]{0,40}",
        "[a-z0-9x.-]{1,12}",
        "[ -~é€Δ]{0,32}",
        host(),
        app(),
    ]
}

proptest! {
    #[test]
    fn every_accepted_name_and_host_makes_one_bound_line_and_it_is_the_last(
        (app, host) in (app(), host()),
        code in "[0-9]{6,8}",
    ) {
        let wording = wording(&app, Some(&host));
        let text = text(&wording, &code);
        let host = host.to_ascii_lowercase();
        // The format splits lines this way: CR and CRLF are line feeds too.
        let normalized = text.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = normalized.split('\n').collect();
        prop_assert_eq!(lines.len(), 3);
        prop_assert_eq!(lines[0], format!("{code} is your {app} code. Do not share it."));
        prop_assert_eq!(lines[1], "");
        prop_assert_eq!(lines[2], format!("@{host} #{code}"));
        prop_assert_eq!(lines.iter().filter(|line| line.starts_with('@')).count(), 1);
        prop_assert_eq!(text.matches('@').count(), 1);
        prop_assert_eq!(text.matches('#').count(), 1);
        prop_assert_eq!(septets(&text), Some(text.chars().count()));
        prop_assert!(text.chars().count() <= 160);
    }

    #[test]
    fn no_text_that_a_parser_accepts_breaks_the_message(
        app in hostile(),
        host in hostile(),
        code in hostile(),
    ) {
        let app = app.parse::<AppName>();
        if let Ok(app) = &app {
            prop_assert_eq!(&app.as_str().parse::<AppName>(), &Ok(app.clone()));
        }
        let host = host.parse::<Host>();
        if let Ok(host) = &host {
            prop_assert_eq!(&host.as_str().parse::<Host>(), &Ok(host.clone()));
        }
        let _ = septets(&code);
        let (Ok(app), Ok(host)) = (app, host) else { return Ok(()) };
        let Ok(wording) = Wording::new(app, Some(host.clone())) else { return Ok(()) };
        let last = format!("\n\n@{host} #123456");
        prop_assert!(text(&wording, "123456").ends_with(&last));
        let delivery = delivery(Channel::Voice, &code);
        if let Ok(Message::Voice(call)) = wording.message(&delivery) {
            // Characters around the digits are not in the code.
            let digits = delivery.code.expose_secret();
            prop_assert!((6..=8).contains(&digits.len()));
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(call.press(&code).is_ok(), code == KEYS);
        }
    }
}
