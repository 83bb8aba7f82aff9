//! Every schedule of two and three requests at once: load, decide, save, answer. Each step of a request
//! comes before or after each step of the others, and the answer of any save may be lost.
//!
//! A request depends only on the record and on what each request has loaded. Each state is therefore
//! visited once, and the schedules through it are counted.

use std::collections::{HashMap, HashSet};

use oob_mfa::{Account, Denied, Subject};
use oob_mfa_testing::{Answer, Command, RecoveryGuess, Scene};
use time::Duration;

/// How far ahead the servers' clocks are. All are within the skew.
const SERVERS: [Duration; 3] = [Duration::ZERO, Duration::seconds(7), Duration::seconds(-3)];

/// When the store writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    /// If the stored revision is the one to replace.
    Conditionally,
    /// Always: the control.
    Always,
}

/// The index of an account among those seen.
type AccountId = usize;
/// The index of an answer among those given.
type AnswerId = usize;

/// The state of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Begun,
    Loaded(AccountId),
    Decided(AccountId),
    Saved(AnswerId),
    Answered(AnswerId),
    /// It was saved, and the answer was lost.
    Lost,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    record: AccountId,
    phases: Vec<Phase>,
}

/// The answer to a request on an account, and the next account if there is one to save.
type Decision = (AnswerId, Option<AccountId>);

