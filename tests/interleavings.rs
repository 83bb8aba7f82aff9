//! Every schedule of two and three requests at once: load, decide, save, answer, each step of each
//! request before or after each of the others'.
//!
//! What a request can do depends on the record and on what everybody has loaded, and on nothing else.
//! So the states are visited once each, and the ways that lead through them are counted.

use std::collections::{HashMap, HashSet};

use oob_mfa::testing::{Answer, Command, Scene};
use oob_mfa::{Account, Denied, Subject};

/// How the store writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    /// Where the revision is the one that is replaced.
    Conditionally,
    /// Always: the control.
    Always,
}

/// The index of an account among those that were met.
type AccountId = usize;
/// The index of an answer among those that were given.
type AnswerId = usize;

/// Where a request is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Begun,
    Loaded(AccountId),
    Decided(AccountId),
    Saved(AnswerId),
    Answered(AnswerId),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    record: AccountId,
    phases: Vec<Phase>,
}

/// What a request decides on an account, and the next one where there is something to save.
type Decision = (AnswerId, Option<AccountId>);

/// Requests at once, and everything that was met on the way.
struct Race<'a> {
    scene: &'a Scene,
    commands: &'a [Command],
    write: Write,
    accounts: Vec<Account>,
    answers: Vec<Answer>,
    decisions: HashMap<(usize, AccountId), Decision>,
    schedules: HashMap<State, u64>,
    ends: HashSet<State>,
}

impl<'a> Race<'a> {
    fn run(scene: &'a Scene, commands: &'a [Command], write: Write) -> Self {
        let mut race = Self {
            scene,
            commands,
            write,
            accounts: vec![scene.world.account()],
            answers: Vec::new(),
            decisions: HashMap::new(),
            schedules: HashMap::new(),
            ends: HashSet::new(),
        };
        let phases = vec![Phase::Begun; commands.len()];
        race.count(&State { record: 0, phases });
        race
    }

    /// The schedules that lead from here to the last answer.
    fn count(&mut self, state: &State) -> u64 {
        if let Some(schedules) = self.schedules.get(state) {
            return *schedules;
        }
        let next: Vec<State> = (0..state.phases.len())
            .filter_map(|request| self.step(state, request))
            .collect();
        let schedules = if next.is_empty() {
            self.ends.insert(state.clone());
            1
        } else {
            next.iter().map(|state| self.count(state)).sum()
        };
        self.schedules.insert(state.clone(), schedules);
        schedules
    }

    fn step(&mut self, state: &State, request: usize) -> Option<State> {
        let mut next = state.clone();
        next.phases[request] = match state.phases[request] {
            Phase::Begun => Phase::Loaded(state.record),
            Phase::Loaded(account) => Phase::Decided(account),
            Phase::Decided(account) => match self.decide(request, account) {
                (answer, None) => Phase::Saved(answer),
                (answer, Some(saved)) => {
                    let stored = self.accounts[state.record].revision();
                    if self.write == Write::Always
                        || self.accounts[saved].replaces() == Some(stored)
                    {
                        next.record = saved;
                        Phase::Saved(answer)
                    } else {
                        // A conflict: load again.
                        Phase::Begun
                    }
                }
            },
            Phase::Saved(answer) => Phase::Answered(answer),
            Phase::Answered(_) => return None,
        };
        Some(next)
    }

    /// The engine's decision, which is always the same: rule 16.
    fn decide(&mut self, request: usize, account: AccountId) -> Decision {
        if let Some(decision) = self.decisions.get(&(request, account)) {
            return *decision;
        }
        let mut world = self.scene.world.clone();
        let rng = world.rng();
        *rng = rng.fork(request as u64);
        let mut next = None;
        let asked = world.ask(&self.commands[request], &self.accounts[account]);
        let heard = asked
            .commit(|saved| {
                next = Some(saved.account);
                Ok::<(), ()>(())
            })
            .unwrap();
        let answer = world.hear(heard).reply.answer;
        if let Some(next) = &next {
            let record = postcard::to_allocvec(next).unwrap();
            assert_eq!(postcard::from_bytes::<Account>(&record).as_ref(), Ok(next));
        }
        let decision = (
            id(&mut self.answers, answer),
            next.map(|next| id(&mut self.accounts, next)),
        );
        self.decisions.insert((request, account), decision);
        decision
    }

    /// Where the requests lead one after the other, in every order.
    fn one_by_one(&mut self) -> HashSet<State> {
        let mut ends = HashSet::new();
        for order in permutations(self.commands.len()) {
            let mut record = 0;
            let mut phases = vec![Phase::Begun; order.len()];
            for request in order {
                let (answer, next) = self.decide(request, record);
                record = next.unwrap_or(record);
                phases[request] = Phase::Answered(answer);
            }
            ends.insert(State { record, phases });
        }
        ends
    }

