use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use core::convert::Infallible;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use time::UtcDateTime;

use super::{AnothersStored, Next, Outcome, Sealed, Step, Stored, Transition};
use crate::account::Account;
use crate::channel::Channel;
use crate::delivery::{Delivery, Target};
use crate::denied::Denied;
use crate::engine::Engine;
use crate::engine::associate::{Associate, Associated};
use crate::engine::challenge::Challenge;
use crate::event::{Event, Events};
use crate::key::{Key, KeyRing};
use crate::policy::Policy;
use crate::session::{FirstFactor, MfaSession};

const NOW: UtcDateTime = UtcDateTime::UNIX_EPOCH;

fn account() -> Account {
    Account::new("auth0|alice".parse().unwrap())
}

fn changed() -> Account {
    let mut account = account();
    account.state.revision = 1;
    account
}

/// A grant of 7 that changes the account, with one event.
fn granted() -> Transition<u32> {
    let events = vec![Event::AccountReset];
    Transition::changed(changed(), events, None, Ok(7))
}

fn refused() -> Transition<u32> {
    Transition::refused(Denied::NotEnrolled)
}

/// An answer that is charged.
fn rejected() -> Transition<u32> {
    Transition::changed(changed(), vec![], None, Err(Denied::InvalidBindingCode))
}

/// Waits once, like a store over a network.
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

/// Polls until it is ready. Returns the number of polls.
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
fn a_change_is_saved_once_with_its_events_and_then_returned() {
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
fn a_refusal_does_not_call_save() {
    let outcome = refused().commit(|_| -> Result<(), Infallible> { panic!("saved a refusal") });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.result, Err(Denied::NotEnrolled));
    assert!(outcome.events.is_empty());
    let save = async |_| -> Result<(), Infallible> { panic!("saved a refusal") };
    let (outcome, _) = block_on(refused().commit_async(save));
    assert_eq!(outcome.unwrap().result, Err(Denied::NotEnrolled));
}

/// A grant, and a second handle that shows whether what it grants still exists.
fn watched() -> (Transition<Rc<()>>, Rc<()>) {
    let watch = Rc::new(());
    let granted = Ok(watch.clone());
    (Transition::changed(changed(), vec![], None, granted), watch)
}

#[test]
fn a_failed_save_returns_its_error_and_drops_what_was_granted() {
    let wait_and_fail = async |_| {
        OnceLater::default().await;
        Err("conflict")
    };
    let failed = rejected().commit(|_| Err("conflict"));
    assert_eq!(failed.unwrap_err(), "conflict");
    let failed = block_on(rejected().commit_async(wait_and_fail)).0;
    assert_eq!(failed.unwrap_err(), "conflict");
    let [(now, first), (later, second)] = [watched(), watched()];
    let failed = now.commit(|_| Err("conflict"));
    assert_eq!(Rc::strong_count(&first), 1);
    assert_eq!(failed.unwrap_err(), "conflict");
    let failed = block_on(later.commit_async(wait_and_fail)).0;
    assert_eq!(Rc::strong_count(&second), 1);
    assert_eq!(failed.unwrap_err(), "conflict");
}

#[test]
fn an_async_save_is_awaited() {
    let saves = Cell::new(0);
    let save = async |next: Next| {
        assert_eq!(next.account().replaces(), None);
        assert_eq!(next.events().len(), 1);
        OnceLater::default().await;
        saves.set(saves.get() + 1);
        Ok::<_, Infallible>(())
    };
    let (outcome, polls) = block_on(granted().commit_async(save));
    assert_eq!(outcome.unwrap().result, Ok(7));
    assert_eq!((saves.get(), polls), (1, 2));
}

#[test]
fn an_abandoned_save_drops_what_was_granted() {
    let saves = Cell::new(0);
    let (transition, watch) = watched();
    {
        let save = async |_| {
            OnceLater::default().await;
            saves.set(saves.get() + 1);
            Ok::<_, Infallible>(())
        };
        let mut future = pin!(transition.commit_async(save));
        let mut context = Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        assert_eq!(Rc::strong_count(&watch), 2);
    }
    assert_eq!((saves.get(), Rc::strong_count(&watch)), (0, 1));
}

#[test]
fn an_awaited_commit_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&granted().commit_async(async |_| Ok::<_, Infallible>(())));
}

fn save<T>(transition: Transition<T>) -> (Next, Sealed<T>) {
    match transition.begin() {
        Step::Save(next, sealed) => (next, sealed),
        Step::Refused(_) => panic!("refused"),
    }
}

#[test]
fn a_sealed_outcome_opens_once_its_own_next_account_is_stored() {
    for (transition, result, events) in [
        (granted(), Ok(7), vec![Event::AccountReset]),
        (rejected(), Err(Denied::InvalidBindingCode), vec![]),
    ] {
        let (next, sealed) = save(transition);
        assert_eq!(*next.account(), changed());
        assert_eq!(**next.events(), events);
        let outcome = sealed.open(next.stored_durably()).unwrap();
        assert_eq!(outcome.result, result);
        assert_eq!(*outcome.events, events);
    }
}

