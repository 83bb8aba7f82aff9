//! Constant time: secret bytes decide no branch and no address while a code or a token is judged.
//!
//! ```sh
//! cargo test --release --test constant_time -- --nocapture
//! ```
//!
//! Each case runs in its own process under valgrind's memcheck, with its secrets marked. It is one
//! public operation from the stored record to the next one. Memcheck must report exactly the branches
//! that reveal the verdict, by their lines. It must report every fault of the controls.
//!
//! These are secret: the key and everything made with it; the digests of the stored record; the
//! presented bytes of a binding code, a recovery code and an `oob_code`; the seal and the session's tag
//! of an `mfa_token`; the words that a code is drawn from. These are public: all lengths; the rest of a
//! token; each verdict once it is revealed.
//!
//! The result applies to this program from this compiler. Memcheck does not see how long a division
//! takes. Valgrind's processor has no SHA instructions, so they are not tested.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod cases;
mod controls;
mod valgrind;

use std::io::Write;
use std::sync::Once;

use valgrind::{Decided, Finding, Run};

/// A branch that a secret may decide.
struct Revealed {
    what: &'static str,
    decided: Decided,
    file: &'static str,
    /// Any of these texts: the compiler may assign a branch to the line before.
    lines: &'static [&'static str],
    /// The end of the file name.
    inside: &'static str,
    /// The most instructions.
    most: usize,
}

impl Revealed {
    /// One branch of the crate's own code.
    const fn once(what: &'static str, file: &'static str, lines: &'static [&'static str]) -> Self {
        Self {
            what,
            decided: Decided::Branch,
            file,
            lines,
            // A comparison in variable time would be a C function, which is not in this file.
            inside: ".rs",
            most: 1,
        }
    }

    /// Whether a text is base64url: once for its characters, once for the unused bits.
    const fn base64(file: &'static str, lines: &'static [&'static str]) -> Self {
        Self {
            inside: "encoding.rs",
            most: 2,
            ..Self::once("well-formed", file, lines)
        }
    }

    fn covers(&self, finding: &Finding) -> bool {
        let (file, text) = &finding.by;
        self.decided == finding.decided
            && self.file == file
            && (self.lines.is_empty() || self.lines.contains(&text.as_str()))
            && finding.inside.ends_with(self.inside)
    }
}

const BINDING_CODE: Revealed = Revealed::once(
    "right or wrong",
    "src/engine/verify.rs",
    &["if judged.right.into() {"],
);
const RECOVERY_CODE: Revealed = Revealed::once(
    "right or wrong",
    "src/engine/recover.rs",
    &["if !bool::from(right) {"],
);
const SEAL: Revealed = Revealed::once(
    "right or wrong",
    "src/session/token.rs",
    &[
        "if !bool::from(genuine) {",
        ".ok_or(Denied::TokenInvalid)?;",
    ],
);
const TOKEN: Revealed = Revealed::base64(
    "src/session/token.rs",
    &["Base64UrlUnpadded::decode_vec(text).ok()"],
);
const HANDLE: Revealed = Revealed::base64(
    "src/bytes.rs",
    &["let decoded = Base64UrlUnpadded::decode(text, &mut bytes).ok()?;"],
);
const KNOWN: Revealed = Revealed::once(
    "known or not",
    "src/engine/verify.rs",
    &[".find(|pending| pending.is(&request.oob_code))"],
);
/// A rejected word is not part of a code.
const WORD: Revealed = Revealed::once(
    "word thrown away or not",
    "src/code.rs",
    &["if word <= u32::MAX.wrapping_sub(rejected) {"],
);
/// Only the places of separators: see `a_recovery_code_in_groups_reveals_only_its_shape`.
const SHAPE: Revealed = Revealed {
    most: usize::MAX,
    ..Revealed::once("shape of the text", "src/code.rs", &[])
};
/// The same in the normalizer: the class of each character.
const CLASS: Revealed = Revealed {
    file: "src/typed.rs",
    ..SHAPE
};

