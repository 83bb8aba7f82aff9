//! Visits every reachable state once, breadth first.
//!
//! Two ways into one state are two worlds with the same normal form, but with different clocks and
//! histories. The search also asks every question after the second way into a state, and after the first
//! at another time. The answers and next states must be the same. For every such state, this shows that
//! the parts outside of the normal form make no difference.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;

use oob_mfa::{Engine, Event};
use oob_mfa_testing::{Answer, Command, Observation};

use crate::normal::Normal;
use crate::rules::{self, Breach, breach};
use crate::small::Small;
use crate::state::{State, millis};

/// A completely explored world.
pub struct Explored {
    pub states: usize,
    /// Steps that led to another state, or to the same one with a save.
    pub transitions: usize,
    /// The number of questions.
    pub questions: usize,
    /// States that were asked everything at a second time, or after another history.
    pub twice: usize,
    pub depth: usize,
    pub largest: usize,
}

/// A broken rule and the way to it.
pub struct Found {
    pub breach: Breach,
    pub states: usize,
    pub questions: usize,
    pub trace: Vec<Command>,
}

/// The first way to a state, and the result of every question there.
struct Known {
    from: usize,
    by: Option<Command>,
    depth: usize,
    now: i64,
    answers: Option<u64>,
    /// The results of the same questions after another way.
    twins: Vec<u64>,
    seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Once,
    AgainAtTheSameMoment,
    AtAnother,
}

pub struct Search<'a> {
    small: &'a Small,
    engine: &'a Engine,
    ids: HashMap<Vec<i64>, usize>,
    known: Vec<Known>,
    next: VecDeque<(usize, State, Normal)>,
    explored: Explored,
}

impl<'a> Search<'a> {
    /// Explores a world with an engine that should follow its policy.
    pub fn run(small: &'a Small, engine: &'a Engine) -> Result<Explored, Box<Found>> {
        let mut state = State::new(small, engine);
        for command in &small.start {
            let (_, next) = state.apply(0, command);
            let mut model = state.model.take().unwrap();
            model.apply(command);
            state = next.unwrap();
            state.model = Some(model);
        }
        let normal = Normal::of(&state, small);
        let known = Known {
            from: 0,
            by: None,
            depth: 0,
            now: state.now(),
            answers: None,
            twins: Vec::new(),
            seen: Seen::Once,
        };
        let mut search = Self {
            small,
            engine,
            ids: HashMap::from([(normal.form.clone(), 0)]),
            known: vec![known],
            next: VecDeque::from([(0, state, normal)]),
            explored: Explored {
                states: 0,
                transitions: 0,
                questions: 0,
                twice: 0,
                depth: 0,
                largest: 0,
            },
        };
        while let Some((id, state, normal)) = search.next.pop_front() {
            search.visit(id, state, &normal)?;
        }
        for (id, known) in search.known.iter().enumerate() {
            if known
                .twins
                .iter()
                .any(|answers| known.answers != Some(*answers))
            {
                let unlike = breach("normal form", "two with the same one answer apart");
                return Err(search.found(unlike, id, None));
            }
            search.explored.twice += usize::from(!known.twins.is_empty());
        }
        search.explored.states = search.known.len();
        Ok(search.explored)
    }

    /// Asks every question in a state, and records the results.
    fn visit(&mut self, id: usize, mut state: State, normal: &Normal) -> Result<(), Box<Found>> {
        let small = self.small;
        rules::state(&state, normal).map_err(|breach| self.found(breach, id, None))?;
        self.explored.largest = self.explored.largest.max(state.bytes.len());
        let mut asked = Vec::new();
        let mut answers = DefaultHasher::new();
        let model = state.model.take().unwrap();
        for (number, command) in small.commands(&state, normal).into_iter().enumerate() {
            let (observation, after) = state.apply(number, &command);
            self.explored.questions += 1;
            rules::step(small, &state, &command, &observation, after.as_ref())
                .map_err(|breach| self.found(breach, id, Some(command.clone())))?;
            let mut predicted = model.clone();
            let reply = predicted.apply(&command);
            if reply != observation.reply {
                let unlike = format!("{:?}, and by the model {reply:?}", observation.reply);
                return Err(self.found(breach("model", &unlike), id, Some(command)));
            }
            let after = after.map(|mut after| {
                after.model = Some(predicted);
                let normal = Normal::of(&after, small);
                (after, normal)
            });
            let form = after.as_ref().map(|(_, normal)| &normal.form);
            answer(small, &state, &observation, form).hash(&mut answers);
            if let Some((after, normal)) = after {
                self.explored.transitions += 1;
                self.reach(id, &command, after, normal)?;
            }
            asked.push((command, observation));
        }
        rules::no_oracle(&asked).map_err(|breach| self.found(breach, id, None))?;
        self.known[id].answers = Some(answers.finish());
        Ok(())
    }

