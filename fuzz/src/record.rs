//! Records: anything that a store may return.

use oob_mfa::{
    Account, Associate, Assurance, BindingCode, Challenge, Channel, Limit, MfaSession, PhoneNumber,
    Policy, RecoveryCode, Step, Transition, VerifyOob,
};
use oob_mfa_testing::record::Record;
use oob_mfa_testing::{EVERY_SCOPE, HOUR, MINUTE, SECOND, World};
use time::UtcDateTime;

/// The largest revision of a record: what a JSON number holds exactly.
const MAX_REVISION: u64 = (1 << 53) - 1;

/// Loads the bytes as a record, in both forms. A record that loads also saves and loads again
/// unchanged, and every operation on it leaves a record that loads.
pub fn record(data: &[u8]) {
    if let Ok(account) = serde_json::from_slice::<Account>(data) {
        check(&account);
    }
    if let Ok(account) = postcard::from_bytes::<Account>(data) {
        check(&account);
    }
}

/// The record of an account, in JSON and in postcard.
pub fn stored(account: &Account) -> (Vec<u8>, Vec<u8>) {
    let json = serde_json::to_vec(account).expect("an account has a JSON form");
    let binary = postcard::to_allocvec(account).expect("an account has a binary form");
    (json, binary)
}

fn check(account: &Account) {
    reloads(account);
    assert!(account.revision() > 0, "a record that was never stored");
    assert_eq!(
        account.replaces(),
        account
            .revision()
            .checked_sub(1)
            .filter(|stored| *stored > 0)
    );
    // There is no next revision, after more changes than a user can make in a lifetime.
    if account.revision() == MAX_REVISION {
        return;
    }
    let oob_codes = oob_codes(account);
    for policy in [Policy::auth0(), Policy::nist_800_63b4()] {
        let mut world = World::of(policy, account.subject().as_str());
        let beginning = world.now();
        // The sessions that the seeds were made with.
        let sessions = [
            world.first_factor(),
            world.first_factor(),
            world.second_factor(),
            world.trusted(Assurance::Mfa, EVERY_SCOPE, HOUR),
        ];
        for now in [
            UtcDateTime::UNIX_EPOCH,
            beginning + 20 * SECOND,
            beginning + 7 * MINUTE,
            UtcDateTime::MAX,
        ] {
            let asked = Asked {
                world: &world,
                account,
                as_of: Record::of(account).0.as_of,
                now,
            };
            for session in &sessions {
                asked.every_operation_of(session, &oob_codes);
            }
            asked.every_operation_of_an_administrator();
        }
    }
}

/// The text form and the binary form both return the account, and each account has only one of
/// each.
fn reloads(account: &Account) {
    let (json, binary) = stored(account);
    let from_json: Account = serde_json::from_slice(&json).expect("a record of the crate loads");
    let from_binary: Account = postcard::from_bytes(&binary).expect("a record of the crate loads");
    assert_eq!(from_json, *account);
    assert_eq!(from_binary, *account);
    assert_eq!(stored(&from_binary), (json, binary));
}

/// The handles of the challenges: the record and the client have the same ones.
fn oob_codes(account: &Account) -> Vec<String> {
    let record = serde_json::to_value(account).expect("an account has a JSON form");
    let challenges = record["account"]["challenges"]
        .as_array()
        .expect("a list of challenges");
    challenges
        .iter()
        .map(|pending| pending["id"].as_str().expect("the text of an id"))
        .map(str::to_owned)
        .collect()
}

/// The operations on one account at one time.
struct Asked<'a> {
    world: &'a World,
    account: &'a Account,
    as_of: i64,
    now: UtcDateTime,
}

impl Asked<'_> {
    fn account(&self) -> Account {
        self.account.clone()
    }

    fn every_operation_of(&self, session: &MfaSession, oob_codes: &[String]) {
        let (engine, now, rng) = (&self.world.engine, self.now, &mut self.world.rng.fork(0));
        let associate = Associate {
            channel: Channel::Sms,
            phone: another_phone(),
        };
        self.changes(engine.associate(self.account(), session, &associate, now, rng));
        let challenge = Challenge::default();
        self.changes(engine.challenge(self.account(), session, &challenge, now, rng));
        for oob_code in oob_codes {
            let request = VerifyOob {
                oob_code: oob_code.as_str().into(),
                binding_code: BindingCode::from("000000"),
            };
            self.changes(engine.verify_oob(self.account(), session, &request, now));
        }
        let recovery_code = RecoveryCode::from("2222-2222-2222-2222-2222-2222");
        self.changes(engine.verify_recovery_code(
            self.account(),
            session,
            &recovery_code,
            now,
            rng,
        ));
        self.changes(engine.regenerate_recovery_code(self.account(), session, now, rng));
        let Ok(entries) = engine.authenticators(self.account, session, now) else {
            return;
        };
        for entry in entries {
            let challenge = Challenge {
                authenticator: Some(entry.id),
                channel: None,
            };
            self.changes(engine.challenge(self.account(), session, &challenge, now, rng));
            for channel in [Channel::Sms, Channel::Voice].map(Some) {
                let challenge = Challenge {
                    channel,
                    ..challenge
                };
                self.changes(engine.challenge(self.account(), session, &challenge, now, rng));
            }
            self.changes(engine.remove_authenticator(self.account(), session, &entry.id, now));
        }
    }

    fn every_operation_of_an_administrator(&self) {
        let (engine, now, rng) = (&self.world.engine, self.now, &mut self.world.rng.fork(1));
        for limit in Limit::ALL {
            let burst = engine.policy().rate(limit).burst();
            assert!(engine.remaining(self.account, limit, now) <= burst);
        }
        for phone in engine.phones(self.account, now) {
            self.changes(engine.remove_phone(self.account(), phone.device, now));
        }
        let imported = another_phone();
        self.changes(engine.import_phone(self.account(), imported, Channel::Voice, now, rng));
        self.changes(engine.restore_budgets(self.account(), now));
        self.changes(engine.reset(self.account(), now));
        self.changes(engine.erase(self.account(), now));
        if let Some(rewound) = self.saved(engine.rewind(self.account(), now)) {
            assert!(rewound.as_of == self.now_millis() && rewound.as_of < self.as_of);
        }
    }

    fn now_millis(&self) -> i64 {
        let millis = self.now.unix_timestamp_nanos() / 1_000_000;
        i64::try_from(millis).expect("a moment of the clock")
    }

    /// The time of an account never runs backwards.
    fn changes<T>(&self, transition: Transition<T>) {
        if let Some(record) = self.saved(transition) {
            assert_eq!(record.as_of, self.as_of.max(self.now_millis()));
        }
    }

    /// The stored account, if any. No decision may panic.
    fn saved<T>(&self, transition: Transition<T>) -> Option<Record> {
        match transition.begin() {
            Step::Refused(outcome) => {
                assert!(outcome.result.is_err());
                assert!(outcome.events.is_empty(), "a refusal with events");
                None
            }
            Step::Save(next, sealed) => {
                assert_eq!(next.account().replaces(), Some(self.account.revision()));
                assert_eq!(next.account().subject(), self.account.subject());
                reloads(next.account());
                let (record, _) = Record::of(next.account());
                let _outcome = sealed.open(next.stored_durably()).expect("its own");
                Some(record)
            }
        }
    }
}

/// A number that no seed has.
fn another_phone() -> PhoneNumber {
    "+818012345678".parse().expect("a number")
}
