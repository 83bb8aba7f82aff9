//! What is asked of the engine, and how.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::World;
use crate::account::Account;
use crate::authenticator::AuthenticatorId;
use crate::code::{BindingCode, OobCode, RecoveryCode};
use crate::denied::Denied;
use crate::engine::{Associate, Challenge, VerifyOob};
use crate::session::{MfaSession, TrustedClaims};
use crate::testing::asked::Question;
use crate::testing::clock::moment;
use crate::testing::command::{Command, Guess, Presenter, RecoveryGuess, TokenGuess, Vouch, back};
use crate::testing::reply::Answer;

pub(super) fn question(world: &mut World, command: &Command, account: &Account) -> Question {
    let now = world.now();
    match command {
        Command::Begin => Question::Told(world.begin()),
        Command::Vouch(vouch) => Question::Told(world.vouch(vouch)),
        Command::OpenToken {
            session,
            presenter,
            token,
        } => by(world, *session, |world, number, session| {
            Question::Told(world.open_token(number, session, *presenter, *token))
        }),
        Command::Associate {
            session,
            phone,
            channel,
        } => {
            let request = Associate {
                channel: *channel,
                phone: *phone,
            };
            by(world, *session, |world, number, session| {
                let asked = world
                    .engine
                    .associate(account, session, &request, now, &mut world.rng);
                Question::Associate(number, asked)
            })
        }
        Command::Challenge {
            session,
            authenticator,
        } => by(world, *session, |world, number, session| {
            let request = Challenge {
                authenticator: authenticator.map(|named| world.authenticator(named)),
            };
            let asked = world
                .engine
                .challenge(account, session, &request, now, &mut world.rng);
            Question::Challenge(number, asked)
        }),
        Command::VerifyOob {
            session,
            code,
            guess,
        } => world.verify_oob(account, *session, *code, guess),
        Command::VerifyRecoveryCode { session, guess } => {
            let code = RecoveryCode::from(world.typed(guess).as_str());
            by(world, *session, |world, _, session| {
                Question::Verify(world.engine.verify_recovery_code(
                    account,
                    session,
                    &code,
                    now,
                    &mut world.rng,
                ))
            })
        }
        Command::Remove {
            session,
            authenticator,
        } => by(world, *session, |world, _, session| {
            let id = world.authenticator(*authenticator);
            Question::Remove(
                world
                    .engine
                    .remove_authenticator(account, session, &id, now),
            )
        }),
        Command::Regenerate { session } => by(world, *session, |world, _, session| {
            Question::Regenerate(world.engine.regenerate_recovery_code(
                account,
                session,
                now,
                &mut world.rng,
            ))
        }),
        Command::List { session } => by(world, *session, |world, _, session| {
            Question::Told(world.list(account, session))
        }),
        Command::Reset => Question::Administer(world.engine.reset(account, now)),
        Command::ImportPhone { phone, channel } => Question::Import(world.engine.import_phone(
            account,
            *phone,
            *channel,
            now,
            &mut world.rng,
        )),
        Command::RemovePhone { device } => {
            let device = world.device(*device);
            Question::Remove(world.engine.remove_phone(account, device, now))
        }
        Command::RestoreBudgets => Question::Administer(world.engine.restore_budgets(account, now)),
        Command::Step { millis } => {
            world.clock.step_millis(*millis);
            Question::Told(Answer::Nothing)
        }
    }
}

/// What a session asks, where there is one that could.
fn by(
    world: &mut World,
    session: usize,
    ask: impl FnOnce(&mut World, usize, &MfaSession) -> Question,
) -> Question {
    match world.session(session) {
        Some((number, session)) => ask(world, number, &session),
        None => Question::Told(Answer::Nothing),
    }
}

impl World {
    fn begin(&mut self) -> Answer {
        let now = self.now();
        let subject = self.subject.clone();
        let begun = self
            .engine
            .begin(subject, "demo", "openid profile", "", now, &mut self.rng);
        let opened = begun.and_then(|session| {
            let token = self.engine.issue_token(&session);
            self.engine
                .open_token(token.expose_secret(), Some("demo"), now)
        });
        self.began(opened)
    }

