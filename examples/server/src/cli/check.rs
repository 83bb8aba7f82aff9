//! Reports what a start would find, with warnings.

use std::fmt::Write as _;

use crate::admin::Operators;
use crate::clients::SHORTEST_SECRET;
use crate::config::Config;
use crate::files;
use crate::store::StoreUrl;

use super::Flags;

/// Settings that are allowed but probably a mistake.
#[must_use]
pub fn warnings(flags: &Flags, config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |warning: &str| warnings.push(warning.to_owned());
    if flags.config.is_none() && !flags.listen.is_loopback() {
        warn("the demo, whose credentials are public, listens beyond this machine: pass --config");
    }
    if config.users.is_empty() {
        warn("no user: nobody can sign in");
    }
    let is_shared = !matches!(flags.store, StoreUrl::Redb(_));
    if is_shared && config.issuer.is_none() {
        warn("no issuer in the configuration: access tokens are valid only for this process");
    }
    if flags.store.is_open_to_eavesdroppers() {
        warn(
            "--store has no TLS and is beyond this machine: an attacker on the network can read the numbers and the password",
        );
    }
    let issuer = config.issuer.clone();
    let issuer = issuer.unwrap_or_else(|| format!("http://{}/", flags.listen));
    if !config.clients.any_manages_factors(&issuer) {
        warn("no client has manages_factors: nobody can add a second phone or remove one");
    }
    if flags.config.is_some() {
        for client in config.clients.with_short_secrets() {
            warn(&format!(
                "client {client:?}: a secret of fewer than {SHORTEST_SECRET} characters can be guessed: take one from \
                 `openssl rand -hex 32`"
            ));
        }
    }
    let admin = flags.admin_listen.as_ref();
    if admin.is_some_and(|admin| !admin.is_loopback()) {
        warn(
            "--admin-listen has no TLS and listens beyond this machine: an attacker on the network can read the tokens",
        );
    }
    warnings
}

/// Everything that `check-config` prints. It opens only the configuration file, and no connection.
#[must_use]
pub fn report(flags: &Flags, config: &Config, operators: Option<&Operators>) -> String {
    let of_listener = "http:// and the listen address";
    let store = match &flags.store {
        StoreUrl::Redb(path) => format!("redb:{}", path.display()),
        StoreUrl::Postgres { .. } => "PostgreSQL".to_owned(),
        StoreUrl::Redis { .. } => "Redis".to_owned(),
    };
    let admin = match (&flags.admin_listen, operators) {
        (Some(address), Some(operators)) => {
            format!("{address}, for {}", operators.names().join(", "))
        }
        _ => "off".to_owned(),
    };
    let path = |path: &Option<std::path::PathBuf>, absent: &str| {
        path.as_deref()
            .map_or_else(|| absent.to_owned(), |path| path.display().to_string())
    };
    let mut report = String::new();
    for (name, value) in [
        ("configuration", path(&flags.config, "the demonstration")),
        ("listen", flags.listen.to_string()),
        ("administration", admin),
        (
            "issuer",
            config
                .issuer
                .clone()
                .unwrap_or_else(|| of_listener.to_owned()),
        ),
        ("store", store),
        ("key file", flags.key_file.display().to_string()),
        ("outbox", path(&flags.outbox, "standard output")),
        ("users", config.users.len().to_string()),
        ("clients", config.clients.len().to_string()),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(report, "{name:<15} {value}");
    }
    for warning in warnings(flags, config) {
        let _ = writeln!(report, "warning: {warning}");
    }
    let redb = match &flags.store {
        StoreUrl::Redb(path) => Some(path),
        _ => None,
    };
    let files = [Some(&flags.key_file), redb, flags.outbox.as_ref()];
    for path in files.into_iter().flatten() {
        if let Ok(Some(mode)) = files::open_to_others(path) {
            let path = path.display();
            let _ = writeln!(
                report,
                "warning: {path}: users other than the owner can open this file (mode {mode:o})"
            );
        }
    }
    report
}
