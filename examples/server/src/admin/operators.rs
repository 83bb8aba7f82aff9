//! Who may administer: one token per operator, so the token identifies the operator.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The tokens of operators, and one that may only read the metrics.
pub struct Operators {
    operators: Vec<Operator>,
    metrics: Option<Zeroizing<String>>,
}

struct Operator {
    name: String,
    token: Zeroizing<String>,
}

/// The environment variable with a token per operator.
pub const ADMIN_TOKENS: &str = "OOB_MFA_ADMIN_TOKENS";
/// The environment variable with a token that may only read the metrics.
pub const METRICS_TOKEN: &str = "OOB_MFA_METRICS_TOKEN";

/// Shortest token, in characters.
const MIN_TOKEN: usize = 32;
const MAX_NAME: usize = 64;

impl Operators {
    /// Reads both variables: `NAME:TOKEN,NAME:TOKEN`, and the token for the metrics.
    ///
    /// # Errors
    ///
    /// What is wrong. It contains no part of a token.
    pub fn parse(tokens: &str, metrics: Option<&str>) -> Result<Self, String> {
        let mut operators: Vec<Operator> = Vec::new();
        for pair in tokens.split(',') {
            let Some((name, token)) = pair.trim().split_once(':') else {
                return Err(format!("{ADMIN_TOKENS} must be NAME:TOKEN,NAME:TOKEN,…"));
            };
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._@".contains(&byte);
            if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(allowed) {
                return Err(format!(
                    "{ADMIN_TOKENS}: the name of an operator has 1 to {MAX_NAME} letters, digits and -._@"
                ));
            }
            let token =
                checked(token).map_err(|wrong| format!("{ADMIN_TOKENS}: {name}: {wrong}"))?;
            if operators
                .iter()
                .any(|other| other.name == name || other.token == token)
            {
                return Err(format!(
                    "{ADMIN_TOKENS}: {name}: the name or the token is used twice"
                ));
            }
            let name = name.to_owned();
            operators.push(Operator { name, token });
        }
        let metrics = metrics.map(checked).transpose();
        let metrics = metrics.map_err(|wrong| format!("{METRICS_TOKEN}: {wrong}"))?;
        if operators
            .iter()
            .any(|operator| Some(&operator.token) == metrics.as_ref())
        {
            return Err(format!(
                "{METRICS_TOKEN}: it is the token of an operator too: use another one"
            ));
        }
        Ok(Self { operators, metrics })
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let names = self.operators.iter();
        names.map(|operator| operator.name.as_str()).collect()
    }

    /// The operator of a token. The time reveals only the length of a token.
    pub(super) fn named(&self, token: &str) -> Option<&str> {
        let mut found = None;
        for operator in &self.operators {
            if is(&operator.token, token) {
                found = Some(operator.name.as_str());
            }
        }
        found
    }

    /// Whether this is the token that reads the metrics.
    pub(super) fn reads_metrics(&self, token: &str) -> bool {
        self.metrics
            .as_ref()
            .is_some_and(|metrics| is(metrics, token))
    }
}

fn is(token: &str, presented: &str) -> bool {
    token.as_bytes().ct_eq(presented.as_bytes()).into()
}

/// A token as a header can carry it (RFC 6750 section 2.1).
fn checked(token: &str) -> Result<Zeroizing<String>, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.len() < MIN_TOKEN || !token.bytes().all(allowed) {
        return Err(format!(
            "a token has at least {MIN_TOKEN} letters, digits and -._~+/=, as `openssl rand -hex 32` makes"
        ));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn a_token_names_its_operator_and_no_other() {
        let operators = Operators::parse(&format!("ann:{A}, bob@x:{B}"), None).unwrap();
        assert_eq!(operators.names(), ["ann", "bob@x"]);
        assert_eq!(operators.named(A), Some("ann"));
        assert_eq!(operators.named(B), Some("bob@x"));
        for unknown in ["", "ann", &A[1..], &format!("{A}a"), &A.to_uppercase()] {
            assert_eq!(operators.named(unknown), None, "{unknown}");
            assert!(!operators.reads_metrics(unknown));
        }
        assert!(!operators.reads_metrics(A));
    }

    #[test]
    fn the_token_for_metrics_identifies_no_operator() {
        let operators = Operators::parse(&format!("ann:{A}"), Some(B)).unwrap();
        assert!(operators.reads_metrics(B));
        assert_eq!(operators.named(B), None);
    }

    #[test]
    fn a_mistake_is_named_without_a_part_of_a_token() {
        let short = &A[1..];
        for (tokens, metrics, expected) in [
            ("", None, "OOB_MFA_ADMIN_TOKENS must be NAME:TOKEN"),
            (A, None, "OOB_MFA_ADMIN_TOKENS must be NAME:TOKEN"),
            (
                &format!(":{A}"),
                None,
                "the name of an operator has 1 to 64",
            ),
            (
                &format!("{}:{A}", "n".repeat(65)),
                None,
                "the name of an operator has 1 to 64",
            ),
            (
                &format!("a b:{A}"),
                None,
                "the name of an operator has 1 to 64",
            ),
            (
                &format!("ann:{short}"),
                None,
                "OOB_MFA_ADMIN_TOKENS: ann: a token has at least 32",
            ),
            (
                &format!("ann:{A} {A}"),
                None,
                "ann: a token has at least 32",
            ),
            (
                &format!("ann:{A},ann:{B}"),
                None,
                "ann: the name or the token is used twice",
            ),
            (
                &format!("ann:{A},bob:{A}"),
                None,
                "bob: the name or the token is used twice",
            ),
            (&format!("ann:{A},"), None, "must be NAME:TOKEN"),
            (
                &format!("ann:{A}"),
                Some(short),
                "OOB_MFA_METRICS_TOKEN: a token has at least 32",
            ),
            (
                &format!("ann:{A}"),
                Some(A),
                "OOB_MFA_METRICS_TOKEN: it is the token of an operator too: use another one",
            ),
        ] {
            let Err(error) = Operators::parse(tokens, metrics) else {
                panic!("taken: {tokens}");
            };
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("aaaa"), "{error}");
        }
        assert!(Operators::parse(&format!("{}:{A}", "n".repeat(64)), None).is_ok());
    }
}
