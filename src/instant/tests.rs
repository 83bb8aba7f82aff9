use alloc::string::ToString;
use alloc::vec;
use core::time::Duration;

use time::UtcDateTime;

use super::{Millis, whole_millis};

const LAST_OF_CLOCK: u64 = 253_402_300_799_999;
const LAST_STORED: u64 = 9_007_199_254_740_991;

fn at_nanos(nanos: i128) -> u64 {
    Millis::at(UtcDateTime::from_unix_timestamp_nanos(nanos).unwrap()).get()
}

#[test]
fn a_moment_is_rounded_down_to_its_millisecond() {
    assert_eq!(at_nanos(0), 0);
    assert_eq!(at_nanos(999_999), 0);
    assert_eq!(at_nanos(1_000_000), 1);
    assert_eq!(at_nanos(1_999_999), 1);
    assert_eq!(at_nanos(1_800_000_000_123_456_789), 1_800_000_000_123);
}

#[test]
fn a_moment_before_1970_counts_as_1970() {
    assert_eq!(at_nanos(-1), 0);
    assert_eq!(at_nanos(-1_000_000_000), 0);
    assert_eq!(Millis::at(UtcDateTime::MIN), Millis::EPOCH);
}

#[test]
fn the_last_moment_of_the_clock_is_the_last_millisecond_of_9999() {
    assert_eq!(at_nanos(253_402_300_799_998_999_999), LAST_OF_CLOCK - 1);
    assert_eq!(at_nanos(253_402_300_799_999_000_000), LAST_OF_CLOCK);
    assert_eq!(Millis::at(UtcDateTime::MAX).get(), LAST_OF_CLOCK);
}

#[test]
fn a_time_converts_to_its_calendar_time() {
    let moment = UtcDateTime::from_unix_timestamp_nanos(1_800_000_000_123_000_000).unwrap();
    assert_eq!(Millis::at(moment).to_utc(), moment);
    assert_eq!(Millis::EPOCH.to_utc(), UtcDateTime::UNIX_EPOCH);
}

#[test]
fn a_time_past_the_calendar_becomes_its_last_millisecond() {
    let last = Millis::from_stored(LAST_OF_CLOCK).unwrap().to_utc();
    assert_eq!(last.unix_timestamp_nanos(), 253_402_300_799_999_000_000);
    assert_eq!(
        Millis::from_stored(LAST_OF_CLOCK + 1).unwrap().to_utc(),
        last
    );
    assert_eq!(Millis::from_stored(LAST_STORED).unwrap().to_utc(), last);
}

#[test]
fn spans_saturate_at_both_ends() {
    let moment = Millis::from_stored(1_000).unwrap();
    assert_eq!(moment.after(5).get(), 1_005);
    assert_eq!(moment.before(5).get(), 995);
    assert_eq!(moment.before(1_000), Millis::EPOCH);
    assert_eq!(moment.before(1_001), Millis::EPOCH);
    assert_eq!(moment.after(u64::MAX).get(), u64::MAX);
    assert_eq!(moment.since(Millis::EPOCH), 1_000);
    assert_eq!(moment.since(moment), 0);
    assert_eq!(Millis::EPOCH.since(moment), 0);
}

#[test]
fn a_stored_time_is_at_most_what_a_json_number_holds() {
    assert_eq!(serde_json::from_str::<Millis>("0").unwrap(), Millis::EPOCH);
    assert_eq!(
        serde_json::from_str::<Millis>("9007199254740991")
            .unwrap()
            .get(),
        LAST_STORED
    );
    let refused = serde_json::from_str::<Millis>("9007199254740992").unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("a moment is out of range: at most 2^53 - 1 milliseconds"),
        "{refused}"
    );
    for not_a_moment in ["-1", "1.5", "\"1\"", "null", "18446744073709551616"] {
        assert!(
            serde_json::from_str::<Millis>(not_a_moment).is_err(),
            "{not_a_moment}"
        );
    }

    let greatest = postcard::to_allocvec(&LAST_STORED).unwrap();
    assert_eq!(
        greatest,
        vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]
    );
    assert_eq!(
        postcard::from_bytes::<Millis>(&greatest).unwrap().get(),
        LAST_STORED
    );
    let beyond = postcard::to_allocvec(&(LAST_STORED + 1)).unwrap();
    assert!(postcard::from_bytes::<Millis>(&beyond).is_err());
}

#[test]
fn only_whole_milliseconds_that_fit_count_as_whole() {
    assert_eq!(whole_millis(Duration::ZERO), Some(0));
    assert_eq!(whole_millis(Duration::from_millis(1)), Some(1));
    assert_eq!(whole_millis(Duration::from_nanos(1)), None);
    assert_eq!(whole_millis(Duration::from_nanos(999_999)), None);
    assert_eq!(whole_millis(Duration::from_nanos(1_000_001)), None);
    assert_eq!(
        whole_millis(Duration::from_millis(u64::MAX)),
        Some(u64::MAX)
    );
    assert_eq!(
        whole_millis(Duration::from_millis(u64::MAX) + Duration::from_millis(1)),
        None
    );
    assert_eq!(whole_millis(Duration::MAX), None);
}
