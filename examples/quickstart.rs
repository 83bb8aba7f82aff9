//! Enrolls a phone, signs in, mistypes, reaches the limits and recovers, in one process.
//!
//! `cargo run --example quickstart`
//!
//! It prints each request, the decision, the message and the remaining budgets. *Refused* means:
//! not judged, nothing written. *Rejected* means: judged, charged and saved. The program moves the
//! clock and seeds the random source, so every run prints the same.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::message::{AnswerStep, Message, Wording};
use oob_mfa::{
    Account, Associate, Assurance, Challenge, Channel, Delivery, DeniedKind, Engine, FirstFactor,
    Key, KeyRing, Limit, MfaSession, Outcome, PhoneNumber, Policy, SessionId, Subject, Transition,
    TrustedClaims, VerifyOob,
};
use time::{Duration, UtcDateTime};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut story = Story::new()?;

    story.chapter("The password was right, and nothing is enrolled: alice associates a phone");
    let session = story.sign_in()?;
    let phone: PhoneNumber = "+14155558730".parse()?;
    let request = Associate {
        channel: Channel::Sms,
        phone,
    };
    story.says("POST /mfa/associate  oob_channels=[sms] phone_number=+14155558730");
    let transition = story.engine.associate(
        story.account.clone(),
        &session,
        &request,
        story.now,
        &mut story.rng,
    );
    let associated = story.commit(transition)?.result?;
    story.sends(&associated.delivery)?;
    let recovery_code = associated
        .recovery_code
        .ok_or("a first association brings one")?;
    println!(
        "    recovery code, shown once: {}",
        recovery_code.expose_secret()
    );
    story.lists(&session)?;

    story.chapter("Alice types the code: the phone is confirmed, and the login is complete");
    story.wait(Duration::seconds(20));
    let oob_code = associated.oob_code.expose_secret();
    story.answers(
        &session,
        &oob_code,
        associated.delivery.code.expose_secret(),
    )?;
    println!("    the token has completed its login, and is spent:");
    story.lists(&session)?;

    story.chapter("The next day: a challenge, and a wrong code first");
    story.wait(Duration::days(1));
    let session = story.sign_in()?;
    let (oob_code, delivery) = story.challenges(&session)?.ok_or("there is a budget")?;
    story.answers(&session, &oob_code, "000000")?;
    story.answers(&session, &oob_code, delivery.code.expose_secret())?;
    story.answers(&session, &oob_code, delivery.code.expose_secret())?;

    story.chapter("An attacker has the password, and guesses");
    let thief = story.sign_in()?;
    let (oob_code, delivery) = story.challenges(&thief)?.ok_or("there is a budget")?;
    for guess in 0..10 {
        story.answers(&thief, &oob_code, &format!("{guess:06}"))?;
    }
    println!("    now the right code gets the same answer:");
    story.answers(&thief, &oob_code, delivery.code.expose_secret())?;

    story.chapter("A resend refills nothing, and messages run out too");
    while story.challenges(&thief)?.is_some() {}

    story.chapter("Alice is not locked out: recovery codes have their own budget");
    let session = story.sign_in()?;
    story.says("POST /oauth/token  grant_type=mfa-recovery-code");
    let typed = recovery_code.expose_secret().to_lowercase().as_str().into();
    let transition = story.engine.verify_recovery_code(
        story.account.clone(),
        &session,
        &typed,
        story.now,
        &mut story.rng,
    );
    let verified = story.commit(transition)?.result?;
    let replacement = verified.recovery_code().ok_or("a used code is replaced")?;
    println!(
        "    the next recovery code: {}",
        replacement.expose_secret()
    );

    story.chapter("With a full login Alice adds a second phone, and removes the first");
    story.wait(Duration::hours(1));
    let full = story.full_login()?;
    let request = Associate {
        channel: Channel::Voice,
        phone: "+442071838750".parse()?,
    };
    story.says("POST /mfa/associate  oob_channels=[voice] phone_number=+442071838750");
    let transition = story.engine.associate(
        story.account.clone(),
        &full,
        &request,
        story.now,
        &mut story.rng,
    );
    let associated = story.commit(transition)?.result?;
    story.sends(&associated.delivery)?;
    let oob_code = associated.oob_code.expose_secret();
    story.answers(&full, &oob_code, associated.delivery.code.expose_secret())?;
    let first = story
        .engine
        .authenticators(&story.account, &full, story.now)?
        .find(|entry| entry.phone == Some(phone))
        .ok_or("the first phone is listed")?;
    story.says(&format!("DELETE /mfa/authenticators/{}", first.id));
    let transition =
        story
            .engine
            .remove_authenticator(story.account.clone(), &full, &first.id, story.now);
    story.commit(transition)?.result?;
    story.lists(&full)
}

/// A minimal server: the engine, one stored account, a clock and a random source.
struct Story {
    engine: Engine,
    wording: Wording,
    account: Account,
    now: UtcDateTime,
    rng: ChaCha20Rng,
}

