use oob_mfa::{Channels, RateLimit, RecoveryCodes};

use super::*;

const CLIENT: &str = "[[clients]]\nid = \"a\"\n";

fn error(text: &str) -> String {
    Config::parse(text)
        .err()
        .expect("the configuration is wrong")
        .0
}

#[test]
fn the_demonstration_has_auth0s_numbers_and_two_clients() {
    let config = Config::demonstration();
    assert_eq!(config.policy, Policy::auth0());
    assert_eq!(config.token_lifetime, Duration::from_secs(600));
    assert_eq!(config.signing_algorithm, SigningAlgorithm::Rs256);
    assert_eq!(config.clients.len(), 2);
    assert_eq!(
        config.users.email(&"auth0|alice".parse().unwrap()),
        Some("alice@example.com")
    );
}

#[test]
fn the_example_beside_the_source_is_valid() {
    let config = Config::parse(include_str!("../../config.example.toml")).unwrap();
    // Its numbers are the defaults, written explicitly.
    assert_eq!(config.policy, Policy::auth0());
    assert_eq!(config.issuer.as_deref(), Some("https://login.example.com/"));
    assert_eq!(config.clients.len(), 2);
}

#[test]
fn an_error_names_the_line_and_does_not_print_it() {
    let error = error("[[clients]]\nid = \"a\"\nsecrt = \"hunter2\"\n");
    assert!(
        error.starts_with("line 3: unknown field `secrt`"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn session_and_token_can_be_as_short_as_each_other() {
    let text = format!(
        "{CLIENT}[policy]\nlongest_session_seconds = 300\nmfa_token_lifetime_seconds = 300\n"
    );
    let text = format!("token_lifetime_seconds = 300\n{text}");
    let policy = Config::parse(&text).unwrap().policy;
    assert_eq!(policy.token_lifetime(), Duration::from_secs(300));
    assert_eq!(policy.longest_session(), Duration::from_secs(300));
}

#[test]
fn skew_and_code_lifetime_share_10_minutes_in_either_proportion() {
    for (skew, lifetime) in [(0, 600), (60, 540), (599, 1)] {
        let text = format!(
            "{CLIENT}[policy]\nclock_skew_seconds = {skew}\ncode_lifetime_seconds = {lifetime}\n"
        );
        let policy = Config::parse(&text).unwrap().policy;
        assert_eq!(policy.skew(), Duration::from_secs(skew));
        assert_eq!(policy.code_lifetime(), Duration::from_secs(lifetime));
    }
}

#[test]
fn every_number_of_the_policy_can_be_set() {
    let config = Config::parse(
        r#"
        issuer = "https://login.example.com/"
        token_lifetime_seconds = 7200
        signing_algorithm = "ES256"
        [policy]
        preset = "nist-800-63b4"
        code_digits = 8
        code_lifetime_seconds = 60
        mfa_token_lifetime_seconds = 120
        longest_session_seconds = 7200
        clock_skew_seconds = 90
        sends = { burst = 3, refill_seconds = 7 }
        binding_failures = { burst = 4, refill_seconds = 8 }
        recovery_failures = { burst = 5, refill_seconds = 9 }
        attempts_per_challenge = 2
        failure_cap = 50
        channels = ["voice"]
        max_phones = 1
        recovery_codes = false
        [[clients]]
        id = "a"
        "#,
    )
    .unwrap();
    let seconds = Duration::from_secs;
    let limit = |burst, refill| RateLimit::new(burst, seconds(refill)).unwrap();
    let expected = Policy::nist_800_63b4()
        .with_code_digits(8)
        .and_then(|policy| policy.with_code_lifetime(seconds(60)))
        .and_then(|policy| policy.with_token_lifetime(seconds(120)))
        .and_then(|policy| policy.with_longest_session(seconds(7200)))
        .and_then(|policy| policy.with_skew(seconds(90)))
        .and_then(|policy| policy.with_attempts_per_challenge(Some(2)))
        .and_then(|policy| policy.with_failure_cap(Some(50)))
        .and_then(|policy| policy.with_max_phones(1))
        .and_then(|policy| policy.with_binding_failures(limit(4, 8)))
        .and_then(|policy| policy.with_recovery_failures(limit(5, 9)))
        .unwrap()
        .with_sends(limit(3, 7))
        .with_channels(Channels::Voice)
        .with_recovery_codes(RecoveryCodes::Off);
    assert_eq!(config.policy, expected);
    assert_eq!(config.signing_algorithm, SigningAlgorithm::Es256);
    assert_eq!(config.issuer.as_deref(), Some("https://login.example.com/"));
}

#[test]
fn a_mistake_is_named() {
    let user = |rest: &str| format!("{CLIENT}[[users]]\nemail = \"e\"\nsub = \"s\"\n{rest}\n");
    let twice = format!("{}{}", user("password = \"p\""), user("password = \"p\""));
    let cases = [
        ("colour = 1".to_owned(), "unknown field `colour`"),
        (String::new(), "there is no client"),
        (CLIENT.repeat(2), "client \"a\": the id is a duplicate"),
        (
            format!("{CLIENT}secret = \"\""),
            "client \"a\": secret is empty",
        ),
        (
            format!("issuer = \"https://x\"\n{CLIENT}"),
            "issuer \"https://x\"",
        ),
        (format!("app_name = \"#\"\n{CLIENT}"), "app_name: "),
        (
            format!("webotp_host = \"https://x\"\n{CLIENT}"),
            "webotp_host: ",
        ),
        (
            format!("token_lifetime_seconds = 0\n{CLIENT}"),
            "token_lifetime_seconds",
        ),
        (
            format!("token_lifetime_seconds = 86401\n{CLIENT}"),
            "1 to 86400",
        ),
        (
            format!("signing_algorithm = \"HS256\"\n{CLIENT}"),
            "unknown variant `HS256`",
        ),
        (
            format!("signing_algorithm = \"none\"\n{CLIENT}"),
            "unknown variant `none`",
        ),
        (
            format!("{CLIENT}[policy]\ncode_digits = 5"),
            "policy: code_digits must be 6 to 8",
        ),
        (
            format!("{CLIENT}[policy]\ncode_lifetime_seconds = 601"),
            "1 second to 10 minutes",
        ),
        (
            format!("{CLIENT}[policy]\nclock_skew_seconds = 301"),
            "policy: skew must be at most 10 minutes minus the code_lifetime",
        ),
        (
            format!("{CLIENT}[policy]\nchannels = []"),
            "channels must name sms or voice",
        ),
        (
            format!("{CLIENT}[policy]\npreset = \"x\""),
            "unknown variant `x`",
        ),
        (
            format!("{CLIENT}[policy]\nsends = {{ burst = 0, refill_seconds = 1 }}"),
            "policy: sends: a rate limit needs a burst",
        ),
        (user(""), "either password or password_hash"),
        (
            user("password_hash = \"x\""),
            "password_hash is not an argon2 PHC string",
        ),
        (
            format!("keep_alive_seconds = 0\n{CLIENT}"),
            "keep_alive_seconds must be 1 to 3600",
        ),
        (
            format!("connections_per_address = 0\n{CLIENT}"),
            "connections_per_address must be at least 1",
        ),
        (
            format!("allowed_prefixes = [\"1\", \"+1876\"]\n{CLIENT}"),
            "line 1: \"+1876\" must be 1 to 7 digits",
        ),
        (
            format!("denied_prefixes = [\"049\"]\n{CLIENT}"),
            "line 1: \"049\" must be 1 to 7 digits",
        ),
        (
            format!("trusted_proxies = [\"proxy\"]\n{CLIENT}"),
            "line 1: invalid IP address",
        ),
        (
            format!("{CLIENT}scopes = [\"openid\", \"offline_access\"]"),
            "client \"a\": scopes has offline_access, but this server issues no refresh tokens: remove it",
        ),
        (
            twice.replacen("[[clients]]\nid = \"a\"\n", "", 1),
            "the email is a duplicate",
        ),
    ];
    for (text, expected) in cases {
        let error = error(&text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
    assert!(Config::parse(CLIENT).is_ok());
}

fn user(name: &str, argon2: &str) -> String {
    let hash = format!("$argon2id$v=19${argon2}$c2FsdCBvZiB0ZXN0cw$");
    let hash = hash + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    format!("[[users]]\nemail = \"{name}\"\nsub = \"{name}\"\npassword_hash = \"{hash}\"\n")
}

#[test]
fn passwords_that_take_different_times_are_refused_by_name() {
    let parse = |users: &[String]| Config::parse(&format!("{CLIENT}{}", users.concat())).map(drop);
    let same = ["a@x", "b@x", "c@x"].map(|name| user(name, "m=19456,t=2,p=1"));
    assert_eq!(parse(&same), Ok(()));
    for other in ["m=19457,t=2,p=1", "m=19456,t=3,p=1", "m=19456,t=2,p=2"] {
        let ConfigError(error) =
            parse(&[user("a@x", "m=19456,t=2,p=1"), user("b@x", other)]).unwrap_err();
        for named in ["\"b@x\"", "\"a@x\"", other, "m=19456,t=2,p=1"] {
            assert!(error.contains(named), "{error}");
        }
    }
    // A password that is hashed at startup uses the defaults of argon2.
    let plain = "[[users]]\nemail = \"p@x\"\nsub = \"p\"\npassword = \"p\"\n";
    assert_eq!(
        parse(&[plain.to_owned(), user("a@x", "m=19456,t=2,p=1")]),
        Ok(())
    );
    assert!(parse(&[plain.to_owned(), user("a@x", "m=8192,t=2,p=1")]).is_err());
}

#[test]
fn passwords_that_take_more_than_a_server_has_are_refused_by_name() {
    for argon2 in ["m=262145,t=2,p=1", "m=19456,t=17,p=1", "m=19456,t=2,p=17"] {
        let error = error(&format!("{CLIENT}{}", user("a@x", argon2)));
        assert!(
            error.contains("\"a@x\"") && error.contains(argon2),
            "{error}"
        );
    }
    let most = user("a@x", "m=262144,t=16,p=16");
    assert!(Config::parse(&format!("{CLIENT}{most}")).is_ok());
}

#[test]
fn connections_have_defaults_and_only_named_proxies_are_trusted() {
    let connections = Config::parse(CLIENT).unwrap().connections;
    assert_eq!(connections.keep_alive, Duration::from_secs(75));
    assert_eq!(connections.per_address, 64);
    assert!(
        !connections
            .trusted_proxies
            .has("127.0.0.1".parse().unwrap())
    );
    let text = format!("trusted_proxies = [\"::ffff:10.0.0.1\", \"::1\"]\n{CLIENT}");
    let proxies = Config::parse(&text).unwrap().connections.trusted_proxies;
    for proxy in ["10.0.0.1", "::ffff:10.0.0.1", "::1"] {
        assert!(proxies.has(proxy.parse().unwrap()), "{proxy}");
    }
}

#[test]
fn an_error_names_the_line_and_the_field_and_repeats_no_value() {
    let client = |line: &str| format!("{CLIENT}{line}\n");
    for (text, expected) in [
        (
            client("secret = 8172635499"),
            "line 3: secret: invalid type, expected a string",
        ),
        (
            client("secret = [\"8172635499\"]"),
            "line 3: secret: invalid type, expected a string",
        ),
        (
            client("  manages_factors=\"8172635499, expected x\""),
            "line 3: manages_factors: invalid type, expected a boolean",
        ),
        (
            client("audiences = [ 8172635499 ]"),
            "line 3: audiences: invalid type, expected a string",
        ),
        (
            client("audiences = [\"8172635499=\", 5]"),
            "line 3: invalid type, expected a string",
        ),
        (
            client("[policy]\nsends = { burst = \"8172635499\", refill_seconds = 1 }"),
            "line 4: burst: invalid type, expected u32",
        ),
        (
            client("[policy]\nsends.burst = \"8172635499\""),
            "line 4: sends.burst: invalid type, expected u32",
        ),
        (
            format!("token_lifetime_seconds = -8172635499\n{CLIENT}"),
            "line 1: token_lifetime_seconds: invalid value, expected u64",
        ),
        (
            client("8172635499 = \"secret\""),
            "line 3: unknown field, expected one of `id`, `secret`, `audiences`, `scopes`, `manages_factors`, \
             `allowed_origins`",
        ),
        (
            client("secret = 8172635499-x"),
            "line 3: invalid date, expected month",
        ),
        (
            client("secret = '8172635499' 8172635499"),
            "line 3: unexpected key or value, expected newline, `#`",
        ),
        (
            "[[users]]\nemail = \"a\"\nsub = \"a\"\npassword = 8172635499\n".to_owned(),
            "line 4: password: invalid type, expected a string",
        ),
    ] {
        assert_eq!(error(&text), expected, "{text}");
    }
}
