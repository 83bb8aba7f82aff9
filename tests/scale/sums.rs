//! The sums of the page: each is right, and uses the numbers of the tests and the tables.

use crate::{PAGE, grouped, sizes};

/// The sums of the page: `A × B ÷ C + D = E`, each followed by words.
fn sums() -> Vec<&'static str> {
    PAGE.lines()
        .filter(|line| line.contains(" = ") && line.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

/// The number at the start of a part of a sum.
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

/// Whether the right side of the `=` is the left side, rounded to the same number of digits.
fn is_right(sum: &str) -> bool {
    let (left, right) = sum.split_once(" = ").unwrap();
    let left: f64 = left.split(" + ").map(product).sum();
    let written = right.split_whitespace().next().unwrap();
    let digits = written
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    let unit = 10_f64.powi(-i32::try_from(digits).unwrap());
    // Half a unit, plus float error.
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

/// The sums start from the counts of the tables.
#[test]
fn the_sums_are_made_of_what_is_counted() {
    let [.., (_, signing_in), (_, signed_in), (_, largest)] = sizes();
    let beginnings = [
        // A login is a password, a challenge and a right code; 1 in 10 has a wrong code too.
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

/// The last row that starts with these cells.
fn row<'a>(rows: &'a [Vec<&'a str>], beginning: &[&str]) -> &'a [&'a str] {
    let found = rows.iter().rfind(|row| row.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no row {beginning:?}"))
}

/// The operations per second of one thread, in the last table in memory.
fn alone(rows: &[Vec<&str>], operation: &str) -> String {
    let found = rows.iter().rfind(|row| row[1..3] == [operation, "1"]);
    grouped(found.unwrap()[3].parse().unwrap())
}

/// The text before the name of a store in a sum about a server on it.
const SERVED_ON: &str = "µs of the server for a login on ";

/// The left side that a sum of the run must have, from the rows and sums above it. `what` is its right side.
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

/// The sums of the run use the rows that they are about.
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
