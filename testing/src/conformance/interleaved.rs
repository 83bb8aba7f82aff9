//! Two and three requests at once, in every order of their steps.

use oob_mfa::{Limit, Subject};

use super::Store;
use super::report::{Breach, Report};
use super::request::Request;
use super::trial::{Trial, at};
use crate::command::Command;
use crate::scene::Scene;

/// Makes a scene of a subject.
type MakeScene = fn(Subject, u64) -> Scene;

/// The requests of a scene that run in triples: those that could be granted twice.
const TRIPLES: [usize; 4] = [0, 2, 3, 6];

pub(super) async fn run(store: &dyn Store, report: &mut Report) {
    for make in [Scene::signing_in as MakeScene, Scene::enrolling] {
        let commands = commands(make);
        let mut races = Vec::new();
        for (first, one) in commands.iter().enumerate() {
            for two in commands.iter().skip(first) {
                races.push(Vec::from([one.clone(), two.clone()]));
            }
        }
        for race in &races {
            for order in orders(race.len()) {
                in_order(store, report, make, race, &order).await;
            }
        }
    }
    let commands = commands(Scene::signing_in);
    for command in TRIPLES.map(|index| &commands[index]) {
        let race = [command.clone(), command.clone(), command.clone()];
        for order in orders(race.len()) {
            in_order(store, report, Scene::signing_in, &race, &order).await;
        }
    }
}

pub(super) fn commands(make: MakeScene) -> Vec<Command> {
    make("nobody".parse().expect("short"), 1).commands
}

/// Runs the steps of these requests in this order; a request that gets a conflict starts again
/// afterwards.
async fn in_order(
    store: &dyn Store,
    report: &mut Report,
    make: MakeScene,
    race: &[Command],
    order: &[usize],
) {
    let Some((trial, scene)) = staged(store, report, make).await else {
        return;
    };
    let mut requests = requests(&scene, race);
    let found = async {
        for turn in order {
            requests[*turn].step(&trial).await?;
        }
        for request in &mut requests {
            request.run(&trial).await?;
        }
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

pub(super) fn requests(scene: &Scene, race: &[Command]) -> Vec<Request> {
    let numbered = (0_u8..).zip(race);
    let request = |(number, command): (u8, &Command)| {
        Request::new(number, scene.world.clone(), command.clone())
    };
    numbered.map(request).collect()
}

/// A new subject with the record of the scene.
pub(super) async fn staged<'a>(
    store: &'a dyn Store,
    report: &mut Report,
    make: MakeScene,
) -> Option<(Trial<'a>, Scene)> {
    let subject = subject(report, "");
    let scene = make(subject.clone(), report.seed);
    let trial = Trial::new(store, subject);
    let account = at(&scene.world.account(), 1);
    let (engine, now) = (&scene.world.engine, scene.world.now());
    trial.starts_with(Limit::ALL.map(|limit| engine.remaining(&account, limit, now)));
    let inserted = trial.insert("the first", account).await;
    trial.begins_here();
    match inserted {
        Ok(()) => Some((trial, scene)),
        Err(breach) => {
            finish(&trial, report, Err(breach));
            None
        }
    }
}

/// The next subject of this test.
pub(super) fn subject(report: &mut Report, suffix: &str) -> Subject {
    report.subjects += 1;
    let Report { seed, subjects, .. } = report;
    let subject = format!("conformance|{seed}|{subjects}{suffix}");
    subject.parse().expect("short")
}

/// One more write, and a check back from it.
pub(super) async fn ends_well(trial: &Trial<'_>, scene: &Scene) -> Result<(), Breach> {
    Request::last(scene.world.clone()).run(trial).await?;
    trial.check()
}

pub(super) fn finish(trial: &Trial<'_>, report: &mut Report, found: Result<(), Breach>) {
    report.schedules += 1;
    trial.count(report);
    if found.is_ok() {
        trial.store.left_behind().borrow_mut().extend(trial.head());
    }
    report.add(found);
}

/// Every order of the two steps, load and save, of this many requests.
fn orders(requests: usize) -> Vec<Vec<usize>> {
    let mut orders = Vec::from([Vec::new()]);
    for _ in 0..requests * 2 {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            let steps = |turn| order.iter().filter(|taken| **taken == turn).count();
            (0..requests)
                .filter(move |turn| steps(*turn) < 2)
                .map(|turn| [order.as_slice(), &[turn]].concat())
        });
        orders = longer.collect();
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_of_two_are_6_and_of_three_90_and_all_differ() {
        for (requests, expected) in [(1, 1), (2, 6), (3, 90)] {
            let mut orders = orders(requests);
            assert_eq!(orders.len(), expected);
            orders.sort();
            orders.dedup();
            assert_eq!(orders.len(), expected);
        }
    }
}