impl Story {
    fn new() -> Result<Self, Error> {
        let subject: Subject = "auth0|alice".parse()?;
        Ok(Self {
            engine: Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32]))),
            wording: Wording::new("Example".parse()?, Some("example.com".parse()?))?,
            account: Account::new(subject),
            now: UtcDateTime::from_unix_timestamp(1_800_000_000)?,
            rng: ChaCha20Rng::from_seed([42; 32]),
        })
    }

    fn chapter(&self, title: &str) {
        println!("\n{title}\n  {}", self.now);
    }

    fn says(&self, request: &str) {
        println!("  > {request}");
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        println!("  … {time} later");
    }

    /// A session after the first factor passed, through the token that the client would hold.
    fn sign_in(&mut self) -> Result<MfaSession, Error> {
        let first_factor = FirstFactor {
            subject: self.account.subject().clone(),
            client: "my-app",
            scope: "openid profile",
            audience: "",
        };
        let begun = self.engine.begin(first_factor, self.now, &mut self.rng)?;
        let token = self.engine.issue_token(&begun);
        self.says("POST /oauth/token  grant_type=password");
        println!(
            "    mfa_required, {:?}",
            self.engine.requirements(&self.account)
        );
        Ok(self
            .engine
            .open_token(token.expose_secret(), Some("my-app"), self.now)?)
    }

    /// The session of an access token for the MFA audience, after a full login.
    fn full_login(&self) -> Result<MfaSession, Error> {
        let session = MfaSession::trusted(TrustedClaims {
            id: SessionId::from_jti("the jti of the access token")?,
            subject: self.account.subject().clone(),
            client: "my-app",
            assurance: Assurance::Mfa,
            scope: "enroll read:authenticators remove:authenticators",
            audience: "https://example.com/mfa/",
            authenticated_at: self.now,
            issued_at: self.now,
            expires_at: self.now + Duration::minutes(10),
        })?;
        Ok(session)
    }

    fn challenges(&mut self, session: &MfaSession) -> Result<Option<(String, Delivery)>, Error> {
        self.says("POST /mfa/challenge");
        let request = Challenge::default();
        let account = self.account.clone();
        let transition = self
            .engine
            .challenge(account, session, &request, self.now, &mut self.rng);
        Ok(match self.commit(transition)?.result {
            Ok(challenged) => {
                self.sends(&challenged.delivery)?;
                Some((challenged.oob_code.expose_secret(), challenged.delivery))
            }
            Err(_) => None,
        })
    }

    fn answers(&mut self, session: &MfaSession, oob_code: &str, typed: &str) -> Result<(), Error> {
        self.says(&format!(
            "POST /oauth/token  grant_type=mfa-oob binding_code={typed}"
        ));
        let request = VerifyOob {
            oob_code: oob_code.into(),
            binding_code: typed.into(),
        };
        let transition = self
            .engine
            .verify_oob(self.account.clone(), session, &request, self.now);
        if let Ok(verified) = self.commit(transition)?.result {
            println!(
                "    tokens for {}, amr {:?}",
                verified.subject(),
                verified.amr()
            );
            if let Some(end) = verified.not_after() {
                println!("    they end with the access token, at {end}");
            }
        }
        Ok(())
    }

    fn lists(&self, session: &MfaSession) -> Result<(), Error> {
        self.says("GET /mfa/authenticators");
        match self.engine.authenticators(&self.account, session, self.now) {
            Ok(entries) => entries.for_each(|entry| {
                let name = entry
                    .phone
                    .map(|phone| phone.to_string())
                    .unwrap_or_default();
                println!("    {:40} {:?} {name}", entry.id.to_string(), entry.status);
            }),
            Err(denied) => println!("    denied: {denied}"),
        }
        Ok(())
    }

    /// Saves, then opens the outcome. The store is a variable, with the check of a database.
    fn commit<T>(&mut self, transition: Transition<T>) -> Result<Outcome<T>, Error> {
        let stored = Some(self.account.revision()).filter(|revision| *revision > 0);
        let account = &mut self.account;
        let outcome = transition.commit(|next| {
            if next.account().replaces() != stored {
                return Err("conflict: load again and ask again");
            }
            *account = next.account().clone();
            Ok(())
        })?;
        match &outcome.result {
            Ok(_) => println!("    granted, saved as revision {}", self.account.revision()),
            Err(denied) if denied.kind() == DeniedKind::Rejected => {
                println!(
                    "    rejected: {denied} (charged, revision {})",
                    self.account.revision()
                );
            }
            Err(denied) => println!("    refused: {denied} (nothing written)"),
        }
        for event in &outcome.events {
            println!("    event {event:?}");
        }
        let [sends, binding_failures, recovery_failures] =
            Limit::ALL.map(|limit| self.engine.remaining(&self.account, limit, self.now));
        println!(
            "    left: {sends} messages, {binding_failures} wrong codes, \
             {recovery_failures} wrong recovery codes"
        );
        Ok(outcome)
    }

    /// Takes the place of a provider: called once, after the commit.
    fn sends(&self, delivery: &Delivery) -> Result<(), Error> {
        println!("    {} to {}:", delivery.channel, delivery.to.to_e164());
        match self.wording.message(delivery)? {
            Message::Sms(text) => {
                text.expose_secret()
                    .lines()
                    .for_each(|line| println!("      | {line}"));
            }
            Message::Voice(call) => {
                call.prompt().for_each(|step| println!("      | {step:?}"));
                // As if a person had pressed the keys of the prompt.
                let keys = delivery.keys.as_ref();
                let answered = call.press(keys.map_or("", |keys| keys.expose_secret()))?;
                for step in answered.steps() {
                    match step {
                        AnswerStep::Say(words) => println!("      | {words}"),
                        AnswerStep::SayDigits(digits) => {
                            println!("      | {}", digits.expose_secret())
                        }
                        AnswerStep::Pause(time) => println!("      | ({time:?})"),
                    }
                }
            }
            other => println!("      | {other:?}"),
        }
        Ok(())
    }
}
