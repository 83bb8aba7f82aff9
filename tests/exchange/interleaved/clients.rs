//! What clients know from replies and messages, and what they request next.

use std::collections::HashMap;

use oob_mfa::{Assurance, MfaSession, SessionId, Subject, TrustedClaims};
use oob_mfa_testing::{EVERY_SCOPE, HOUR};
use serde_json::Value;
use time::UtcDateTime;

use super::Choice;
use crate::http::Http;
use crate::server::{Asked, CLIENT, associate, challenge, list, password, recover, remove, verify};

const USERS: [&str; 3] = ["auth0|alice", "auth0|bob", "auth0|carol"];
const NUMBERS: [&str; 3] = ["+14155558730", "+447911123456", "+818012345678"];

/// What one user's clients know.
#[derive(Default)]
struct Known {
    mfa_tokens: Vec<String>,
    access_tokens: Vec<String>,
    codes: Vec<Asked>,
    recovery_codes: Vec<String>,
    authenticators: Vec<String>,
}

#[derive(Default)]
pub struct Clients {
    known: [Known; USERS.len()],
    sessions: HashMap<String, MfaSession>,
}

fn latest<'a, T>(choice: &mut Choice, known: &'a [T]) -> Option<&'a T> {
    // Mostly the last one, which still works.
    if choice.of(4) < 3 {
        known.last()
    } else {
        choice.among(known)
    }
}

fn token_of(request: &Http) -> String {
    let headers = request.headers.iter();
    let bearer = headers.filter_map(|(_, value)| value.strip_prefix(b"Bearer "));
    let bearer = bearer.map(|token| String::from_utf8(token.to_vec()).unwrap());
    let body = serde_json::from_slice::<Value>(&request.body).unwrap();
    let mut token = bearer.chain(body["mfa_token"].as_str().map(str::to_owned));
    token.next().unwrap()
}

impl Clients {
    pub fn session(&self, access_token: &str) -> Option<MfaSession> {
        self.sessions.get(access_token).cloned()
    }

    pub fn ask(&self, choice: &mut Choice) -> Http {
        let user = if choice.of(2) == 0 { 0 } else { choice.of(3) };
        // Sometimes with the token of another user.
        let theirs = if choice.one_in(16) {
            choice.of(3)
        } else {
            user
        };
        let (known, theirs) = (&self.known[user], &self.known[theirs]);
        let Some(token) = latest(choice, &theirs.mfa_tokens) else {
            return password(USERS[user]);
        };
        let enroll = || associate(token, NUMBERS[user]);
        let code = latest(choice, &known.codes);
        let kind = choice.of(20);
        match (kind, latest(choice, &theirs.access_tokens)) {
            (0..=2, _) => password(USERS[user]),
            (3, _) => enroll(),
            (4..=6, _) => challenge(token),
            (7, _) => challenge(token).with("oob_channel", "voice"),
            (8..=12, _) => code.map_or_else(enroll, |code| {
                let mut code = code.clone();
                if choice.one_in(4) {
                    code.code = "000000".to_owned();
                }
                if choice.one_in(8) {
                    code.token = token.clone();
                }
                verify(&code)
            }),
            (13, _) => match latest(choice, &known.recovery_codes) {
                Some(right) if choice.of(3) < 2 => recover(token, right),
                _ => recover(token, "wrong"),
            },
            (14, _) => list(token),
            (15, _) => match choice.of(4) {
                0 => Http::new("HEAD", "/mfa/authenticators").bearer(token),
                1 => Http::new("PUT", "/oauth/token"),
                2 => Http::post("/oauth/token").body("application/json", "{"),
                _ => password(USERS[user]).with("grant_type", "refresh_token"),
            },
            (_, None) => enroll(),
            (16, Some(token)) => {
                associate(token, NUMBERS[choice.of(3)]).with("oob_channels", "tel")
            }
            (17, Some(token)) => list(token),
            (18, Some(token)) => match choice.among(&known.authenticators) {
                Some(id) => remove(token, id),
                None => list(token),
            },
            (_, Some(token)) => challenge(token),
        }
    }

    /// The reply to a request arrives, after the phone has shown `code`.
    pub fn learn(&mut self, request: &Http, subject: &Subject, reply: &[u8], code: Option<&str>) {
        let user = USERS.iter().position(|user| *user == subject.as_str());
        let known = &mut self.known[user.unwrap()];
        let Ok(body) = serde_json::from_slice::<Value>(reply) else {
            return;
        };
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        known.mfa_tokens.extend(text("mfa_token"));
        if let Some(token) = text("access_token") {
            // The session is spent; replayed requests try it again.
            let spent = token_of(request);
            known.mfa_tokens.retain(|token| *token != spent);
            known.codes.retain(|code| code.token != spent);
            known.access_tokens.push(token);
        }
        known.recovery_codes.extend(text("recovery_code"));
        let first = body["recovery_codes"][0].as_str();
        known.recovery_codes.extend(first.map(str::to_owned));
        if let (Some(oob_code), Some(code)) = (text("oob_code"), code) {
            known.codes.push(Asked {
                token: token_of(request),
                oob_code,
                code: code.to_owned(),
            });
        }
        for entry in body.as_array().into_iter().flatten() {
            let id = entry["id"].as_str().map(str::to_owned);
            known.authenticators.extend(id);
        }
    }

    /// The access token of a login now.
    pub fn mint(&mut self, subject: Subject, now: UtcDateTime) -> String {
        let name = format!("access-token-{}", self.sessions.len());
        let claims = TrustedClaims {
            id: SessionId::from_jti(&name).unwrap(),
            subject,
            client: CLIENT,
            assurance: Assurance::Mfa,
            scope: EVERY_SCOPE,
            audience: "",
            issued_at: now,
            expires_at: now + HOUR,
            authenticated_at: now,
        };
        let session = MfaSession::trusted(claims).unwrap();
        self.sessions.insert(name.clone(), session);
        name
    }
}
