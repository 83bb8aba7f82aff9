use alloc::format;
use alloc::vec::Vec;
use core::cell::Cell;
use core::convert::Infallible;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use time::UtcDateTime;

use super::{Delivery, Event, Events, Limit, Transition};
use crate::account::Account;
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::denied::Denied;
use crate::engine::{Associate, Associated, Challenge, Engine};
use crate::key::{Key, KeyRing};
use crate::policy::Policy;

const NOW: UtcDateTime = UtcDateTime::UNIX_EPOCH;

fn account() -> Account {
    Account::new("auth0|alice".parse().unwrap())
}

fn device() -> DeviceId {
    "dev_NU1Ofuw3Cw0XCt5x".parse().unwrap()
}

/// A grant of 7 that changes the account, with one event.
fn granted() -> Transition<u32> {
    let mut events = Events::NONE;
    events.push(Event::AccountReset);
    let account = Account {
        revision: 1,
        ..account()
    };
    Transition::changed(account, events, Ok(7))
}

fn refused() -> Transition<u32> {
    Transition::refused(Denied::NotEnrolled)
}

/// An answer that is charged.
fn rejected() -> Transition<u32> {
    let account = Account {
        revision: 1,
        ..account()
    };
    Transition::changed(account, Events::NONE, Err(Denied::InvalidBindingCode))
}

/// Waits once, as a store over a network would.
#[derive(Default)]
struct OnceLater {
    polled: bool,
}

impl Future for OnceLater {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.polled {
            return Poll::Ready(());
        }
        self.polled = true;
        Poll::Pending
    }
}

/// Polls until it is ready, and says how often.
fn block_on<T>(future: impl Future<Output = T>) -> (T, u32) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for polls in 1..100 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return (value, polls);
        }
    }
    panic!("never ready")
}

#[test]
fn what_changed_is_saved_once_with_its_events_and_then_told() {
    for (transition, result) in [
        (granted(), Ok(7)),
        (rejected(), Err(Denied::InvalidBindingCode)),
    ] {
        let mut saved = Vec::new();
        let outcome = transition
            .commit(|next| {
                saved.push(next);
                Ok::<_, Infallible>(())
            })
            .unwrap();
        assert_eq!(outcome.result, result);
        assert_eq!(saved.len(), 1);
        assert_eq!(saved[0].account.revision(), 1);
        assert_eq!(saved[0].events, outcome.events);
    }
}

#[test]
fn a_refusal_is_told_without_a_save() {
    let outcome = refused().commit(|_| -> Result<(), Infallible> { panic!("saved a refusal") });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.result, Err(Denied::NotEnrolled));
    assert!(outcome.events.is_empty());
    let save = async |_| -> Result<(), Infallible> { panic!("saved a refusal") };
    let (outcome, _) = block_on(refused().commit_async(save));
    assert_eq!(outcome.unwrap().result, Err(Denied::NotEnrolled));
}

#[test]
fn a_save_that_fails_is_all_that_is_told() {
    for transition in [granted(), rejected()] {
        assert_eq!(
            transition.commit(|_| Err("conflict")).unwrap_err(),
            "conflict"
        );
    }
    for transition in [granted(), rejected()] {
        let save = async |_| {
            OnceLater::default().await;
            Err("conflict")
        };
        assert_eq!(
            block_on(transition.commit_async(save)).0.unwrap_err(),
            "conflict"
        );
    }
}

#[test]
fn an_awaited_save_is_waited_for() {
    let saves = Cell::new(0);
    let save = async |next: super::Next| {
        assert_eq!(next.account.replaces(), None);
        assert_eq!(next.events.len(), 1);
        OnceLater::default().await;
        saves.set(saves.get() + 1);
        Ok::<_, Infallible>(())
    };
    let (outcome, polls) = block_on(granted().commit_async(save));
    assert_eq!(outcome.unwrap().result, Ok(7));
    assert_eq!((saves.get(), polls), (1, 2));
}

#[test]
fn a_save_that_is_given_up_tells_nothing() {
    let saves = Cell::new(0);
    {
        let save = async |_| {
            OnceLater::default().await;
            saves.set(saves.get() + 1);
            Ok::<_, Infallible>(())
        };
        let mut future = pin!(granted().commit_async(save));
        let mut context = Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(saves.get(), 0);
}

#[test]
fn an_awaited_commit_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&granted().commit_async(async |_| Ok::<_, Infallible>(())));
}

#[test]
fn debug_tells_whether_anything_changed_and_no_more() {
    assert_eq!(
        format!("{:?}", granted()),
        "Transition { changed: true, .. }"
    );
    assert_eq!(
        format!("{:?}", rejected()),
        "Transition { changed: true, .. }"
    );
    assert_eq!(
        format!("{:?}", refused()),
        "Transition { changed: false, .. }"
    );
}

fn associated() -> (Associated, Events, Account) {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let session = engine
        .begin(account().subject().clone(), "", "", "", NOW, &mut rng)
        .unwrap();
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let mut saved = None;
    let outcome = engine
        .associate(&account(), &session, &request, NOW, &mut rng)
        .commit(|next| {
            saved = Some(next.account);
            Ok::<_, Infallible>(())
        })
        .unwrap();
    (outcome.result.unwrap(), outcome.events, saved.unwrap())
}

