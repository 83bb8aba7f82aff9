//! Rule 14, memory: a secret is overwritten before its memory is freed.
//!
//! Each test searches every block that it frees for the secret. It does not search the stack, where
//! the compiler may leave copies of moved values.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use oob_mfa::exchange::{Exchange, Request};
use oob_mfa::message::{AnswerStep, Message, PromptStep, Wording};
use oob_mfa::wire::*;
use oob_mfa::*;
use oob_mfa_testing::{ALICES, World};

thread_local! {
    static SOUGHT: Cell<&'static [u8]> = const { Cell::new(&[]) };
    static FOUND: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which searches freed blocks.
struct Inspecting;

// SAFETY: every block is the system's. It is zeroed when allocated, so all of it can be read before it is
// freed.
unsafe impl GlobalAlloc for Inspecting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's duty is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let sought = SOUGHT.get();
        if !sought.is_empty() {
            // SAFETY: the block is of this layout and still the caller's.
            let freed = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            if freed.windows(sought.len()).any(|bytes| bytes == sought) {
                FOUND.set(FOUND.get() + 1);
            }
        }
        // SAFETY: the caller's duty is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static INSPECTING: Inspecting = Inspecting;

/// Counts the blocks freed by `act` that hold the secret.
fn left_behind(secret: &[u8], act: impl FnOnce()) -> usize {
    SOUGHT.set(secret.to_vec().leak());
    FOUND.set(0);
    act();
    SOUGHT.set(&[]);
    FOUND.get()
}

const TOKEN: &str = "a.secret-of-the_test";

#[test]
fn a_text_that_is_not_overwritten_is_found() {
    let found = left_behind(TOKEN.as_bytes(), || drop(black_box(TOKEN.to_owned())));
    assert_eq!(found, 1);
    // A growing text leaves a shorter copy behind.
    let found = left_behind(TOKEN.as_bytes(), || {
        let mut text = TOKEN.to_owned();
        text.push_str(&"x".repeat(1_000));
        drop(black_box(text));
    });
    assert_eq!(found, 2);
    assert_eq!(
        left_behind(TOKEN.as_bytes(), || drop(black_box("a".to_owned()))),
        0
    );
}

#[test]
fn a_code_that_is_dropped_is_overwritten() {
    for typed in ["73914628", "7391 4628", "７３９１４６２８"] {
        let found = left_behind(b"73914628", || {
            drop(black_box(Box::new(BindingCode::from(typed))));
        });
        assert_eq!(found, 0, "binding code");
    }
    let id = [7; 16];
    let found = left_behind(&id, || {
        drop(black_box(Box::new(OobCode::from("BwcHBwcHBwcHBwcHBwcHBw"))));
    });
    assert_eq!(found, 0, "oob_code");
    let code = "N3BGPZZWJ85JLCNPZBDW6QXC";
    for typed in [code, "n3bg pzzw j85j lcnp zbdw 6qxc"] {
        let found = left_behind(code.as_bytes(), || {
            drop(black_box(Box::new(RecoveryCode::from(typed))));
        });
        assert_eq!(found, 0, "recovery code");
    }
}

#[test]
fn a_token_that_is_issued_and_opened_is_overwritten() {
    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let text: &str = token.expose_secret().to_owned().leak();
    let found = left_behind(text.as_bytes(), || {
        drop(black_box(world.engine.issue_token(&session)));
        let opened = world.engine.open_token(text, None, world.now());
        assert!(opened.is_ok());
    });
    assert_eq!(found, 0, "the text");
    // The bytes of the token end with the seal, without which the rest is useless.
    let bytes = Base64UrlUnpadded::decode_vec(text).unwrap();
    let seal = &bytes[bytes.len() - 32..];
    let found = left_behind(seal, || {
        drop(black_box(world.engine.issue_token(&session)));
    });
    assert_eq!(found, 0, "the seal of a token that is issued");
    let found = left_behind(seal, || {
        assert!(world.engine.open_token(text, None, world.now()).is_ok());
    });
    assert_eq!(found, 0, "the seal of a token that is opened");
}

#[test]
fn the_values_of_a_body_and_the_secret_of_a_client_are_overwritten() {
    let json = format!(
        r#"{{"binding_code":"{TOKEN}","list":["{TOKEN}"],"client_id":"a","client_secret":"{TOKEN}"}}"#
    );
    let repeated = format!(r#"{{"mfa_token":"{TOKEN}","mfa_token":"{TOKEN}"}}"#);
    let found = left_behind(TOKEN.as_bytes(), || {
        for body in [json.as_str(), &repeated] {
            let body: Body = serde_json::from_str(body).unwrap();
            drop(black_box(body.client(None)));
            drop(black_box(body));
        }
    });
    assert_eq!(found, 0, "JSON");
    // Base64 of `demo:a.secret-of-the_test`.
    let basic = "Basic ZGVtbzphLnNlY3JldC1vZi10aGVfdGVzdA==";
    let found = left_behind(TOKEN.as_bytes(), || {
        let client = Body::default().client(Some(basic)).unwrap();
        assert!(client.matches(Some(TOKEN)));
        drop(black_box(client));
    });
    assert_eq!(found, 0, "HTTP Basic");
}

/// A password, and then the token, through the steps that see them.
fn exchanged(content_type: &str, body: &str) -> usize {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32]))).into();
    left_behind(TOKEN.as_bytes(), || {
        let request = Request {
            method: "POST",
            target: "/oauth/token",
            headers: &[("content-type", content_type.as_bytes())],
            body: body.as_bytes(),
        };
        let now = time::UtcDateTime::UNIX_EPOCH;
        let Exchange::Client(step) = Exchange::begin(&engine, &request, now) else {
            panic!("{body}");
        };
        let Exchange::Grant(step) = step.authenticated() else {
            panic!("{body}");
        };
        let password = step.body().required("password").unwrap();
        assert!(password.ends_with(TOKEN), "{body}");
        drop(black_box(step.unsupported()));
    })
}

