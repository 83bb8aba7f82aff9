//! The engine does what the model says, and every rule holds, after every command.
//!
//! The stories are plain lists of commands: each command names what it is about by how many were issued
//! after it, so whatever is left of a story is a story, and needs no state machine to be drawn or shortened.
//!
//! * `OOB_MFA_STEPS` is how many steps are made at least, 15,000 if it is not set. `cargo test --release
//!   --test rules every_step -- --nocapture` with 50,000,000 of them is busy for hours, and says how many
//!   it made and how fast.
//! * `OOB_MFA_SEED` begins with the story of that number. A failure prints its own, and the shortest
//!   story that still fails.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use oob_mfa::testing::{
    Answer, Command, Guess, Model, Observation, Presenter, RecoveryGuess, TokenGuess, World,
    commands, policies,
};
use oob_mfa::{
    BindingCode, Channels, Denied, MfaSession, OobCode, Policy, RecoveryCodes, VerifyOob,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::harness::{DAY, Look, MINUTE, engine, millis, through_json, through_postcard};
use crate::{factors, limits, proof, record, secrets, time};

const STEPS: u64 = 15_000;

#[test]
fn the_engine_equals_the_model_and_keeps_every_rule_on_every_step() {
    let most = setting("OOB_MFA_STEPS").unwrap_or(STEPS);
    let first = setting("OOB_MFA_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut stories = 0;
    while tally.steps < most {
        let seed = first.wrapping_add(stories);
        let story = Story::drawn(seed);
        if let Err(failed) = story.play(&mut tally) {
            let (story, failed) = story.shortest(failed);
            panic!(
                "OOB_MFA_SEED={seed}, step {} of {story:#?}\n{}",
                failed.step, failed.message
            );
        }
        stories += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} steps of {stories} stories, all clean, from OOB_MFA_SEED={first}: {:.0} steps per second",
        tally.steps,
        tally.steps as f64 / seconds
    );
    for (answer, times) in tally.answers {
        println!("{times:>10} {answer}");
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace(['_', ','], "").parse().expect(name))
}

/// Every rule that can be seen from outside, step by step. The constant time of rule 6 and the even
/// draw of rule 15 cannot.
fn every_rule(policy: &Policy) -> Vec<Look> {
    vec![
        proof::proof(),
        proof::once(policy),
        proof::charge_before_reveal(policy),
        limits::send_limit(policy),
        limits::failure_limit(policy),
        limits::no_oracle(),
        limits::budgets_survive(policy),
        factors::confirm_before_active(),
        factors::second_factor_guards(),
        time::expiry(policy),
        factors::one_live_code(),
        record::bounded(),
        time::clock(),
        secrets::secrets(),
        secrets::whole_codes(policy),
        record::replay(),
        record::hostile_input(),
    ]
}

/// What happens at a site of several users.
#[derive(Clone, Debug)]
struct Story {
    policy: Policy,
    seed: u64,
    visits: Vec<Visit>,
}

#[derive(Clone, Debug)]
enum Visit {
    /// A user does something, or his administrator; the clock is everybody's.
    Does(usize, Command),
    /// The clock goes to a moment at which something of a user's begins or ends, or to a millisecond
    /// before or after.
    Waits {
        user: usize,
        moment: usize,
        off: i64,
    },
    /// The servers are started again with another policy.
    Restarts {
        channels: Channels,
        phones: usize,
        recovery_codes: RecoveryCodes,
    },
    /// The server takes a session of another user for one of this user.
    MixesUp {
        user: usize,
        with: usize,
        session: usize,
    },
}

/// The users. One has the longest subject that there is.
const USERS: usize = 3;

fn subjects() -> [String; USERS] {
    ["auth0|alice".into(), "ユーザー".into(), "\u{1}".repeat(255)]
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let scene = (user(), commands(1..2)).prop_map(|(user, commands)| {
        let does = |command| Visit::Does(user, command);
        commands.into_iter().map(does).collect::<Vec<_>>()
    });
    let mixed_up = (user(), 1..USERS, 0_usize..4).prop_map(|(user, other, session)| {
        vec![Visit::MixesUp {
            user,
            with: (user + other) % USERS,
            session,
        }]
    });
    let recovery_codes = select(&[
        RecoveryCodes::Issued,
        RecoveryCodes::Issued,
        RecoveryCodes::Off,
    ]);
    let channels = select(&[Channels::SmsAndVoice, Channels::Sms, Channels::Voice]);
    let restart =
        (channels, 1_usize..10, recovery_codes).prop_map(|(channels, phones, recovery_codes)| {
            vec![Visit::Restarts {
                channels,
                phones,
                recovery_codes,
            }]
        });
    let scenes = prop_oneof![40 => scene, 8 => wait(), 1 => mixed_up, 2 => restart];
    let scenes = prop::collection::vec(scenes, 50..250);
    // In a slow story most sessions have expired; in a fast one they meet.
    let tempo = select(&[1, 20, 1_000]);
    (scenes, tempo).prop_map(|(scenes, tempo)| {
        let mut visits = scenes.concat();
        for visit in &mut visits {
            if let Visit::Does(_, Command::Step { millis }) = visit {
                *millis /= tempo;
            }
        }
        visits
    })
}

/// A moment of a user's, and what he does then.
fn wait() -> impl Strategy<Value = Vec<Visit>> {
    let verify = (0_usize..3).prop_map(|code| Command::VerifyOob {
        session: None,
        code: Some(code),
        guess: Guess::Right,
    });
    let challenge = (0_usize..3).prop_map(|session| Command::Challenge {
        session,
        authenticator: None,
    });
    let recover = (0_usize..3).prop_map(|session| Command::VerifyRecoveryCode {
        session,
        guess: RecoveryGuess::Shown(0),
    });
    let open = (0_usize..3).prop_map(|session| Command::OpenToken {
        session,
        presenter: Presenter::Its,
        token: TokenGuess::Issued,
    });
    let asks = prop_oneof![3 => verify, 1 => challenge, 1 => recover, 1 => open];
    (user(), 0_usize..30, -1_i64..=1, asks).prop_map(|(user, moment, off, command)| {
        vec![
            Visit::Waits { user, moment, off },
            Visit::Does(user, command),
        ]
    })
}

fn user() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 1 => 1..USERS]
}

