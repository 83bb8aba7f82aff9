//! z3 proves rules 4 and 5 for every rate limit, budget and window of time. `rule.smt2` has the proof.
//!
//! ```sh
//! OOB_MFA_LONG=1 cargo test --lib --test proof -- proof --nocapture
//! ```
//!
//! Without `OOB_MFA_LONG=1`, only the quick queries run, and no controls. The command also runs
//! `src/budget/tests/proof.rs`, which compares the formulas of `budget.smt2` with the code.

mod z3;

use z3::{BUDGET, answers, broken};

const RULE: &str = include_str!("rule.smt2");

/// The queries of `rule.smt2`, by the word before the colon, in the order of the proof.
const QUERIES: [&str; 6] = ["product", "charge", "refusal", "start", "step", "rule"];

/// Each takes about 10 seconds.
const SLOW: [&str; 2] = ["product", "charge"];

fn is_long() -> bool {
    std::env::var("OOB_MFA_LONG").is_ok_and(|long| long == "1")
}

/// z3's answer to one query.
fn ask(budget: &str, rule: &str, query: &str) -> Option<String> {
    let (declarations, queries) = rule.split_once("\n(push)").expect("a query");
    let of_name = queries
        .split("(push)")
        .find(|text| text.contains(&format!("(echo \"{query}:")))
        .expect("a query of this name");
    let said = answers(format!("{budget}\n{declarations}\n(push){of_name}"))?;
    let [title, answer] = said.as_slice() else {
        panic!("{query}: {said:?}");
    };
    assert!(title.starts_with(query));
    Some(answer.clone())
}

#[test]
fn the_proof_of_the_rule_has_no_counterexample() {
    assert_eq!(RULE.matches("(push)").count(), QUERIES.len());
    for query in QUERIES {
        if is_long() || !SLOW.contains(&query) {
            let Some(answer) = ask(BUDGET, RULE, query) else {
                return;
            };
            println!("{query}: {answer}");
            assert_eq!(answer, "unsat", "{query}");
        }
    }
}

/// A deliberate error in the formulas: its description, the query that finds it, and the text that it
/// replaces.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS_OF_THE_BUDGET: [Fault; 6] = [
    (
        "a take one millisecond early",
        "charge",
        "(bvule (retry_at full_at window period) now)",
        "(bvule (retry_at full_at window period) (bvadd now one))",
    ),
    (
        "one more than the burst",
        "charge",
        "(sat_sub window period)",
        "window",
    ),
    (
        "a period that is one millisecond short",
        "charge",
        "(sat_add (later full_at now) period)",
        "(sat_add (later full_at now) (bvsub period one))",
    ),
    (
        "a charge that forgets the charges before it",
        "charge",
        "(sat_add (later full_at now) period)",
        "(sat_add now period)",
    ),
    (
        "a refusal that charges",
        "refusal",
        "(charge full_at period now) full_at))",
        "(charge full_at period now) (bvadd full_at one)))",
    ),
    (
        "a burst of 0",
        "product",
        "(bvule one burst)",
        "(bvule zero burst)",
    ),
];

const FAULTS_OF_THE_RULE: [Fault; 4] = [
    (
        "times up to the end of u64, where a charge saturates",
        "charge",
        "(bvule time max_stored)",
        "(bvule time (bvnot zero))",
    ),
    (
        "`<` for `<=` in the invariant",
        "step",
        "(bvule due (bvadd until window))",
        "(bvult due (bvadd until window))",
    ),
    (
        "a window that does not include its end, in the invariant",
        "step",
        "(bvule due (bvadd until window))",
        "(bvule due (bvadd until (bvsub window one)))",
    ),
    (
        "`<` for `<=` in the rule",
        "rule",
        "(<= n (most_within b p horizon))",
        "(< n (most_within b p horizon))",
    ),
];

#[test]
fn the_proof_fails_with_each_deliberate_error() {
    if !is_long() {
        println!("skipped: OOB_MFA_LONG=1 runs it");
        return;
    }
    for (what, query, good, bad) in FAULTS_OF_THE_BUDGET {
        check(what, ask(&broken(BUDGET, good, bad), RULE, query));
    }
    for (what, query, good, bad) in FAULTS_OF_THE_RULE {
        check(what, ask(BUDGET, &broken(RULE, good, bad), query));
    }
}

#[track_caller]
fn check(what: &str, answer: Option<String>) {
    let Some(answer) = answer else { return };
    println!("control: {what}: {answer}");
    assert_eq!(answer, "sat", "{what}");
}
