#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that meets the unexpected has to stop"
)]

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Debug;
use core::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use proptest::prelude::*;
use time::UtcDateTime;

use super::*;
use crate::{Account, Associate, Engine, Key, KeyRing, Policy, Subject};

const PHONE: &str = "+14155558730";

fn delivery(channel: Channel, code: &str) -> Delivery {
    let expires_at = UtcDateTime::UNIX_EPOCH;
    Delivery::new(
        [7; 16],
        channel,
        PHONE.parse().unwrap(),
        code.into(),
        expires_at,
    )
}

fn wording(app: &str, host: Option<&str>) -> Wording {
    Wording::new(app.parse().unwrap(), host.map(|host| host.parse().unwrap())).unwrap()
}

fn text(wording: &Wording, code: &str) -> String {
    match wording.message(&delivery(Channel::Sms, code)).unwrap() {
        Message::Sms(text) => text.expose_secret().into(),
        Message::Voice(_) => panic!("a call for an SMS"),
    }
}

fn call(wording: &Wording, code: &str) -> VoiceCall {
    match wording.message(&delivery(Channel::Voice, code)).unwrap() {
        Message::Voice(call) => call,
        Message::Sms(_) => panic!("an SMS for a call"),
    }
}

fn key() -> KeyPress {
    "1".parse().unwrap()
}

fn prompt(call: &VoiceCall) -> String {
    let steps = call.prompt().map(|step| match step {
        PromptStep::AskKey(words) => format!("ask: {words}\n"),
        PromptStep::Say(words) => format!("say: {words}\n"),
    });
    steps.collect()
}

fn answer(call: &VoiceCall) -> String {
    let steps = call.answered(key()).map(|step| match step {
        AnswerStep::Say(words) => format!("say: {words}\n"),
        AnswerStep::SayDigits(digits) => format!("digits: {}\n", digits.expose_secret()),
        AnswerStep::Pause(time) => format!("pause: {} ms\n", time.as_millis()),
    });
    steps.collect()
}

fn first_digits(call: &VoiceCall) -> String {
    let mut digits = call.answered(key()).filter_map(|step| match step {
        AnswerStep::SayDigits(digits) => Some(digits.expose_secret().into()),
        AnswerStep::Say(_) | AnswerStep::Pause(_) => None,
    });
    digits.next().unwrap()
}