struct Failed {
    step: usize,
    message: String,
}

#[derive(Default)]
struct Tally {
    steps: u64,
    answers: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, answer: &Answer) {
        self.steps += 1;
        let text = format!("{answer:?}");
        let kind = text.split([' ', '{', '[']).next().unwrap_or_default();
        let kind = match answer {
            Answer::Listed(_) => "Listed",
            _ => kind,
        };
        *self.answers.entry(kind.to_owned()).or_default() += 1;
    }
}

impl Story {
    /// The story of a number: always the same one.
    fn drawn(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let drawn = (policies(), visits()).new_tree(&mut runner).unwrap();
        let (policy, visits) = drawn.current();
        Self {
            policy,
            seed,
            visits,
        }
    }

    fn play(&self, tally: &mut Tally) -> Result<(), Failed> {
        let mut site = Site::new(&self.policy, self.seed);
        for (step, visit) in self.visits.iter().enumerate() {
            let stepped = quietly(|| site.step(step, visit));
            match stepped {
                Ok(answer) => tally.count(&answer),
                Err(message) => return Err(Failed { step, message }),
            }
        }
        Ok(())
    }

    /// As much of the story as it takes to fail: ever smaller pieces of it are left out, as long as any
    /// can be.
    fn shortest(self, failed: Failed) -> (Self, Failed) {
        let mut shortest = (self, failed);
        let shorten = |shortest: &mut (Self, Failed), story: Self| {
            let fails = story.play(&mut Tally::default()).err();
            let shorter = fails.is_some();
            if let Some(failed) = fails {
                *shortest = (story, failed);
                shortest.0.visits.truncate(shortest.1.step + 1);
            }
            shorter
        };
        let mut plain = shortest.0.clone();
        plain.policy = Policy::auth0();
        shorten(&mut shortest, plain);
        let mut piece = shortest.0.visits.len().div_ceil(2).max(1);
        loop {
            let (mut at, mut shorter) = (0, false);
            while at < shortest.0.visits.len() {
                let mut story = shortest.0.clone();
                let end = story.visits.len().min(at + piece);
                story.visits.drain(at..end);
                if shorten(&mut shortest, story) {
                    shorter = true;
                } else {
                    at += piece;
                }
            }
            match (piece, shorter) {
                (1, false) => return shortest,
                (1, true) => {}
                _ => piece = piece.div_ceil(2),
            }
        }
    }
}

/// The servers of several users, and what is said of each.
struct Site {
    users: Vec<User>,
}

struct User {
    world: World,
    model: Model,
    rules: Vec<Look>,
}

impl User {
    /// How far away a moment is at which something of his begins or ends. What came last comes first.
    fn until(&self, moment: usize) -> i64 {
        const MOST: i64 = 4_000_000_000_000;
        let recorded = self.world.recorded();
        let policy = self.world.engine().policy();
        let limits = [
            policy.sends(),
            policy.binding_failures(),
            policy.recovery_failures(),
        ];
        let mut moments = Vec::new();
        for code in self.world.codes().iter().rev().take(3) {
            let issued_at = millis(code.issued_at);
            moments.extend([millis(code.expires_at), issued_at + 10 * MINUTE, issued_at]);
        }
        for session in self.world.sessions().iter().rev().take(3) {
            moments.extend([millis(session.expires_at()), millis(session.issued_at())]);
        }
        for (full_at, limit) in recorded.full_at.into_iter().zip(limits) {
            let period = i64::try_from(limit.period().as_millis()).unwrap();
            // When an empty one gives one again, and when it is full.
            let first = full_at - period * (i64::from(limit.burst()) - 1);
            moments.extend([first, full_at, full_at - DAY]);
        }
        moments.extend(recorded.spent.first().map(|(_, expires_at)| *expires_at));
        moments.extend(recorded.doubted_until);
        moments.extend([recorded.pruned_through, recorded.valid_from]);
        let now = millis(self.world.now());
        let moment = moments[moment % moments.len()];
        // What lies at the beginning of time is no moment of his.
        if moment == 0 {
            0
        } else {
            (moment - now).clamp(-MOST, MOST)
        }
    }
}