#[test]
fn a_refusal_in_the_two_step_form_has_nothing_to_store() {
    let Step::Refused(outcome) = refused().begin() else {
        panic!("a refusal to be saved")
    };
    assert_eq!(outcome.result, Err(Denied::NotEnrolled));
    assert!(outcome.events.is_empty());
}

#[test]
fn the_stored_of_another_transition_opens_nothing_and_is_an_error() {
    for make in [granted, rejected] {
        let (first, sealed) = save(make());
        let (second, twin) = save(make());
        // Both have the same account, revision and events.
        assert_eq!(first.account(), second.account());
        assert_eq!(first.events(), second.events());
        let refused = sealed.open(second.stored_durably());
        assert_eq!(refused.unwrap_err(), AnothersStored);
        assert_eq!(
            twin.open(first.stored_durably()).unwrap_err(),
            AnothersStored
        );
    }
    assert_eq!(
        AnothersStored.to_string(),
        "this Stored belongs to another transition: open each Sealed with the Stored of its own Next"
    );
}

#[test]
fn a_next_that_no_transition_has_made_opens_nothing() {
    for make in [granted, rejected] {
        let (next, sealed) = save(make());
        let made = Next::without_outcome(next.account().clone(), Vec::new());
        assert_eq!((made.account(), made.target()), (next.account(), None));
        assert!(made.events().is_empty());
        let refused = sealed.open(made.stored_durably());
        assert_eq!(refused.unwrap_err(), AnothersStored);
    }
}

#[test]
fn every_step_is_send_and_sync_and_static() {
    fn can_move<T: Send + Sync + 'static>() {}
    can_move::<Transition<Associated>>();
    can_move::<Step<Associated>>();
    can_move::<Next>();
    can_move::<Stored>();
    can_move::<Sealed<Associated>>();
    can_move::<Outcome<Associated>>();
}

#[test]
fn debug_of_a_step_does_not_show_the_result() {
    let shown = |result: Result<u32, Denied>| {
        let events = vec![Event::AccountReset];
        let step = Transition::changed(changed(), events, None, result).begin();
        let whole = format!("{step:?} {step:#?}");
        let Step::Save(next, sealed) = step else {
            panic!("refused")
        };
        assert_eq!(format!("{sealed:?}"), "Sealed(redacted)");
        let next_shown = format!("{next:?}");
        (whole, next_shown, format!("{:?}", next.stored_durably()))
    };
    assert_eq!(shown(Ok(7)), shown(Ok(8)));
    assert_eq!(shown(Ok(7)), shown(Err(Denied::InvalidBindingCode)));
}

#[test]
fn debug_of_a_transition_shows_only_whether_anything_changed() {
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

fn engine() -> Engine {
    Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])))
}

fn session(rng: &mut ChaCha20Rng) -> MfaSession {
    let first_factor = FirstFactor {
        subject: account().subject().clone(),
        client: "",
        scope: "",
        audience: "",
    };
    engine().begin(first_factor, NOW, rng).unwrap()
}

#[test]
fn the_target_is_known_before_the_save_and_only_where_a_message_is_sent() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let session = session(&mut rng);
    let phone = "+14155558730".parse().unwrap();
    for channel in [Channel::Sms, Channel::Voice] {
        let request = Associate { channel, phone };
        let (next, _) = save(engine().associate(account(), &session, &request, NOW, &mut rng));
        assert_eq!(next.target(), Some(Target { phone, channel }));
        let shown = format!("{:?}", next.target());
        assert!(shown.contains("XXXXXXXX8730"), "{shown}");
        assert!(!shown.contains("14155558730"), "{shown}");

        let (next, _) = save(engine().import_phone(account(), phone, Channel::Sms, NOW, &mut rng));
        assert_eq!(next.target(), None);
        let request = Challenge {
            channel: Some(channel),
            ..Challenge::default()
        };
        let imported = next.account().clone();
        let (next, _) = save(engine().challenge(imported, &session, &request, NOW, &mut rng));
        assert_eq!(next.target(), Some(Target { phone, channel }));
        let (next, _) = save(engine().reset(next.account().clone(), NOW));
        assert_eq!(next.target(), None);
    }
}

fn associated() -> (Associated, Events, Account) {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let session = session(&mut rng);
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let mut saved = None;
    let outcome = engine()
        .associate(account(), &session, &request, NOW, &mut rng)
        .commit(|next| {
            saved = Some(next.account().clone());
            Ok::<_, Infallible>(())
        })
        .unwrap();
    (outcome.result.unwrap(), outcome.events, saved.unwrap())
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
    let text = id.to_string();
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    assert_eq!(text.len(), 22);
    assert!(text.bytes().all(is_base64url), "{text}");
    assert_ne!(text, associated.oob_code.expose_secret());
    assert_eq!(format!("{id:?}"), text);
    assert_eq!(serde_json::to_value(id).unwrap(), text);
}
