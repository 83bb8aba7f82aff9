//! What the accounts have stored and left after an attack.

use std::collections::HashSet;
use std::time::Duration;

use crate::attack::login;
use crate::common::request::Request;
use crate::fleet::{Target, User};
use crate::received::{Received, Tally};
use crate::record::{BURST, Record};
use crate::shots::{Attacked, Kind, Seen};

/// In this time no code expires and no budget refills, so every count is exact.
pub const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The totals over all accounts.
#[derive(Default)]
pub struct Sums {
    pub received: Tally,
    /// Logins that clients completed.
    pub codes_granted: usize,
    /// Logins that are stored.
    pub codes_used: usize,
    pub wrong_received: usize,
    pub wrong_charged: usize,
    /// Messages that clients know of.
    pub sends_granted: usize,
    /// Messages that left.
    pub messages: usize,
    pub sends_charged: usize,
    /// Results that clients got, and messages that left, without being stored.
    pub lost: usize,
    /// Results that clients got beyond the limits.
    pub beyond: usize,
    /// Changes that are stored and that no client knows of.
    pub untold: usize,
    /// The part of `untold` beyond the requests whose clients cannot know.
    pub unexplained: usize,
}

/// Compares what clients got with what is stored. The client of an open request does not know its result.
pub fn sums(
    fleet: &impl Target,
    seen: &[Seen],
    is_open: impl Fn(&Seen) -> bool,
    accounts: &[(Attacked, Record)],
) -> Sums {
    let mut sums = Sums {
        received: seen.iter().map(|seen| seen.received).collect(),
        ..Sums::default()
    };
    for (account, (Attacked { user, .. }, record)) in accounts.iter().enumerate() {
        record.adds_up();
        let count = |kinds: &[Kind], is: &dyn Fn(&Seen) -> bool| {
            let of_it = seen.iter().filter(|seen| seen.account == account);
            let of_them = of_it.filter(|seen| kinds.contains(&seen.kind));
            of_them.filter(|seen| is(seen)).count()
        };
        let told = |kinds: &[Kind], received| count(kinds, &|seen| seen.received == received);
        let open = |kinds: &[Kind]| count(kinds, &is_open);
        let codes = &[Kind::WrongCode][..];
        let recovery_codes = &[Kind::WrongRecoveryCode, Kind::RecoveryCode][..];
        let challenges = &[Kind::Challenge][..];

        let wrong = told(codes, Received::Wrong);
        let wrong_recovery = told(recovery_codes, Received::Wrong);
        // The preparation sent 3 messages and completed 1 login.
        let sent = 3 + told(challenges, Received::Granted);
        let mut granted = 1;
        let mut open_logins = 0;
        // Each code works once.
        for one in [Kind::RightCode, Kind::RecoveryCode] {
            let by_it = told(&[one], Received::Granted);
            granted += by_it;
            open_logins += open(&[one]).min(1_usize.saturating_sub(by_it));
            sums.beyond += by_it.saturating_sub(1);
        }
        for (told, stored, limit, open) in [
            (wrong, record.binding_failures, BURST, open(codes)),
            (
                wrong_recovery,
                record.recovery_failures,
                BURST,
                open(recovery_codes),
            ),
            (sent, record.sends, BURST, open(challenges)),
            // The enrollment, one code and one recovery code.
            (granted, record.spent, 3, open_logins),
        ] {
            sums.untold += stored.saturating_sub(told);
            sums.lost += told.saturating_sub(stored);
            sums.beyond += told.saturating_sub(limit);
            sums.unexplained += stored.saturating_sub(told + open);
        }
        assert_eq!(told(&[Kind::RightCode], Received::Wrong), 0);
        // The recovery code is wrong only after its first use.
        let recovery = &[Kind::RecoveryCode];
        let used = told(recovery, Received::Granted) + open(recovery);
        assert!(told(recovery, Received::Wrong) == 0 || used > 0);

        sums.codes_granted += granted - 1;
        sums.codes_used += record.spent - 1;
        sums.wrong_received += wrong + wrong_recovery;
        sums.wrong_charged += record.binding_failures + record.recovery_failures;
        sums.sends_granted += sent;
        let messages = messages(fleet, *user);
        // A granted code was sent, and a sent one was charged.
        assert!(messages >= sent, "{messages} of {sent}");
        sums.lost += messages.saturating_sub(record.sends);
        sums.messages += messages;
        sums.sends_charged += record.sends;
    }
    sums
}

/// The next requests find exactly what the records say is left: the limits hold over the attack and everything
/// after it.
pub fn use_up(
    fleet: &impl Target,
    accounts: &[(Attacked, Record)],
    read: impl Fn(&[User]) -> Vec<Record>,
) {
    for (attacked, record) in accounts {
        what_is_left(fleet, attacked, record);
    }
    let users: Vec<_> = accounts.iter().map(|(attacked, _)| attacked.user).collect();
    for ((_, before), after) in accounts.iter().zip(read(&users)) {
        let all = Record {
            sends: BURST,
            binding_failures: BURST,
            recovery_failures: BURST,
            spent: before.spent,
            revision: 3 * BURST + before.spent,
        };
        assert_eq!(after, all);
    }
}

/// The number of messages that a user got. No message came twice.
fn messages(fleet: &impl Target, user: User) -> usize {
    let messages = fleet.messages(user);
    let ids: HashSet<_> = messages
        .iter()
        .map(|message| message["id"].as_str())
        .collect();
    assert_eq!(ids.len(), messages.len());
    messages.len()
}

fn what_is_left(fleet: &impl Target, attacked: &Attacked, record: &Record) {
    let Attacked { user, pending } = attacked;
    let before = messages(fleet, *user);
    let token = login(fleet, *user);
    let exactly = |charged: usize, request: &Request, received: Received, refused: Received| {
        for _ in charged..BURST {
            assert_eq!(Received::of(&fleet.ask(request)), received);
        }
        assert_eq!(Received::of(&fleet.ask(request)), refused);
    };
    let wrong = pending.wrong();
    exactly(
        record.binding_failures,
        &wrong,
        Received::Wrong,
        Received::TooManyFailures,
    );
    assert_eq!(
        Received::of(&fleet.ask(&pending.right())),
        Received::TooManyFailures
    );
    let wrong = Request::recover(&token, "not a recovery code");
    exactly(
        record.recovery_failures,
        &wrong,
        Received::Wrong,
        Received::TooManyFailures,
    );
    let challenge = Request::challenge(&token);
    exactly(
        record.sends,
        &challenge,
        Received::Granted,
        Received::TooManySends,
    );
    assert_eq!(messages(fleet, *user) - before, BURST - record.sends);
}
