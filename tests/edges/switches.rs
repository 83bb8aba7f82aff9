//! Servers that restart with another policy, with a stored account.

use oob_mfa::{Limit, RateLimit, RecoveryCodes};
use oob_mfa_testing::{commands, policies};
use proptest::prelude::*;

use super::*;

impl Both {
    fn restarts(&mut self, policy: &Policy) {
        let keys = KeyRing::new(Key::new(1, &[7; 32]));
        self.world.engine = Engine::new(policy.clone(), keys);
        self.model.restart(policy.clone());
        assert_eq!(self.world.recorded(), self.model.recorded());
    }
}

fn listed(answer: &Answer) -> usize {
    match answer {
        Answer::Listed(entries) => entries.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recovery_code_is_ignored_while_switched_off_and_not_used_up() {
    let on = Policy::auth0();
    let mut both = Both::of(on.clone());
    both.does(Command::Begin);
    both.does(associate(0, 0));
    assert_eq!(both.gets(right(0)), verified_first());
    both.does(Command::Begin);
    assert_eq!(listed(&both.gets(Command::List { session: 0 })), 3);
    both.restarts(&on.clone().with_recovery_codes(RecoveryCodes::Off));
    assert_eq!(listed(&both.gets(Command::List { session: 0 })), 2);
    assert_eq!(both.denied(recover(0)), Denied::NoRecoveryCode);
    both.restarts(&on);
    assert_eq!(listed(&both.gets(Command::List { session: 0 })), 3);
    let passed = Answer::Verified {
        phone: None,
        purpose: Purpose::Login,
        recovery_code: Some(1),
        assurance: Assurance::FirstFactor,
        not_after: None,
    };
    assert_eq!(both.gets(recover(0)), passed);
    both.does(Command::Begin);
    let used = both.denied(recover(1));
    assert_eq!(used, Denied::InvalidRecoveryCode);
}

/// The phone that brought the first recovery code.
fn verified_first() -> Answer {
    verified(0, Purpose::Enrollment)
}

#[test]
fn a_spent_budget_keeps_its_full_time_under_another_rate() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.does(vouch(Assurance::FirstFactor, DAY));
    for _ in 0..10 {
        both.does(challenge(0));
    }
    let retry_at = |both: &mut Both| both.denied(challenge(0)).retry_at();
    assert_eq!(retry_at(&mut both), Some(after_start(HOUR)));
    for (burst, period, retry_after) in [
        (5, HOUR, 6 * HOUR),
        (1, 2 * HOUR, 10 * HOUR),
        (10, HOUR, HOUR),
    ] {
        let period = std::time::Duration::from_millis(period.unsigned_abs());
        let rate = RateLimit::new(burst, period).unwrap();
        both.restarts(&Policy::auth0().with_sends(rate));
        assert_eq!(retry_at(&mut both), Some(after_start(retry_after)));
        assert_eq!(both.world.recorded().full_at[0], World::START + 10 * HOUR);
        assert_eq!(Limit::ALL[0], Limit::Sends);
    }
}

#[test]
fn a_challenge_with_a_channel_uses_it_or_is_refused() {
    let by = |authenticator, channel| Command::Challenge {
        session: 0,
        authenticator,
        channel: Some(channel),
    };
    let named = |channel| Some(Authenticator::Phone(channel, 0));
    let (sms, voice) = (Channel::Sms, Channel::Voice);
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Begin);
    assert_eq!(both.denied(by(None, voice)), Denied::NotEnrolled);
    both.does(import(0));
    both.does(Command::Begin);
    for (authenticator, channel) in [(None, voice), (None, sms), (named(voice), voice)] {
        let reply = both.does(by(authenticator, channel));
        assert_eq!(reply.sent.map(|sent| sent.channel), Some(channel));
    }
    for (authenticator, channel, denied) in [
        (named(sms), voice, Denied::ChannelMismatch),
        (named(voice), sms, Denied::ChannelMismatch),
        (Some(Authenticator::Unknown), voice, Denied::ChannelMismatch),
        (
            Some(Authenticator::Unknown),
            sms,
            Denied::InvalidAuthenticator,
        ),
        (
            Some(Authenticator::RecoveryCode),
            sms,
            Denied::InvalidAuthenticator,
        ),
    ] {
        assert_eq!(both.denied(by(authenticator, channel)), denied);
    }
    both.restarts(&Policy::auth0().with_channels(Channels::Sms));
    for authenticator in [None, named(sms), named(voice), Some(Authenticator::Unknown)] {
        let refused = both.denied(by(authenticator, voice));
        assert_eq!(refused, Denied::ChannelUnavailable, "{authenticator:?}");
    }
    assert_eq!(both.denied(by(named(voice), sms)), Denied::ChannelMismatch);
}

#[test]
fn an_erasure_removes_everything_and_returns_when_to_delete_the_record() {
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Begin);
    both.does(associate(0, 0));
    both.does(right(0));
    both.waits(DAY);
    let delete_after = after_start(2 * DAY + 2 * MINUTE);
    assert_eq!(both.gets(Command::Erase), Answer::Erased { delete_after });
    let recorded = both.world.recorded();
    assert_eq!((recorded.phones, recorded.spent), (Vec::new(), Vec::new()));
    assert_eq!(
        revoked_until(&both),
        (None, Some(World::START + DAY + MINUTE))
    );
    both.does(Command::Begin);
    assert_eq!(both.denied(associate(0, 0)), Denied::SessionRevoked);
    both.waits(-HOUR);
    assert_eq!(both.denied(Command::Erase), Denied::ClockBehind);
}

#[test]
fn a_retyped_code_is_the_code() {
    for digits in 6..=8 {
        let mut both = Both::of(Policy::auth0().with_code_digits(digits).unwrap());
        both.does(import(0));
        both.does(Command::Begin);
        both.does(challenge(0));
        let retyped = both.gets(answer(0, Guess::Retyped));
        assert_eq!(retyped, verified(0, Purpose::Login));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_model_follows_servers_that_restart_with_other_policies(
        chapters in proptest::collection::vec((policies(), commands(0..12)), 1..5),
    ) {
        let mut both = Both::of(chapters[0].0.clone());
        for (policy, commands) in &chapters {
            both.restarts(policy);
            for command in commands {
                both.does(command.clone());
            }
        }
    }
}
