//! Scales the figures of a run to the service of the page: 100 million users, and 4,630 logins a
//! second in its busiest minutes. The page's test checks the printed sums.

const USERS: u64 = 100_000_000;
const LOGINS_A_SECOND: u64 = 4_630;

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

/// The processors for all logins, from the rate of each operation on one thread.
pub fn processors([challenge, wrong, right, _]: [u64; 4], what: &str) {
    let micros = |rate: u64| 1e6 / rate as f64;
    let login = micros(challenge) + micros(right) + 0.1 * micros(wrong);
    let tenths = (login * 10.0).round() as u64;
    let micros = format!("{}.{}", tenths / 10, tenths % 10);
    println!(
        "1,000,000 ÷ {} + 1,000,000 ÷ {} + 0.1 × 1,000,000 ÷ {} = {micros} µs for a login",
        grouped(challenge),
        grouped(right),
        grouped(wrong),
    );
    // A second has ten million tenths of a microsecond.
    let thousandths = (LOGINS_A_SECOND * tenths + 5_000) / 10_000;
    println!(
        "{} × {micros} ÷ 1,000,000 = {}.{:03} processors for {what}",
        grouped(LOGINS_A_SECOND),
        thousandths / 1_000,
        thousandths % 1_000
    );
}