    fn reach(
        &mut self,
        from: usize,
        by: &Command,
        after: State,
        normal: Normal,
    ) -> Result<(), Box<Found>> {
        let id = self.known.len();
        let depth = self.known[from].depth + 1;
        match self.ids.entry(normal.form.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(id);
                self.explored.depth = depth;
                self.known.push(Known {
                    from,
                    by: Some(by.clone()),
                    depth,
                    now: after.now(),
                    answers: None,
                    twins: Vec::new(),
                    seen: Seen::Once,
                });
                self.next.push_back((id, after, normal));
            }
            Entry::Occupied(entry) => {
                let id = *entry.get();
                let known = &self.known[id];
                let is_elsewhen = known.now != after.now();
                let is_due = match known.seen {
                    // At the same time, it is mostly the same two steps in the other order.
                    Seen::Once => is_elsewhen || id % 8 == 0,
                    Seen::AgainAtTheSameMoment => is_elsewhen,
                    Seen::AtAnother => false,
                };
                if is_due {
                    let answers = self.answers(after, &normal);
                    if self.known[id].answers.is_some_and(|first| first != answers) {
                        let unlike = breach("normal form", &self.unlike(id, from, by));
                        return Err(self.found(unlike, from, Some(by.clone())));
                    }
                    self.known[id].twins.push(answers);
                    self.known[id].seen = if is_elsewhen {
                        Seen::AtAnother
                    } else {
                        Seen::AgainAtTheSameMoment
                    };
                }
            }
        }
        Ok(())
    }

    /// The results after a second way into a state.
    fn answers(&self, mut state: State, normal: &Normal) -> u64 {
        let small = self.small;
        state.model = None;
        let mut answers = DefaultHasher::new();
        for (number, command) in small.commands(&state, normal).into_iter().enumerate() {
            let (observation, after) = state.apply(number, &command);
            let form = after.map(|after| Normal::of(&after, small).form);
            answer(small, &state, &observation, form.as_ref()).hash(&mut answers);
        }
        answers.finish()
    }

    /// The first question with different answers after two ways into a state.
    fn unlike(&self, id: usize, from: usize, by: &Command) -> String {
        let small = self.small;
        let first = self.trace(id, None);
        let second = self.trace(from, Some(by.clone()));
        let mut states = [&first, &second].map(|trace| {
            let mut state = State::new(small, self.engine);
            state.model = None;
            for command in trace {
                state = state.apply(0, command).1.unwrap();
            }
            state
        });
        let questions = states
            .each_ref()
            .map(|state| small.commands(state, &Normal::of(state, small)));
        for (number, (one, other)) in questions[0].iter().zip(&questions[1]).enumerate() {
            let answers = [(0, one), (1, other)].map(|(which, command)| {
                let state = &mut states[which];
                let (observation, after) = state.apply(number, command);
                let form = after.map(|after| Normal::of(&after, small).form);
                let hash = answer(small, state, &observation, form.as_ref());
                (hash, format!("{command:?}: {observation:?}, to {form:?}"))
            });
            if answers[0].0 != answers[1].0 {
                let [(_, one), (_, other)] = answers;
                return format!(
                    "two with the same one answer apart\n{one}\n{other}\nfirst by {first:?}"
                );
            }
        }
        format!("two with the same one are asked apart: {questions:?}")
    }

    /// The way to a state.
    fn trace(&self, at: usize, by: Option<Command>) -> Vec<Command> {
        let mut trace: Vec<Command> = by.into_iter().collect();
        let mut id = at;
        while let Some(by) = &self.known[id].by {
            trace.insert(0, by.clone());
            id = self.known[id].from;
        }
        [self.small.start.clone(), trace].concat()
    }

    fn found(&self, breach: Breach, at: usize, by: Option<Command>) -> Box<Found> {
        Box::new(Found {
            breach,
            states: self.known.len(),
            questions: self.explored.questions,
            trace: self.trace(at, by),
        })
    }
}

/// The answer, message and events without numbers, names and the date, and the next state.
fn answer(
    small: &Small,
    before: &State,
    observation: &Observation,
    form: Option<&Vec<i64>>,
) -> u64 {
    let mut hasher = DefaultHasher::new();
    let from_now = |at| millis(at) - before.now();
    let reply = &observation.reply;
    discriminant(&reply.answer).hash(&mut hasher);
    reply.saved.hash(&mut hasher);
    reply
        .sent
        .map(|sent| (sent.to.to_e164(), from_now(sent.expires_at)))
        .hash(&mut hasher);
    match &reply.answer {
        Answer::Denied(denied) => {
            discriminant(denied).hash(&mut hasher);
            denied.retry_at().map(from_now).hash(&mut hasher);
        }
        Answer::Listed(listed) => {
            let listed = listed
                .iter()
                .map(|entry| (entry.number.map(|to| to.to_e164()), entry.status as u8));
            listed.collect::<Vec<_>>().hash(&mut hasher);
        }
        Answer::Verified {
            phone,
            recovery_code,
            not_after,
            ..
        } => {
            (phone.is_some(), recovery_code.is_some()).hash(&mut hasher);
            not_after.map(from_now).hash(&mut hasher);
        }
        _ => {}
    }
    for event in &observation.events {
        discriminant(event).hash(&mut hasher);
        match event {
            Event::LimitReached { retry_at, .. } => from_now(*retry_at).hash(&mut hasher),
            Event::WrongBindingCode { failures, .. } if small.policy.failure_cap().is_some() => {
                failures.hash(&mut hasher);
            }
            _ => {}
        }
    }
    form.hash(&mut hasher);
    hasher.finish()
}

impl Found {
    pub fn tell(&self) -> String {
        let Breach { check, found } = &self.breach;
        let mut text = format!(
            "{check}: {found}\nafter {} states and {} questions, by {} commands:\n",
            self.states,
            self.questions,
            self.trace.len()
        );
        for command in &self.trace {
            let _ = writeln!(text, "  {command:?}");
        }
        text
    }
}
