//! Valgrind from both sides: the program that marks its secrets, and the test that reads the findings.
//!
//! Memcheck follows every uninitialized bit through copies and arithmetic, and reports a branch or an
//! address that depends on one. The program declares its secrets uninitialized, and memcheck follows
//! them the same way. Callgrind counts every instruction and every jump.

use std::arch::asm;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::mem::size_of_val;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

const RUNNING_ON_VALGRIND: usize = 0x1001;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

/// A client request to valgrind; 0 without valgrind.
fn request(code: usize, start: usize, len: usize) -> usize {
    let arguments = [code, start, len, 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: the sequence of `valgrind.h`. The processor rotates a register once around and
    // exchanges another with itself. Valgrind reads that as a request, and changes no byte of the
    // program.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") answer,
            in("rax") &raw const arguments,
        );
    }
    answer
}

/// Whether the program runs under valgrind.
pub fn is_here() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) > 0
}

/// The kinds of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// The key of the engine.
    Key,
    /// The values of the stored record.
    Stored,
    /// The text that a user presents or types.
    Presented,
    /// The words that a code is drawn from.
    Drawn,
}

impl Secret {
    pub const ALL: [Self; 4] = [Self::Key, Self::Stored, Self::Presented, Self::Drawn];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

static KEPT: AtomicU8 = AtomicU8::new(u8::MAX);

/// For the controls of the marks: from now on, only these secrets are marked.
pub fn mark_only(secrets: &[Secret]) {
    let kept = secrets.iter().fold(0, |kept, secret| kept | secret.bit());
    KEPT.store(kept, Ordering::Relaxed);
}

/// Declares every byte of a value secret, but not what it points to.
pub fn mark<T: ?Sized>(secret: Secret, value: &mut T) {
    if KEPT.load(Ordering::Relaxed) & secret.bit() != 0 {
        let start = (&raw mut *value).expose_provenance();
        request(MAKE_MEM_UNDEFINED, start, size_of_val(value));
    }
}

/// Declares every byte of a value public, but not what it points to.
pub fn publish<T: ?Sized>(value: &mut T) {
    let start = (&raw mut *value).expose_provenance();
    request(MAKE_MEM_DEFINED, start, size_of_val(value));
}

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decided {
    Branch,
    Address,
    /// Anything else that memcheck complains about.
    Other,
}

/// An instruction that memcheck complains about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub decided: Decided,
    /// Its address.
    pub at: String,
    /// The line of this package that did or called it: its file and text.
    pub by: (String, String),
    /// The file of the instruction.
    pub inside: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            decided,
            by: (file, text),
            inside,
            ..
        } = self;
        write!(f, "{decided:?} by {file}: `{text}`, inside {inside}")
    }
}

/// The output of a case, and the findings.
pub struct Run {
    pub answered: String,
    pub findings: BTreeSet<Finding>,
}

const CASE: &str = "OOB_MFA_CONSTANT_TIME_CASE";
const ANSWER: &str = "answer: ";

/// The case that this process must run, if any.
pub fn case() -> Option<String> {
    std::env::var(CASE).ok()
}

/// Reports to the parent process.
pub fn answer_parent(answered: &str) {
    println!("\n{ANSWER}{answered}");
}

/// Whether valgrind is installed.
pub fn is_installed() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Runs one case in its own process, under memcheck: the test `test` of this program.
pub fn run(test: &str, case: &str) -> Run {
    let report = report("memcheck", case);
    let mut memcheck = Command::new("valgrind");
    memcheck
        .args(["--tool=memcheck", "--error-limit=no", "--num-callers=100"])
        // Follow comparisons bit by bit, and name the lines of inlined functions.
        .args(["--expensive-definedness-checks=yes"])
        .args(["--read-inline-info=yes", "--show-leak-kinds=none"])
        .args(["--xml=yes", &format!("--xml-file={}", report.display())]);
    let answered = answered(memcheck, test, case);
    let xml = fs::read_to_string(&report).expect("the report of memcheck");
    assert!(xml.contains("</valgrindoutput>"), "{case}: cut off");
    Run {
        answered,
        findings: xml.split("<error>").skip(1).map(finding).collect(),
    }
}

/// Runs one case under callgrind. Returns how often each instruction of a function and its callees
/// ran, and each jump.
pub fn profile(test: &str, case: &str, function: &str) -> String {
    let report = report("callgrind", case);
    let mut callgrind = Command::new("valgrind");
    callgrind
        .args([
            "--tool=callgrind",
            "--dump-instr=yes",
            "--collect-jumps=yes",
        ])
        .args(["--collect-atstart=no", "--compress-pos=no"])
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(format!("--callgrind-out-file={}", report.display()));
    answered(callgrind, test, case);
    let profile = fs::read_to_string(&report).expect("the report of callgrind");
    // The functions come in any order. The counts name instructions by their addresses.
    let mut counts: Vec<&str> = profile
        .lines()
        .filter(|line| {
            ["0x", "calls=", "jcnd=", "jump="]
                .iter()
                .any(|kind| line.starts_with(kind))
        })
        .collect();
    assert!(!counts.is_empty(), "{case}: {function} is unknown");
    counts.sort_unstable();
    counts.join("\n")
}

fn report(tool: &str, case: &str) -> PathBuf {
    let case = case.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{tool}-{case}"))
}

fn answered(mut valgrind: Command, test: &str, case: &str) -> String {
    let output = valgrind
        .arg(std::env::current_exe().expect("the path of this program"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CASE, case)
        .output()
        .expect("valgrind starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{case}:\n{stdout}\n{stderr}");
    let answered = stdout.lines().find_map(|line| line.strip_prefix(ANSWER));
    answered
        .unwrap_or_else(|| panic!("{case}: no answer was reported\n{stdout}"))
        .into()
}

fn finding(error: &str) -> Finding {
    let decided = match element(error, "kind") {
        Some("UninitCondition") => Decided::Branch,
        Some("UninitValue") => Decided::Address,
        _ => Decided::Other,
    };
    let stack = element(error, "stack").unwrap_or_default();
    let frames = || stack.split("<frame>").skip(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let by = frames().find_map(|frame| {
        let folder = element(frame, "dir").unwrap_or_default();
        let path = root.join(folder).join(element(frame, "file")?);
        let file = path.strip_prefix(root).ok()?.to_str()?;
        let line: usize = element(frame, "line")?.parse().ok()?;
        let source = fs::read_to_string(&path).ok()?;
        let text = source.lines().nth(line.checked_sub(1)?)?.trim();
        Some((file.to_owned(), text.to_owned()))
    });
    let inside = frames().next().and_then(|frame| {
        element(frame, "file")
            .or_else(|| element(frame, "fn"))
            .or_else(|| element(frame, "obj"))
    });
    Finding {
        decided,
        at: element(stack, "ip").unwrap_or_default().into(),
        by: by.unwrap_or_else(|| ("elsewhere".into(), String::new())),
        inside: inside.unwrap_or("nowhere").into(),
    }
}

fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}
