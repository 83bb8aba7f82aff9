//! The policy in the file: a preset and changes to it.

use std::error::Error;
use std::time::Duration;

use oob_mfa::{Channel, Channels, Policy, RateLimit, RecoveryCodes};
use serde::Deserialize;

use super::ConfigError;

/// A preset and changes to it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPolicy {
    #[serde(default)]
    preset: Preset,
    code_digits: Option<usize>,
    code_lifetime_seconds: Option<u64>,
    mfa_token_lifetime_seconds: Option<u64>,
    longest_session_seconds: Option<u64>,
    clock_skew_seconds: Option<u64>,
    sends: Option<WrittenLimit>,
    binding_failures: Option<WrittenLimit>,
    recovery_failures: Option<WrittenLimit>,
    attempts_per_challenge: Option<u32>,
    failure_cap: Option<u32>,
    channels: Option<Vec<Channel>>,
    max_phones: Option<usize>,
    recovery_codes: Option<bool>,
}

#[derive(Default, Deserialize)]
enum Preset {
    #[default]
    #[serde(rename = "auth0")]
    Auth0,
    #[serde(rename = "nist-800-63b4")]
    Nist80063b4,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLimit {
    burst: u32,
    refill_seconds: u64,
}

impl WrittenPolicy {
    pub(super) fn build(self) -> Result<Policy, ConfigError> {
        let built = self.changed();
        built.map_err(|error| ConfigError(format!("policy: {error}")))
    }

    fn changed(self) -> Result<Policy, Box<dyn Error>> {
        let seconds = Duration::from_secs;
        let mut policy = match self.preset {
            Preset::Auth0 => Policy::auth0(),
            Preset::Nist80063b4 => Policy::nist_800_63b4(),
        };
        if let Some(digits) = self.code_digits {
            policy = policy.with_code_digits(digits)?;
        }
        // Each limits the other: set the one that shrinks first.
        let skew = self.clock_skew_seconds.map(seconds);
        if let Some(skew) = skew.filter(|skew| *skew <= policy.skew()) {
            policy = policy.with_skew(skew)?;
        }
        if let Some(lifetime) = self.code_lifetime_seconds {
            policy = policy.with_code_lifetime(seconds(lifetime))?;
        }
        if let Some(skew) = skew {
            policy = policy.with_skew(skew)?;
        }
        // These two limit each other as well.
        let shrunk = self
            .mfa_token_lifetime_seconds
            .filter(|lifetime| seconds(*lifetime) <= policy.token_lifetime());
        if let Some(lifetime) = shrunk {
            policy = policy.with_token_lifetime(seconds(lifetime))?;
        }
        if let Some(lifetime) = self.longest_session_seconds {
            policy = policy.with_longest_session(seconds(lifetime))?;
        }
        if let Some(lifetime) = self.mfa_token_lifetime_seconds {
            policy = policy.with_token_lifetime(seconds(lifetime))?;
        }
        let limit = |name: &str, limit: WrittenLimit| {
            RateLimit::new(limit.burst, seconds(limit.refill_seconds))
                .map_err(|error| format!("{name}: {error}"))
        };
        if let Some(sends) = self.sends {
            policy = policy.with_sends(limit("sends", sends)?);
        }
        if let Some(failures) = self.binding_failures {
            policy = policy.with_binding_failures(limit("binding_failures", failures)?)?;
        }
        if let Some(failures) = self.recovery_failures {
            policy = policy.with_recovery_failures(limit("recovery_failures", failures)?)?;
        }
        if let Some(attempts) = self.attempts_per_challenge {
            policy = policy.with_attempts_per_challenge(Some(attempts))?;
        }
        if let Some(cap) = self.failure_cap {
            policy = policy.with_failure_cap(Some(cap))?;
        }
        if let Some(channels) = self.channels {
            let has = |channel| channels.contains(&channel);
            policy = policy.with_channels(match (has(Channel::Sms), has(Channel::Voice)) {
                (true, true) => Channels::SmsAndVoice,
                (true, false) => Channels::Sms,
                (false, true) => Channels::Voice,
                (false, false) => return Err("channels must name sms or voice".into()),
            });
        }
        if let Some(phones) = self.max_phones {
            policy = policy.with_max_phones(phones)?;
        }
        if let Some(made) = self.recovery_codes {
            policy = policy.with_recovery_codes(if made {
                RecoveryCodes::Issued
            } else {
                RecoveryCodes::Off
            });
        }
        Ok(policy)
    }
}
