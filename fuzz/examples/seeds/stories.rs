//! The seeds of the target `commands`.

use crate::write;

/// Actions of users, in the format of the target `commands`.
pub fn stories() {
    use oob_mfa_fuzz::commands::op::*;

    let enroll = [BEGIN, ASSOCIATE, 0, 0, 0, VERIFY_OOB, NONE, 0, RIGHT];
    let login = [BEGIN, CHALLENGE, 0, 0, VERIFY_OOB, NONE, 0, RIGHT];
    let manage = [VOUCH, MANAGER, 0, HOUR];
    let wrong = [VERIFY_OOB, NONE, 0, WRONG];
    let stories = [
        ("enroll", AUTH0, enroll.to_vec()),
        (
            "login-voice",
            AUTH0,
            [
                &[IMPORT_PHONE, 0, 0, BEGIN, CHALLENGE, 0, 1, 0, VOICE][..],
                &[VERIFY_OOB, NONE, 0, RIGHT],
            ]
            .concat(),
        ),
        (
            "recover",
            AUTH0,
            [
                &enroll[..],
                &[BEGIN, VERIFY_RECOVERY_CODE, 0, NEVER_SHOWN],
                &[VERIFY_RECOVERY_CODE, 0, SHOWN, 0],
            ]
            .concat(),
        ),
        (
            "manage",
            AUTH0,
            [
                &enroll[..],
                &manage,
                &[ASSOCIATE, 0, 1, VOICE, VERIFY_OOB, NONE, 0, RIGHT],
                &[LIST, 0, REGENERATE, 0, REMOVE, 0, 0, 0, REMOVE, 0, 1, 0],
            ]
            .concat(),
        ),
        (
            "disabled",
            // 3 failures, then the phone is disabled.
            DRAWN,
            [
                &[0, 0, 2, 1, 1, 0, 3, 9, 0, 0, 9, 4, 9, 3, 9, 3][..],
                &[IMPORT_PHONE, 0, 0, BEGIN, CHALLENGE, 0, 0],
                &wrong.repeat(3),
                &[CHALLENGE, 0, 0],
            ]
            .concat(),
        ),
        (
            "spent-failures",
            AUTH0,
            [
                &[IMPORT_PHONE, 0, 0, BEGIN, CHALLENGE, 0, 0][..],
                &wrong.repeat(11),
                // The right one, 1 ms before 6 minutes.
                &[STEP, 4, 2, CHALLENGE, 0, 0, VERIFY_OOB, NONE, 0, RIGHT],
            ]
            .concat(),
        ),
        (
            "spent-sends",
            AUTH0,
            [
                &[IMPORT_PHONE, 0, 0, BEGIN][..],
                &[CHALLENGE, 0, 0].repeat(11),
                &[STEP, HOUR, 0, BEGIN, CHALLENGE, 0, 0],
            ]
            .concat(),
        ),
        (
            "many-logins",
            // 32 sends at once, one back per millisecond.
            DRAWN,
            [
                &[0, 0, 2, 1, 1, 0, 0, 9, 0, 0, 31, 0, 9, 3, 9, 3][..],
                &[IMPORT_PHONE, 0, 0],
                &login.repeat(17),
            ]
            .concat(),
        ),
        (
            "many-challenges",
            DRAWN,
            [
                &[0, 0, 2, 1, 1, 0, 0, 9, 0, 0, 31, 0, 9, 3, 9, 3][..],
                &[IMPORT_PHONE, 0, 0],
                &login[..4].repeat(17),
            ]
            .concat(),
        ),
        (
            // A phone enrolled by a clock a year ahead: servers with the right time refuse.
            "clock-behind",
            AUTH0,
            [
                &[STEP, YEAR, 0][..],
                &enroll,
                &[STEP, YEAR, BACK],
                &login[..4],
            ]
            .concat(),
        ),
        (
            // An administrator rewinds, and nobody can sign in within the skew.
            "rewound",
            AUTH0,
            [
                &[STEP, YEAR, 0][..],
                &enroll,
                &[STEP, YEAR, BACK, REWIND],
                &login[..4],
            ]
            .concat(),
        ),
        (
            // The budget of sends, empty after the rewind, has one again.
            "clock-back",
            AUTH0,
            [
                &[STEP, YEAR, 0][..],
                &enroll,
                &[STEP, YEAR, BACK, REWIND, STEP, HOUR, 0],
                &login,
            ]
            .concat(),
        ),
        (
            // One server is behind by the skew.
            "skewed",
            AUTH0,
            [&enroll[..], &[STEP, MINUTE, BACK], &login].concat(),
        ),
        (
            "mfa-login",
            AUTH0,
            [&enroll[..], &manage, &[CHALLENGE, 0, 0]].concat(),
        ),
        (
            "reset",
            AUTH0,
            [&enroll[..], &[BEGIN, STEP, 1, 0, RESET], &enroll[1..]].concat(),
        ),
        (
            "erased",
            AUTH0,
            [&enroll[..], &[BEGIN, STEP, 1, 0, ERASE], &enroll[1..]].concat(),
        ),
        (
            "mixed-up",
            AUTH0,
            [&[BEGIN | BOB, MIX_UP, 0][..], &enroll[1..]].concat(),
        ),
        (
            "tokens",
            AUTH0,
            [
                &[BEGIN, OPEN_TOKEN, 0, 0, 0, OPEN_TOKEN, 0, 2, 0][..],
                &[OPEN_TOKEN, 0, 0, 1, STEP, 5, 0, OPEN_TOKEN, 0, 1, 0],
            ]
            .concat(),
        ),
    ];
    for (name, policy, story) in stories {
        write("commands", name, &[&[policy][..], &story].concat());
    }
}
