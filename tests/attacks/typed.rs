//! A code is read as its owner meant it, and any other text is one wrong code.

use super::*;

/// How many wrong codes are left of each kind.
fn left(world: &World) -> [u32; 2] {
    let account = world.account();
    [Limit::BindingFailures, Limit::RecoveryFailures]
        .map(|limit| world.engine.remaining(&account, limit, world.now()))
}

/// The digits of another script, by its 0.
fn in_digits_of(zero: char, code: &str) -> String {
    let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap();
    code.chars().map(digit).collect()
}

/// Surroundings of pasted codes, and digits of other keyboards.
fn as_people_type(code: &str) -> Vec<String> {
    let (first, rest) = code.split_at(3);
    let mut typed = vec![
        format!(" {code}"),
        format!("{code} "),
        format!("{first} {rest}"),
        format!("{first}-{rest}"),
        format!("\u{a0}{code}"),
        format!("{code}\u{a0}"),
        format!("{first}\u{a0}{rest}"),
        format!("{code}\u{200b}"),
        format!("\u{202a}{code}\u{202c}"),
        format!("\u{feff}{code}"),
        format!("\t{code}\r\n"),
        format!("{first}\u{2013}{rest}"),
        format!("{first}ー{rest}"),
    ];
    // Fullwidth, Arabic-Indic, Persian, Devanagari, bold.
    for zero in ['０', '\u{660}', '\u{6f0}', '\u{966}', '\u{1d7ce}'] {
        typed.push(in_digits_of(zero, code));
    }
    typed.push(format!(
        "　{}－{}",
        in_digits_of('０', first),
        in_digits_of('\u{660}', rest)
    ));
    typed
}

#[test]
fn a_right_code_is_right_in_every_typed_form_and_uncharged() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    for number in 0..as_people_type("000000").len() {
        world.wait(HOUR);
        let (session, sent) = challenged(&mut world);
        let typed = &as_people_type(&sent.code)[number];
        let verified = world.verify(&session, &sent.with_code(typed));
        assert_eq!(
            verified.map(|verified| verified.purpose()),
            Ok(Purpose::Login),
            "{typed:?}"
        );
        assert_eq!(left(&world), [10, 10], "{typed:?}");
    }
}

#[test]
fn a_code_of_any_length_and_of_an_enrollment_is_read_alike() {
    for digits in 6..=8 {
        let policy = Policy::auth0().with_code_digits(digits).unwrap();
        for number in 0..as_people_type("000000").len() {
            let mut world = World::of(policy.clone(), "auth0|alice");
            let session = world.first_factor();
            let sent = world.associate(&session, ALICES).unwrap();
            assert_eq!(sent.code.len(), digits);
            let typed = &as_people_type(&sent.code)[number];
            let verified = world.verify(&session, &sent.with_code(typed));
            assert!(verified.is_ok(), "{typed:?}");
        }
    }
}

#[test]
fn ten_wrong_pastes_are_ten_wrong_codes_and_ten_right_pastes_are_not() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    let wrong = sent.wrong().code;
    for charged in 1..=10 {
        let pasted = sent.with_code(&as_people_type(&wrong)[charged]);
        assert_denied(world.verify(&session, &pasted), Denied::InvalidBindingCode);
        assert_eq!(left(&world), [10 - u32::try_from(charged).unwrap(), 10]);
    }
    let empty = failures_spent(&world);
    for pasted in as_people_type(&sent.code) {
        assert_unverified(&mut world, &session, &sent.with_code(&pasted), empty);
    }
}

/// Judges wrong texts, some of which contain the right code. Each is charged once.
fn assert_each_is_one_wrong_code(of: impl Fn(&str) -> Vec<String>) {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    for typed in of(&sent.code) {
        world.restore_budgets();
        let judged = world.verify(&session, &sent.with_code(&typed));
        assert_eq!(judged.err(), Some(Denied::InvalidBindingCode), "{typed:?}");
        assert_eq!(left(&world), [9, 10], "{typed:?}");
    }
    // They did not use up the code.
    assert!(world.verify(&session, &sent).is_ok());
}

