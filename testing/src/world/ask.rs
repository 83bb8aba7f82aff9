//! Turns a command into a call of the engine.

use oob_mfa::{
    Account, Associate, AuthenticatorId, BindingCode, Challenge, MfaSession, OobCode, RecoveryCode,
    VerifyOob,
};

use super::World;
use super::sent::{retyped, wrong};
use crate::asked::Question;
use crate::clock::moment;
use crate::command::{Command, Guess, Presenter, RecoveryGuess, TokenGuess, Vouch, back};
use crate::reply::Answer;

impl World {
    pub(super) fn question(&mut self, command: &Command, account: Account) -> Question {
        let now = self.now();
        match command {
            Command::Begin => {
                self.first_factor();
                self.began()
            }
            Command::Vouch(vouch) => self.vouch(vouch),
            Command::Step { millis } => {
                self.clock.step_millis(*millis);
                Question::Told(Answer::Nothing)
            }
            Command::Reset => Question::Administer(self.engine.reset(account, now)),
            Command::Erase => Question::Erase(self.engine.erase(account, now)),
            Command::RestoreBudgets => {
                Question::Administer(self.engine.restore_budgets(account, now))
            }
            Command::Rewind => Question::Administer(self.engine.rewind(account, now)),
            Command::ImportPhone { phone, channel } => Question::Import(self.engine.import_phone(
                account,
                *phone,
                *channel,
                now,
                &mut self.rng,
            )),
            Command::RemovePhone { device } => {
                let device = self.device(*device);
                Question::Remove(self.engine.remove_phone(account, device, now))
            }
            Command::VerifyOob { session, code, .. } => match self.presenter(*session, *code) {
                Some((number, session)) => self.by_user(command, account, number, &session),
                None => Question::Told(Answer::Nothing),
            },
            Command::OpenToken { session, .. }
            | Command::Associate { session, .. }
            | Command::Challenge { session, .. }
            | Command::VerifyRecoveryCode { session, .. }
            | Command::Remove { session, .. }
            | Command::Regenerate { session }
            | Command::List { session } => match self.session(*session) {
                Some((number, session)) => self.by_user(command, account, number, &session),
                None => Question::Told(Answer::Nothing),
            },
        }
    }

    fn by_user(
        &mut self,
        command: &Command,
        account: Account,
        number: usize,
        session: &MfaSession,
    ) -> Question {
        let now = self.now();
        match command {
            Command::OpenToken {
                presenter, token, ..
            } => Question::Told(self.open_token(number, session, *presenter, *token)),
            Command::Associate { phone, channel, .. } => {
                let (phone, channel) = (*phone, *channel);
                let request = Associate { channel, phone };
                let asked = self
                    .engine
                    .associate(account, session, &request, now, &mut self.rng);
                Question::Associate(number, asked)
            }
            Command::Challenge {
                authenticator,
                channel,
                ..
            } => {
                let request = Challenge {
                    authenticator: authenticator.map(|named| self.authenticator(named)),
                    channel: *channel,
                };
                let asked = self
                    .engine
                    .challenge(account, session, &request, now, &mut self.rng);
                Question::Challenge(number, asked)
            }
            Command::VerifyOob { code, guess, .. } => {
                let request = self.answer(*code, guess);
                Question::Verify(self.engine.verify_oob(account, session, &request, now))
            }
            Command::VerifyRecoveryCode { guess, .. } => {
                let code = RecoveryCode::from(self.typed(guess).as_str());
                Question::Verify(self.engine.verify_recovery_code(
                    account,
                    session,
                    &code,
                    now,
                    &mut self.rng,
                ))
            }
            Command::Remove { authenticator, .. } => {
                let id = self.authenticator(*authenticator);
                Question::Remove(self.engine.remove_authenticator(account, session, &id, now))
            }
            Command::Regenerate { .. } => Question::Regenerate(
                self.engine
                    .regenerate_recovery_code(account, session, now, &mut self.rng),
            ),
            Command::List { .. } => Question::Told(self.list_entries(&account, session)),
            other => unreachable!("{other:?} has no session"),
        }
    }

    fn began(&self) -> Question {
        let session = self.sessions.len() - 1;
        Question::Told(Answer::Began { session })
    }

    fn vouch(&mut self, vouch: &Vouch) -> Question {
        let stranger = "somebody else".parse().expect("a subject");
        let subject = if vouch.stranger {
            stranger
        } else {
            self.subject.clone()
        };
        let now = self.clock.millis();
        let (issued_at, expires_at) = (moment(now - vouch.age), moment(now + vouch.lifetime));
        let times = [issued_at, expires_at];
        self.vouched(subject, vouch.assurance, &vouch.scope, times);
        self.began()
    }

