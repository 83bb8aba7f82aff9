use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use proptest::prelude::*;

use super::{AnswerStep, KeyPress, NoKeyPressed, PromptStep, SpokenDigits, VoiceCall};
use crate::message::tests::{app, call, first_digits, key, wording};

#[test]
fn digits_are_written_once_into_room_for_all_of_them() {
    for code in ["123456", "12345678"] {
        assert_eq!(SpokenDigits::of(code).0.capacity(), 24, "{code}");
    }
}

fn prompt_of(call: &VoiceCall) -> String {
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

#[test]
fn a_call_greets_asks_for_a_key_and_hangs_up_without_one() {
    assert_eq!(
        prompt_of(&call(&wording("Example", Some("example.com")), "123456")),
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

proptest! {
    #[test]
    fn a_prompt_tells_nothing_of_the_code_and_an_answer_tells_each_digit_twice_in_order(
        app in app(),
        code in "[0-9]{6,8}",
        other in "[0-9]{6,8}",
    ) {
        let spoken = call(&wording(&app, None), &code);
        let prompt = prompt_of(&spoken);
        // What digits it has are those of the name.
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        prop_assert_eq!(digits(&prompt), digits(&app));
        prop_assert_eq!(prompt, prompt_of(&call(&wording(&app, None), &other)));
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
