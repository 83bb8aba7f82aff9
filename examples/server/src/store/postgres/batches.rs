//! One statement for what many requests ask. What arrives while one is under way is the next one.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::super::StoreError;

/// The most that one statement asks, and the most that waits for the next one.
const LARGEST: usize = 256;

/// What requests ask, and the task that asks it for them. Nothing waits for more requests to come.
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

    /// A caller that stops waiting cancels nothing that others asked.
    pub(super) async fn ask(&self, what: Q) -> Result<A, StoreError> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { what, answer };
        if let Ok(_turn) = self.turn.try_lock() {
            // Alone, it waits for no other task.
            (self.run)(vec![asked]).await;
        } else {
            // Where the task has ended, so has the answer.
            let _ = self.queue.send(asked).await;
        }
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
        // Nobody waits for the result of the others.
        batch.retain(|asked| !asked.answer.is_closed());
        if !batch.is_empty() {
            // A panic fails this batch, and not the next ones.
            let run = tokio::spawn(run(std::mem::take(&mut batch)));
            let _ = run.await;
        }
    }
}