    fn open_token(
        &self,
        number: usize,
        session: &MfaSession,
        presenter: Presenter,
        token: TokenGuess,
    ) -> Answer {
        let issued = self.engine.issue_token(session);
        let text = match token {
            TokenGuess::Issued => issued.expose_secret().into(),
            TokenGuess::Forged => forged(issued.expose_secret()),
            TokenGuess::Malformed => format!("{}!", issued.expose_secret()),
        };
        let another = format!("{}'", session.client());
        let client = match presenter {
            Presenter::Its => Some(session.client()),
            Presenter::Unnamed => None,
            Presenter::Another => Some(another.as_str()),
        };
        match self.engine.open_token(&text, client, self.now()) {
            Ok(opened) => {
                assert_eq!(opened, *session, "another session in the token");
                Answer::Opened { session: number }
            }
            Err(denied) => Answer::Denied(denied),
        }
    }

    /// The session that answers a challenge: that of the command, or by default that of the
    /// challenge.
    fn presenter(
        &self,
        session: Option<usize>,
        code: Option<usize>,
    ) -> Option<(usize, MfaSession)> {
        match (session, code.and_then(|code| back(self.codes.len(), code))) {
            (None, Some(code)) => {
                let number = self.codes[code].session;
                Some((number, self.sessions[number].clone()))
            }
            (session, _) => self.session(session.unwrap_or_default()),
        }
    }

    fn answer(&self, code: Option<usize>, guess: &Guess) -> VerifyOob {
        let issued =
            |back_from: usize| back(self.codes.len(), back_from).map(|number| &self.codes[number]);
        let answered = code.and_then(issued);
        let right = answered.map_or("000000", |issued| issued.binding_code.as_str());
        let typed = match guess {
            Guess::Right => right.into(),
            Guess::Retyped => retyped(right),
            Guess::Wrong => wrong(right),
            Guess::OfAnother(another) => issued(*another)
                .filter(|another| another.binding_code != right)
                .map_or_else(|| wrong(right), |another| another.binding_code.clone()),
            Guess::Malformed(text) => text.clone(),
        };
        let oob_code = answered.map_or("never issued", |issued| issued.oob_code.as_str());
        VerifyOob {
            oob_code: OobCode::from(oob_code),
            binding_code: BindingCode::from(typed.as_str()),
        }
    }

    /// The recovery code that is typed.
    fn typed(&self, guess: &RecoveryGuess) -> String {
        let shown = |at: usize| match back(self.recovery_codes.len(), at) {
            Some(number) => self.recovery_codes[number].characters.clone(),
            None => "2".repeat(24),
        };
        match guess {
            RecoveryGuess::Shown(at) => shown(*at),
            RecoveryGuess::Retyped(at) => {
                let characters = shown(*at);
                let (first, rest) = characters.split_at(4);
                format!(" {first}-{}\t", rest.to_ascii_lowercase())
            }
            RecoveryGuess::Wrong => "2".repeat(24),
            RecoveryGuess::Malformed(text) => text.clone(),
        }
    }

    fn list_entries(&mut self, account: &Account, session: &MfaSession) -> Answer {
        let entries = match self.engine.authenticators(account, session, self.now()) {
            Ok(entries) => entries.collect::<Vec<_>>(),
            Err(denied) => return Answer::Denied(denied),
        };
        for entry in &entries {
            if let AuthenticatorId::RecoveryCode(device) = entry.id {
                self.recovery_entry = device;
            }
        }
        Answer::Listed(entries.iter().map(|entry| self.listed(entry)).collect())
    }
}

/// The same token with another seal: one of its last characters differs.
fn forged(token: &str) -> String {
    let from_the_end = token.len() - 10;
    let other = |c| if c == 'A' { 'B' } else { 'A' };
    let forged = token
        .chars()
        .enumerate()
        .map(|(at, c)| if at == from_the_end { other(c) } else { c });
    forged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_differs_in_one_character_of_its_seal() {
        for token in ["v1.AAAAAAAAAAAAAAAA", "v1.BBBBBBBBBBBBBBBB"] {
            let forged = forged(token);
            let differs = |at: &usize| forged.get(*at..=*at) != token.get(*at..=*at);
            let places: Vec<usize> = (0..token.len()).filter(differs).collect();
            assert_eq!((forged.len(), places), (token.len(), Vec::from([9])));
        }
    }
}
