//! A request: it loads, decides and saves, and starts again if it cannot save.

use std::mem;

use oob_mfa::Account;

use super::report::Breach;
use super::saving::{Presented, Told};
use super::trial::{Loaded, MAX_TRIES, Trial};
use crate::command::{Command, Guess, RecoveryGuess, back};
use crate::reply::Observation;
use crate::world::World;

/// One request and its sender.
pub(super) struct Request {
    who: String,
    world: World,
    command: Command,
    phase: Phase,
    tries: u32,
}

enum Phase {
    Begun,
    Loaded(Option<Box<Account>>),
    Answered,
}

impl Request {
    /// A request of a world that remembers everything that was issued.
    pub(super) fn new(number: u8, mut world: World, command: Command) -> Self {
        // No two requests draw the same ids and codes.
        world.rng = world.rng.fork(number.into());
        let letter = char::from(b'A' + number);
        Self {
            who: format!("{letter} ({})", name(&command)),
            world,
            command,
            phase: Phase::Begun,
            tries: 0,
        }
    }

    /// The last write of a trial, which succeeds in any state.
    pub(super) fn last(world: World) -> Self {
        Self {
            who: "a last write".into(),
            world,
            command: Command::RestoreBudgets,
            phase: Phase::Begun,
            tries: 0,
        }
    }

    pub(super) const fn is_answered(&self) -> bool {
        matches!(self.phase, Phase::Answered)
    }

    /// Takes one step: loads, or decides, saves and gets the response.
    pub(super) async fn step(&mut self, trial: &Trial<'_>) -> Result<(), Breach> {
        match mem::replace(&mut self.phase, Phase::Begun) {
            Phase::Begun => {
                self.tries += 1;
                if self.tries > MAX_TRIES {
                    return Err(trial.gave_up(&self.who));
                }
                self.phase = match trial.load(&self.who).await? {
                    Loaded::Record(account) => Phase::Loaded(Some(account)),
                    Loaded::NoRecord => Phase::Loaded(None),
                    Loaded::NoAnswer => Phase::Begun,
                };
            }
            Phase::Loaded(record) => {
                if self.save(trial, record.map(|account| *account)).await? {
                    self.phase = Phase::Answered;
                }
            }
            Phase::Answered => self.phase = Phase::Answered,
        }
        Ok(())
    }

    /// The whole request, with as many retries as needed.
    pub(super) async fn run(&mut self, trial: &Trial<'_>) -> Result<(), Breach> {
        while !self.is_answered() {
            self.step(trial).await?;
        }
        Ok(())
    }

    async fn save(&self, trial: &Trial<'_>, record: Option<Account>) -> Result<bool, Breach> {
        let loaded = record.clone();
        let account = loaded.unwrap_or_else(|| Account::new(trial.subject.clone()));
        // A copy of the world, so a retry draws the same codes.
        let mut world = self.world.clone();
        let asked = world.ask(&self.command, account);
        let mut write = None;
        let saved = asked
            .commit_async(|next| {
                let begun = trial.begin(&self.who, record, next.account().clone());
                write = Some(begun);
                async move {
                    let saved = trial.store.replace(next).await;
                    saved.map_err(|unsaved| (begun, unsaved))
                }
            })
            .await;
        match saved {
            Ok(decision) => {
                // A refusal is not part of any breach.
                if let Some(write) = write {
                    trial.reported(write, Some(self.told(world.observe(decision))))?;
                }
                Ok(true)
            }
            Err((write, unsaved)) => {
                trial.unsaved(write, &unsaved);
                Ok(false)
            }
        }
    }

    fn told(&self, observation: Observation) -> Told {
        let presented = match &self.command {
            Command::VerifyOob {
                code: Some(code), ..
            } => back(self.world.codes().len(), *code).map(Presented::Binding),
            Command::VerifyRecoveryCode {
                guess: RecoveryGuess::Shown(shown),
                ..
            } => back(self.world.recovery_codes().len(), *shown).map(Presented::Recovery),
            _ => None,
        };
        Told {
            presented,
            observation,
        }
    }
}

const fn name(command: &Command) -> &'static str {
    match command {
        Command::Associate { .. } => "associate",
        Command::Challenge { .. } => "challenge",
        Command::VerifyOob {
            guess: Guess::Right,
            ..
        } => "right code",
        Command::VerifyOob { .. } => "wrong code",
        Command::VerifyRecoveryCode {
            guess: RecoveryGuess::Shown(_),
            ..
        } => "recovery code",
        Command::VerifyRecoveryCode { .. } => "wrong recovery code",
        Command::Remove { .. } => "remove",
        Command::Regenerate { .. } => "regenerate",
        Command::Reset => "reset",
        Command::Erase => "erase",
        Command::ImportPhone { .. } => "import",
        Command::RemovePhone { .. } => "remove phone",
        Command::RestoreBudgets => "restore budgets",
        Command::Rewind => "rewind",
        Command::Begin
        | Command::Vouch(_)
        | Command::OpenToken { .. }
        | Command::List { .. }
        | Command::Step { .. } => "other",
    }
}
