//! A user's walk through the demo page.

use serde_json::{Value, json};

use crate::browser::folder;
use crate::npm::Script;
use crate::server::Server;

/// The content of a step, by name, and the checks of every step.
#[track_caller]
fn sees(steps: &mut Script, step: &str, expected: &Value) -> Value {
    let seen = steps.next(step);
    assert_eq!(seen["missing"], json!([]), "{seen}");
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], value, "{name} of {seen}");
    }
    seen
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn a_user_walks_through_the_page_and_sees_what_was_decided_and_charged() {
    let Some(folder) = folder() else { return };
    let server = Server::start(folder.path(), &[]);
    // The screenshot for docs/page.png; no test compares it.
    let screenshot = std::env::var("OOB_MFA_SCREENSHOT").unwrap_or_default();
    let variables = [("SERVER", server.url.as_str()), ("SCREENSHOT", &screenshot)];
    let mut walk = Script::start(&folder, "page.mjs", &variables);
    let steps = &mut walk;

    let headers = steps.next("headers")["headers"].take();
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(headers["cache-control"], "no-store");

    first_login(steps);
    second_login(steps);
    let code = recovery(steps);
    assert_eq!(code.split(' ').map(str::len).collect::<Vec<_>>(), [4; 6]);
    two_phones(steps);
    small_and_dark(steps);
    assert_eq!(steps.next("faults")["faults"], json!([]));
    empty_budget(steps);
    assert_eq!(steps.next("faults")["faults"], json!([]));
    walk.end();
}

const NOTHING: &str = "nothing";
const FULL: [&str; 3] = ["10 of 10", "10 of 10", "10 of 10"];

