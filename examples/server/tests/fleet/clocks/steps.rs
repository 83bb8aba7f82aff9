//! The steps of the clocks, and the answers that each step must give.

pub const SERVERS: usize = 3;

pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 24 * HOUR;
/// When an hour has passed, and when a day has.
const LATER: i64 = HOUR + 60;
const MUCH_LATER: i64 = LATER + DAY + 60;

/// The offset of each clock in seconds, and what the clients must get.
pub struct Step {
    pub what: &'static str,
    pub clocks: [i64; SERVERS],
    /// The server that the user asks for a code.
    pub challenged_at: Option<usize>,
    /// What the clients of each server get.
    pub answers: [&'static [&'static str]; SERVERS],
    pub judged: usize,
}

pub const JUDGED: &str = "403 wrong";
pub const REFUSED: &str = "429";
pub const BEHIND: &str = "503";

pub const STEPS: [Step; 10] = [
    Step {
        what: "all are right",
        clocks: [0, 0, 0],
        challenged_at: Some(0),
        answers: [&[JUDGED, REFUSED]; SERVERS],
        judged: 10,
    },
    Step {
        what: "+30 s and -30 s",
        clocks: [0, 30, -30],
        challenged_at: Some(1),
        answers: [&[REFUSED]; SERVERS],
        judged: 0,
    },
    Step {
        what: "-1 h",
        clocks: [0, 0, -HOUR],
        challenged_at: None,
        answers: [&[REFUSED], &[REFUSED], &[BEHIND]],
        judged: 0,
    },
    Step {
        what: "-1 day",
        clocks: [0, 0, -DAY],
        challenged_at: None,
        answers: [&[REFUSED], &[REFUSED], &[BEHIND]],
        judged: 0,
    },
    Step {
        what: "+1 h",
        clocks: [0, HOUR, 0],
        challenged_at: Some(1),
        answers: [&[BEHIND], &[JUDGED, REFUSED], &[BEHIND]],
        judged: 10,
    },
    Step {
        what: "it is set right",
        clocks: [0, 0, 0],
        challenged_at: None,
        answers: [&[BEHIND]; SERVERS],
        judged: 0,
    },
    Step {
        what: "that hour is over",
        clocks: [LATER, LATER, LATER],
        challenged_at: None,
        answers: [&[REFUSED]; SERVERS],
        judged: 0,
    },
    Step {
        what: "+1 day",
        clocks: [LATER, LATER, LATER + DAY],
        challenged_at: Some(2),
        answers: [&[BEHIND], &[BEHIND], &[JUDGED, REFUSED]],
        judged: 10,
    },
    Step {
        what: "it is set right",
        clocks: [LATER, LATER, LATER],
        challenged_at: None,
        answers: [&[BEHIND]; SERVERS],
        judged: 0,
    },
    Step {
        what: "that day is over",
        clocks: [MUCH_LATER, MUCH_LATER, MUCH_LATER],
        challenged_at: None,
        answers: [&[REFUSED]; SERVERS],
        judged: 0,
    },
];
