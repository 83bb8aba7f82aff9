//! Prints the measurements beside their floors, and every goal: see `table.sh`.

use oob_mfa_benches::Figures;

fn main() {
    let path = std::env::args().nth(1).expect("table FIGURES");
    let figures = Figures::read(&path);
    operations(&figures);
    floors(&figures);
    records(&figures);
    peers(&figures);
    users(&figures);
    goals(&figures);
}

/// A case, its floor, and the drop of the account that was passed in.
type Row = (&'static str, Option<&'static str>, Option<&'static str>);

const OPERATIONS: [Row; 33] = [
    ("verify_right/1", Some("hmac"), Some("drop_pending/1")),
    ("verify_right/4", Some("hmac"), Some("drop_pending/4")),
    ("verify_right/10", Some("hmac"), Some("drop_pending/10")),
    ("verify_wrong/1", Some("hmac"), Some("drop_pending/1")),
    ("verify_wrong/4", Some("hmac"), Some("drop_pending/4")),
    ("verify_wrong/10", Some("hmac"), Some("drop_pending/10")),
    ("verify_refused/1", None, None),
    ("verify_refused/4", None, None),
    ("verify_refused/10", None, None),
    ("verify_unknown/1", None, None),
    ("verify_unknown/4", None, None),
    ("verify_unknown/10", None, None),
    (
        "recovery_right",
        Some("recovery_right_floor"),
        Some("drop_pending/1"),
    ),
    (
        "recovery_wrong",
        Some("recovery_wrong_floor"),
        Some("drop_pending/1"),
    ),
    ("challenge", Some("challenge_floor"), Some("drop_account")),
    ("associate", Some("associate_floor"), None),
    ("open_token", Some("open_token_floor"), None),
    ("authenticators", None, None),
    ("budget_take", Some("gcra_by_hand"), None),
    ("load_postcard", None, None),
    ("save_postcard", None, None),
    ("save_postcard_slice", None, None),
    ("load_json", None, None),
    ("save_json", None, None),
    ("load_largest_postcard", None, None),
    ("save_largest_postcard", None, None),
    ("save_largest_postcard_slice", None, None),
    ("load_largest_json", None, None),
    ("save_largest_json", None, None),
    ("request_postcard", None, None),
    ("request_postcard_wrong", None, None),
    ("request_postcard_refused", None, None),
    ("request_json", None, None),
];

fn operations(figures: &Figures) {
    println!(
        "| operation | HMACs | × its floor | instructions | beyond floor and drop | allocations | bytes |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for (case, floor, drop) in OPERATIONS {
        let multiple = floor.and_then(|floor| figures.times(case, floor));
        let beyond = floor.and_then(|floor| beyond(figures, case, floor, drop));
        println!(
            "| {case} | {} | {} | {} | {} | {} | {} |",
            ratio(figures.time(case)),
            ratio(multiple),
            whole(figures.instructions(case)),
            whole(beyond),
            whole(figures.allocations(case)),
            whole(figures.allocated(case)),
        );
    }
    println!();
}

/// Instructions beyond those of the floor and of the drop.
fn beyond(figures: &Figures, case: &str, floor: &str, drop: Option<&str>) -> Option<f64> {
    let drop = drop.map_or(Some(0.0), |drop| figures.instructions(drop))?;
    Some(figures.instructions(case)? - figures.instructions(floor)? - drop)
}

/// The floors of operations, and the drop of the account that they consume. A caller that keeps
/// accounts in memory pays for a clone. `compare` works byte by byte, `compare_words` word by word.
const FLOORS: [&str; 18] = [
    "hmac",
    "compare",
    "compare_words",
    "random_word",
    "clone_account",
    "clone_pending/1",
    "clone_pending/4",
    "clone_pending/10",
    "drop_account",
    "drop_pending/1",
    "drop_pending/4",
    "drop_pending/10",
    "recovery_right_floor",
    "recovery_wrong_floor",
    "challenge_floor",
    "associate_floor",
    "open_token_floor",
    "gcra_by_hand",
];

fn floors(figures: &Figures) {
    println!("| floor | HMACs | instructions | allocations |");
    println!("| --- | --: | --: | --: |");
    for floor in FLOORS {
        println!(
            "| {floor} | {} | {} | {} |",
            ratio(figures.time(floor)),
            whole(figures.instructions(floor)),
            whole(figures.allocations(floor)),
        );
    }
    println!();
}

fn records(figures: &Figures) {
    println!("| record | postcard: bytes | JSON: bytes |");
    println!("| --- | --: | --: |");
    for record in ["idle", "typical", "largest"] {
        println!(
            "| {record} | {} | {} |",
            whole(figures.bytes(&format!("record_{record}_postcard"))),
            whole(figures.bytes(&format!("record_{record}_json"))),
        );
    }
    println!();
}

/// A peer, and the case it corresponds to.
const PEERS: [(&str, &str); 11] = [
    ("totp_rs_right", "verify_right/1"),
    ("totp_rs_wrong", "verify_wrong/1"),
    ("latchkey_totp_right", "verify_right/1"),
    ("latchkey_totp_wrong", "verify_wrong/1"),
    ("latchkey_email_right", "verify_right/1"),
    ("latchkey_email_wrong", "verify_wrong/1"),
    ("modo_rs_right", "verify_right/1"),
    ("modo_rs_wrong", "verify_wrong/1"),
    ("governor_direct", "budget_take"),
    ("governor_direct_at", "budget_take"),
    ("governor_keyed", "budget_take"),
];

fn peers(figures: &Figures) {
    println!("| peer | HMACs | ours | HMACs | peer ÷ ours | allocations |");
    println!("| --- | --: | --- | --: | --: | --: |");
    for (peer, ours) in PEERS {
        println!(
            "| {peer} | {} | {ours} | {} | {} | {} |",
            ratio(figures.time(peer)),
            ratio(figures.time(ours)),
            ratio(figures.times(peer, ours)),
            whole(figures.allocations(peer)),
        );
    }
    println!();
}

fn users(figures: &Figures) {
    println!("| users | service | HMACs | ÷ accounts | ÷ records | bytes per user |");
    println!("| --: | --- | --: | --: | --: | --: |");
    for users in [1_000, 100_000, 1_000_000] {
        for service in ["naive", "tuned", "accounts", "records"] {
            let label = format!("{service}/{users}");
            println!(
                "| {users} | {service} | {} | {} | {} | {} |",
                ratio(figures.time(&label)),
                ratio(figures.times(&label, &format!("accounts/{users}"))),
                ratio(figures.times(&label, &format!("records/{users}"))),
                whole(figures.bytes(&label)),
            );
        }
    }
    println!();
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
    MoreThan(f64),
}

impl Bound {
    fn is_met_by(self, measured: f64) -> bool {
        match self {
            Self::AtMost(most) => measured <= most,
            Self::AtLeast(least) => measured >= least,
            Self::MoreThan(bound) => measured > bound,
        }
    }
}

impl core::fmt::Display for Bound {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::MoreThan(bound) => write!(f, "> {bound}"),
        }
    }
}

