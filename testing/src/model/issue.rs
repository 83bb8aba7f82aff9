//! Issues codes.

use oob_mfa::{Assurance, Channel, Denied, Limit, PhoneNumber, RecoveryCodes, Scope};

use super::{
    Code, Done, Enrollment, Fate, Model, Phone, Session, check_first_factor, check_scope, count,
    millis,
};
use crate::clock::moment;
use crate::command::{Authenticator, back};
use crate::logged::Logged;
use crate::reply::{Answer, SentMessage};

/// The maximum number of challenges in a record.
const MAX_CHALLENGES: usize = 16;

impl Model {
    pub(super) fn associate(
        &mut self,
        number: usize,
        session: &Session,
        phone: PhoneNumber,
        channel: Channel,
    ) -> Result<Done, Denied> {
        self.check_may_enroll(session)?;
        if !self.policy.channels().contains(channel) {
            return Err(Denied::ChannelUnavailable);
        }
        self.check_room(phone)?;
        let superseded =
            |code: &Code| code.session == number && code.enrollment.is_some() && code.to == phone;
        self.check_issue(superseded)?;
        let pending = self
            .codes
            .iter()
            .find(|code| code.fate == Fate::Kept && superseded(code));
        let device = pending.map(|code| code.device);
        let device = device.unwrap_or_else(|| count(&mut self.devices));
        let first = self.phones.is_empty();
        let recovery_code = (first && self.policy.recovery_codes() == RecoveryCodes::Issued)
            .then(|| count(&mut self.recovery_codes));
        let enrollment = Enrollment {
            begun_by: session.assurance,
            recovery_code,
        };
        let sent = self.issue(number, device, channel, phone, Some(enrollment), superseded);
        let answer = Answer::Associated {
            device,
            code: self.codes.len() - 1,
            recovery_code,
        };
        Ok((answer, Some(sent)))
    }

    pub(super) fn challenge(
        &mut self,
        number: usize,
        session: &Session,
        authenticator: Option<Authenticator>,
        narrowed: Option<Channel>,
    ) -> Result<Done, Denied> {
        check_first_factor(session)?;
        if self.phones.is_empty() {
            return Err(Denied::NotEnrolled);
        }
        if let Some(channel) = narrowed {
            if !self.policy.channels().contains(channel) {
                return Err(Denied::ChannelUnavailable);
            }
            let named = match authenticator {
                Some(Authenticator::Phone(named, _)) => named,
                // An id that was never issued, of a phone by SMS.
                Some(Authenticator::Unknown) => Channel::Sms,
                Some(Authenticator::RecoveryCode) | None => channel,
            };
            if named != channel {
                return Err(Denied::ChannelMismatch);
            }
        }
        let chosen = match authenticator {
            Some(authenticator) => self.named(authenticator),
            None => self.used_last(narrowed),
        };
        let (phone, channel) = chosen
            .filter(|(phone, _)| !phone.disabled)
            .ok_or(Denied::InvalidAuthenticator)?;
        let (device, to) = (phone.device, phone.number);
        let superseded = |code: &Code| code.session == number && code.device == device;
        self.check_issue(superseded)?;
        let sent = self.issue(number, device, channel, to, None, superseded);
        let code = self.codes.len() - 1;
        Ok((Answer::Challenged { device, code }, Some(sent)))
    }

    fn named(&self, authenticator: Authenticator) -> Option<(&Phone, Channel)> {
        let Authenticator::Phone(channel, device) = authenticator else {
            return None;
        };
        let device = back(self.devices, device)?;
        let phone = self.phones.iter().find(|phone| phone.device == device)?;
        let is_enabled = self.policy.channels().contains(channel);
        is_enabled.then_some((phone, channel))
    }

    /// The phone used last: by the requested channel, or by that of its last use if it is enabled.
    fn used_last(&self, narrowed: Option<Channel>) -> Option<(&Phone, Channel)> {
        let active = self.phones.iter().filter(|phone| !phone.disabled);
        // The latest enrolled one, if two were used at the same time.
        let latest = active.reduce(|a, b| if a.used > b.used { a } else { b })?;
        let channels = self.policy.channels();
        let used = channels.iter().find(|enabled| *enabled == latest.channel);
        let channel = narrowed.or(used).or_else(|| channels.iter().next());
        Some((latest, channel?))
    }

