//! Records: what a store hands back, whatever has happened to it there.

use core::convert::Infallible;

use oob_mfa::{
    Account, Associate, AuthenticatorId, BindingCode, Challenge, Channel, Engine, MfaSession, Next,
    Outcome, Policy, RecoveryCode, Transition, VerifyOob,
};
use time::{Duration, UtcDateTime};

use crate::world;

/// The greatest revision of a record: what a JSON number holds exactly.
const GREATEST_REVISION: u64 = (1 << 53) - 1;

/// Loads the bytes as a record, in both forms. What loads stores and loads again as it is, and every
/// operation on it leaves a record that loads.
pub fn record(data: &[u8]) {
    if let Ok(account) = serde_json::from_slice::<Account>(data) {
        check(&account);
    }
    if let Ok(account) = postcard::from_bytes::<Account>(data) {
        check(&account);
    }
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
    // There is no next one, after more changes than a user can live to see.
    if account.revision() == GREATEST_REVISION {
        return;
    }
    let oob_codes = oob_codes(account);
    for policy in [Policy::auth0(), Policy::nist_800_63b4()] {
        let engine = world::engine(policy);
        for now in [
            UtcDateTime::UNIX_EPOCH,
            world::beginning() + Duration::seconds(20),
            world::beginning() + Duration::minutes(7),
            UtcDateTime::MAX,
        ] {
            for session in [
                world::first_factor(account.subject(), 1),
                world::first_factor(account.subject(), 2),
                world::mfa(account.subject()),
            ] {
                every_operation(&engine, account, &session, &oob_codes, now);
            }
        }
    }
}

/// The text form and the binary one both give the account back, and are the only ones of it.
fn reloads(account: &Account) {
    let (json, binary) = world::stored(account);
    let from_json: Account = serde_json::from_slice(&json).expect("a record of ours loads");
    let from_binary: Account = postcard::from_bytes(&binary).expect("a record of ours loads");
    assert_eq!(from_json, *account);
    assert_eq!(from_binary, *account);
    assert_eq!(world::stored(&from_binary), (json, binary));
}

/// The handles of the challenges: the record has them as the client does.
fn oob_codes(account: &Account) -> Vec<String> {
    let record = serde_json::to_value(account).expect("an account has a JSON form");
    let challenges = record["challenges"]
        .as_array()
        .expect("a list of challenges");
    challenges
        .iter()
        .filter_map(|pending| pending["id"].as_str())
        .map(str::to_owned)
        .collect()
}

fn every_operation(
    engine: &Engine,
    account: &Account,
    session: &MfaSession,
    oob_codes: &[String],
    now: UtcDateTime,
) {
    let rng = &mut world::rng(3);
    let entries: Vec<_> = match engine.authenticators(account, session, now) {
        Ok(entries) => entries.collect(),
        Err(_) => Vec::new(),
    };
    let phone = "+818012345678".parse().expect("a number");
    let associate = Associate {
        channel: Channel::Sms,
        phone,
    };
    saved(
        account,
        engine.associate(account, session, &associate, now, rng),
    );
    saved(
        account,
        engine.challenge(account, session, &Challenge::default(), now, rng),
    );
    for oob_code in oob_codes {
        let request = VerifyOob {
            oob_code: oob_code.as_str().into(),
            binding_code: BindingCode::from("000000"),
        };
        saved(account, engine.verify_oob(account, session, &request, now));
    }
    let recovery_code = RecoveryCode::from("2222-2222-2222-2222-2222-2222");
    saved(
        account,
        engine.verify_recovery_code(account, session, &recovery_code, now, rng),
    );
    saved(
        account,
        engine.regenerate_recovery_code(account, session, now, rng),
    );
    for entry in &entries {
        let challenge = Challenge {
            authenticator: Some(entry.id),
        };
        saved(
            account,
            engine.challenge(account, session, &challenge, now, rng),
        );
        saved(
            account,
            engine.remove_authenticator(account, session, &entry.id, now),
        );
        if let AuthenticatorId::Phone(_, device) = entry.id {
            saved(account, engine.remove_phone(account, device, now));
        }
    }
    saved(
        account,
        engine.import_phone(account, phone, Channel::Voice, now, rng),
    );
    saved(account, engine.restore_budgets(account, now));
    saved(account, engine.reset(account, now));
}

fn saved<T>(account: &Account, transition: Transition<T>) {
    let save = |next: Next| {
        assert_eq!(next.account.replaces(), Some(account.revision()));
        assert_eq!(next.account.subject(), account.subject());
        reloads(&next.account);
        Ok::<_, Infallible>(())
    };
    // Whatever was decided: none of it may panic.
    let Ok(Outcome { .. }) = transition.commit(save);
}
