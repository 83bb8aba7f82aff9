use super::*;

const ALICES: &str = "+14155558730";
const BOBS: &str = "+447911123456";

fn target(number: &str) -> Target {
    Target {
        phone: number.parse().unwrap(),
        channel: Channel::Sms,
    }
}

fn at(seconds: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
}

fn outage(retry_after: u64) -> Result<(), NotAdmitted> {
    Err(NotAdmitted::Outage {
        retry_after: Duration::from_secs(retry_after),
    })
}

fn anywhere() -> Admission {
    Admission::new(Prefixes::default())
}

#[test]
fn the_longest_prefix_that_matches_decides() {
    assert_eq!(anywhere().check(target(BOBS), at(0)), Ok(()));
    let list = |prefixes: &[&str]| prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
    let some = Admission::new(Prefixes {
        allowed: list(&["1", "49", "1876555"]),
        denied: list(&["1876", "4915"]),
    });
    for number in [ALICES, "+4930123456", "+18765550100"] {
        assert_eq!(some.check(target(number), at(0)), Ok(()), "{number}");
    }
    for number in [BOBS, "+41791234567", "+18765560100", "+4915112345678"] {
        let refused = some.check(target(number), at(0));
        assert_eq!(refused, Err(NotAdmitted::Prefix), "{number}");
    }
    let all_but_one = Admission::new(Prefixes {
        allowed: Vec::new(),
        denied: list(&["44"]),
    });
    assert_eq!(all_but_one.check(target(ALICES), at(0)), Ok(()));
    let refused = all_but_one.check(target(BOBS), at(0));
    assert_eq!(refused, Err(NotAdmitted::Prefix));
}

#[test]
fn after_three_failures_in_a_row_one_message_in_thirty_seconds_is_tried() {
    let admission = anywhere();
    let check = |seconds| admission.check(target(ALICES), at(seconds));
    let fails = |number, seconds| admission.failed(target(number), at(seconds));
    fails(ALICES, 0);
    fails(BOBS, 0);
    assert_eq!(check(0), Ok(()));
    admission.sent(Channel::Sms);
    fails(ALICES, 0);
    fails(BOBS, 0);
    assert_eq!(check(0), Ok(()), "a success ends the row");
    fails(BOBS, 1);
    assert_eq!(check(1), outage(30));
    assert_eq!(check(30), outage(1));
    assert_eq!(check(31), Ok(()));
    assert_eq!(check(31), Ok(()), "nothing was sent");
    admission.tries(Channel::Sms, at(31));
    assert_eq!(check(31), outage(30), "one at a time");
    fails(ALICES, 32);
    assert_eq!(check(61), outage(1));
    assert_eq!(check(62), Ok(()));
    admission.tries(Channel::Sms, at(62));
    admission.sent(Channel::Sms);
    assert_eq!(check(62), Ok(()));
}

#[test]
fn one_number_that_fails_again_and_again_is_no_outage() {
    let admission = anywhere();
    for _ in 0..100 {
        admission.failed(target(ALICES), at(0));
        assert_eq!(admission.check(target(BOBS), at(0)), Ok(()));
    }
    admission.failed(target(BOBS), at(0));
    assert_eq!(admission.check(target(BOBS), at(0)), outage(30));
}

#[test]
fn an_outage_of_one_channel_is_none_of_the_other() {
    let admission = anywhere();
    for number in [ALICES, BOBS, ALICES] {
        admission.failed(target(number), at(0));
    }
    assert_eq!(admission.check(target(ALICES), at(0)), outage(30));
    let mut call = target(ALICES);
    call.channel = Channel::Voice;
    assert_eq!(admission.check(call, at(0)), Ok(()));
}

#[test]
fn a_clock_that_was_set_back_keeps_nobody_waiting() {
    let admission = anywhere();
    for number in [ALICES, BOBS, ALICES] {
        admission.failed(target(number), at(3_600));
    }
    assert_eq!(admission.check(target(ALICES), at(0)), Ok(()));
}
