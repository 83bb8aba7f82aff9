//! Draws what was measured, as SVG: see `table.sh`.

use core::fmt::Write;

use oob_mfa_benches::Figures;
use oob_mfa_benches::Measure::Time;

/// The meaning of a bar.
#[derive(Clone, Copy)]
enum Kind {
    Ours,
    Peer,
}
use Kind::{Ours, Peer};

/// A bar: its text, its owner, its case, and the case of its floor.
type Bar = (&'static str, Kind, &'static str, Option<&'static str>);

const PANELS: [(&str, &[Bar]); 3] = [
    (
        "To judge a code",
        &[
            ("verify_oob, right", Ours, "verify_right/1", Some("hmac")),
            (
                "… 10 challenges pending",
                Ours,
                "verify_right/10",
                Some("hmac"),
            ),
            ("verify_oob, wrong", Ours, "verify_wrong/1", Some("hmac")),
            (
                "… 10 challenges pending",
                Ours,
                "verify_wrong/10",
                Some("hmac"),
            ),
            ("verify_oob, budget empty", Ours, "verify_refused/1", None),
            (
                "verify_oob, unknown oob_code",
                Ours,
                "verify_unknown/1",
                None,
            ),
            (
                "latchkey email code, right",
                Peer,
                "latchkey_email_right",
                None,
            ),
            ("totp-rs, right", Peer, "totp_rs_right", None),
            ("totp-rs, wrong", Peer, "totp_rs_wrong", None),
            ("latchkey TOTP, right", Peer, "latchkey_totp_right", None),
            ("latchkey TOTP, wrong", Peer, "latchkey_totp_wrong", None),
        ],
    ),
    (
        "The other operations, and a whole request",
        &[
            ("open_token", Ours, "open_token", Some("open_token_floor")),
            ("challenge", Ours, "challenge", Some("challenge_floor")),
            ("associate", Ours, "associate", Some("associate_floor")),
            (
                "recovery code, right",
                Ours,
                "recovery_right",
                Some("recovery_right_floor"),
            ),
            ("recovery code, wrong", Ours, "recovery_wrong", None),
            ("load, postcard", Ours, "load_postcard", None),
            ("save, postcard", Ours, "save_postcard", None),
            ("request, postcard", Ours, "request_postcard", None),
            ("request, JSON", Ours, "request_json", None),
        ],
    ),
    (
        "To find a user, judge the right code, and put the user back",
        &[
            ("1,000 users: accounts", Ours, "accounts/1000", None),
            ("records", Ours, "records/1000", None),
            ("100,000 users: accounts", Ours, "accounts/100000", None),
            ("records", Ours, "records/100000", None),
            ("1,000,000 users: accounts", Ours, "accounts/1000000", None),
            ("records", Ours, "records/1000000", None),
        ],
    ),
];

const WIDTH: f64 = 760.0;
const TEXT: f64 = 220.0;
const LONGEST: f64 = 470.0;
const ROW: f64 = 20.0;

fn main() {
    let path = std::env::args().nth(1).expect("plot FIGURES");
    let figures = Figures::read(&path);
    let mut body = String::new();
    let mut y = 46.0;
    for (title, bars) in PANELS {
        panel(&mut body, &mut y, &figures, title, bars).expect("a string takes all");
    }
    print!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" font-family="system-ui, sans-serif" font-size="12">
<title>What the operations cost, in HMACs of the same run</title>
<style>
text {{ fill: #1f2328 }}
.faint {{ fill: #59636e }}
.ours {{ fill: #2f6fdb }}
.peer {{ fill: #9aa4af }}
.floor {{ stroke: #c2410c; stroke-width: 2.5 }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }}
.faint {{ fill: #9198a1 }}
.ours {{ fill: #5a9bff }}
.peer {{ fill: #6b7480 }}
.floor {{ stroke: #fb923c }}
}}
</style>
<rect class="ours" x="0" y="8" width="12" height="12"/><text x="18" y="18">oob-mfa</text>
<rect class="peer" x="90" y="8" width="12" height="12"/><text x="108" y="18">others</text>
<line class="floor" x1="176" x2="176" y1="6" y2="22"/><text x="184" y="18">what it cannot do without</text>
<text class="faint" x="{WIDTH}" y="18" text-anchor="end">time, in HMAC-SHA-256 of the same run</text>
{body}</svg>
"#
    );
}

/// A title and its bars, each panel to a scale of its own. Cases without a measurement are omitted.
fn panel(
    svg: &mut String,
    y: &mut f64,
    figures: &Figures,
    title: &str,
    bars: &[Bar],
) -> core::fmt::Result {
    let longest = bars
        .iter()
        .filter_map(|(_, _, case, _)| figures.of(Time, case))
        .fold(f64::MIN_POSITIVE, f64::max);
    let scale = LONGEST / longest;
    writeln!(
        svg,
        r#"<text x="0" y="{y:.0}" font-weight="600">{title}</text>"#
    )?;
    *y += 8.0;
    for (text, kind, case, floor) in bars {
        let Some(time) = figures.of(Time, case) else {
            continue;
        };
        let class = match kind {
            Ours => "ours",
            Peer => "peer",
        };
        let (top, base, length) = (*y + 3.0, *y + 14.0, time * scale);
        writeln!(
            svg,
            r#"<text x="{:.0}" y="{base:.0}" text-anchor="end">{text}</text><rect class="{class}" x="{TEXT}" y="{top:.0}" width="{length:.1}" height="14" rx="1.5"/><text class="faint" x="{:.1}" y="{base:.0}">{time:.*}</text>"#,
            TEXT - 8.0,
            TEXT + length + 8.0,
            if time < 0.1 { 3 } else { 2 },
        )?;
        if let Some(floor) = floor.and_then(|floor| figures.of(Time, floor)) {
            let x = TEXT + floor * scale;
            writeln!(
                svg,
                r#"<line class="floor" x1="{x:.1}" x2="{x:.1}" y1="{:.0}" y2="{:.0}"/>"#,
                *y + 1.0,
                *y + 19.0,
            )?;
        }
        *y += ROW;
    }
    *y += 28.0;
    Ok(())
}
