use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::Few;

fn of(count: u8) -> Few<u8> {
    (1..=count).collect()
}

#[test]
fn it_holds_what_a_vector_would_in_the_same_order() {
    for count in 0..5 {
        let expected: Vec<u8> = (1..=count).collect();
        assert_eq!(&*of(count), &*expected);
        assert_eq!(format!("{:?}", of(count)), format!("{expected:?}"));
    }
}

#[test]
fn one_takes_no_memory_of_its_own_and_a_second_does() {
    assert!(matches!(of(0), Few::None));
    assert!(matches!(of(1), Few::One(1)));
    assert!(matches!(of(2), Few::Many(_)));
}

#[test]
fn what_is_not_kept_goes_and_the_rest_stays_in_its_order() {
    for count in 0..5 {
        for kept in 0_u8..32 {
            let keep = |item: &u8| kept >> item & 1 == 1;
            let mut few = of(count);
            few.retain(keep);
            let expected: Vec<u8> = (1..=count).filter(keep).collect();
            assert_eq!(&*few, &*expected);
            few.push(9);
            assert_eq!(few.last(), Some(&9));
            assert_eq!(few.len(), expected.len() + 1);
        }
    }
}

#[test]
fn each_can_be_changed_where_it_is() {
    for count in 0..4 {
        let mut few = of(count);
        few.iter_mut().for_each(|item| *item += 10);
        assert_eq!(&*few, &*(11..=10 + count).collect::<Vec<_>>());
    }
}

#[test]
fn cleared_it_is_empty() {
    for count in 0..4 {
        let mut few = of(count);
        few.clear();
        assert!(few.is_empty());
    }
}

#[test]
fn two_are_equal_by_what_they_hold_and_not_by_how() {
    let mut shrunk = of(2);
    shrunk.retain(|item| *item == 1);
    assert!(matches!(shrunk, Few::Many(_)));
    assert_eq!(shrunk, of(1));
    assert_ne!(shrunk, of(2));
    assert_ne!(of(0), of(1));
}

#[test]
fn it_is_stored_as_a_vector_is() {
    for count in 0..4 {
        let (few, plain) = (of(count), (1..=count).collect::<Vec<_>>());
        let text = serde_json::to_string(&few).unwrap();
        assert_eq!(text, serde_json::to_string(&plain).unwrap());
        assert_eq!(serde_json::from_str::<Few<u8>>(&text).unwrap(), few);
        let bytes = postcard::to_allocvec(&few).unwrap();
        assert_eq!(bytes, postcard::to_allocvec(&plain).unwrap());
        assert_eq!(postcard::from_bytes::<Few<u8>>(&bytes).unwrap(), few);
    }
    let refused = serde_json::from_str::<Few<u8>>("7")
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "invalid type: integer `7`, expected a sequence at line 1 column 1"
    );
    assert_eq!(vec![0], postcard::to_allocvec(&of(0)).unwrap());
}