const GRANTED: &str = "granted";
const WRONG: &str = "invalid_binding_code";
const WRONG_RECOVERY: &str = "invalid_recovery_code";
const EMPTY: &str = "too_many_failures";
const UNKNOWN: &str = "oob_code_unknown";
const WRONG_TOKEN: &str = "token_invalid";
const MALFORMED_TOKEN: &str = "token_malformed";

/// The other tests start this one under valgrind.
const UNDER_VALGRIND: &str = "under_valgrind";

#[test]
fn under_valgrind() {
    if let Some(case) = valgrind::case() {
        assert!(valgrind::is_here());
        valgrind::answer_parent(&cases::run(&case));
    }
}

/// Whether the checks can run. If not, it prints a line, which the test harness does not capture.
fn can_check() -> bool {
    static SKIPPED: Once = Once::new();
    let reason = if cfg!(debug_assertions) {
        "this build is not optimized"
    } else if !valgrind::is_installed() {
        "valgrind is not installed"
    } else {
        return true;
    };
    SKIPPED.call_once(|| {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED, the tests of constant time: {reason}. \
             To run them: cargo test --release --test constant_time, with valgrind installed"
        );
    });
    false
}

/// Runs a case: its answer must be `answered`, and secrets must decide exactly `revealed`.
#[track_caller]
fn check(case: &str, answered: &str, revealed: &[&Revealed]) {
    let Run {
        answered: was_answered,
        findings,
    } = valgrind::run(UNDER_VALGRIND, case);
    assert_eq!(was_answered, answered, "{case}");
    let leaks: Vec<String> = findings
        .iter()
        .filter(|finding| !revealed.iter().any(|revealed| revealed.covers(finding)))
        .map(ToString::to_string)
        .collect();
    assert!(leaks.is_empty(), "{case}:\n{}", leaks.join("\n"));
    let mut counted = Vec::new();
    for revealed in revealed {
        let count = findings
            .iter()
            .filter(|found| revealed.covers(found))
            .count();
        let Revealed { what, most, .. } = revealed;
        let is_revealed = (1..=*most).contains(&count);
        assert!(is_revealed, "{case}: {what} is revealed {count} times");
        counted.push(format!("{what} ({count})"));
    }
    let counted = if counted.is_empty() {
        "nothing".into()
    } else {
        counted.join(", ")
    };
    println!("{case}: {counted}");
}

/// Runs a control: a secret must decide something on the line with this text.
#[track_caller]
fn check_control(case: &str, decided: Decided, text: &str) {
    let findings = valgrind::run(UNDER_VALGRIND, case).findings;
    let is_fault = |finding: &&Finding| {
        finding.decided == decided
            && finding.by.0 == "tests/constant_time/controls.rs"
            && finding.by.1.contains(text)
    };
    let fault = findings.iter().find(is_fault);
    let fault = fault.unwrap_or_else(|| panic!("{case}: not found in {findings:#?}"));
    println!("{case}: found, {fault}");
}

#[test]
fn a_binding_code_decides_only_the_verdict() {
    if can_check() {
        check("binding code: right", GRANTED, &[&BINDING_CODE]);
        check("binding code: right, to enroll", GRANTED, &[&BINDING_CODE]);
        for wrong in [
            "wrong in the first digit",
            "wrong in the last digit",
            "no digits",
            "too short",
        ] {
            check(&format!("binding code: {wrong}"), WRONG, &[&BINDING_CODE]);
        }
        check("binding code: drawn", GRANTED, &[&WORD]);
    }
}

#[test]
fn a_recovery_code_decides_only_the_verdict() {
    if can_check() {
        // The next one is drawn as well.
        check("recovery code: right", GRANTED, &[&RECOVERY_CODE]);
        let case = "recovery code: right, in lower case";
        check(case, GRANTED, &[&RECOVERY_CODE]);
        for wrong in [
            "wrong in the first character",
            "wrong in the last character",
        ] {
            let case = format!("recovery code: {wrong}");
            check(&case, WRONG_RECOVERY, &[&RECOVERY_CODE]);
        }
    }
}

