//! The page of the threat model names tests that are there, and leaves out no rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../src/docs/threat_model.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// The names of everything that is marked as a test below a directory.
fn tests_below(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            names.extend(tests_in(&text));
        }
    }
}

fn tests_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if is_test && let Some((_, rest)) = line.split_once("fn ") {
            let name = rest.split(['(', '<']).next().unwrap();
            names.push(name.to_owned());
            is_test = false;
        }
    }
    names
}

/// The parts of an attack: what stands after each of the bold words.
fn parts(attack: &str) -> Vec<(&str, String)> {
    attack
        .split("\n* **")
        .skip(1)
        .map(|part| {
            let (name, text) = part.split_once("**: ").unwrap();
            (name, text.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// Every attack, by its heading.
fn attacks() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let page = PAGE.split("\n# NIST").next().unwrap();
    page.split("\n## ")
        .skip(1)
        .map(|attack| {
            let attack = attack.split("\n# ").next().unwrap();
            (attack.lines().next().unwrap(), parts(attack))
        })
        .collect()
}

#[test]
fn every_attack_says_what_is_done_by_which_rule_proved_by_what_and_what_is_left() {
    let attacks = attacks();
    assert_eq!(attacks.len(), 34);
    for (attack, parts) in attacks {
        let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["engine", "rule", "proved by", "yours"], "{attack}");
        assert!(parts.iter().all(|(_, text)| !text.is_empty()), "{attack}");
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let mut own = BTreeSet::new();
    tests_below(&root().join("tests"), &mut own);
    tests_below(&root().join("src"), &mut own);
    // The example server is not part of the published crate.
    let server = root().join("examples/server/tests");
    let mut servers = BTreeSet::new();
    if server.is_dir() {
        tests_below(&server, &mut servers);
    }
    let mut missing = Vec::new();
    for (attack, parts) in attacks() {
        let proved_by = &parts[2].1;
        if proved_by == "nothing" {
            continue;
        }
        for name in proved_by.split(", ") {
            let name = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'));
            let name = name.unwrap_or_else(|| panic!("{attack}: {proved_by}"));
            let is_there = match name.strip_prefix("server::") {
                Some(name) => !server.is_dir() || servers.contains(name),
                None => own.contains(name),
            };
            if !is_there {
                missing.push(format!("{attack}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_test_that_is_not_there_would_be_missed() {
    let text = "#[test]\nfn one() {}\nfn two() {}\n#[tokio::test(flavor)]\nasync fn three() {}\n";
    assert_eq!(tests_in(text), ["one", "three"]);
}

/// 16 is replay by an honest server, which is nobody's attack.
#[test]
fn every_rule_answers_an_attack() {
    let attacks = attacks();
    let rules: BTreeSet<u8> = attacks
        .iter()
        .flat_map(|(_, parts)| parts[1].1.split(", "))
        .filter(|rule| *rule != "none")
        .map(|rule| rule.parse().unwrap())
        .collect();
    let expected: BTreeSet<u8> = (1..=17).filter(|rule| *rule != 16).collect();
    assert_eq!(rules, expected);
}

#[test]
fn every_requirement_says_who_meets_it() {
    let rows = |page: &'static str, column: usize| {
        page.lines()
            .filter(|line| line.starts_with("| ") && line.contains('.'))
            .map(|line| line.split('|').map(str::trim).nth(column).unwrap())
            .collect::<Vec<_>>()
    };
    let (_, standards) = PAGE.split_once("\n# NIST").unwrap();
    let (nist, asvs) = standards.split_once("\n# OWASP").unwrap();
    let known = ["crate", "setting", "partly", "yours", "no", "none"];
    for (met, count) in [(rows(nist, 3), 33), (rows(asvs, 4), 21)] {
        assert_eq!(met.len(), count);
        assert!(met.iter().all(|met| known.contains(met)), "{met:?}");
    }
}