impl Site {
    fn new(policy: &Policy, seed: u64) -> Self {
        let [first, second, third] = subjects().map(|subject| subject.parse().unwrap());
        let first = World::new(engine(policy), first, seed);
        // Each draws for himself, as if from one source that never repeats.
        let others = [
            first.beside(second, seed ^ 1 << 62),
            first.beside(third, seed ^ 2 << 62),
        ];
        let user = |world| User {
            world,
            model: Model::new(policy.clone()),
            rules: every_rule(policy),
        };
        Self {
            users: [first].into_iter().chain(others).map(user).collect(),
        }
    }

    fn step(&mut self, step: usize, visit: &Visit) -> Answer {
        let (number, observation) = match visit {
            Visit::Does(number, command) => (*number, self.does(step, *number, command)),
            Visit::Waits { user, moment, off } => {
                let millis = self.users[*user].until(*moment) + off;
                (*user, self.does(step, *user, &Command::Step { millis }))
            }
            Visit::Restarts {
                channels,
                phones,
                recovery_codes,
            } => {
                let policy = self.users[0].world.engine().policy().clone();
                let policy = policy
                    .with_channels(*channels)
                    .with_recovery_codes(*recovery_codes)
                    .with_max_phones(*phones)
                    .unwrap();
                for user in &mut self.users {
                    user.world.restart(engine(&policy));
                    user.model.restart(policy.clone());
                }
                return Answer::Nothing;
            }
            Visit::MixesUp {
                user,
                with,
                session,
            } => {
                let [user, with] = [*user, *with];
                let other = (
                    self.users[with].world.clone(),
                    self.users[with].model.clone(),
                );
                let mixed = &mut self.users[user];
                let observation = mixed.world.mix_up(&other.0, *session);
                assert_eq!(observation.reply, mixed.model.mix_up(&other.1, *session));
                (user, observation)
            }
        };
        // Nobody else's record has changed; now and then, and where the clock was moved, all of it is read.
        let clock_moved = matches!(
            visit,
            Visit::Waits { .. } | Visit::Does(_, Command::Step { .. })
        );
        for (other, User { world, model, .. }) in self.users.iter().enumerate() {
            if other == number || clock_moved || step.is_multiple_of(16) {
                assert_eq!(world.recorded(), model.recorded());
            }
        }
        self.nobody_is_somebody_else(number);
        observation.reply.answer
    }

    fn does(&mut self, step: usize, number: usize, command: &Command) -> Observation {
        let User {
            world,
            model,
            rules,
        } = &mut self.users[number];
        match step % 10 {
            3 => world.reload(through_json),
            8 => world.reload(through_postcard),
            _ => {}
        }
        let before = world.clone();
        let observation = world.apply(command);
        assert_eq!(observation.reply, model.apply(command));
        for look in rules {
            look(&before, command, &observation, world);
        }
        if matches!(command, Command::Step { .. }) {
            for (other, user) in self.users.iter_mut().enumerate() {
                if other != number {
                    user.model.apply(command);
                }
            }
        }
        observation
    }

    /// The right code of another user's challenge is of no use here: with a session of this user it is
    /// no code, with his own it is a mistake of the server, and neither is judged.
    fn nobody_is_somebody_else(&self, number: usize) {
        let this = &self.users[number].world;
        let other = &self.users[(number + 1) % USERS].world;
        let Some(code) = other.codes().last() else {
            return;
        };
        let request = VerifyOob {
            oob_code: OobCode::from(code.oob_code.as_str()),
            binding_code: BindingCode::from(code.binding_code.as_str()),
        };
        let present = |session: &MfaSession| {
            let asked = this
                .engine()
                .verify_oob(&this.account(), session, &request, this.now());
            asked.commit(|_| Ok::<_, ()>(())).unwrap().result.err()
        };
        if let Some(session) = this.sessions().last() {
            let denied = present(session).expect("the code of another user has passed");
            assert!(!denied.is_rejected(), "the code of another user was judged");
        }
        assert_eq!(
            present(&other.sessions()[code.session]),
            Some(Denied::SubjectMismatch)
        );
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// Where the latest panic was that nobody was told of.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// What `step` returns, or the message that it panics with, which nobody is told meanwhile.
fn quietly<T>(step: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                PLACE.set(info.location().map(ToString::to_string));
            } else {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let stepped = catch_unwind(AssertUnwindSafe(step));
    QUIET.set(false);
    stepped.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        format!(
            "{}: {}",
            PLACE.take().unwrap_or_default(),
            text.unwrap_or("a panic without words")
        )
    })
}
