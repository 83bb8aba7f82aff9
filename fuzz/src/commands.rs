//! Commands: in any order of events, the engine agrees with the model.

use core::time::Duration;

use oob_mfa::{
    Account, Assurance, Channel, Channels, InvalidPolicy, PhoneNumber, Policy, RateLimit,
    RecoveryCodes,
};
use oob_mfa_testing::{
    Answer, Authenticator, Command, Guess, Model, Presenter, RecoveryGuess, TokenGuess, Vouch,
    World,
};

/// More commands find nothing new, and slow down the model.
const MAX_COMMANDS: usize = 400;

/// Makes commands from the bytes and lets two users execute them.
///
/// After every command, reply, events and record must agree with the model, and the record must
/// load from both of its forms.
pub fn commands(data: &[u8]) {
    answers(data);
}

/// As [`commands`], and returns the replies.
pub fn answers(data: &[u8]) -> Vec<Answer> {
    let mut bytes = Bytes(data);
    let policy = policy(&mut bytes).unwrap_or_else(|_| Policy::auth0());
    let alice = World::of(policy.clone(), "auth0|alice");
    let bob = alice.beside("auth0|bob".parse().expect("a subject"), 2);
    let mut users = [alice, bob].map(|world| (world, Model::new(policy.clone())));
    let mut answers = Vec::new();
    while !bytes.0.is_empty() && answers.len() < MAX_COMMANDS {
        let first = bytes.one();
        let user = usize::from(first & op::BOB == op::BOB);
        let op = (first & !op::BOB) % op::COUNT;
        let answer = if op == op::MIX_UP {
            let session = bytes.index();
            let (other, other_model) = users[1 - user].clone();
            let (world, model) = &mut users[user];
            let reply = world.mix_up(&other, session).reply;
            assert_eq!(reply, model.mix_up(&other_model, session));
            reply.answer
        } else {
            let command = command(op, &mut bytes);
            let (world, model) = &mut users[user];
            let reply = world.apply(&command).reply;
            assert_eq!(reply, model.apply(&command), "{command:?}");
            if matches!(command, Command::Step { .. }) {
                users[1 - user].1.apply(&command);
            }
            reply.answer
        };
        let (world, model) = &mut users[user];
        assert_eq!(world.recorded(), model.recorded());
        world.reload(stored);
        answers.push(answer);
    }
    for (world, model) in &users {
        assert_eq!(world.recorded(), model.recorded());
    }
    answers
}

/// Saves and loads in each form in turn.
fn stored(account: &Account) -> Account {
    if account.revision().is_multiple_of(2) {
        let json = serde_json::to_vec(account).expect("an account has a JSON form");
        serde_json::from_slice(&json).expect("what was saved loads")
    } else {
        let binary = postcard::to_allocvec(account).expect("an account has a binary form");
        postcard::from_bytes(&binary).expect("what was saved loads")
    }
}

/// The meaning of the first byte of a command, without the bit of the other user, modulo
/// [`COUNT`](op::COUNT).
pub mod op {
    pub const BEGIN: u8 = 0;
    pub const VOUCH: u8 = 1;
    pub const OPEN_TOKEN: u8 = 2;
    pub const ASSOCIATE: u8 = 3;
    pub const CHALLENGE: u8 = 4;
    pub const VERIFY_OOB: u8 = 5;
    pub const VERIFY_RECOVERY_CODE: u8 = 6;
    pub const REMOVE: u8 = 7;
    pub const REGENERATE: u8 = 8;
    pub const LIST: u8 = 9;
    pub const RESET: u8 = 10;
    pub const IMPORT_PHONE: u8 = 11;
    pub const REMOVE_PHONE: u8 = 12;
    pub const RESTORE_BUDGETS: u8 = 13;
    pub const STEP: u8 = 14;
    pub const MIX_UP: u8 = 15;
    pub const REWIND: u8 = 16;
    pub const ERASE: u8 = 17;
    /// The number of operations.
    pub const COUNT: u8 = 18;
    /// The other user.
    pub const BOB: u8 = 128;
    /// Instead of an index: none.
    pub const NONE: u8 = 255;
    /// In the byte of a channel.
    pub const VOICE: u8 = 1;
    /// In the first byte of a vouched session: an `Assurance::Mfa` with every scope.
    pub const MANAGER: u8 = 1;
    /// In a byte of time.
    pub const MINUTE: u8 = 2;
    pub const HOUR: u8 = 6;
    pub const YEAR: u8 = 9;
    /// In the second byte of a step.
    pub const BACK: u8 = 1;
    /// In the byte of a guess: the right code, a wrong one; the recovery code that was shown, one that never was.
    pub const RIGHT: u8 = 0;
    pub const WRONG: u8 = 1;
    pub const SHOWN: u8 = 0;
    pub const NEVER_SHOWN: u8 = 2;
    /// In the first byte of all: a preset, or a policy of the bytes that follow.
    pub const AUTH0: u8 = 0;
    pub const NIST: u8 = 1;
    pub const DRAWN: u8 = 2;
}

