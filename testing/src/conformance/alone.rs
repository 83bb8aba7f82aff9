//! One request after the other: the duties that do not depend on the order.

use oob_mfa::{Account, Subject};

use super::Store;
use super::interleaved::{ends_well, finish, staged, subject};
use super::report::{Duty, Report};
use super::request::Request;
use super::trial::{Loaded, Trial, at};
use crate::command::Command;
use crate::scene::Scene;

/// Revisions of one record: more than a byte can count, and more than 3 digits can write.
const MANY: u64 = 1_100;

pub(super) async fn run(store: &dyn Store, report: &mut Report) {
    inserts_once(store, report).await;
    if !report.is_usable() {
        return;
    }
    replaces_no_other_revision(store, report).await;
    replaces_nothing_that_is_missing(store, report).await;
    keeps_many_revisions(store, report).await;
    keeps_subjects_apart(store, report).await;
    keeps_the_largest(store, report).await;
    keeps_what_it_reported(store, report).await;
}

async fn inserts_once(store: &dyn Store, report: &mut Report) {
    let subject = subject(report, "");
    let scene = Scene::enrolling(subject.clone(), report.seed);
    let trial = Trial::new(store, subject);
    let found = async {
        trial.load_answered("A").await?;
        let account = at(&scene.world.account(), 1);
        trial.insert("A", account.clone()).await?;
        // The write of another request, and a repetition, as after a lost response.
        let other = at(&Account::new(trial.subject.clone()), 1);
        let found = "it inserted a record although one exists";
        trial.write_wrong("B", other, Duty::Insert, found).await?;
        trial.write_wrong("A", account, Duty::Insert, found).await?;
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

/// Revisions that are not stored: earlier and later ones, and those that a narrower integer treats
/// as equal.
async fn replaces_no_other_revision(store: &dyn Store, report: &mut Report) {
    let Some((trial, scene)) = staged(store, report, Scene::signing_in).await else {
        return;
    };
    let found = async {
        for _ in 0..3 {
            ends_well(&trial, &scene).await?;
        }
        let Some(stored) = trial.head() else {
            return Ok(());
        };
        trial.begins_here();
        let there = stored.revision();
        // Up to the largest revision of a record.
        let wrapped = [7, 8, 15, 16, 24, 31, 32, 48, 52].map(|bits| 1_u64 << bits);
        let wrapped = wrapped.map(|more| there + more);
        let others = [there - 1, there + 1];
        for replaced in wrapped.into_iter().chain(others) {
            trial.begins_here();
            let other = at(&stored, replaced + 1);
            let found = format!(
                "it held revision {there} and accepted an account that replaces {replaced}; compare \
                 all 64 bits for equality"
            );
            trial.write_wrong("A", other, Duty::Replace, &found).await?;
        }
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

async fn replaces_nothing_that_is_missing(store: &dyn Store, report: &mut Report) {
    let subject = subject(report, "");
    let scene = Scene::enrolling(subject.clone(), report.seed);
    let trial = Trial::new(store, subject);
    let found = async {
        let account = scene.world.account();
        for revision in [2, 3, (1 << 8) + 1, (1 << 16) + 1, (1 << 32) + 1] {
            trial.begins_here();
            let found =
                "it accepted an account that replaces a revision although there is no record";
            let account = at(&account, revision);
            trial
                .write_wrong("A", account, Duty::Replace, found)
                .await?;
        }
        if trial.load_answered("A").await? != Loaded::NoRecord {
            let found = "a refused write left a record";
            return Err(trial.breach_of("A", Duty::Replace, found));
        }
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

async fn keeps_many_revisions(store: &dyn Store, report: &mut Report) {
    let Some((trial, scene)) = staged(store, report, Scene::enrolling).await else {
        return;
    };
    let found = async {
        for _ in 0..MANY {
            trial.goes_on("A").await?;
        }
        let Some(stored) = trial.head() else {
            return Ok(());
        };
        trial.begins_here();
        // A request that loaded it 256 revisions ago, or before all of them.
        for ago in [1, 255, 256, 999, 1_000, MANY] {
            trial.begins_here();
            let replaced = stored.revision() - ago;
            let other = at(&stored, replaced + 1);
            let found = format!(
                "it accepted an account that replaces the revision {ago} before the stored one; compare \
                 all 64 bits for equality"
            );
            trial.write_wrong("A", other, Duty::Replace, &found).await?;
        }
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

/// Subjects that a collation, a pattern, or a trimmed or truncated column treats as equal.
async fn keeps_subjects_apart(store: &dyn Store, report: &mut Report) {
    let long = "x".repeat(200);
    let suffixes = [
        "|a",
        "|A",
        "|a ",
        "| a",
        "|a%",
        "|a_",
        "|a'",
        "|a\\",
        "|a\"",
        "|a\n",
        "|ａ",
        "|e",
        "|é",
        "|e\u{301}",
        "|ß",
        "|ss",
        "|a/b",
        "|a:b",
        "|{a}",
        "|a*",
        "|\u{1f600}",
    ];
    let long = ["", "y", "z"].map(|end| format!("|{long}{end}"));
    let suffixes = suffixes.into_iter().chain(long.iter().map(String::as_str));
    // One name for all of them, so they differ only by the suffix.
    let base = subject(report, "");
    let mut trials = Vec::new();
    for (number, suffix) in (2_u64..).zip(suffixes) {
        let subject: Subject = format!("{base}{suffix}").parse().expect("short");
        let scene = Scene::enrolling(subject.clone(), report.seed.wrapping_add(number));
        trials.push((Trial::new(store, subject), scene));
    }
    for (trial, scene) in &trials {
        let account = at(&scene.world.account(), 1);
        let found = trial.insert("A", account).await;
        report.add(found);
    }
    for (trial, scene) in &trials {
        let found = ends_well(trial, scene).await;
        finish(trial, report, found);
    }
}

async fn keeps_the_largest(store: &dyn Store, report: &mut Report) {
    // Control characters are the longest in JSON.
    let subject = subject(report, "");
    let missing = Subject::MAX_LEN - subject.as_str().len();
    let subject = format!("{subject}{}", "\u{1}".repeat(missing));
    let subject: Subject = subject.parse().expect("as long as a subject can be");
    let scene = Scene::largest(subject.clone(), report.seed);
    let trial = Trial::new(store, subject);
    let found = async {
        trial.insert("A", scene.world.account()).await?;
        // Its time is later than any clock.
        let mut rewind = Request::new(0, scene.world.clone(), Command::Rewind);
        rewind.run(&trial).await?;
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

async fn keeps_what_it_reported(store: &dyn Store, report: &mut Report) {
    let Some((trial, scene)) = staged(store, report, Scene::signing_in).await else {
        return;
    };
    let found = async {
        // The first record alone, and then each following one.
        trial.restart().await;
        let commands = scene.commands.iter().take(3).cloned();
        for (number, command) in (0_u8..).zip(commands) {
            let mut request = Request::new(number, scene.world.clone(), command);
            request.run(&trial).await?;
            if !trial.restart().await {
                break;
            }
        }
        ends_well(&trial, &scene).await
    }
    .await;
    finish(&trial, report, found);
}

/// Everything saved for the others must still be there at the end.
pub(super) async fn looks_back(store: &dyn Store, report: &mut Report) {
    let left_behind = store.left_behind().take();
    for account in left_behind {
        let trial = Trial::new(store, account.subject().clone());
        let found = trial.is_still(account).await;
        trial.count(report);
        if found.is_err() {
            // One report is enough.
            report.add(found);
            return;
        }
    }
}
