//! Random bytes to codes and ids.

use oob_mfa::*;

use crate::json::{Json, json, list, null, object};
use crate::stream::{Given, Recorded};
use crate::{KEY, START, alice, hex, moment, trusted};

const PHONE: &str = "+14155558730";

/// An account with one phone, which is never saved, and a session of each kind.
pub struct Enrolled {
    account: Account,
    first_factor: MfaSession,
    mfa: MfaSession,
}

impl Enrolled {
    pub fn new() -> Self {
        let now = moment(START);
        let engine = KEY.engine(Policy::auth0());
        let mut rng = Given::new([0; 64]);
        let imported = engine.import_phone(
            Account::new(alice()),
            PHONE.parse().unwrap(),
            Channel::Sms,
            now,
            &mut rng,
        );
        let (_, account) = both(imported);
        Self {
            account,
            first_factor: trusted("jti-1", Assurance::FirstFactor),
            mfa: trusted("jti-1", Assurance::Mfa),
        }
    }

    pub fn regenerate(&self, rng: &mut impl rand_core::CryptoRng) -> (RecoveryCode, Account) {
        let engine = KEY.engine(Policy::auth0());
        both(engine.regenerate_recovery_code(self.account.clone(), &self.mfa, moment(START), rng))
    }

    fn challenge(&self, digits: usize, random: &[u8]) -> Json {
        let policy = Policy::auth0().with_code_digits(digits).unwrap();
        let engine = KEY.engine(policy);
        let mut rng = Given::new(random);
        let request = Challenge::default();
        let (challenged, _) = both(engine.challenge(
            self.account.clone(),
            &self.first_factor,
            &request,
            moment(START),
            &mut rng,
        ));
        assert!(rng.is_used_up());
        object([
            ("digits", json(&digits)),
            ("random", hex(random)),
            ("oob_code", json(&challenged.oob_code.expose_secret())),
            (
                "binding_code",
                json(challenged.delivery.code.expose_secret()),
            ),
        ])
    }
}

/// The grant, and the account to save.
pub fn both<T>(transition: Transition<T>) -> (T, Account) {
    let mut next = None;
    let outcome = transition.commit(|saved| {
        next = Some(saved.account().clone());
        Ok::<_, std::convert::Infallible>(())
    });
    (outcome.unwrap().result.unwrap(), next.unwrap())
}

/// 16 bytes for an `oob_code`, then these words.
fn bytes(first: u8, words: &[u32]) -> Vec<u8> {
    let id = (0..16).map(|index| first.wrapping_add(index));
    id.chain(words.iter().flat_map(|word| word.to_le_bytes()))
        .collect()
}

pub fn vectors() -> Json {
    let enrolled = Enrolled::new();
    let words: &[(usize, &[u32])] = &[
        (6, &[0]),
        (6, &[42]),
        (6, &[999_999]),
        (6, &[1_000_000]),
        (6, &[0x1234_5678]),
        (6, &[4_293_999_999]),
        (6, &[4_294_000_000, 7]),
        (6, &[u32::MAX, 4_294_000_000, 999_999]),
        (7, &[42]),
        (7, &[9_999_999]),
        (7, &[10_000_000]),
        (7, &[4_289_999_999]),
        (7, &[4_290_000_000, 7]),
        (8, &[42]),
        (8, &[99_999_999]),
        (8, &[100_000_000]),
        (8, &[4_199_999_999]),
        (8, &[4_200_000_000, u32::MAX, 8]),
    ];
    let binding = words
        .iter()
        .enumerate()
        .map(|(index, (digits, words))| enrolled.challenge(*digits, &bytes(index as u8, words)));

    let mut rng = Recorded::new(1);
    let mut regenerated = |_| {
        let (code, account) = enrolled.regenerate(&mut rng);
        let record = serde_json::to_value(account).unwrap();
        object([
            ("random", rng.drawn()),
            ("device", json(&record["account"]["recovery"]["device"])),
            ("recovery_code", json(code.expose_secret())),
        ])
    };
    let recovery: Vec<Json> = (0..6).map(&mut regenerated).collect();

    let of_words =
        |words: Vec<u32>| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    let first = of_words((0..16).collect());
    let last = of_words((46..62).collect());
    let rejected = of_words(
        (u32::MAX - 3..=u32::MAX)
            .chain((0..16).map(|word| u32::MAX - 4 - word))
            .collect(),
    );
    let devices = [first, last, rejected].map(|random| {
        let mut rng = Given::new(random.clone());
        let engine = KEY.engine(Policy::auth0());
        let phone = PHONE.parse().unwrap();
        let fresh = Account::new(alice());
        let imported = engine.import_phone(fresh, phone, Channel::Sms, moment(START), &mut rng);
        assert!(rng.is_used_up());
        let id = both(imported).0.to_string();
        let device = id.strip_prefix("sms|").unwrap();
        object([("random", hex(&random)), ("device", json(device))])
    });

    let typed = [
        "ABCDEFGHJKLMNPQRSTUVWXYZ",
        "abcd efgh jklm npqr stuv wxyz",
        "  abcd-EFGH-jklm-NPQR-stuv-WXYZ\r\n",
        "ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＱＲＳＴＵＶＷＸＹＺ",
        "ａｂｃｄｅｆｇｈ\u{3000}ｊｋｌｍｎｐｑｒ\u{2010}ｓｔｕｖｗｘｙｚ",
        "ABCDEFGHJKLM\u{2212}NPQRSTUV\u{a0}WXYZ",
        "ABCDEFGHJKLM\u{200b}NPQR\u{2003}STUV\u{ad}WXYZ\u{feff}",
        "２３４５６７８９\u{663}345678923456789２３",
        "ABCDEFGHJKLM_NPQRSTUVWXYZ",
        "0BCDEFGHJKLMNPQRSTUVWXYI",
        "ABCDEFGHJKLMNPQRSTUVWXY",
        "ABCDEFGHJKLMNPQRSTUVWXYZZ",
        "",
    ];
    let typed = typed.map(|typed| {
        let code = RecoveryCode::from(typed);
        let read = match code.expose_secret() {
            "" => null(),
            read => json(read),
        };
        object([("typed", json(typed)), ("recovery_code", read)])
    });

    object([
        ("challenges", list(binding)),
        ("recovery_codes", list(recovery)),
        ("devices", list(devices)),
        ("typed_recovery_codes", list(typed)),
    ])
}