/// A race, with all accounts and answers seen.
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

    /// The number of schedules from here to the last answer.
    fn count(&mut self, state: &State) -> u64 {
        if let Some(schedules) = self.schedules.get(state) {
            return *schedules;
        }
        let next: Vec<State> = (0..state.phases.len())
            .flat_map(|request| self.steps(state, request))
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

    /// The possible states after the next step of a request: none at its end, 2 for a save.
    fn steps(&mut self, state: &State, request: usize) -> Vec<State> {
        let to = |phase| {
            let mut next = state.clone();
            next.phases[request] = phase;
            next
        };
        match state.phases[request] {
            Phase::Begun => vec![to(Phase::Loaded(state.record))],
            Phase::Loaded(account) => vec![to(Phase::Decided(account))],
            Phase::Decided(account) => match self.decide(request, account) {
                (answer, None) => vec![to(Phase::Saved(answer))],
                (answer, Some(record)) => {
                    let stored = self.accounts[state.record].revision();
                    let compares = self.accounts[record].replaces() == Some(stored);
                    if self.write == Write::Conditionally && !compares {
                        // A conflict: load again.
                        return vec![to(Phase::Begun)];
                    }
                    [Phase::Saved(answer), Phase::Lost]
                        .map(|phase| State {
                            record,
                            ..to(phase)
                        })
                        .into()
                }
            },
            Phase::Saved(answer) => vec![to(Phase::Answered(answer))],
            Phase::Answered(_) | Phase::Lost => Vec::new(),
        }
    }

    /// The engine's decision, which is always the same: rule 16.
    fn decide(&mut self, request: usize, account: AccountId) -> Decision {
        if let Some(decision) = self.decisions.get(&(request, account)) {
            return *decision;
        }
        let mut world = self.scene.world.clone();
        world.rng = world.rng.fork(request as u64);
        // Each request by the clock of another server. Some are behind.
        world.clock().step(SERVERS[request]);
        let mut next = None;
        let asked = world.ask(&self.commands[request], self.accounts[account].clone());
        let decision = asked
            .commit(|saved| {
                next = Some(saved.account().clone());
                Ok::<(), ()>(())
            })
            .unwrap();
        let answer = world.observe(decision).reply.answer;
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

    /// The ends of the requests one after the other, in every order, with any answers lost.
    fn one_by_one(&mut self) -> HashSet<State> {
        let mut ends = HashSet::new();
        let requests = self.commands.len();
        for order in permutations(requests) {
            for lost in 0..1_u32 << requests {
                let mut record = 0;
                let mut phases = vec![Phase::Begun; requests];
                for request in &order {
                    let (answer, next) = self.decide(*request, record);
                    phases[*request] = match next {
                        Some(_) if lost >> request & 1 == 1 => Phase::Lost,
                        _ => Phase::Answered(answer),
                    };
                    record = next.unwrap_or(record);
                }
                ends.insert(State { record, phases });
            }
        }
        ends
    }

    /// How many of some commands were granted.
    fn granted(&self, end: &State, of: &[&Command]) -> usize {
        let granted = self
            .commands
            .iter()
            .zip(&end.phases)
            .filter(|(command, phase)| {
                let answer = match phase {
                    Phase::Answered(answer) => &self.answers[*answer],
                    _ => return false,
                };
                of.contains(command) && is_verified(answer)
            });
        granted.count()
    }

    /// How many answers of an end match.
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

/// Every pair or triple of commands, with repetitions.
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

trait Exclusive {
    /// Sets of commands of which at most one can be granted: they share a session or a code.
    fn exclusive(&self) -> Vec<Vec<&Command>>;
}

impl Exclusive for Scene {
    fn exclusive(&self) -> Vec<Vec<&Command>> {
        let session = |command: &Command| match command {
            Command::VerifyOob { code, .. } => {
                let codes = self.world.codes();
                Some(codes[codes.len() - 1 - code.unwrap()].session)
            }
            Command::VerifyRecoveryCode { session, .. } => {
                Some(self.world.sessions().len() - 1 - session)
            }
            _ => None,
        };
        let is_recovery = |command: &&Command| {
            let Command::VerifyRecoveryCode { guess, .. } = command else {
                return false;
            };
            *guess == RecoveryGuess::Shown(0)
        };
        let mut exclusive = vec![self.commands.iter().filter(is_recovery).collect()];
        for number in 0..self.world.sessions().len() {
            let of = |command: &&Command| session(command) == Some(number);
            exclusive.push(self.commands.iter().filter(of).collect());
        }
        exclusive
    }
}

/// Runs every race of a scene. Returns the numbers of races, schedules and states.
fn explore(scene: &Scene, requests: usize) -> (usize, u64, usize) {
    let races = races(&scene.commands, requests);
    let (mut schedules, mut states) = (0, 0);
    for commands in &races {
        let mut race = Race::run(scene, commands, Write::Conditionally);
        let one_by_one = race.one_by_one();
        for end in &race.ends {
            // Each schedule ends like some order of the requests one after the other.
            assert!(one_by_one.contains(end), "{commands:?}");
            // No limit is exceeded: one of each is left, unless an administrator refills them.
            if commands.contains(&Command::RestoreBudgets) {
                continue;
            }
            assert!(race.answers(end, is_sent) <= 1, "{commands:?}");
            for denied in [Denied::InvalidBindingCode, Denied::InvalidRecoveryCode] {
                let judged = race.answers(end, |answer| *answer == Answer::Denied(denied));
                assert!(judged <= 1, "{commands:?}");
            }
        }
        // One session, and one code of either kind, completes at most one login over all requests.
        for one in scene.exclusive() {
            for end in &race.ends {
                assert!(race.granted(end, &one) <= 1, "{commands:?}");
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

/// Asserts the numbers of races, schedules and states of each scene.
fn assert_explored(
    (requests, word): (usize, &str),
    signing_in: (usize, u64, usize),
    enrolling: (usize, u64, usize),
) {
    for (name, scene, expected) in [
        ("signing in", Scene::signing_in(subject(), 1), signing_in),
        ("enrolling", Scene::enrolling(subject(), 1), enrolling),
    ] {
        let (races, schedules, states) = explore(&scene, requests);
        println!("{name}: {races} {word}, {schedules} schedules through {states} states");
        assert_eq!((races, schedules, states), expected);
    }
}

#[test]
fn every_schedule_of_two_requests_is_as_one_after_the_other() {
    assert_explored((2, "pairs"), (105, 24_482, 5_538), (21, 3_954, 1_098));
}

#[test]
fn every_schedule_of_three_requests_is_as_one_after_the_other() {
    let signing_in = (560, 3_690_673_176, 330_672);
    assert_explored((3, "triples"), signing_in, (56, 219_623_838, 31_002));
}

#[test]
fn a_request_by_itself_has_one_schedule() {
    let scene = Scene::signing_in(subject(), 1);
    // Its answer arrives or is lost.
    assert_eq!(explore(&scene, 1), (14, 14 * 2, 14 * 6));
}

/// The control: if the last write wins, the search finds schedules that match no order.
#[test]
fn a_store_that_does_not_compare_is_found() {
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