/// The rest of the input, followed by zeros.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn one(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn index(&mut self) -> usize {
        usize::from(self.one())
    }

    fn of<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[self.index() % N]
    }

    fn optional_index(&mut self) -> Option<usize> {
        let index = self.one();
        (index != op::NONE).then_some(usize::from(index))
    }

    fn channel(&mut self) -> Channel {
        self.of([Channel::Sms, Channel::Voice])
    }

    fn phone(&mut self) -> PhoneNumber {
        let number = 14_155_550_100 + u64::from(self.one() % 16);
        format!("+{number}").parse().expect("a number")
    }

    /// A duration: the edges of lifetimes, periods and skews, in milliseconds.
    fn span(&mut self) -> i64 {
        self.of([
            0,
            1,
            60_000,
            300_000,
            360_000,
            600_000,
            3_600_000,
            86_400_000,
            86_400_000 * 30,
            86_400_000 * 365,
            1_000,
            120_000,
        ])
    }

    fn authenticator(&mut self) -> Authenticator {
        match self.one() {
            op::NONE => Authenticator::RecoveryCode,
            254 => Authenticator::Unknown,
            device => Authenticator::Phone(self.channel(), usize::from(device)),
        }
    }

    fn malformed(&mut self) -> String {
        self.of(["", "12345", "123456789", "１２３４５", "12345a", "a"])
            .into()
    }

    fn guess(&mut self) -> Guess {
        match self.one() % 5 {
            0 => Guess::Right,
            1 => Guess::Wrong,
            2 => Guess::OfAnother(self.index()),
            4 => Guess::Retyped,
            _ => Guess::Malformed(self.malformed()),
        }
    }

    fn recovery_guess(&mut self) -> RecoveryGuess {
        match self.one() % 4 {
            0 => RecoveryGuess::Shown(self.index()),
            1 => RecoveryGuess::Retyped(self.index()),
            2 => RecoveryGuess::Wrong,
            _ => RecoveryGuess::Malformed(self.malformed()),
        }
    }

    fn limit(&mut self) -> Option<RateLimit> {
        let burst = u32::from(self.one() % 32) + 1;
        let millis = self.of([1, 1_000, 60_000, 360_000, 3_600_000, 86_400_000]);
        RateLimit::new(burst, Duration::from_millis(millis)).ok()
    }

    fn duration<const N: usize>(&mut self, millis: [u64; N]) -> Duration {
        Duration::from_millis(self.of(millis))
    }
}

