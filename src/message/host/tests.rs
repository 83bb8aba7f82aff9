use alloc::format;
use alloc::string::ToString;

use super::{Host, InvalidHost};
use crate::message::tests::host_of;

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
fn an_ip_address_in_any_browser_spelling_is_not_a_host() {
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
fn each_refusal_of_a_host_names_its_reason() {
    for (refusal, words) in [
        (InvalidHost::Length, "a host has 1 to 253 bytes"),
        (
            InvalidHost::Character,
            "a host has only letters, digits, hyphens and dots of ASCII: drop the scheme, port and path",
        ),
        (
            InvalidHost::Label,
            "a label of a host has 1 to 63 bytes and neither begins nor ends with a hyphen",
        ),
        (
            InvalidHost::Address,
            "a host is a domain name: its last label is not a number",
        ),
    ] {
        assert_eq!(refusal.to_string(), words);
    }
}