#[test]
fn a_request_leaves_no_parameter_behind_except_one_that_json_escapes() {
    let json = |password: &str| {
        let body = r#"{"grant_type":"password","client_id":"a","password":""#;
        exchanged("application/json", &format!("{body}{password}\"}}"))
    };
    assert_eq!(json(TOKEN), 0);
    // serde_json unescapes into its own buffer.
    assert_eq!(json(&format!("\\/{TOKEN}")), 1);
    let form = |password: &str| {
        let body = format!("grant_type=password&client_id=a&password={password}");
        exchanged("application/x-www-form-urlencoded", &body)
    };
    for before in ["", "%21", "x+", "%21+", "+%21"] {
        assert_eq!(form(&format!("{before}{TOKEN}")), 0, "{before}");
    }
}

#[test]
fn an_answer_and_its_tokens_are_overwritten() {
    let found = left_behind(TOKEN.as_bytes(), || {
        let tokens = TokenAnswer::new(TOKEN, 600, "").with_id_token(TOKEN);
        let code = RecoveryCode::from("N3BGPZZWJ85JLCNPZBDW6QXC");
        drop(black_box(Answer::from(
            tokens.with_recovery_code(Some(&code)),
        )));
    });
    assert_eq!(found, 0);
}

/// Associates a phone, makes the message, answers the client and judges the code. Returns the secrets: the
/// code, the handle, the recovery code, the first 3 spoken digits, and the end of the prompt with the
/// keys.
fn ceremony(channel: Channel) -> [Option<String>; 5] {
    let mut world = World::new();
    let session = world.first_factor();
    let request = Associate {
        channel,
        phone: ALICES.parse().unwrap(),
    };
    let transition = world.engine.associate(
        world.account(),
        &session,
        &request,
        world.now(),
        &mut world.rng,
    );
    // Not through the stored form: the record's JSON holds the handle on purpose.
    let save = |next: Next| {
        world.put(next.account().clone());
        Ok::<_, Denied>(())
    };
    let associated = transition.commit(save).unwrap().result.unwrap();
    let wording = Wording::new(
        "Example".parse().unwrap(),
        Some("example.com".parse().unwrap()),
    );
    let message = wording.unwrap().message(&associated.delivery).unwrap();
    let keys = associated.delivery.keys.as_ref();
    let keys = keys.map(|keys| keys.expose_secret().to_owned());
    let mut prompted = None;
    let spoken = match message {
        Message::Voice(call) => {
            prompted = call.prompt().find_map(|step| match step {
                PromptStep::AskKeys(words) => Some(words[words.len() - 14..].to_owned()),
                PromptStep::Say(_) => None,
            });
            let answered = call.press(keys.as_deref().unwrap()).unwrap();
            answered.steps().find_map(|step| match step {
                AnswerStep::SayDigits(digits) => Some(digits.expose_secret()[..7].to_owned()),
                AnswerStep::Say(_) | AnswerStep::Pause(_) => None,
            })
        }
        _ => None,
    };
    drop(black_box(Answer::from(&associated)));
    let request = VerifyOob {
        oob_code: (&*associated.oob_code.expose_secret().leak()).into(),
        binding_code: associated.delivery.code.expose_secret().into(),
    };
    let transition = world
        .engine
        .verify_oob(world.account(), &session, &request, world.now());
    let save = |next: Next| {
        world.put(next.account().clone());
        Ok::<_, Denied>(())
    };
    assert!(transition.commit(save).unwrap().result.is_ok());
    [
        Some(associated.delivery.code.expose_secret().to_owned()),
        Some(associated.oob_code.expose_secret()),
        associated
            .recovery_code
            .as_ref()
            .map(|code| code.expose_secret().to_owned()),
        spoken,
        prompted,
    ]
}

#[test]
fn a_whole_enrollment_leaves_no_code_behind() {
    for (channel, secrets) in [(Channel::Sms, 3), (Channel::Voice, 5)] {
        // The same random bytes make the same codes, so the search knows them.
        let known: Vec<String> = ceremony(channel).into_iter().flatten().collect();
        assert_eq!(known.len(), secrets);
        for secret in known {
            let found = left_behind(secret.as_bytes(), || {
                // Keep the test's own copies.
                std::mem::forget(ceremony(channel));
            });
            assert_eq!(found, 0, "{channel}: {secret}");
        }
    }
}