fn first_login(steps: &mut Script) {
    sees(
        steps,
        "start",
        &json!({ "title": "Sign in", "at": "Password", "focus": "title", "request": [], "budgets": FULL }),
    );
    let order = json!([
        "username",
        "password",
        "Sign in",
        "screen",
        "scroll",
        "the browser",
        "Skip to the app",
    ]);
    assert_eq!(steps.next("focus order")["order"], order);
    let request = json!([
        "POST /oauth/token grant password",
        "403",
        "rejected Wrong email or password.",
        NOTHING,
    ]);
    sees(
        steps,
        "wrong password",
        &json!({
            "title": "Sign in", "problem": "Wrong email or password.", "focus": "Sign in",
            "request": request, "budgets": FULL,
        }),
    );
    let request = json!([
        "POST /oauth/token grant password",
        "403",
        "1 of 2 The password is right: a second factor is required",
        NOTHING,
    ]);
    sees(
        steps,
        "nothing is enrolled",
        &json!({
            "title": "Enroll a phone", "at": "Phone", "problem": "", "focus": "title",
            "request": request, "budgets": FULL,
        }),
    );
    let request = json!([
        "POST /mfa/associate by sms to +14155558730",
        "200",
        "granted Code issued and sent",
        "Messages 10 → 9",
    ]);
    let budgets = ["9 of 10", "10 of 10", "10 of 10"];
    let seen = sees(
        steps,
        "enrolled",
        &json!({
            "title": "Type the code", "at": "Code", "focus": "otp",
            "done": "A code is on its way to the phone.", "request": request, "budgets": budgets,
            "event": "code_issued",
        }),
    );
    let code = text(&seen, "message").get(..6).unwrap().to_owned();
    assert!(code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    let message = format!("{code} is your oob-mfa code. Do not share it.\n\n@localhost #{code}");
    assert_eq!(text(&seen, "message"), message);
    assert_eq!(text(&seen, "offer"), format!("Fill in {code}"));
    let field = json!({
        "step": "code field", "autocomplete": "one-time-code", "inputMode": "numeric",
        "describedBy": "problem",
    });
    assert_eq!(steps.next("code field"), field);
    let request = json!([
        "POST /oauth/token grant mfa-oob",
        "403",
        "rejected Invalid binding_code.",
        "Wrong codes 10 → 9",
    ]);
    let rejected = json!({
        "title": "Type the code", "problem": "Invalid binding_code.", "done": "", "focus": "otp",
        "request": request, "budgets": ["9 of 10", "9 of 10", "10 of 10"],
        "event": "wrong_binding_code",
    });
    sees(steps, "wrong code", &rejected);
    sees(steps, "autofilled", &json!({ "focus": "otp" }));
    assert_eq!(text(&steps.next("filled"), "code"), code);
    let confirmed = json!({
        "title": "Signed in as alice@example.com", "at": "Signed in", "problem": "",
        "done": "The login is complete.", "focus": "title", "offer": null,
        "budgets": ["9 of 10", "9 of 10", "10 of 10"], "event": "authenticated",
    });
    sees(steps, "confirmed", &confirmed);
    assert_eq!(text(&steps.next("recovery code"), "recovery").len(), 29);
}

fn second_login(steps: &mut Script) {
    sees(
        steps,
        "signed out",
        &json!({ "title": "Sign in", "done": "Signed out.", "focus": "title" }),
    );
    sees(
        steps,
        "choices",
        &json!({ "title": "Prove it is you", "focus": "title" }),
    );
    let request = json!([
        "POST /mfa/challenge voice",
        "200",
        "granted Code issued and sent",
        "Messages 9 → 8",
    ]);
    let seen = sees(
        steps,
        "call",
        &json!({ "focus": "otp", "request": request, "offer": null, "event": "code_issued" }),
    );
    let words = "Hello. This is oob-mfa with the code you asked for.";
    assert!(text(&seen, "message").starts_with(words), "{seen}");
    // The code is spoken and offered only after the keys.
    let seen = sees(steps, "keys pressed", &json!({}));
    let code = text(&seen, "offer").strip_prefix("Fill in ").unwrap();
    let digits: Vec<String> = code.chars().map(String::from).collect();
    let said = digits.join(", ");
    let words =
        format!("Your code is. {said}. Again, your code is. {said}. Do not share it. Goodbye.");
    assert_eq!(text(&seen, "message"), words);
    assert_eq!(seen["focus"], seen["offer"]);
    sees(
        steps,
        "wrong code of the call",
        &json!({ "problem": "Invalid binding_code.", "budgets": ["8 of 10", "8 of 10", "10 of 10"] }),
    );
    sees(
        steps,
        "second login",
        &json!({ "done": "The login is complete.", "at": "Signed in", "event": "authenticated" }),
    );
}

/// The replacement of the used code.
fn recovery(steps: &mut Script) -> String {
    sees(
        steps,
        "recovery",
        &json!({ "title": "Use the recovery code", "focus": "recovery" }),
    );
    let request = json!([
        "POST /oauth/token grant mfa-recovery-code",
        "403",
        "rejected MFA Authorization rejected.",
        "Wrong recovery codes 10 → 9",
    ]);
    sees(
        steps,
        "wrong recovery code",
        &json!({
            "problem": "MFA Authorization rejected.", "focus": "recovery", "request": request,
            "budgets": ["8 of 10", "8 of 10", "9 of 10"], "event": "wrong_recovery_code",
        }),
    );
    sees(
        steps,
        "recovered",
        &json!({
            "title": "Signed in as alice@example.com",
            "done": "The login is complete. The code was replaced: keep the new one.",
            "budgets": ["8 of 10", "8 of 10", "9 of 10"],
        }),
    );
    text(&steps.next("replaced"), "recovery").to_owned()
}

fn two_phones(steps: &mut Script) {
    sees(
        steps,
        "add",
        &json!({ "title": "Add a phone", "at": "Phone" }),
    );
    sees(
        steps,
        "added",
        &json!({ "done": "The phone is confirmed.", "event": "authenticator_added" }),
    );
    let both = steps.next("both")["phones"].take();
    assert_eq!(both, json!(["XXXXXXXX8730", "XXXXXXXX0199"]));
    sees(
        steps,
        "removed",
        &json!({
            "done": "The phone is removed, with both of its entries.", "focus": "title",
            "event": "authenticator_removed",
        }),
    );
    assert_eq!(steps.next("one")["phones"], json!(["XXXXXXXX8730"]));
}

fn empty_budget(steps: &mut Script) {
    let budgets = json!(["0 of 10", "8 of 10", "9 of 10"]);
    sees(
        steps,
        "budget is empty",
        &json!({ "budgets": budgets, "event": "limit_reached" }),
    );
    let seen = sees(
        steps,
        "refused",
        &json!({ "title": "Type the code", "budgets": budgets, "event": "limit_reached" }),
    );
    let too_many = "Too many SMS sent by the user. Wait for some minutes before retrying.";
    assert_eq!(
        text(&seen, "problem"),
        format!("{too_many} One is back in 60 min.")
    );
    let decision = seen["request"][2].as_str().unwrap();
    let refused = format!("refused {too_many} Retry after ");
    assert!(decision.starts_with(&refused), "{decision}");
    assert_eq!(
        (&seen["request"][1], &seen["request"][3]),
        (&json!("429"), &json!(NOTHING))
    );
    sees(
        steps,
        "removed the last",
        &json!({ "done": "The phone is removed, with both of its entries." }),
    );
    // The page does not show the password.
    let details = steps.next("details")["details"].take();
    assert!(!details.to_string().contains("battery"), "{details}");
}

fn small_and_dark(steps: &mut Script) {
    sees(steps, "small start", &json!({ "title": "Sign in" }));
    assert_eq!(text(&steps.next("colors"), "background"), "rgb(18, 19, 24)");
    sees(
        steps,
        "small choices",
        &json!({ "title": "Prove it is you", "focus": "title" }),
    );
    let request = json!([
        "POST /mfa/challenge sms",
        "200",
        "granted Code issued and sent",
        "Messages 7 → 6",
    ]);
    sees(
        steps,
        "small code",
        &json!({ "title": "Type the code", "focus": "otp", "request": request }),
    );
    // It was typed with a space.
    sees(
        steps,
        "small signed in",
        &json!({
            "title": "Signed in as alice@example.com", "done": "The login is complete.",
            "focus": "title", "event": "authenticated",
        }),
    );
}
