//! The attack that broke other products: parallel answers, all judged against the same record.

use std::thread;

use serde_json::json;

use crate::answer::Answer;
use crate::client::{Client, wrong};
use crate::server::Server;

const AT_ONCE: usize = 32;

/// Sends the right code, and then wrong ones, all at once.
///
/// The scheduler decides whether two of them overlap between load and save, so this finds a store
/// that does not compare only in some runs. `StoreTest` finds it in every run.
pub(crate) fn parallel_answers(server: &Server) {
    let client = Client::of(server.address);
    let recovery_code = client
        .enroll_reading(&client.login(), "+14155558730", || server.code())
        .unwrap();
    let token = client.login();
    let oob_code = client
        .challenge(&token, &json!({ "challenge_type": "oob" }))
        .text("oob_code");
    let code = server.code();
    let answers = at_once(|| client.answer(&token, &oob_code, &code));
    assert_eq!(count(&answers, |answer| answer.status == 200), 1);

    let token = client.login();
    let answers = at_once(|| client.recover(&token, &recovery_code));
    assert_eq!(count(&answers, |answer| answer.status == 200), 1);

    let token = client.login();
    let oob_code = client
        .challenge(&token, &json!({ "challenge_type": "oob" }))
        .text("oob_code");
    let guess = wrong(&server.code());
    let answers = at_once(|| client.answer(&token, &oob_code, &guess));
    let judged = count(&answers, |answer| {
        answer.status == 403 && answer.text("error_description") == "Invalid binding_code."
    });
    assert_eq!(judged, 10);
    let refused = count(&answers, |answer| answer.status == 429);
    // A request that lost every try gets 503.
    let busy = count(&answers, |answer| answer.status == 503);
    assert_eq!(judged + refused + busy, AT_ONCE);
}

fn at_once(request: impl Fn() -> Answer + Sync) -> Vec<Answer> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(&request)).collect();
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers.collect()
    })
}

fn count(answers: &[Answer], is: impl Fn(&Answer) -> bool) -> usize {
    answers.iter().filter(|answer| is(answer)).count()
}
