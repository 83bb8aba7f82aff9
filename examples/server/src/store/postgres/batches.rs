//! One statement for many requests: those that arrive while one is under way share the next.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::super::StoreError;

/// The most requests in one statement, and the most that wait for the next.
const LARGEST: usize = 256;

/// The queue of requests, and the task that runs their statements. Nothing waits for more requests to
/// come.
pub(super) struct Batches<Q, A> {
    run: Run<Q, A>,
    /// Held while a statement is under way.
    turn: Arc<Mutex<()>>,
    queue: mpsc::Sender<Asked<Q, A>>,
    _task: AbortOnDropHandle<()>,
}

type Run<Q, A> =
    Arc<dyn Fn(Vec<Asked<Q, A>>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

pub(super) struct Asked<Q, A> {
    pub(super) what: Q,
    pub(super) answer: Answer<A>,
}

pub(super) type Answer<A> = oneshot::Sender<Result<A, StoreError>>;

impl<Q: Send + 'static, A: Send + 'static> Batches<Q, A> {
    pub(super) fn start<F>(run: impl Fn(Vec<Asked<Q, A>>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let run: Run<Q, A> = Arc::new(move |batch| Box::pin(run(batch)));
        let turn = Arc::new(Mutex::new(()));
        let (queue, asked) = mpsc::channel(LARGEST);
        let task = tokio::spawn(run_each(Arc::clone(&run), Arc::clone(&turn), asked));
        Self {
            run,
            turn,
            queue,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// If a caller stops waiting, the requests of others go on. A caller that is not polled delays nobody.
    pub(super) async fn ask(&self, what: Q) -> Result<A, StoreError> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { what, answer };
        let _alone = if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            let run = (self.run)(vec![asked]);
            Some(AbortOnDropHandle::new(tokio::spawn(async move {
                run.await;
                drop(turn);
            })))
        } else {
            // If the task has ended, the answer's channel is closed too.
            let _ = self.queue.send(asked).await;
            None
        };
        let ended = |error: oneshot::error::RecvError| StoreError::Unavailable(error.into());
        answered.await.map_err(ended)?
    }
}

async fn run_each<Q: Send + 'static, A: Send + 'static>(
    run: Run<Q, A>,
    turn: Arc<Mutex<()>>,
    mut queue: mpsc::Receiver<Asked<Q, A>>,
) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, LARGEST).await > 0 {
        let _turn = turn.lock().await;
        while batch.len() < LARGEST
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        // Drop requests that no caller waits for.
        batch.retain(|asked| !asked.answer.is_closed());
        if !batch.is_empty() {
            // A panic fails this batch only.
            let run = tokio::spawn(run(std::mem::take(&mut batch)));
            let _ = run.await;
        }
    }
}