#[test]
fn a_refused_operation_of_the_engine_changes_nothing() {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let session = engine
        .begin(account().subject().clone(), "", "", "", NOW, &mut rng)
        .unwrap();
    let refused = engine.challenge(&account(), &session, &Challenge::default(), NOW, &mut rng);
    assert_eq!(format!("{refused:?}"), "Transition { changed: false, .. }");
}

#[test]
fn nothing_of_an_outcome_shows_a_code() {
    let (associated, events, account) = associated();
    let shown = format!("{associated:?} {events:?} {account:?}");
    let secrets = [
        associated.oob_code.expose_secret(),
        associated.delivery.code.expose_secret().into(),
        associated
            .recovery_code
            .as_ref()
            .unwrap()
            .expose_secret()
            .into(),
        "14155558730".into(),
    ];
    for secret in secrets {
        assert!(!secret.is_empty());
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(format!("{:?}", associated.delivery).contains("to: PhoneNumber(XXXXXXXX8730)"));
}

#[test]
fn a_delivery_is_named_without_its_oob_code() {
    let (associated, ..) = associated();
    let Delivery {
        channel,
        to,
        expires_at,
        ..
    } = &associated.delivery;
    assert_eq!(
        (*channel, to.to_e164().as_str()),
        (Channel::Sms, "+14155558730")
    );
    assert_eq!(*expires_at, NOW + core::time::Duration::from_secs(300));
    let id = associated.delivery.id();
    assert_eq!(id.len(), 22);
    assert_ne!(id, associated.oob_code.expose_secret());
}

/// Every event, whether the owner is told of it, and its text in a log.
fn table() -> [(Event, bool, &'static str); 15] {
    let device = device();
    let phone = "+14155558730".parse().unwrap();
    let authenticator = AuthenticatorId::Phone(Channel::Sms, device);
    let limit_reached = |limit| Event::LimitReached {
        limit,
        retry_at: NOW,
    };
    [
        (
            Event::CodeIssued {
                authenticator,
                phone,
            },
            false,
            r#"{"event":"code_issued","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730"}"#,
        ),
        (
            Event::AuthenticatorAdded {
                authenticator,
                phone,
            },
            true,
            r#"{"event":"authenticator_added","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730"}"#,
        ),
        (
            Event::AuthenticatorRemoved { device, phone },
            true,
            r#"{"event":"authenticator_removed","device":"dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730"}"#,
        ),
        (
            Event::AuthenticatorDisabled { device, phone },
            true,
            r#"{"event":"authenticator_disabled","device":"dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730"}"#,
        ),
        (
            Event::Authenticated {
                authenticator: AuthenticatorId::RecoveryCode(device),
            },
            false,
            r#"{"event":"authenticated","authenticator":"recovery-code|dev_NU1Ofuw3Cw0XCt5x"}"#,
        ),
        (
            Event::WrongBindingCode {
                authenticator,
                failures: 3,
            },
            false,
            r#"{"event":"wrong_binding_code","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","failures":3}"#,
        ),
        (
            Event::WrongRecoveryCode { failures: 1 },
            false,
            r#"{"event":"wrong_recovery_code","failures":1}"#,
        ),
        (
            Event::RecoveryCodeUsed,
            true,
            r#"{"event":"recovery_code_used"}"#,
        ),
        (
            Event::RecoveryCodeReplaced,
            true,
            r#"{"event":"recovery_code_replaced"}"#,
        ),
        (
            Event::RecoveryCodeRemoved,
            true,
            r#"{"event":"recovery_code_removed"}"#,
        ),
        (
            limit_reached(Limit::Sends),
            false,
            r#"{"event":"limit_reached","limit":"sends","retry_at":0}"#,
        ),
        (
            limit_reached(Limit::BindingFailures),
            true,
            r#"{"event":"limit_reached","limit":"binding_failures","retry_at":0}"#,
        ),
        (
            limit_reached(Limit::RecoveryFailures),
            true,
            r#"{"event":"limit_reached","limit":"recovery_failures","retry_at":0}"#,
        ),
        (Event::AccountReset, true, r#"{"event":"account_reset"}"#),
        (
            Event::BudgetsRestored,
            false,
            r#"{"event":"budgets_restored"}"#,
        ),
    ]
}

#[test]
fn an_event_is_logged_with_its_number_masked() {
    for (event, notifies, text) in table() {
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(event.notifies_owner(), notifies, "{text}");
    }
}

#[test]
fn events_keep_their_order() {
    let mut events = Events::NONE;
    events.push(Event::RecoveryCodeUsed);
    events.push(Event::RecoveryCodeReplaced);
    assert_eq!(
        *events,
        [Event::RecoveryCodeUsed, Event::RecoveryCodeReplaced]
    );
    assert_eq!((&events).into_iter().count(), 2);
    assert_eq!(
        serde_json::to_string(&events).unwrap(),
        r#"[{"event":"recovery_code_used"},{"event":"recovery_code_replaced"}]"#
    );
}