fn policy(bytes: &mut Bytes<'_>) -> Result<Policy, InvalidPolicy> {
    let policy = match bytes.one() % 3 {
        op::AUTH0 => return Ok(Policy::auth0()),
        op::NIST => return Ok(Policy::nist_800_63b4()),
        _ => Policy::auth0(),
    };
    let some = |count: u8| (count > 0).then_some(u32::from(count));
    let mut policy = policy
        .with_code_digits(6 + bytes.index() % 3)?
        .with_skew(bytes.duration([60_000, 0, 1_000, 300_000]))?
        .with_code_lifetime(bytes.duration([1_000, 60_000, 300_000, 540_000, 600_000]))?
        .with_token_lifetime(bytes.duration([1_000, 600_000, 3_600_000]))?
        .with_longest_session(bytes.duration([3_600_000, 86_400_000, 2_592_000_000]))?
        .with_attempts_per_challenge(some(bytes.one() % 8))?
        .with_failure_cap(some(bytes.one() % 8))?
        .with_max_phones(1 + bytes.index() % 10)?
        .with_channels(bytes.of([Channels::SmsAndVoice, Channels::Sms, Channels::Voice]))
        .with_recovery_codes(bytes.of([RecoveryCodes::Issued, RecoveryCodes::Off]));
    if let Some(limit) = bytes.limit() {
        policy = policy.with_sends(limit);
    }
    if let Some(limit) = bytes.limit() {
        policy = policy.with_binding_failures(limit)?;
    }
    if let Some(limit) = bytes.limit() {
        policy = policy.with_recovery_failures(limit)?;
    }
    Ok(policy)
}

fn command(op: u8, bytes: &mut Bytes<'_>) -> Command {
    match op {
        op::VOUCH => Command::Vouch(vouch(bytes)),
        op::OPEN_TOKEN => Command::OpenToken {
            session: bytes.index(),
            presenter: bytes.of([Presenter::Its, Presenter::Unnamed, Presenter::Another]),
            token: bytes.of([
                TokenGuess::Issued,
                TokenGuess::Forged,
                TokenGuess::Malformed,
            ]),
        },
        op::ASSOCIATE => Command::Associate {
            session: bytes.index(),
            phone: bytes.phone(),
            channel: bytes.channel(),
        },
        op::CHALLENGE => {
            let session = bytes.index();
            let asked = bytes.one();
            let channels = [None, Some(Channel::Sms), Some(Channel::Voice)];
            Command::Challenge {
                session,
                authenticator: (asked % 2 == 1).then(|| bytes.authenticator()),
                channel: channels[usize::from(asked / 2) % channels.len()],
            }
        }
        op::VERIFY_OOB => Command::VerifyOob {
            session: bytes.optional_index(),
            code: bytes.optional_index(),
            guess: bytes.guess(),
        },
        op::VERIFY_RECOVERY_CODE => Command::VerifyRecoveryCode {
            session: bytes.index(),
            guess: bytes.recovery_guess(),
        },
        op::REMOVE => Command::Remove {
            session: bytes.index(),
            authenticator: bytes.authenticator(),
        },
        op::REGENERATE => Command::Regenerate {
            session: bytes.index(),
        },
        op::LIST => Command::List {
            session: bytes.index(),
        },
        op::RESET => Command::Reset,
        op::IMPORT_PHONE => Command::ImportPhone {
            phone: bytes.phone(),
            channel: bytes.channel(),
        },
        op::REMOVE_PHONE => Command::RemovePhone {
            device: bytes.index(),
        },
        op::RESTORE_BUDGETS => Command::RestoreBudgets,
        op::REWIND => Command::Rewind,
        op::ERASE => Command::Erase,
        op::STEP => {
            let span = bytes.span();
            let millis = match bytes.one() % 6 {
                op::BACK => -span,
                2 => span - 1,
                3 => span + 1,
                4 => 1 - span,
                5 => -1 - span,
                _ => span,
            };
            Command::Step { millis }
        }
        _ => Command::Begin,
    }
}

fn vouch(bytes: &mut Bytes<'_>) -> Vouch {
    let first = bytes.one();
    let scopes = [
        "enroll read:authenticators remove:authenticators",
        "openid enroll",
        "read:authenticators",
        "remove:authenticators",
        "enrollment remove:authenticator",
        "",
    ];
    Vouch {
        assurance: if first & 1 == 1 {
            Assurance::Mfa
        } else {
            Assurance::FirstFactor
        },
        stranger: first & 0b110 == 0b110,
        scope: scopes[usize::from(first >> 3) % scopes.len()].into(),
        age: bytes.span(),
        lifetime: bytes.span(),
    }
}