/// The goals of the plan, in order.
#[rustfmt::skip]
fn goals(figures: &Figures) {
    use Bound::{AtLeast, AtMost, MoreThan};

    println!("| goal | measured | goal | met |");
    println!("| --- | --: | --: | --- |");
    for answer in ["right", "wrong"] {
        for (pending, most) in [(1, 1.25), (10, 1.5)] {
            let case = format!("verify_{answer}/{pending}");
            goal(&format!("{case}: time ÷ its HMAC"), figures.times(&case, "hmac"), AtMost(most));
        }
        for pending in [1, 4, 10] {
            let case = format!("verify_{answer}/{pending}");
            let drop = format!("drop_pending/{pending}");
            let beyond = beyond(figures, &case, "hmac", Some(&drop));
            goal(&format!("{case}: instructions beyond HMAC and drop"), beyond, AtMost(200.0));
            goal(&format!("{case}: allocations"), figures.allocations(&case), AtMost(1.0));
        }
    }
    for refusal in ["refused", "unknown"] {
        for pending in [1, 4, 10] {
            let case = format!("verify_{refusal}/{pending}");
            goal(&format!("{case}: instructions"), figures.instructions(&case), AtMost(150.0));
            goal(&format!("{case}: allocations"), figures.allocations(&case), AtMost(0.0));
        }
    }
    goal("budget_take: instructions", figures.instructions("budget_take"), AtMost(25.0));
    goal("open_token: time ÷ its HMAC and decoding", figures.times("open_token", "open_token_floor"), AtMost(1.25));
    goal("challenge: time ÷ its HMAC and RNG words", figures.times("challenge", "challenge_floor"), AtMost(2.0));
    goal("authenticators: allocations", figures.allocations("authenticators"), AtMost(0.0));
    for (peer, ours) in PEERS.iter().filter(|(_, ours)| ours.starts_with("verify")) {
        goal(&format!("{peer} ÷ {ours}: time"), figures.times(peer, ours), MoreThan(1.0));
    }
    for (service, users, bound) in [
        ("naive", 1_000, AtLeast(5.0)),
        ("naive", 1_000_000, AtLeast(3.0)),
        ("tuned", 1_000, MoreThan(1.0)),
        ("tuned", 1_000_000, AtLeast(1.0)),
    ] {
        for ours in ["accounts", "records"] {
            let (service, ours) = (format!("{service}/{users}"), format!("{ours}/{users}"));
            goal(&format!("{service} ÷ {ours}: time"), figures.times(&service, &ours), bound);
        }
    }
    let both = figures.time("load_postcard").zip(figures.time("save_postcard_slice"));
    // From the plan: 350 ns where the HMAC takes 132.
    goal("load_postcard + save_postcard_slice: time ÷ HMAC", both.map(|(load, save)| load + save), AtMost(2.65));
    let grown = figures.instructions("hundred_among/10000").zip(figures.instructions("hundred_among/1000"));
    goal("accounts, 10,000 users ÷ 1,000 users: instructions", grown.map(|(more, fewer)| more / fewer), AtMost(1.01));
    goal("a typical record in postcard, nothing under way and full budgets: bytes", figures.bytes("record_idle_postcard"), AtMost(200.0));
    goal("a typical record in postcard, a login under way: bytes", figures.bytes("record_typical_postcard"), AtMost(200.0));
    goal("an idle enrolled account in memory, all told: bytes", figures.bytes("account"), AtMost(200.0));
}

fn goal(what: &str, measured: Option<f64>, bound: Bound) {
    let Some(measured) = measured else {
        println!("| {what} | not measured | {bound} | |");
        return;
    };
    let met = if bound.is_met_by(measured) {
        "yes"
    } else {
        "no"
    };
    let measured = if measured.fract() == 0.0 {
        whole(Some(measured))
    } else {
        ratio(Some(measured))
    };
    println!("| {what} | {measured} | {bound} | {met} |");
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| match value {
        ..0.1 => format!("{value:.3}"),
        0.1..10.0 => format!("{value:.2}"),
        _ => format!("{value:.1}"),
    })
}

fn whole(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.0}"))
}
