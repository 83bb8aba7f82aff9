//! Every state that can be reached, breadth first, each of them once.
//!
//! Two ways into one state are two worlds with one normal form. Their clocks show different moments, and
//! their past was different. The second way into a state, and the first at another moment, is asked
//! everything as well. It has to give the same answers and to lead to the same states. So for every state
//! that has such a second way, this shows that what the normal form leaves out makes no difference.

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

/// A world explored to its end.
pub struct Explored {
    pub states: usize,
    /// Steps that led to another state, or to the same one by a way that was saved.
    pub transitions: usize,
    /// Everything that was asked.
    pub questions: usize,
    /// States that were asked everything at a second moment, or after another past.
    pub twice: usize,
    pub depth: usize,
    pub largest: usize,
}

/// Where it broke.
pub struct Found {
    pub breach: Breach,
    pub states: usize,
    pub questions: usize,
    pub trace: Vec<Command>,
}

/// How a state was reached first, and what everything that was asked in it led to.
struct Known {
    from: usize,
    by: Option<Command>,
    depth: usize,
    now: i64,
    answers: Option<u64>,
    /// What the same questions led to after another way into it.
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
    /// Explores a world with an engine that ought to keep to its policy.
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

    /// Asks everything in a state, and takes note of where it leads.
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
                    // At the same moment it is most often the same two steps in the other order.
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

    /// What a second way into a state leads to.
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

    /// The first question that two ways into a state answer apart.
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

    /// How a state was reached.
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

/// What is answered, sent and logged without numbers, names and the date; and where it leads.
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
