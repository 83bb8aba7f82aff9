//! The sums of the page: each is right, and made of what the tests and the tables say.

use crate::{PAGE, grouped, sizes};

/// The sums of the page: `A × B ÷ C + D = E`, with words after each.
fn sums() -> Vec<&'static str> {
    PAGE.lines()
        .filter(|line| line.contains(" = ") && line.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

/// The number that a piece of a sum begins with.
fn number(text: &str) -> f64 {
    let word = text.split_whitespace().next().unwrap();
    word.replace(',', "")
        .parse()
        .unwrap_or_else(|_| panic!("{text}"))
}

fn product(text: &str) -> f64 {
    let mut value = None;
    let mut rest = text;
    loop {
        let end = rest.find(['×', '÷']).unwrap_or(rest.len());
        let factor = number(&rest[..end]);
        let before = text[..text.len() - rest.len()].chars().next_back();
        value = Some(match (value, before) {
            (Some(value), Some('×')) => value * factor,
            (Some(value), Some('÷')) => value / factor,
            _ => factor,
        });
        let Some((_, after)) = rest[end..].split_at_checked('×'.len_utf8()) else {
            return value.unwrap();
        };
        rest = after;
    }
}

/// Whether what stands right of the `=` is the left side, rounded to as many digits as it has.
fn is_right(sum: &str) -> bool {
    let (left, right) = sum.split_once(" = ").unwrap();
    let left: f64 = left.split(" + ").map(product).sum();
    let written = right.split_whitespace().next().unwrap();
    let digits = written
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    let unit = 10_f64.powi(-i32::try_from(digits).unwrap());
    // Half a unit, and what a float makes of it.
    (number(right) - left).abs() <= unit * 0.500_001
}

#[test]
fn every_sum_is_right() {
    let sums = sums();
    assert!(sums.len() >= 12, "{}", sums.len());
    let wrong: Vec<&&str> = sums.iter().filter(|sum| !is_right(sum)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_wrong_sum_is_found() {
    assert!(is_right("2 × 3 + 1,000 ÷ 8 things = 131 in all"));
    assert!(is_right("100,000,000 ÷ 86,400 = 1,157 a second"));
    assert!(!is_right("100,000,000 ÷ 86,400 = 1,158 a second"));
    assert!(is_right("2 ÷ 3 = 0.67"));
    assert!(!is_right("2 ÷ 3 = 0.66"));
    assert!(!is_right("2 + 3 = 6"));
}

/// What the sums begin with is what is counted above.
#[test]
fn the_sums_are_made_of_what_is_counted() {
    let [.., (_, signing_in), (_, signed_in), (_, largest)] = sizes();
    let beginnings = [
        // A login is a password, a challenge and a right code; one in ten has a wrong code too.
        "1 + 1 + 1 + 0.1 × 1 = 3.1 loads a login".to_owned(),
        "0 + 1 + 1 + 0.1 × 1 = 2.1 writes a login".to_owned(),
        format!("100,000,000 × {signed_in} ÷ 1,000,000,000 = "),
        format!("5,093 × {signing_in} + 4,630 × {signed_in} = "),
        format!("100,000 × {} ÷ 1,000,000 = ", grouped(largest)),
    ];
    for beginning in beginnings {
        let found = sums().iter().any(|sum| sum.starts_with(&beginning));
        assert!(found, "{beginning}");
    }
}

/// The last of these rows of a table that begins with these cells.
fn row<'a>(rows: &'a [Vec<&'a str>], beginning: &[&str]) -> &'a [&'a str] {
    let found = rows.iter().rfind(|row| row.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no row {beginning:?}"))
}

/// How many of an operation one thread did in a second, in the last table in memory.
fn alone(rows: &[Vec<&str>], operation: &str) -> String {
    let found = rows.iter().rfind(|row| row[1..3] == [operation, "1"]);
    grouped(found.unwrap()[3].parse().unwrap())
}

/// What stands before the name of a store where a sum is about a server on it.
const SERVED_ON: &str = "µs of the server for a login on ";

/// The left side that a sum of the run has to have, by the rows and the sums above it: `what` is its right side.
fn left_side(what: &str, rows: &[Vec<&str>], above: &[&str]) -> String {
    if what.contains("GB allocated, all of them as") {
        let form = format!("as {}", what.rsplit_once("as ").unwrap().1);
        let [.., allocated, _resident] = row(rows, &[&form]) else {
            panic!("{form}")
        };
        format!("100,000,000 × {allocated} ÷ 1,000,000,000")
    } else if what.contains("GB of redb files") {
        let [.., file, _compacted] = row(rows, &["on disk"]) else {
            panic!("no file")
        };
        format!("100,000,000 × {file} ÷ 1,000,000,000")
    } else if what.ends_with("µs for a login") {
        let [challenge, right, wrong] =
            ["challenge", "right code", "wrong code"].map(|operation| alone(rows, operation));
        format!("1,000,000 ÷ {challenge} + 1,000,000 ÷ {right} + 0.1 × 1,000,000 ÷ {wrong}")
    } else if let Some((_, on)) = what.split_once(SERVED_ON) {
        let [challenge, right, wrong] =
            ["challenge", "right", "wrong"].map(|traffic| row(rows, &[on, traffic])[7]);
        format!("{challenge} + {right} + 0.1 × {wrong}")
    } else if what.contains(" processors for the ") {
        let login = above.last().unwrap().split(" ").next().unwrap();
        format!("4,630 × {login} ÷ 1,000,000")
    } else if what.ends_with("stores as fast as this one") {
        let served = above.iter().rev().find_map(|sum| sum.split_once(SERVED_ON));
        let (_, on) = served.unwrap();
        let written = row(rows, &[on, "store alone: load and write"])[2];
        format!("9,723 ÷ {written}")
    } else {
        panic!("a sum of nothing known: {what}")
    }
}

/// What a sum of the run is made of are the rows that it is about.
#[test]
fn the_sums_of_the_run_are_made_of_its_tables() {
    let (_, run) = PAGE.split_once("\n## What it printed\n").unwrap();
    let mut rows: Vec<Vec<&str>> = Vec::new();
    let mut sums: Vec<&str> = Vec::new();
    for line in run.lines() {
        if let Some(cells) = line.strip_prefix("| ") {
            rows.push(cells.trim_end_matches(" |").split(" | ").collect());
        } else if let Some((left, right)) = line.split_once(" = ") {
            assert_eq!(left, left_side(right, &rows, &sums), "{line}");
            sums.push(right);
        }
    }
    assert_eq!(sums.len(), 16);
}
