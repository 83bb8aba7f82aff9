//! Messages: no name that an operator or a user chooses can add a line.

use oob_mfa::message::{
    AnswerStep, AppName, Host, InvalidDelivery, InvalidWording, Message, PromptStep, VoiceCall,
    Wording, WrongKeys,
};
use oob_mfa::{Associate, BindingCode, Channel, Delivery, Next};
use oob_mfa_testing::World;

use crate::typed;

/// The separator of host, app name, code and keys: a byte that no text has.
const APART: u8 = 0xFF;

/// Makes the message of a delivery. Either an invalid part is refused, or the text is exactly as
/// expected.
pub fn message(data: &[u8]) {
    let mut parts = data
        .split(|byte| *byte == APART)
        .map(|part| core::str::from_utf8(part).ok());
    let mut part = || parts.next().unwrap_or(Some(""));
    let (Some(host), Some(app), Some(code), Some(keys)) = (part(), part(), part(), part()) else {
        return;
    };

    let parsed = host.parse::<Host>();
    assert_eq!(parsed.is_ok(), is_host(host), "{host:?}");
    if let Ok(parsed) = &parsed {
        assert_eq!(parsed.as_str(), host.to_ascii_lowercase());
        // Parsed again, it is the same host.
        assert_eq!(parsed.as_str().parse().as_ref(), Ok(parsed));
    }
    let name = app.parse::<AppName>();
    assert_eq!(name.is_ok(), is_app(app), "{app:?}");
    let Ok(name) = name else { return };
    assert_eq!(name.as_str(), app);

    worded(&name, None, code, keys);
    if let Ok(host) = parsed {
        worded(&name, Some(host), code, keys);
    }
}

fn worded(app: &AppName, host: Option<Host>, code: &str, keys: &str) {
    let text = |code: &str| {
        let first = format!("{code} is your {app} code. Do not share it.");
        match &host {
            Some(host) => format!("{first}\n\n@{host} #{code}"),
            None => first,
        }
    };
    let longest = text("00000000").chars().count();
    let wording = Wording::new(app.clone(), host.clone());
    if longest > 160 {
        let septets = longest;
        assert_eq!(wording, Err(InvalidWording::TooLong { septets }));
        return;
    }
    let wording = wording.expect("a text of one SMS");

    let [texted, mut called] = [Channel::Sms, Channel::Voice].map(|channel| {
        let mut delivery = delivery(channel);
        delivery.code = BindingCode::from(code);
        delivery
    });
    let [sms, call] = [&texted, &called].map(|delivery| wording.message(delivery));
    let Some(code) = typed::binding_code(code) else {
        let refused = |worded: Result<Message, _>| worded.err() == Some(InvalidDelivery::Code);
        assert!(refused(sms) && refused(call), "{code:?}");
        return;
    };
    let code = code.as_str();
    let (Ok(Message::Sms(sms)), Ok(Message::Voice(call))) = (sms, call) else {
        panic!("a message of its channel");
    };

    let sms = sms.expose_secret();
    assert_eq!(sms, text(code));
    let lines: Vec<&str> = sms.split(is_break).collect();
    match &host {
        Some(host) => {
            assert_eq!(lines.len(), 3, "{lines:?}");
            assert_eq!(lines[1], "");
            assert_eq!(bound(lines[2]), Some((host.as_str(), code)), "{lines:?}");
        }
        None => assert_eq!(lines.len(), 1, "{lines:?}"),
    }
    // A phone that does not know the format offers the only number that is long enough.
    let numbers = lines[0].split(|c: char| !c.is_ascii_digit());
    assert!(
        numbers.filter(|digits| digits.len() >= 6).eq([code]),
        "{lines:?}"
    );

    assert!(texted.keys.is_none());
    let right = called.keys.take().expect("a call has keys");
    let unlocked = wording.message(&called).err();
    assert_eq!(unlocked, Some(InvalidDelivery::Keys), "a call without keys");
    called.keys = Some(right.clone());
    let again = || match wording.message(&called) {
        Ok(Message::Voice(call)) => call,
        other => panic!("{other:?}"),
    };
    let right = right.expose_secret();
    assert!(right.len() == 3 && right.bytes().all(|key| key.is_ascii_digit()));
    pressed(call, app, code, keys, right);
    pressed(again(), app, code, right, right);
}

