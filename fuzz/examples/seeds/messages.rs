//! The seeds of the target `message`.

use oob_mfa_fuzz::APART;

use crate::write;

/// Host, app name, code and keys, in the format of the target `message`.
pub fn messages() {
    let longest = format!("{0}.{0}.{1}", "h".repeat(40), "h".repeat(13));
    for (name, parts) in [
        ("good", ["example.com", "Example", "012345", "5"]),
        (
            "good-upper-host",
            ["Login.Example.COM", "7-Eleven", "00000000", "*#"],
        ),
        (
            "good-accents",
            ["localhost", "Müller & Söhne", "1234567", "0"],
        ),
        (
            "good-longest",
            [&longest, &"x".repeat(30), "12345678", "0123456789*#"],
        ),
        (
            "bad-too-long",
            [&format!("h{longest}"), &"x".repeat(30), "12345678", "1"],
        ),
        (
            "bad-host-line",
            [
                "example.com\n@evil.example #999999",
                "Example",
                "012345",
                "5",
            ],
        ),
        (
            "bad-host-scheme",
            ["https://example.com", "Example", "012345", "5"],
        ),
        ("bad-host-address", ["a.0X7f", "Example", "012345", "5"]),
        (
            "bad-app-line",
            [
                "example.com",
                "Example\n\n@evil.example #999999",
                "012345",
                "5",
            ],
        ),
        ("bad-app-break", ["example.com", "Exam\nple", "012345", "5"]),
        (
            "bad-app-return",
            ["example.com", "Example\rcode 999999", "012345", "5"],
        ),
        ("bad-app-digits", ["example.com", "123-456", "012345", "5"]),
        (
            "bad-app-spaces",
            ["example.com", "Exa  mple", "012345", "5"],
        ),
        (
            "bad-app-extension",
            ["example.com", "Ex€mple", "012345", "5"],
        ),
        ("bad-code-line", ["example.com", "Example", "012345\n", "5"]),
        ("bad-code-wide", ["example.com", "Example", "１２", "5"]),
        ("bad-code-short", ["example.com", "Example", "12345", "5"]),
        ("bad-keys", ["example.com", "Example", "012345", ""]),
    ] {
        let parts = parts.map(str::as_bytes);
        write("message", name, &parts.join(&APART));
    }
}