#[test]
fn one_text_is_one_code() {
    assert_each_is_one_wrong_code(|code| {
        let other = if code == "123456" { "123457" } else { "123456" };
        vec![
            format!("{other} {code}"),
            format!("{code} {other}"),
            format!("{code}{code}"),
            format!("{code}\n{code}"),
            format!("code {code}"),
            format!("{code}."),
            format!("{code} is your Example code. Do not share it."),
            format!("#{code}"),
            format!("0{code}"),
            format!("{code}0"),
            format!("{code}\0"),
            code[..5].into(),
            code[1..].into(),
        ]
    });
}

#[test]
fn a_text_that_cannot_be_a_code_is_one_wrong_code() {
    assert_each_is_one_wrong_code(|_| {
        let shapes = [
            "",
            "1",
            "12345",
            "123456789",
            "abcdef",
            "１２３４５",
            "①②③④⑤⑥",
            "½½½½½½",
            "ⅠⅡⅢⅣⅤⅥ",
            "12345\0",
            "🔢🔢🔢🔢🔢🔢",
        ];
        let mut shapes = shapes.map(String::from).to_vec();
        shapes.push("9".repeat(10_000));
        shapes.push(" ".repeat(10_000));
        shapes
    });
}

#[test]
fn white_space_is_one_wrong_code() {
    let white = [
        " ",
        "      ",
        "       ",
        "\t",
        "\u{a0}",
        "\u{3000}",
        "\u{200b}",
        "\u{feff}\u{feff}",
        "-",
        "------",
    ];
    assert_each_is_one_wrong_code(|_| white.map(String::from).to_vec());
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let session = world.first_factor();
    for typed in white.into_iter().chain([""]) {
        world.restore_budgets();
        assert_denied(world.recover(&session, typed), Denied::InvalidRecoveryCode);
        assert_eq!(left(&world), [10, 9], "{typed:?}");
    }
    assert!(world.recover(&session, &recovery).is_ok());
}

#[test]
fn a_text_of_six_bytes_is_compared_unchanged() {
    assert_each_is_one_wrong_code(|code| {
        // No room for 6 digits and a separator.
        let (five, two) = (&code[..5], &code[..2]);
        vec![
            format!(" {five}"),
            format!("{five} "),
            format!("{two}-{}", &code[3..]),
            in_digits_of('０', two),
            in_digits_of('\u{660}', &code[..3]),
        ]
    });
}

#[test]
fn a_code_within_192_bytes_is_read_and_one_beyond_is_one_wrong_code() {
    assert_each_is_one_wrong_code(|code| {
        vec![
            format!("{}{code}", " ".repeat(187)),
            format!("{code}{}", "\u{200b}".repeat(63)),
        ]
    });
    for typed in [
        |code: &str| format!("{}{code}", " ".repeat(186)),
        |code: &str| format!("{code}{}", "\u{200b}".repeat(62)),
    ] {
        let mut world = World::new();
        world.import(ALICES).unwrap();
        let (session, sent) = challenged(&mut world);
        let typed = typed(&sent.code);
        assert!(typed.len() <= 192);
        assert!(world.verify(&session, &sent.with_code(&typed)).is_ok());
    }
}

/// A recovery code in 4 groups.
fn in_groups(code: &str, separator: &str) -> String {
    let groups: Vec<&str> = (0..6)
        .map(|group| &code[4 * group..4 * group + 4])
        .collect();
    groups.join(separator)
}