    fn vouch(&mut self, vouch: &Vouch) -> Answer {
        let stranger = "somebody else".parse().ok().filter(|_| vouch.stranger);
        let now = self.clock.millis();
        let session = MfaSession::trusted(TrustedClaims {
            id: &format!("vouched for {}", self.sessions.len()),
            subject: stranger.unwrap_or_else(|| self.subject.clone()),
            client: "demo",
            assurance: vouch.assurance,
            scope: &vouch.scope,
            audience: "https://example.com/mfa/",
            issued_at: moment(now.saturating_sub(vouch.age)),
            expires_at: moment(now.saturating_add(vouch.lifetime)),
        });
        self.began(session)
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
            Ok(opened) if opened == *session => Answer::Opened { session: number },
            // One that nobody was given.
            Ok(_) => Answer::Opened {
                session: self.sessions.len(),
            },
            Err(denied) => Answer::Denied(denied),
        }
    }

    fn began(&mut self, session: Result<MfaSession, Denied>) -> Answer {
        match session {
            Ok(session) => {
                self.sessions.push(session);
                Answer::Began {
                    session: self.sessions.len().saturating_sub(1),
                }
            }
            Err(denied) => Answer::Denied(denied),
        }
    }

    fn verify_oob(
        &self,
        account: &Account,
        session: Option<usize>,
        code: Option<usize>,
        guess: &Guess,
    ) -> Question {
        let code = code.and_then(|code| back(self.codes.len(), code));
        let issued = code.and_then(|code| self.codes.get(code));
        let presenter = match (session, issued) {
            (None, Some(issued)) => self.sessions.get(issued.session).cloned(),
            (session, _) => self
                .session(session.unwrap_or_default())
                .map(|(_, session)| session),
        };
        let Some(session) = presenter else {
            return Question::Told(Answer::Nothing);
        };
        let right = issued.map_or("000000", |issued| issued.binding_code.as_str());
        let typed = match guess {
            Guess::Right => right.into(),
            Guess::Wrong => wrong(right),
            Guess::OfAnother(another) => back(self.codes.len(), *another)
                .and_then(|another| self.codes.get(another))
                .filter(|another| another.binding_code != right)
                .map_or_else(|| wrong(right), |another| another.binding_code.clone()),
            Guess::Malformed(text) => text.clone(),
        };
        let oob_code = issued.map_or("never issued", |issued| issued.oob_code.as_str());
        let request = VerifyOob {
            oob_code: OobCode::from(oob_code),
            binding_code: BindingCode::from(typed.as_str()),
        };
        Question::Verify(
            self.engine
                .verify_oob(account, &session, &request, self.now()),
        )
    }

    /// What is typed for a recovery code.
    fn typed(&self, guess: &RecoveryGuess) -> String {
        let shown = |at: &usize| {
            back(self.recovery_codes.len(), *at).and_then(|at| self.recovery_codes.get(at))
        };
        let never = "2".repeat(24);
        match guess {
            RecoveryGuess::Shown(at) => shown(at).map_or(never, |shown| shown.characters.clone()),
            RecoveryGuess::Retyped(at) => {
                let characters = shown(at).map_or(never, |shown| shown.characters.clone());
                let (first, rest) = characters.split_at_checked(4).unwrap_or_default();
                format!(" {first}-{}\t", rest.to_ascii_lowercase())
            }
            RecoveryGuess::Wrong => never,
            RecoveryGuess::Malformed(text) => text.clone(),
        }
    }

    fn list(&mut self, account: &Account, session: &MfaSession) -> Answer {
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

/// A code of the same shape that differs in the last digit.
fn wrong(right: &str) -> String {
    let mut digits: Vec<char> = right.chars().collect();
    if let Some(last) = digits.last_mut() {
        *last = if *last == '9' { '0' } else { '9' };
    }
    digits.into_iter().collect()
}

/// The same token with another seal: one of its last characters is another.
fn forged(token: &str) -> String {
    let from_the_end = token.len().saturating_sub(10);
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
    fn a_wrong_code_has_the_shape_of_the_right_one() {
        for (right, expected) in [
            ("000000", "000009"),
            ("999999", "999990"),
            ("12345678", "12345679"),
        ] {
            assert_eq!(wrong(right), expected);
        }
    }

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
