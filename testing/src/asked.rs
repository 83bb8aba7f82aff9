//! A command after the engine's judgment, before and after the save.

use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use oob_mfa::{
    Associated, AuthenticatorId, Challenged, Denied, Erased, Events, Next, RecoveryCode, Removed,
    Target, Transition, Verified,
};

use super::reply::Answer;

/// The decision of the engine on a command of a [`World`](super::World). It is sealed like a
/// [`Transition`](oob_mfa::Transition): the outcome opens after the save.
#[must_use = "nothing is decided before it is committed"]
pub struct Asked(pub(crate) Question);

pub(crate) enum Question {
    /// Nothing to save.
    Told(Answer),
    Associate(usize, Transition<Associated>),
    Challenge(usize, Transition<Challenged>),
    Verify(Transition<Verified>),
    Remove(Transition<Removed>),
    Regenerate(Transition<RecoveryCode>),
    Import(Transition<AuthenticatorId>),
    Administer(Transition<()>),
    Erase(Transition<Erased>),
}

/// What was decided and saved, for [`World::observe`](super::World::observe).
#[must_use = "the world does not know yet what was issued"]
pub struct Decision(pub(crate) Reply);

pub(crate) enum Reply {
    Told(Answer),
    Decided {
        result: Result<Grant, Denied>,
        events: Events,
        target: Option<Target>,
        saved: bool,
    },
}

pub(crate) enum Grant {
    Associated(usize, Associated),
    Challenged(usize, Challenged),
    Verified(Verified),
    Removed(Removed),
    Regenerated(RecoveryCode),
    Imported(AuthenticatorId),
    Done,
    Erased(Erased),
}

impl Asked {
    /// Saves with `save`, if there is something to save.
    ///
    /// # Errors
    ///
    /// What `save` returns. What was decided is gone with it: load and ask again.
    pub fn commit<E>(self, save: impl FnOnce(Next) -> Result<(), E>) -> Result<Decision, E> {
        let mut committed = pin!(self.commit_async(|next| std::future::ready(save(next))));
        loop {
            // Everything it awaits is ready.
            if let Poll::Ready(decision) = committed
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                return decision;
            }
        }
    }

    /// As [`commit`](Self::commit), for an async store.
    ///
    /// # Errors
    ///
    /// What `save` returns. What was decided is gone with it: load and ask again.
    pub async fn commit_async<E, F, Fut>(self, save: F) -> Result<Decision, E>
    where
        F: FnOnce(Next) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        match self.0 {
            Question::Told(answer) => Ok(Decision(Reply::Told(answer))),
            Question::Associate(session, asked) => {
                commit(asked, save, |grant| Grant::Associated(session, grant)).await
            }
            Question::Challenge(session, asked) => {
                commit(asked, save, |grant| Grant::Challenged(session, grant)).await
            }
            Question::Verify(asked) => commit(asked, save, Grant::Verified).await,
            Question::Remove(asked) => commit(asked, save, Grant::Removed).await,
            Question::Regenerate(asked) => commit(asked, save, Grant::Regenerated).await,
            Question::Import(asked) => commit(asked, save, Grant::Imported).await,
            Question::Administer(asked) => commit(asked, save, |()| Grant::Done).await,
            Question::Erase(asked) => commit(asked, save, Grant::Erased).await,
        }
    }
}

async fn commit<T, E, F, Fut>(
    asked: Transition<T>,
    save: F,
    grant: impl FnOnce(T) -> Grant,
) -> Result<Decision, E>
where
    F: FnOnce(Next) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    let (mut saved, mut target) = (false, None);
    let outcome = asked
        .commit_async(|next| {
            (saved, target) = (true, next.target());
            save(next)
        })
        .await?;
    Ok(Decision(Reply::Decided {
        result: outcome.result.map(grant),
        events: outcome.events,
        target,
        saved,
    }))
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision").finish_non_exhaustive()
    }
}
