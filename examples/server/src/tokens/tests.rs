use std::convert::Infallible;

use oob_mfa::{
    Account, Associate, Channel, Engine, Key, KeyRing, Outcome, Policy, Transition, VerifyOob,
};
use rand_core::UnwrapErr;

use super::*;

const SIGNED_IN: i64 = 1_800_000_000;

fn at(seconds: i64, millis: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(seconds).unwrap() + time::Duration::milliseconds(millis)
}

fn tokens() -> Tokens {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    Tokens::new(
        "https://login.example.com/".into(),
        Duration::from_secs(600),
        &key,
    )
}

fn saved<T>(transition: Transition<T>, account: &mut Account) -> T {
    let Ok::<Outcome<T>, Infallible>(outcome) = transition.commit(|next| {
        *account = next.account().clone();
        Ok(())
    });
    outcome.result.unwrap()
}

/// What confirming a phone at `now` proves, for an MFA session that expires at `expires_at`.
fn confirmed(audience: &str, now: UtcDateTime, expires_at: UtcDateTime) -> Verified {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut account = Account::new("auth0|alice".parse().unwrap());
    let session = MfaSession::trusted(TrustedClaims {
        id: SessionId::from_jti("an access token").unwrap(),
        subject: account.subject().clone(),
        client: "demo",
        assurance: Assurance::Mfa,
        scope: "openid enroll",
        audience,
        authenticated_at: at(SIGNED_IN, 0),
        issued_at: at(SIGNED_IN, 0),
        expires_at,
    })
    .unwrap();
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let rng = &mut UnwrapErr(getrandom::SysRng);
    let transition = engine.associate(account.clone(), &session, &request, now, rng);
    let associated = saved(transition, &mut account);
    let request = VerifyOob {
        oob_code: associated.oob_code.expose_secret().as_str().into(),
        binding_code: associated.delivery.code.expose_secret().into(),
    };
    let transition = engine.verify_oob(account.clone(), &session, &request, now);
    saved(transition, &mut account)
}

fn mint(tokens: &Tokens, verified: &Verified) -> Result<Value, MintError> {
    let answer = tokens.mint(verified, None, &mut UnwrapErr(getrandom::SysRng))?;
    Ok(serde_json::to_value(&answer).unwrap())
}

/// The claims of a token, read without a look at its signature.
fn claims(token: &Value) -> Value {
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).unwrap()).unwrap()
}

#[test]
fn the_tokens_of_a_confirmed_phone_end_with_its_session_and_keep_its_auth_time() {
    let tokens = tokens();
    let expires_at = at(SIGNED_IN + 600, 0);
    for (now, expires_in) in [
        (at(SIGNED_IN + 599, 999), 1),
        (at(SIGNED_IN + 599, 0), 1),
        (at(SIGNED_IN + 590, 1), 10),
        (at(SIGNED_IN, 0), 600),
    ] {
        let verified = confirmed(tokens.mfa_audience(), now, expires_at);
        let minted = mint(&tokens, &verified).unwrap();
        assert_eq!(minted["expires_in"], expires_in);
        for token in [&minted["access_token"], &minted["id_token"]] {
            let claims = claims(token);
            assert_eq!(claims["exp"], SIGNED_IN + 600);
            assert_eq!(claims["auth_time"], SIGNED_IN);
            assert_eq!(claims["iat"], now.unix_timestamp());
        }
        let token = minted["access_token"].as_str().unwrap();
        let session = tokens.open(token, None, now).unwrap();
        assert_eq!(session.expires_at(), expires_at);
        assert_eq!(session.authenticated_at(), at(SIGNED_IN, 0));
        let opened = tokens.open(token, None, expires_at);
        assert_eq!(opened, Err(Denied::TokenExpired));
    }
}

/// A session of another issuer's may end within a second, which a JWT cannot say.
#[test]
fn no_token_is_minted_where_less_than_a_second_is_left() {
    let tokens = tokens();
    let verified = confirmed("", at(SIGNED_IN, 100), at(SIGNED_IN, 900));
    let minted = mint(&tokens, &verified);
    assert!(matches!(minted, Err(MintError::NothingLeft)), "{minted:?}");
}

#[test]
fn a_longer_session_gives_no_longer_tokens_than_a_login_does() {
    let tokens = tokens();
    let verified = confirmed("", at(SIGNED_IN + 7, 0), at(SIGNED_IN + 3_600, 0));
    let minted = mint(&tokens, &verified).unwrap();
    assert_eq!(minted["expires_in"], 600);
    assert_eq!(claims(&minted["access_token"])["exp"], SIGNED_IN + 607);
}