    /// How many of the answers of an end are such.
    fn answers(&self, end: &State, such: impl Fn(&Answer) -> bool) -> usize {
        let given = end.phases.iter().filter(|phase| match phase {
            Phase::Answered(answer) => such(&self.answers[*answer]),
            _ => false,
        });
        given.count()
    }
}

fn id<T: PartialEq>(known: &mut Vec<T>, new: T) -> usize {
    known
        .iter()
        .position(|known| *known == new)
        .unwrap_or_else(|| {
            known.push(new);
            known.len() - 1
        })
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..of {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let left = (0..of).filter(|next| !order.contains(next));
                left.map(|next| [order.as_slice(), &[next]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    orders
}

/// Every pair, or triple, of commands; one may be in it more than once.
fn races(commands: &[Command], requests: usize) -> Vec<Vec<Command>> {
    let mut races = vec![(0, Vec::new())];
    for _ in 0..requests {
        races = races
            .into_iter()
            .flat_map(|(from, race): (usize, Vec<Command>)| {
                (from..commands.len())
                    .map(|next| (next, [race.as_slice(), &[commands[next].clone()]].concat()))
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    races.into_iter().map(|(_, race)| race).collect()
}

fn is_verified(answer: &Answer) -> bool {
    matches!(answer, Answer::Verified { .. })
}

fn is_sent(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::Associated { .. } | Answer::Challenged { .. }
    )
}

/// Runs every race of a scene, and returns how many there were, their schedules and their states.
fn explore(scene: &Scene, requests: usize) -> (usize, u64, usize) {
    let races = races(&scene.commands, requests);
    let (mut schedules, mut states) = (0, 0);
    for commands in &races {
        let mut race = Race::run(scene, commands, Write::Conditionally);
        let one_by_one = race.one_by_one();
        for end in &race.ends {
            // Whatever the schedule, it is as if they had come one after the other.
            assert!(one_by_one.contains(end), "{commands:?}");
            // And no limit is overstepped: one of each is left, where nobody refills them.
            if commands.contains(&Command::RestoreBudgets) {
                continue;
            }
            assert!(race.answers(end, is_sent) <= 1, "{commands:?}");
            for denied in [Denied::InvalidBindingCode, Denied::InvalidRecoveryCode] {
                let judged = race.answers(end, |answer| *answer == Answer::Denied(denied));
                assert!(judged <= 1, "{commands:?}");
            }
        }
        // The same code, or the same session, however often it comes: one passes.
        if commands.iter().all(|command| *command == commands[0]) {
            for end in &race.ends {
                assert!(race.answers(end, is_verified) <= 1, "{commands:?}");
            }
        }
        let begin = State {
            record: 0,
            phases: vec![Phase::Begun; requests],
        };
        schedules += race.schedules[&begin];
        states += race.schedules.len();
    }
    (races.len(), schedules, states)
}

fn subject() -> Subject {
    "auth0|alice".parse().unwrap()
}

#[test]
fn every_schedule_of_two_requests_is_as_one_after_the_other() {
    let scenes = [
        (
            "signing in",
            Scene::signing_in(subject(), 1),
            (105, 13_020, 3_693),
        ),
        (
            "enrolling",
            Scene::enrolling(subject(), 1),
            (21, 2_604, 769),
        ),
    ];
    for (name, scene, expected) in scenes {
        let (races, schedules, states) = explore(&scene, 2);
        println!("{name}: {races} pairs, {schedules} schedules through {states} states");
        assert_eq!((races, schedules, states), expected);
    }
}

#[test]
fn every_schedule_of_three_requests_is_as_one_after_the_other() {
    let scenes = [
        (
            "signing in",
            Scene::signing_in(subject(), 1),
            (560, 2_033_120_016, 182_296),
        ),
        (
            "enrolling",
            Scene::enrolling(subject(), 1),
            (56, 153_583_776, 18_856),
        ),
    ];
    for (name, scene, expected) in scenes {
        let (races, schedules, states) = explore(&scene, 3);
        println!("{name}: {races} triples, {schedules} schedules through {states} states");
        assert_eq!((races, schedules, states), expected);
    }
}

#[test]
fn a_request_by_itself_has_one_schedule() {
    let scene = Scene::signing_in(subject(), 1);
    assert_eq!(explore(&scene, 1), (14, 14, 14 * 5));
}

/// Where the last write wins, the same search finds schedules that no order explains.
#[test]
fn a_store_that_does_not_compare_is_found_out() {
    let scene = Scene::signing_in(subject(), 1);
    let mut found = 0;
    for commands in races(&scene.commands, 2) {
        let mut race = Race::run(&scene, &commands, Write::Always);
        let one_by_one = race.one_by_one();
        found += usize::from(race.ends.iter().any(|end| !one_by_one.contains(end)));
    }
    println!(
        "where the last write wins: {found} of 105 pairs have a schedule that no order explains"
    );
    assert_eq!(found, 105);
}
