//! The threat model has every part of every attack, and covers every rule.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../src/docs/threat_model.md");

/// The parts of an attack: the text after each bold word.
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
fn every_attack_lists_the_answer_the_rule_the_proof_and_what_is_left() {
    let attacks = attacks();
    assert_eq!(attacks.len(), 43);
    for (attack, parts) in attacks {
        let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["engine", "rule", "proved by", "yours"], "{attack}");
        assert!(parts.iter().all(|(_, text)| !text.is_empty()), "{attack}");
    }
}

/// `.ci/named-tests` checks that each of them exists.
#[test]
fn every_proof_is_a_list_of_names_or_nothing() {
    for (attack, parts) in attacks() {
        let proved_by = &parts[2].1;
        if proved_by == "nothing" {
            continue;
        }
        for name in proved_by.split(", ") {
            let name = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'))
                .unwrap_or_else(|| panic!("{attack}: {proved_by}"));
            let name = name.strip_prefix("server::").unwrap_or(name);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(
                !name.is_empty() && name.chars().all(is_plain),
                "{attack}: {name}"
            );
        }
    }
}

/// Rule 16 is replay by an honest server, which is not an attack.
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
fn every_requirement_names_who_meets_it() {
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
