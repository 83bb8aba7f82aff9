{
    struct Printer {
        sent: Vec<String>,
        works: bool,
    }

    impl Provider for Printer {
        fn text(&mut self, to: &str, words: &str, key: &str) -> Sent {
            self.sent.push(format!("{to} {words} {}", key.len()));
            self.works.then_some(()).ok_or(Failure::TimedOut)
        }

        fn call(&mut self, _: &str, _: VoiceCall, _: &str) -> Sent {
            Err(Failure::Refused)
        }
    }

    let at_admit = include!("at_admit.rs");
    let mut world = oob_mfa_testing::World::new();
    let wording = Wording::new("Example".parse().unwrap(), None).unwrap();
    for (channel, works, status) in [
        ("sms", true, 200),
        ("sms", false, 200),
        ("voice", true, 502),
    ] {
        let step = at_admit(&mut world, channel, "+14155558730");
        let Exchange::Replace(step) = step.admitted() else {
            panic!("a write")
        };
        let Exchange::Send(step) = step.stored() else {
            panic!("a message")
        };
        let code = step.delivery().code.expose_secret().to_owned();
        let mut provider = Printer {
            sent: Vec::new(),
            works,
        };
        let Exchange::Done(reply) = send(step, &wording, &mut provider) else {
            panic!("the end")
        };
        assert_eq!(reply.status(), status);
        let text = format!("+14155558730 {code} is your Example code. Do not share it. 22");
        assert_eq!(
            provider.sent,
            if channel == "sms" { vec![text] } else { vec![] }
        );
    }
}
