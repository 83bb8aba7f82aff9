use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use proptest::prelude::*;

use super::{AnswerStep, AnsweredCall, PromptStep, SpokenDigits, VoiceCall, WrongKeys};
use crate::message::tests::{KEYS, app, call, first_digits, wording};

#[test]
fn digits_are_allocated_once() {
    for code in ["123456", "12345678"] {
        assert_eq!(SpokenDigits::of(code).0.capacity(), 24, "{code}");
    }
}

fn prompt_of(call: &VoiceCall) -> String {
    let steps = call.prompt().map(|step| match step {
        PromptStep::AskKeys(words) => format!("ask: {words}\n"),
        PromptStep::Say(words) => format!("say: {words}\n"),
    });
    steps.collect()
}

fn answer(answered: &AnsweredCall) -> String {
    let steps = answered.steps().map(|step| match step {
        AnswerStep::Say(words) => format!("say: {words}\n"),
        AnswerStep::SayDigits(digits) => format!("digits: {}\n", digits.expose_secret()),
        AnswerStep::Pause(time) => format!("pause: {} ms\n", time.as_millis()),
    });
    steps.collect()
}

#[test]
fn a_call_greets_asks_for_its_three_keys_and_hangs_up_without_any() {
    assert_eq!(
        prompt_of(&call(&wording("Example", Some("example.com")), "123456")),
        "ask: Hello. This is Example with the code you asked for. If you did not ask for one, hang \
         up. To hear it, press 4, 0, 7.\n\
         say: No key was pressed. Goodbye.\n"
    );
}

#[test]
fn an_answered_call_says_each_digit_separately_and_twice() {
    let wording = wording("7-Eleven", None);
    let answered = call(&wording, "012345").press(KEYS).unwrap();
    assert_eq!(
        answer(&answered),
        "say: Your code is\ndigits: 0, 1, 2, 3, 4, 5\npause: 1000 ms\n\
         say: Again, your code is\ndigits: 0, 1, 2, 3, 4, 5\npause: 1000 ms\n\
         say: Do not share it. Goodbye.\n"
    );
    assert_eq!(
        first_digits(call(&wording, "98765432"), KEYS),
        "9, 8, 7, 6, 5, 4, 3, 2"
    );
}

#[test]
fn an_answer_can_be_requested_again() {
    let call = call(&wording("Example", None), "123456");
    let answered = call.press(KEYS).unwrap();
    assert_eq!(answer(&answered), answer(&answered));
}

#[test]
fn only_the_keys_of_the_call_are_answered() {
    let wording = wording("Example", None);
    // A greeting's tone, other keys, keys before or after, and what a provider sends for no keys.
    for keys in [
        "",
        " ",
        "5",
        "#",
        "*",
        "###",
        "40",
        "07",
        "406",
        "704",
        "4077",
        "0407",
        "407#",
        "4 0 7",
        "4, 0, 7",
        "４０７",
        "hangup",
        "timeout",
        "407\n",
    ] {
        let refused = call(&wording, "123456").press(keys);
        assert_eq!(refused.map(drop).unwrap_err(), WrongKeys, "{keys:?}");
    }
    assert_eq!(
        WrongKeys.to_string(),
        "the keys that were pressed are not those of the call: say WrongKeys::WORDS and hang up"
    );
    assert_eq!(WrongKeys::WORDS, "Those were other keys. Goodbye.");
}

proptest! {
    #[test]
    fn a_prompt_has_no_digit_of_the_code_and_an_answer_has_each_digit_twice_in_order(
        app in app(),
        code in "[0-9]{6,8}",
        other in "[0-9]{6,8}",
    ) {
        let spoken = call(&wording(&app, None), &code);
        let prompt = prompt_of(&spoken);
        // Its only digits are those of the name and the keys.
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        prop_assert_eq!(digits(&prompt), digits(&app) + KEYS);
        prop_assert_eq!(prompt, prompt_of(&call(&wording(&app, None), &other)));
        let mut said = String::new();
        for step in spoken.press(KEYS).unwrap().steps() {
            match step {
                AnswerStep::Say(words) => prop_assert_eq!(digits(words), ""),
                AnswerStep::SayDigits(apart) => said += &digits(apart.expose_secret()),
                AnswerStep::Pause(time) => prop_assert!(time > Duration::ZERO),
            }
        }
        prop_assert_eq!(said, code.repeat(2));
    }
}