#[test]
fn a_recovery_code_in_groups_reveals_only_its_shape() {
    if can_check() {
        let revealed = [&RECOVERY_CODE, &SHAPE, &CLASS];
        check("recovery code: right, in groups", GRANTED, &revealed);
        // No code has so few bytes, so no byte is read.
        let short = "recovery code: too short";
        check(short, WRONG_RECOVERY, &[&RECOVERY_CODE]);

        // Its branches go the same way equally often, whatever the characters are.
        let profile = |typed: &str| {
            let case = format!("recovery code read: {typed}");
            valgrind::profile(UNDER_VALGRIND, &case, "read_as_typed")
        };
        let letters = profile("ABCD-EFGH-JKLM-NPQR-STUV-WXYZ");
        for typed in [
            "2345-6789-2345-6789-2345-6789",
            "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ",
            "2222-2222-2222-2222-2222-2222",
            "abcd-efgh-jklm-npqr-stuv-wxyz",
            "a2Bc-3456-78zZ-NpQr-9999-aaaa",
        ] {
            assert!(profile(typed) == letters, "{typed} takes another way");
        }
        // The control: another shape differs.
        for typed in [
            "ABCD-EFGH-JKLM-NPQR-STUVWXYZ",
            "ABCD-EFGH-JKLM-NPQR-STUV-WXYＺ",
        ] {
            assert!(profile(typed) != letters, "{typed} takes the same way");
        }
    }
}

#[test]
fn an_mfa_token_decides_only_the_verdict() {
    if can_check() {
        check("mfa_token: right", GRANTED, &[&TOKEN, &SEAL]);
        for wrong in ["first", "last"] {
            let case = format!("mfa_token: wrong in the {wrong} byte of the seal");
            check(&case, WRONG_TOKEN, &[&TOKEN, &SEAL]);
        }
        check("mfa_token: malformed", MALFORMED_TOKEN, &[&TOKEN]);
        check("mfa_token: sealed", "the same", &[]);
    }
}

#[test]
fn an_oob_code_decides_whether_it_is_known() {
    if can_check() {
        check("oob_code: unknown", UNKNOWN, &[&HANDLE, &KNOWN]);
        check("oob_code: malformed", UNKNOWN, &[&HANDLE]);
    }
}

/// Rule 6: the processor does the same for right and wrong codes.
#[test]
fn with_an_empty_budget_a_code_decides_nothing() {
    if can_check() {
        for case in ["binding code", "recovery code"] {
            for code in ["right", "wrong"] {
                check(&format!("{case}: {code}, budget empty"), EMPTY, &[]);
            }
        }
    }
}

#[test]
fn memcheck_finds_every_fault() {
    if can_check() {
        use Decided::{Address, Branch};
        let control = |case: &str, decided, text| {
            check_control(&format!("control: {case}"), decided, text);
        };
        control("slices compared by ==", Branch, "stored == typed");
        control(
            "early return on the first wrong digit",
            Branch,
            "if a != b {",
        );
        control("table look-up", Address, "NEXT_DIGIT[");
        control("digits only", Branch, "is_ascii_digit");
        control("from_utf8", Branch, "from_utf8");
    }
}

/// Each mark alone leads to the verdict, and no mark to nothing: the findings come from the marks.
#[test]
fn memcheck_follows_every_mark() {
    if can_check() {
        for marked in ["Key", "Stored", "Presented"] {
            let case = format!("binding code: right, marked: {marked}");
            check(&case, GRANTED, &[&BINDING_CODE]);
        }
        for marked in ["Stored", "Presented"] {
            let case = format!("recovery code: right, marked: {marked}");
            check(&case, GRANTED, &[&RECOVERY_CODE]);
        }
        check("mfa_token: right, marked: Key", GRANTED, &[&SEAL]);
        let presented = "mfa_token: right, marked: Presented";
        check(presented, GRANTED, &[&TOKEN, &SEAL]);
        check("oob_code: unknown, marked: Stored", UNKNOWN, &[&KNOWN]);
        let presented = "oob_code: unknown, marked: Presented";
        check(presented, UNKNOWN, &[&HANDLE, &KNOWN]);
        for operation in ["binding code", "recovery code", "mfa_token"] {
            check(
                &format!("{operation}: right, marked: nothing"),
                GRANTED,
                &[],
            );
        }
    }
}