    pub(super) fn check_may_enroll(&self, session: &Session) -> Result<(), Denied> {
        match session.assurance {
            Assurance::FirstFactor if self.phones.is_empty() => Ok(()),
            Assurance::FirstFactor => Err(Denied::AlreadyEnrolled),
            _ => check_scope(session, Scope::Enroll),
        }
    }

    pub(super) fn check_room(&self, number: PhoneNumber) -> Result<(), Denied> {
        if self.phones.iter().any(|phone| phone.number == number) {
            return Err(Denied::PhoneAlreadyEnrolled);
        }
        if self.phones.len() >= self.policy.max_phones() {
            return Err(Denied::TooManyPhones);
        }
        Ok(())
    }

    fn check_issue(&self, superseded: impl Fn(&Code) -> bool) -> Result<(), Denied> {
        let too_many = |at| Denied::TooManySends {
            retry_at: moment(at),
        };
        self.check_limit(Limit::Sends).map_err(too_many)?;
        let is_live = |code: &&Code| code.fate == Fate::Kept && !superseded(code);
        let live: Vec<i64> = self
            .codes
            .iter()
            .filter(is_live)
            .map(|code| code.expires)
            .collect();
        match live.iter().min() {
            Some(first) if live.len() >= MAX_CHALLENGES => Err(too_many(*first)),
            _ => Ok(()),
        }
    }

    fn issue(
        &mut self,
        session: usize,
        device: usize,
        channel: Channel,
        to: PhoneNumber,
        enrollment: Option<Enrollment>,
        superseded: impl Fn(&Code) -> bool,
    ) -> SentMessage {
        let (phone, code) = ((channel, device), self.codes.len());
        self.logged.push(Logged::CodeIssued { phone, to, code });
        self.drop_codes(superseded);
        self.make_room();
        let issued = self.time();
        let expires = issued + millis(self.policy.code_lifetime());
        self.codes.push(Code {
            session,
            device,
            channel,
            to,
            enrollment,
            issued,
            expires,
            attempts: 0,
            fate: Fate::Kept,
        });
        self.take(Limit::Sends);
        SentMessage {
            channel,
            to,
            expires_at: moment(expires),
        }
    }

    /// Makes room: drops expired challenges first, then discarded ones.
    fn make_room(&mut self) {
        let held = self.codes.iter().filter(|code| code.fate != Fate::Gone);
        if held.count() < MAX_CHALLENGES {
            return;
        }
        let mut codes = self.codes.iter_mut();
        if let Some(lapsed) = codes.find(|code| code.fate == Fate::Lapsed) {
            lapsed.fate = Fate::Gone;
            return;
        }
        let codes = self.codes.iter_mut();
        let discarded = codes.filter(|code| code.fate == Fate::Discarded);
        let first = discarded.min_by_key(|code| code.expires);
        first.expect("a code that is not live").fate = Fate::Gone;
    }

    /// An expired challenge has no phone any more, and stays.
    pub(super) fn drop_codes(&mut self, which: impl Fn(&Code) -> bool) {
        for number in 0..self.codes.len() {
            if which(&self.codes[number]) {
                self.end_code(number, Fate::Gone);
            }
        }
    }

    /// Ends an unused code, and logs it.
    pub(super) fn end_code(&mut self, number: usize, fate: Fate) {
        let code = &mut self.codes[number];
        if code.fate == Fate::Kept {
            code.fate = fate;
            let phone = (code.channel, code.device);
            self.logged.push(Logged::CodeDropped {
                phone,
                code: number,
            });
        }
    }

    pub(super) fn check_limit(&self, limit: Limit) -> Result<(), i64> {
        self.ledgers[index(limit)].check(self.policy.rate(limit), self.time())
    }

    /// Charges a budget, and logs if it is then empty.
    pub(super) fn take(&mut self, limit: Limit) {
        let time = self.time();
        self.ledgers[index(limit)].take(self.policy.rate(limit), time);
        if let Err(at) = self.check_limit(limit) {
            let retry_at = moment(at);
            self.logged.push(Logged::LimitReached { limit, retry_at });
        }
    }
}

fn index(limit: Limit) -> usize {
    let mut all = Limit::ALL.iter();
    all.position(|other| *other == limit).expect("one of all")
}
