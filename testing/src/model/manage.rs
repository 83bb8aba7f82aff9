//! Factors: the list, an administrator's import, and removal.

use oob_mfa::{
    Assurance, AuthenticatorStatus, Channel, Denied, Limit, PhoneNumber, RecoveryCodes, Scope,
};

use super::{Code, Done, Fate, Ledger, Model, Phone, Session, check_scope, count, millis};
use crate::clock::moment;
use crate::command::{Authenticator, Command, back};
use crate::logged::Logged;
use crate::reply::{Answer, Listed};

impl Model {
    pub(super) fn by_administrator(&mut self, command: &Command) -> Result<Done, Denied> {
        match command {
            Command::ImportPhone { phone, channel } => return self.import(*phone, *channel),
            Command::RemovePhone { device } => {
                let device = back(self.devices, *device).ok_or(Denied::UnknownAuthenticator)?;
                return self.drop_phone(device);
            }
            Command::Reset => {
                self.logged.push(Logged::AccountReset);
                self.remove_everything();
            }
            Command::Erase => {
                self.logged.push(Logged::AccountErased);
                self.remove_everything();
                self.spent.clear();
                let delete_after = moment(self.delete_after());
                return Ok((Answer::Erased { delete_after }, None));
            }
            Command::RestoreBudgets => {
                self.ledgers = Limit::ALL.map(|_| Ledger::default());
                self.logged.push(Logged::BudgetsRestored);
            }
            other => unreachable!("{other:?} is not an administrator's"),
        }
        Ok((Answer::Done, None))
    }

    fn remove_everything(&mut self) {
        self.phones.clear();
        self.drop_codes(|_| true);
        for code in &mut self.codes {
            code.fate = Fate::Gone;
        }
        self.live_recovery_code = None;
        self.revoke_all();
    }

    /// The first time at which no server accepts a revoked session and every budget is full.
    fn delete_after(&self) -> i64 {
        let revoked = self.revoked_until.every.expect("all are revoked");
        let expired = revoked + millis(self.policy.longest_session()) + self.skew();
        let time = self.time();
        let full_at = self.ledgers.iter().map(|ledger| ledger.full_at(time));
        full_at.fold(expired, i64::max)
    }

    fn import(&mut self, number: PhoneNumber, channel: Channel) -> Result<Done, Denied> {
        if !self.policy.channels().contains(channel) {
            return Err(Denied::ChannelUnavailable);
        }
        self.check_room(number)?;
        let device = count(&mut self.devices);
        self.phones.push(Phone {
            device,
            number,
            disabled: false,
            used: self.time(),
            channel,
            failures: 0,
        });
        let phone = (channel, device);
        self.logged.push(Logged::AuthenticatorAdded {
            phone,
            number,
            code: None,
        });
        self.discard_first_factor_enrollments();
        Ok((Answer::Imported { device }, None))
    }

    pub(super) fn discard_first_factor_enrollments(&mut self) {
        for number in 0..self.codes.len() {
            let enrollment = self.codes[number].enrollment.as_ref();
            if enrollment.map(|it| it.begun_by) == Some(Assurance::FirstFactor) {
                self.end_code(number, Fate::Discarded);
            }
        }
    }

    pub(super) fn remove(
        &mut self,
        session: &Session,
        authenticator: Authenticator,
    ) -> Result<Done, Denied> {
        check_scope(session, Scope::RemoveAuthenticators)?;
        match authenticator {
            Authenticator::Phone(channel, device) if self.policy.channels().contains(channel) => {
                let device = back(self.devices, device).ok_or(Denied::UnknownAuthenticator)?;
                self.drop_phone(device)
            }
            _ => Err(Denied::UnknownAuthenticator),
        }
    }

    fn drop_phone(&mut self, device: usize) -> Result<Done, Denied> {
        let mut phones = self.phones.iter();
        let confirmed = phones.find(|phone| phone.device == device);
        let confirmed = confirmed.map(|phone| phone.number);
        let mut pending = self.pending().filter(|code| code.device == device);
        let number = confirmed.or(pending.next().map(|code| code.to));
        let number = number.ok_or(Denied::UnknownAuthenticator)?;
        drop(pending);
        self.logged
            .push(Logged::AuthenticatorRemoved { device, number });
        self.phones.retain(|phone| phone.device != device);
        self.drop_codes(|code| code.device == device);
        if confirmed.is_some() && self.phones.is_empty() {
            if self.live_recovery_code.take().is_some() {
                self.logged.push(Logged::RecoveryCodeRemoved);
            }
            self.revoke_first_factor();
        }
        Ok((Answer::Removed { device }, None))
    }

    pub(super) fn regenerate(&mut self, session: &Session) -> Result<Done, Denied> {
        check_scope(session, Scope::Enroll)?;
        if self.phones.is_empty() {
            return Err(Denied::NotEnrolled);
        }
        if self.policy.recovery_codes() == RecoveryCodes::Off {
            return Err(Denied::NoRecoveryCode);
        }
        let recovery_code = count(&mut self.recovery_codes);
        self.replace_recovery_code(recovery_code);
        Ok((Answer::Regenerated { recovery_code }, None))
    }

    pub(super) fn list(&self, number: usize, session: &Session) -> Result<Vec<Listed>, Denied> {
        self.check_session(number, session)?;
        if session.assurance == Assurance::Mfa {
            check_scope(session, Scope::ReadAuthenticators)?;
        }
        let recovery_code = |status| Listed {
            phone: None,
            number: None,
            status,
        };
        let active = self.accepted_recovery_code().into_iter();
        let active = active.map(|_| recovery_code(AuthenticatorStatus::Active));
        let issued = self.policy.recovery_codes() == RecoveryCodes::Issued;
        let shown = |code: &Code| code.enrollment.as_ref()?.recovery_code;
        let unconfirmed = self.pending().filter_map(shown).filter(|_| issued);
        let unconfirmed = unconfirmed.map(|_| recovery_code(AuthenticatorStatus::Unconfirmed));
        let mut listed: Vec<Listed> = active.chain(unconfirmed).collect();
        for (device, number, status, _) in self.enrolled() {
            let channels = self.policy.channels();
            listed.extend(channels.iter().map(|channel| Listed {
                phone: Some((channel, device)),
                number: Some(number),
                status,
            }));
        }
        Ok(listed)
    }

    /// Every phone: its status and when it was last used.
    pub(super) fn enrolled(
        &self,
    ) -> impl Iterator<Item = (usize, PhoneNumber, AuthenticatorStatus, Option<i64>)> {
        let confirmed = self.phones.iter().map(|phone| {
            let status = if phone.disabled {
                AuthenticatorStatus::Disabled
            } else {
                AuthenticatorStatus::Active
            };
            (phone.device, phone.number, status, Some(phone.used))
        });
        let unconfirmed = AuthenticatorStatus::Unconfirmed;
        let pending = self.pending();
        confirmed.chain(pending.map(move |code| (code.device, code.to, unconfirmed, None)))
    }

    /// The enrollments under way.
    fn pending(&self) -> impl Iterator<Item = &Code> {
        let time = self.time();
        let is_live = move |code: &&Code| code.fate == Fate::Kept && time < code.expires;
        let codes = self.codes.iter().filter(is_live);
        codes.filter(|code| code.enrollment.is_some())
    }
}