/// Until its 3 keys are pressed, a call says no digit of the code. It has one try.
fn pressed(call: VoiceCall, app: &AppName, code: &str, keys: &str, right: &str) {
    let apart = |digits: &str| {
        let digits: Vec<String> = digits.chars().map(String::from).collect();
        digits.join(", ")
    };
    // Exactly as expected, without the code.
    let greeting = format!(
        "Hello. This is {app} with the code you asked for. If you did not ask for one, hang up. To hear it, press {}.",
        apart(right)
    );
    let prompt: Vec<PromptStep<'_>> = call.prompt().collect();
    assert_eq!(
        prompt,
        [
            PromptStep::AskKeys(&greeting),
            PromptStep::Say("No key was pressed. Goodbye.")
        ]
    );
    // The call has only one try.
    let answered = match call.press(keys) {
        Ok(answered) => answered,
        Err(wrong) => {
            assert_ne!(keys, right);
            let said = [WrongKeys::WORDS.to_owned(), wrong.to_string()];
            assert!(!said.concat().contains(|c: char| c.is_ascii_digit()));
            return;
        }
    };
    assert_eq!(keys, right);
    // A provider that missed the response requests it again.
    for _ in 0..2 {
        let mut said = 0;
        for step in answered.steps() {
            match step {
                AnswerStep::Say(words) => assert!(!words.contains(|c: char| c.is_ascii_digit())),
                AnswerStep::SayDigits(digits) => {
                    said += 1;
                    assert_eq!(digits.expose_secret(), apart(code));
                }
                AnswerStep::Pause(_) => {}
            }
        }
        assert_eq!(said, 2);
    }
}

/// A delivery as the engine makes it.
fn delivery(channel: Channel) -> Delivery {
    let request = Associate {
        channel,
        phone: "+14155558730".parse().expect("a number"),
    };
    let mut world = World::new();
    let session = world.first_factor();
    let (account, now) = (world.account(), world.now());
    let asked = world
        .engine
        .associate(account, &session, &request, now, &mut world.rng);
    let outcome = asked.commit(|_: Next| Ok::<_, core::convert::Infallible>(()));
    let result = outcome.expect("the save succeeds").result;
    result.expect("a first association").delivery
}

/// Every character at which a reader might start a new line.
const fn is_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Host and code of an origin-bound line, read by the draft: `@host #code` and nothing else.
fn bound(line: &str) -> Option<(&str, &str)> {
    let (host, code) = line.strip_prefix('@')?.split_once(" #")?;
    let is_free = |c: char| !c.is_whitespace() && c != '@' && c != '#';
    (host.chars().all(is_free) && code.chars().all(is_free)).then_some((host, code))
}

/// The form of a host, written without the crate's parser.
fn is_host(text: &str) -> bool {
    let labels: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b'.').collect();
    let is_label = |label: &&[u8]| match label {
        [] => false,
        [b'-', ..] | [.., b'-'] => false,
        label => {
            label.len() < 64
                && label
                    .iter()
                    .all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z'))
        }
    };
    let is_number = match labels.last() {
        Some([b'0', b'x' | b'X', rest @ ..]) => rest.iter().all(u8::is_ascii_hexdigit),
        Some(label) => label.iter().all(u8::is_ascii_digit),
        None => false,
    };
    text.len() <= 253 && labels.iter().all(is_label) && !is_number
}

/// The form of an app name, written without the crate's parser.
fn is_app(text: &str) -> bool {
    let is_printable = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '$' => true,
        ' '..='?' => c != '#',
        _ => "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".contains(c),
    };
    (1..=30).contains(&text.chars().count())
        && text.chars().all(is_printable)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && text.chars().filter(char::is_ascii_digit).count() < 6
}