/// Labels of `a` that make a host of this length.
fn host_of(len: usize) -> String {
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
fn the_engine_s_own_delivery_is_worded_with_its_code() {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let now = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let subject: Subject = "alice".parse().unwrap();
    let session = engine
        .begin(subject.clone(), "", "", "", now, &mut rng)
        .unwrap();
    let account = Account::new(subject);
    for channel in [Channel::Sms, Channel::Voice] {
        let request = Associate {
            channel,
            phone: PHONE.parse().unwrap(),
        };
        let outcome = engine.associate(&account, &session, &request, now, &mut rng);
        let outcome = outcome.commit(|_| Ok::<_, ()>(())).unwrap();
        let delivery = outcome.result.unwrap().delivery;
        let code = delivery.code.expose_secret();
        assert_eq!(code.len(), 6);
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
                assert_eq!(first_digits(&call).replace(", ", ""), code);
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
        "the text takes 336 septets and one SMS holds 160"
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
        let others = [
            "",
            "12345",
            "123456789",
            "12345a",
            "1234 56",
            "12345\n",
            "\n@b #1",
            "１２",
            "-12345",
        ];
        for code in others {
            let refused = wording.message(&delivery(channel, code));
            assert_eq!(refused.unwrap_err(), InvalidCode, "{code}");
        }
    }
    assert_eq!(
        InvalidCode.to_string(),
        "the code of a delivery has 6 to 8 digits and nothing else"
    );
}

#[test]
fn the_basic_table_costs_one_septet_a_character() {
    // TS 23.038 section 6.2.1, code points of the 128 places in order, without the escape.
    let punctuation_and_digits = 0x20..=0x3f_u32;
    let greek_and_below: [u32; 31] = [
        0x40, 0xa3, 0x24, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0x0a, 0xd8, 0xf8, 0x0d, 0xc5,
        0xe5, 0x394, 0x5f, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6,
        0xe6, 0xdf, 0xc9,
    ];
    let between: [u32; 12] = [
        0xa4, 0xa1, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, 0xbf, 0xe4, 0xf6, 0xf1, 0xfc,
    ];
    let basic: Vec<char> = punctuation_and_digits
        .filter(|&point| point != 0x24)
        .chain(greek_and_below)
        .chain(between)
        .chain(0x41..=0x5a)
        .chain(0x61..=0x7a)
        .chain([0xe0])
        .map(|point| char::from_u32(point).unwrap())
        .collect();
    // 0x24 of ASCII stands at 0x02 of GSM, and 0xA4 at 0x24.
    assert_eq!(basic.len(), 127);
    let extension = ['\u{c}', '^', '{', '}', '\\', '[', '~', ']', '|', '€'];
    for c in '\0'..='\u{ffff}' {
        let expected = match (basic.contains(&c), extension.contains(&c)) {
            (true, false) => Some(1),
            (false, true) => Some(2),
            (false, false) => None,
            (true, true) => panic!("in both tables"),
        };
        assert_eq!(septets(c.encode_utf8(&mut [0; 4])), expected, "{c:?}");
    }
}

#[test]
fn septets_add_up_and_one_foreign_character_is_enough_for_none() {
    assert_eq!(septets(""), Some(0));
    assert_eq!(septets("a€b[]"), Some(8));
    assert_eq!(septets("abc\u{1b}"), None);
    assert_eq!(septets("ç"), None);
    assert_eq!(septets("`a"), None);
    assert_eq!(septets("🔒"), None);
}

#[test]
fn a_host_is_a_name_in_lower_case() {
    let label = "a".repeat(63);
    for (given, host) in [
        ("example.com", "example.com"),
        ("LOGIN.Example.Com", "login.example.com"),
        ("localhost", "localhost"),
        ("a", "a"),
        ("1a.2b", "1a.2b"),
        ("1.2.3.4.com", "1.2.3.4.com"),
        ("a--b.c-d", "a--b.c-d"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
        ("a.0xg", "a.0xg"),
        ("a.x0", "a.x0"),
        (&*label, &*label),
    ] {
        let parsed: Host = given.parse().unwrap();
        assert_eq!(parsed.as_str(), host);
        assert_eq!(parsed.to_string(), host);
    }
}

#[test]
fn a_host_has_1_to_253_bytes() {
    assert_eq!(host_of(253).parse::<Host>().unwrap().as_str(), host_of(253));
    assert_eq!(host_of(254).parse::<Host>(), Err(InvalidHost::Length));
    assert_eq!("".parse::<Host>(), Err(InvalidHost::Length));
    assert_eq!(Host::MAX_LEN, 253);
}

#[test]
fn a_host_has_no_scheme_port_path_or_anything_that_could_end_the_line() {
    for c in '\0'..='\u{17f}' {
        let allowed = c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let expected = if allowed {
            Ok(())
        } else {
            Err(InvalidHost::Character)
        };
        let host = format!("a{c}b");
        assert_eq!(host.parse::<Host>().map(|_| ()), expected, "{c:?}");
        if !allowed {
            assert_eq!(
                format!("{c}b").parse::<Host>(),
                Err(InvalidHost::Character),
                "{c:?}"
            );
            assert_eq!(
                format!("b{c}").parse::<Host>(),
                Err(InvalidHost::Character),
                "{c:?}"
            );
        }
    }
    for host in [
        "https://example.com",
        "example.com:443",
        "example.com/mfa",
        "example.com #1",
        "example.com\n",
        "@example.com",
        "user@example.com",
        "[::1]",
        "*.example.com",
        "_dmarc.example.com",
        "müller.example",
        "ｅxample.com",
        "\u{212a}.example",
        "example。com",
        "%65xample.com",
    ] {
        assert_eq!(
            host.parse::<Host>(),
            Err(InvalidHost::Character),
            "{host:?}"
        );
    }
}

#[test]
fn a_label_has_1_to_63_bytes_and_no_hyphen_at_its_ends() {
    let long = format!("{}.com", "a".repeat(64));
    let last = format!("com.{}", "a".repeat(64));
    for host in [
        ".",
        "..",
        ".com",
        "example.com.",
        "a..b",
        "-a",
        "a-",
        "-",
        "a.-b",
        "a-.b",
        "a.b-",
        &*long,
        &*last,
    ] {
        assert_eq!(host.parse::<Host>(), Err(InvalidHost::Label), "{host:?}");
    }
}

#[test]
fn an_ip_address_and_whatever_a_browser_takes_for_one_is_no_host() {
    for host in [
        "127.0.0.1",
        "1",
        "0",
        "a.1",
        "example.42",
        "0x",
        "0x7f",
        "0X7F",
        "a.0xfF",
        "08",
        "1.2.3.4.5",
        "99999999999",
    ] {
        assert_eq!(host.parse::<Host>(), Err(InvalidHost::Address), "{host:?}");
    }
}

#[test]
fn each_refusal_of_a_host_says_why() {
    for (refusal, words) in [
        (InvalidHost::Length, "a host has 1 to 253 bytes"),
        (
            InvalidHost::Character,
            "a host has only letters, digits, hyphens and dots of ASCII",
        ),
        (
            InvalidHost::Label,
            "a label of a host has 1 to 63 bytes and neither begins nor ends with a hyphen",
        ),
        (
            InvalidHost::Address,
            "a host is a name and does not end in a number",
        ),
    ] {
        assert_eq!(refusal.to_string(), words);
    }
}

#[test]
fn a_name_is_kept_as_it_is() {
    for name in [
        "A",
        "7-Eleven",
        "A&B <Co>",
        "Müller & Söhne",
        "ΔΦΓΛΩΠΨΣΘΞ",
        "100% Bio",
        "Booking.com",
        "12345",
    ] {
        let app: AppName = name.parse().unwrap();
        assert_eq!(app.as_str(), name);
        assert_eq!(app.to_string(), name);
    }
}

#[test]
fn a_name_has_1_to_30_characters() {
    assert_eq!("".parse::<AppName>(), Err(InvalidAppName::Length));
    // Characters, not bytes: 60 of these.
    assert_eq!(
        "é".repeat(30).parse::<AppName>().unwrap().as_str(),
        "é".repeat(30)
    );
    assert_eq!(
        "é".repeat(31).parse::<AppName>(),
        Err(InvalidAppName::Length)
    );
    assert_eq!(AppName::MAX_LEN, 30);
}

#[test]
fn a_name_has_nothing_but_printable_gsm_and_none_of_the_signs_of_the_bound_line() {
    for c in '\0'..='\u{ffff}' {
        let costs_one = septets(c.encode_utf8(&mut [0; 4])) == Some(1);
        let allowed = costs_one && !c.is_control() && c != '@' && c != '#';
        let name = format!("a{c}b");
        let expected = if allowed {
            Ok(())
        } else {
            Err(InvalidAppName::Character)
        };
        assert_eq!(name.parse::<AppName>().map(|_| ()), expected, "{c:?}");
    }
    for name in [
        "@example.com",
        "Example\n\n@evil.example",
        "Example #1",
        "a\r",
        "\u{1b}",
        "5 €",
    ] {
        assert_eq!(
            name.parse::<AppName>(),
            Err(InvalidAppName::Character),
            "{name:?}"
        );
    }
}

#[test]
fn a_name_has_single_spaces_within_and_none_at_its_ends() {
    assert!("a b c".parse::<AppName>().is_ok());
    for name in [" ", "  ", " a", "a ", "a  b"] {
        assert_eq!(
            name.parse::<AppName>(),
            Err(InvalidAppName::Spaces),
            "{name:?}"
        );
    }
}

#[test]
fn a_name_with_as_many_digits_as_a_code_is_refused() {
    assert!("1-2-3-4-5".parse::<AppName>().is_ok());
    for name in ["123456", "123-456", "a1b2c3d4e5f6"] {
        assert_eq!(
            name.parse::<AppName>(),
            Err(InvalidAppName::Digits),
            "{name:?}"
        );
    }
}

#[test]
fn each_refusal_of_a_name_says_why() {
    for (refusal, words) in [
        (
            InvalidAppName::Length,
            "the name of an app has 1 to 30 characters",
        ),
        (
            InvalidAppName::Character,
            "the name of an app has only printable characters of GSM 7-bit, and no @ or #",
        ),
        (
            InvalidAppName::Spaces,
            "the name of an app has only single spaces, and none at its ends",
        ),
        (
            InvalidAppName::Digits,
            "the name of an app has at most 5 digits",
        ),
    ] {
        assert_eq!(refusal.to_string(), words);
    }
}

#[test]
fn a_call_greets_asks_for_a_key_and_hangs_up_without_one() {
    assert_eq!(
        prompt(&call(&wording("Example", Some("example.com")), "123456")),
        "ask: Hello. This is Example with the code you asked for. If you did not ask for one, hang \
         up. To hear it, press any key.\n\
         say: No key was pressed. Goodbye.\n"
    );
}

#[test]
fn an_answered_call_says_the_digits_apart_and_twice() {
    let wording = wording("7-Eleven", None);
    assert_eq!(
        answer(&call(&wording, "012345")),
        "say: Your code is\ndigits: 0, 1, 2, 3, 4, 5\npause: 1000 ms\n\
         say: Again, your code is\ndigits: 0, 1, 2, 3, 4, 5\npause: 1000 ms\n\
         say: Do not share it. Goodbye.\n"
    );
    assert_eq!(
        first_digits(&call(&wording, "98765432")),
        "9, 8, 7, 6, 5, 4, 3, 2"
    );
}

#[test]
fn an_answer_can_be_asked_for_again() {
    let call = call(&wording("Example", None), "123456");
    assert_eq!(answer(&call), answer(&call));
}

#[test]
fn a_key_press_is_one_key_or_more_of_a_phone_and_nothing_else() {
    for keys in ["0", "5", "9", "*", "#", "12", "1#"] {
        assert!(keys.parse::<KeyPress>().is_ok(), "{keys}");
    }
    for keys in ["", " ", "hangup", "a", "1 ", "-1", "１", "timeout", "1\n"] {
        assert_eq!(
            keys.parse::<KeyPress>().unwrap_err(),
            NoKeyPressed,
            "{keys:?}"
        );
    }
    assert_eq!(NoKeyPressed.to_string(), "no key of the phone was pressed");
}

fn assert_redacted(value: &dyn Debug, words: &str) {
    assert_eq!(format!("{value:?}"), words);
    let pretty = format!("{value:#?}");
    assert!(
        !pretty.contains("86420") && !pretty.contains("8, 6"),
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
    let greeting = "Hello. This is Example with the code you asked for. If you did not ask for one, \
                    hang up. To hear it, press any key.";
    let shown = format!("VoiceCall {{ greeting: {greeting:?}, digits: SpokenDigits(redacted) }}");
    assert_redacted(&voice, &format!("Voice({shown})"));
    let Message::Voice(call) = &voice else {
        panic!("a call")
    };
    assert_redacted(call, &shown);
    let steps: Vec<_> = call.answered(key()).collect();
    assert_redacted(
        &steps,
        "[Say(\"Your code is\"), SayDigits(SpokenDigits(redacted)), Pause(1s), \
         Say(\"Again, your code is\"), SayDigits(SpokenDigits(redacted)), Pause(1s), \
         Say(\"Do not share it. Goodbye.\")]",
    );
}

#[test]
fn a_secret_text_is_written_once_into_room_of_its_own_size() {
    let wording = wording("Example", Some("example.com"));
    let text = wording.text("12345678");
    assert_eq!(text.0.capacity(), text.0.len());
}

fn host() -> impl Strategy<Value = String> {
    let label = "[A-Za-z]([A-Za-z0-9-]{0,6}[A-Za-z0-9])?";
    proptest::collection::vec(label, 1..6).prop_map(|labels| labels.join("."))
}

fn app() -> impl Strategy<Value = String> {
    // Of the basic table whatever a name may have, few digits and a space now and then.
    let words = "[A-Za-zàéèùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜäöñü!\"£$¥¤%&'()*+,./:;<=>?¡§¿-]{1,7}";
    (
        proptest::collection::vec(words, 1..4),
        proptest::option::of("[0-9]{1,5}"),
    )
        .prop_map(|(words, digits)| words.join(" ") + &digits.unwrap_or_default())
}

/// Anything, and what is nearly right.
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
        // As the format splits lines: CR and CRLF are line feeds too.
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
        let _ = code.parse::<KeyPress>();
        let _ = septets(&code);
        let (Ok(app), Ok(host)) = (app, host) else { return Ok(()) };
        let Ok(wording) = Wording::new(app, Some(host.clone())) else { return Ok(()) };
        let last = format!("\n\n@{host} #123456");
        prop_assert!(text(&wording, "123456").ends_with(&last));
        if wording.message(&delivery(Channel::Sms, &code)).is_ok() {
            prop_assert!((6..=8).contains(&code.len()));
            prop_assert!(code.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    #[test]
    fn a_prompt_tells_nothing_of_the_code_and_an_answer_tells_each_digit_twice_in_order(
        app in app(),
        code in "[0-9]{6,8}",
        other in "[0-9]{6,8}",
    ) {
        let spoken = call(&wording(&app, None), &code);
        let prompt = prompt(&spoken);
        // What digits it has are those of the name.
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        prop_assert_eq!(digits(&prompt), digits(&app));
        prop_assert_eq!(prompt, super::tests::prompt(&call(&wording(&app, None), &other)));
        let mut said = String::new();
        for step in spoken.answered(key()) {
            match step {
                AnswerStep::Say(words) => prop_assert_eq!(digits(words), ""),
                AnswerStep::SayDigits(apart) => said += &digits(apart.expose_secret()),
                AnswerStep::Pause(time) => prop_assert!(time > Duration::ZERO),
            }
        }
        prop_assert_eq!(said, code.repeat(2));
    }
}
