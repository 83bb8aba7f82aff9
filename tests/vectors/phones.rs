//! Phone numbers and their masks, and texts that are not phone numbers.

use oob_mfa::PhoneNumber;

use crate::json::{Json, json, list, object};

pub fn vectors() -> Json {
    let numbers = [
        "+14155558730",
        "+442079460000",
        "+8190123456789",
        "+1200000",
        "+9999999",
        "+999999999999999",
        "+120000000000000",
        // Italy has the 0 in its numbers, and countries with codes of 3 digits may.
        "+390612345678",
        "+2250712345678",
    ];
    let masks = numbers.map(|text| {
        let phone: PhoneNumber = text.parse().unwrap();
        assert_eq!(phone.to_e164(), text);
        object([("phone", json(text)), ("mask", json(&phone.to_string()))])
    });
    let invalid = [
        "",
        "+",
        "14155558730",
        "+999999",
        "+1000000000000000",
        "+04155558730",
        "+0000000",
        "+4407911123456",
        "+330612345678",
        "+10155558730",
        "+70123456789",
        "+1 4155558730",
        "+1-415-555-8730",
        " +14155558730",
        "+14155558730\n",
        "++14155558730",
        "+1415555873O",
        "tel:+14155558730",
        "＋14155558730",
        "+１４１５５５５８７３０",
        "+1415555873\u{663}",
    ];
    for text in invalid {
        assert!(text.parse::<PhoneNumber>().is_err(), "{text:?}");
    }
    object([
        ("phones", list(masks)),
        ("invalid", list(invalid.map(json))),
    ])
}
