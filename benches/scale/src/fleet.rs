//! What the figures of a run come to for the service of the page: 100 million users, and 4,630 logins a
//! second in its busiest minutes. The lines are printed as sums that the page's test does again.

const USERS: u64 = 100_000_000;
const LOGINS_A_SECOND: u16 = 4_630;

/// With commas.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits"))
        .collect();
    groups.join(",")
}

pub fn bytes(per_account: u64, what: &str) {
    let tenths = USERS * per_account / 100_000_000;
    println!(
        "{} × {} ÷ 1,000,000,000 = {}.{} GB {what}",
        grouped(USERS),
        grouped(per_account),
        grouped(tenths / 10),
        tenths % 10
    );
}

/// Of what the operations take on one thread, on an average.
pub fn processors([challenge, _, right, _]: &[f64; 4], what: &str) {
    let login = (challenge * 10.0).round() / 10.0 + (right * 10.0).round() / 10.0;
    println!("{challenge:.1} + {right:.1} = {login:.1} µs for a challenge and the right code");
    println!(
        "{} × {login:.1} ÷ 1,000,000 = {:.3} processors for {what}",
        grouped(LOGINS_A_SECOND.into()),
        f64::from(LOGINS_A_SECOND) * login / 1e6
    );
}