#[test]
fn a_recovery_code_is_right_in_every_typed_form_and_uncharged() {
    let separators = [
        " ", "-", " - ", "\u{2003}", "\u{2007}", "\u{2009}", "\u{202f}", "\u{200b}", "\u{200e}",
        "\u{ad}", "\u{feff}", "\u{a0}", "\u{3000}", "\u{2010}", "\u{2014}", "\u{2212}", "ー", "\n",
    ];
    for separator in separators {
        let mut world = World::new();
        let (_, mut code) = world.enroll(ALICES);
        let wide = |code: &str| -> String {
            let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
            code.chars().map(wide).collect()
        };
        for typed in [
            in_groups(&code, separator),
            format!("{separator}{code}{separator}"),
            in_groups(&code.to_lowercase(), separator),
            wide(&code),
            wide(&code.to_lowercase()) + separator,
        ] {
            let mut world = world.clone();
            let session = world.first_factor();
            assert!(world.recover(&session, &typed).is_ok(), "{typed:?}");
            assert_eq!(left(&world), [10, 10], "{typed:?}");
        }
        // Its replacement too.
        let session = world.first_factor();
        let verified = world
            .recover(&session, &in_groups(&code, separator))
            .unwrap();
        code = verified.recovery_code().unwrap().expose_secret().into();
        let session = world.first_factor();
        assert!(
            world
                .recover(&session, &in_groups(&code, separator))
                .is_ok()
        );
    }
}

#[test]
fn a_recovery_code_of_another_shape_is_one_wrong_code() {
    let mut world = World::new();
    let (_, code) = world.enroll(ALICES);
    let session = world.first_factor();
    for typed in [
        code[1..].to_owned(),
        format!("{code}2"),
        format!("2{code}"),
        format!("{code}{code}"),
        format!("{code}, {code}"),
        format!("Recovery code: {code}"),
        format!("{code}\0"),
        // 24 bytes are compared as they are.
        format!(" {}", &code[..23]),
        format!("{}-", &code[..23]),
        format!("{code}{}", " ".repeat(169)),
        "é".repeat(24),
    ] {
        world.restore_budgets();
        assert_denied(world.recover(&session, &typed), Denied::InvalidRecoveryCode);
        assert_eq!(left(&world), [10, 9], "{typed:?}");
    }
    let most = format!("{code}{}", " ".repeat(168));
    assert!(world.recover(&session, &most).is_ok());
}

#[test]
fn a_voice_call_has_three_keys_of_the_same_source_and_no_record_has_them() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let mut drawn = Vec::new();
    for seed in 0..4 {
        let mut by_voice = world.clone();
        by_voice.rng = TestRng::new(seed);
        let mut by_sms = by_voice.clone();
        let mut again = by_voice.clone();
        let [call, text, same] = [
            (&mut by_voice, Channel::Voice),
            (&mut by_sms, Channel::Sms),
            (&mut again, Channel::Voice),
        ]
        .map(|(world, channel)| {
            world.challenge_by(&session, None, Some(channel)).unwrap();
            world.outbox().messages().pop().unwrap()
        });
        let keys = call.keys.clone().unwrap();
        assert_eq!(keys.len(), 3);
        assert!(keys.bytes().all(|key| key.is_ascii_digit()), "{keys}");
        // They come after the code, so the code of an SMS is the same. An SMS has none.
        assert_eq!(
            (call.code.as_str(), text.keys.as_deref()),
            (text.code.as_str(), None)
        );
        assert_eq!(same.keys.as_ref(), Some(&keys));
        assert!(!format!("{call:?}").contains("keys"));
        // Their records differ only in the channel.
        let stored = serde_json::to_string(&by_voice.account()).unwrap();
        let expected = serde_json::to_string(&by_sms.account()).unwrap();
        assert_eq!(
            stored,
            expected.replace(r#""channel":"sms""#, r#""channel":"voice""#)
        );
        drawn.push(keys);
    }
    drawn.dedup();
    assert!(drawn.len() > 1, "the same keys for every call");
}

#[test]
fn a_call_of_an_association_has_keys_too() {
    let mut world = World::new();
    let session = world.first_factor();
    for (channel, has_keys) in [(Channel::Voice, true), (Channel::Sms, false)] {
        let request = Associate {
            channel,
            phone: ALICES.parse().unwrap(),
        };
        let (account, now) = (world.account(), world.now());
        let transition = world
            .engine
            .associate(account, &session, &request, now, &mut world.rng);
        let delivery = world.commit(transition).unwrap().delivery;
        assert_eq!(delivery.keys.is_some(), has_keys, "{channel}");
        assert_eq!(
            format!("{:?}", delivery.keys).contains("redacted"),
            has_keys
        );
    }
}
