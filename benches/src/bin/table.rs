//! Prints the measurements beside their floors, and every goal: see `table.sh`.

use oob_mfa_benches::Figures;
use oob_mfa_benches::Measure::*;

fn main() {
    let path = std::env::args().nth(1).expect("table FIGURES");
    let figures = Figures::read(&path);
    println!(
        "One HMAC took {} ns.\n",
        whole(figures.of(Nanoseconds, "hmac"))
    );
    operations(&figures);
    floors(&figures);
    records(&figures);
    peers(&figures);
    users(&figures);
    goals(&figures);
}

/// A case and its floor.
type Row = (&'static str, Option<&'static str>);

const OPERATIONS: [Row; 28] = [
    ("verify_right/1", Some("hmac")),
    ("verify_right/10", Some("hmac")),
    ("verify_wrong/1", Some("hmac")),
    ("verify_wrong/10", Some("hmac")),
    ("verify_refused/1", None),
    ("verify_refused/10", None),
    ("verify_unknown/1", None),
    ("verify_unknown/10", None),
    ("recovery_right", Some("recovery_right_floor")),
    ("recovery_system", Some("recovery_system_floor")),
    ("recovery_wrong", None),
    ("challenge", Some("challenge_floor")),
    ("challenge_system", Some("challenge_system_floor")),
    ("associate", Some("associate_floor")),
    ("associate_system", Some("associate_system_floor")),
    ("open_token", Some("open_token_floor")),
    ("authenticators", None),
    ("budget_take", None),
    ("load_postcard", None),
    ("save_postcard", None),
    ("load_json", None),
    ("save_json", None),
    ("load_largest_postcard", None),
    ("save_largest_postcard", None),
    ("request_postcard", None),
    ("request_postcard_wrong", None),
    ("request_postcard_refused", None),
    ("request_json", None),
];

fn operations(figures: &Figures) {
    println!(
        "| operation | HMACs | × its floor | instructions | beyond its floor | allocations | bytes |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for (case, floor) in OPERATIONS {
        let multiple = floor.and_then(|floor| figures.times(case, floor));
        let beyond = floor.and_then(|floor| {
            Some(figures.of(Instructions, case)? - figures.of(Instructions, floor)?)
        });
        println!(
            "| {case} | {} | {} | {} | {} | {} | {} |",
            ratio(figures.of(Time, case)),
            ratio(multiple),
            whole(figures.of(Instructions, case)),
            whole(beyond),
            whole(figures.of(Allocations, case)),
            whole(figures.of(Allocated, case)),
        );
    }
    println!();
}

/// The floors of operations, and the drop of the account that they consume.
const FLOORS: [&str; 11] = [
    "hmac",
    "drop_account",
    "drop_pending/1",
    "drop_pending/10",
    "recovery_right_floor",
    "recovery_system_floor",
    "challenge_floor",
    "challenge_system_floor",
    "associate_floor",
    "associate_system_floor",
    "open_token_floor",
];

fn floors(figures: &Figures) {
    println!("| floor | HMACs | instructions | allocations |");
    println!("| --- | --: | --: | --: |");
    for floor in FLOORS {
        println!(
            "| {floor} | {} | {} | {} |",
            ratio(figures.of(Time, floor)),
            whole(figures.of(Instructions, floor)),
            whole(figures.of(Allocations, floor)),
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
            whole(figures.of(Bytes, &format!("record_{record}_postcard"))),
            whole(figures.of(Bytes, &format!("record_{record}_json"))),
        );
    }
    println!();
}

/// A peer, and the case it corresponds to.
const PEERS: [(&str, &str); 6] = [
    ("totp_rs_right", "verify_right/1"),
    ("totp_rs_wrong", "verify_wrong/1"),
    ("latchkey_totp_right", "verify_right/1"),
    ("latchkey_totp_wrong", "verify_wrong/1"),
    ("latchkey_email_right", "verify_right/1"),
    ("latchkey_email_wrong", "verify_wrong/1"),
];

fn peers(figures: &Figures) {
    println!("| peer | HMACs | ours | HMACs | peer ÷ ours | allocations |");
    println!("| --- | --: | --- | --: | --: | --: |");
    for (peer, ours) in PEERS {
        println!(
            "| {peer} | {} | {ours} | {} | {} | {} |",
            ratio(figures.of(Time, peer)),
            ratio(figures.of(Time, ours)),
            ratio(figures.times(peer, ours)),
            whole(figures.of(Allocations, peer)),
        );
    }
    println!();
}

fn users(figures: &Figures) {
    println!("| users | as | HMACs | bytes per user |");
    println!("| --: | --- | --: | --: |");
    for users in [1_000, 100_000, 1_000_000] {
        for service in ["accounts", "records"] {
            let label = format!("{service}/{users}");
            println!(
                "| {users} | {service} | {} | {} |",
                ratio(figures.of(Time, &label)),
                whole(figures.of(Bytes, &label)),
            );
        }
    }
    println!();
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    MoreThan(f64),
}

impl Bound {
    fn is_met_by(self, measured: f64) -> bool {
        match self {
            Self::AtMost(most) => measured <= most,
            Self::MoreThan(bound) => measured > bound,
        }
    }
}

impl core::fmt::Display for Bound {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::MoreThan(bound) => write!(f, "> {bound}"),
        }
    }
}

fn goals(figures: &Figures) {
    use Bound::{AtMost, MoreThan};

    println!("| goal | measured | goal | met |");
    println!("| --- | --: | --: | --- |");
    for answer in ["right", "wrong"] {
        for (pending, most) in [(1, 1.7), (10, 2.3)] {
            let case = format!("verify_{answer}/{pending}");
            goal(
                &format!("{case}: HMACs"),
                figures.times(&case, "hmac"),
                AtMost(most),
            );
        }
    }
    goal(
        "request_postcard: HMACs",
        figures.times("request_postcard", "hmac"),
        AtMost(10.0),
    );
    for case in ["challenge", "challenge_system"] {
        let floor = format!("{case}_floor");
        goal(
            &format!("{case} ÷ its HMAC and random words: time"),
            figures.times(case, &floor),
            AtMost(2.0),
        );
    }
    for (peer, ours) in PEERS {
        goal(
            &format!("{peer} ÷ {ours}: time"),
            figures.times(peer, ours),
            MoreThan(1.0),
        );
    }
    let among = |users| figures.of(Instructions, &format!("hundred_among/{users}"));
    let grown = among(10_000).zip(among(1_000));
    goal(
        "10,000 users ÷ 1,000 users: instructions",
        grown.map(|(more, fewer)| more / fewer),
        AtMost(1.01),
    );
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
