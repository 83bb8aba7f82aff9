//! Concurrent requests, as far as the store runs them concurrently.

use std::future::poll_fn;
use std::iter::repeat_n;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Wake;
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use super::interleaved::{commands, ends_well, finish, requests, staged};
use super::report::{Breach, Report};
use super::{Call, Store};
use crate::command::Command;
use crate::scene::Scene;

/// How many at once: few first, which keeps a failing schedule short.
const AT_ONCE: [usize; 8] = [2, 2, 2, 3, 4, 8, 16, 24];

pub(super) async fn run(store: &dyn Store, report: &mut Report) {
    let commands = commands(Scene::signing_in);
    for count in AT_ONCE {
        // A right code, a wrong one, a recovery code, a challenge.
        for index in [0, 2, 3, 6] {
            let race: Vec<Command> = repeat_n(commands[index].clone(), count).collect();
            saving(store, report, &race).await;
            whole(store, report, &race).await;
        }
        let mixed = commands.iter().cycle().take(count).cloned();
        whole(store, report, &mixed.collect::<Vec<_>>()).await;
    }
    for subjects in [2, 3, 4, 8] {
        several(store, report, &commands[2], subjects).await;
    }
    // A right code, a wrong one, a recovery code, a challenge.
    for index in [0, 2, 3, 6] {
        restarted(store, report, &commands[index]).await;
    }
}

/// All load the same record, then all of them save.
async fn saving(store: &dyn Store, report: &mut Report, race: &[Command]) {
    let Some((trial, scene)) = staged(store, report, Scene::signing_in).await else {
        return;
    };
    let mut requests = requests(&scene, race);
    let found = async {
        for request in &mut requests {
            request.step(&trial).await?;
        }
        all(requests.iter_mut().map(|request| request.step(&trial))).await?;
        all(requests.iter_mut().map(|request| request.run(&trial))).await?;
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

/// All begin at once.
async fn whole(store: &dyn Store, report: &mut Report, race: &[Command]) {
    let Some((trial, scene)) = staged(store, report, Scene::signing_in).await else {
        return;
    };
    let mut requests = requests(&scene, race);
    let found = async {
        all(requests.iter_mut().map(|request| request.run(&trial))).await?;
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

/// The same requests for several subjects, at the same time, repeatedly.
async fn several(store: &dyn Store, report: &mut Report, command: &Command, subjects: usize) {
    let mut trials = Vec::new();
    for _ in 0..subjects {
        trials.extend(staged(store, report, Scene::signing_in).await);
    }
    let race = [command.clone(), Command::RestoreBudgets, command.clone()];
    let asked = trials.iter().map(|(trial, scene)| {
        let mut requests = requests(scene, &race);
        async move {
            for request in &mut requests {
                request.run(trial).await?;
            }
            ends_well(trial, scene).await
        }
    });
    for ((trial, _), found) in trials.iter().zip(each(asked).await) {
        finish(trial, report, found);
    }
}

/// Restarts the store after one save and during another.
async fn restarted(store: &dyn Store, report: &mut Report, command: &Command) {
    let Some((trial, scene)) = staged(store, report, Scene::signing_in).await else {
        return;
    };
    let race = [command.clone(), Command::RestoreBudgets];
    let mut requests = requests(&scene, &race);
    let found = async {
        let [saved, saving] = requests.as_mut_slice() else {
            return Ok(());
        };
        saved.run(&trial).await?;
        saving.step(&trial).await?;
        let restart = async {
            trial.restart().await;
            Ok(())
        };
        let both: [Call<'_, Result<(), Breach>>; 2] =
            [Box::pin(saving.step(&trial)), Box::pin(restart)];
        all(both.into_iter()).await?;
        saving.run(&trial).await?;
        // Nothing runs now, and everything that was reported must be stored.
        trial.restart().await;
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

/// Waits for all of them at once; the first breach, when all are done.
async fn all<F>(futures: impl Iterator<Item = F>) -> Result<(), Breach>
where
    F: Future<Output = Result<(), Breach>>,
{
    each(futures).await.into_iter().collect()
}

/// Waits for all of them at once; returns their results in order.
async fn each<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in waiting.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

/// Runs a future on this thread, which sleeps while the future waits.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
