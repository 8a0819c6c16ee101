//! The promises, each a sentence.

/// A call drawn by chance.
mod call;

use std::sync::Arc;

use futures::future::join_all;
use harness::eventually::eventually;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shared::identity::{CashBoxId, Epoch};
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::{
    Confirmation, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation,
};
use shared::placement::pod::{PodRecord, PodState};
use tokio::sync::broadcast::Receiver;

use call::{Call, What};

use super::place::{LONG, Place, SHORT, SOON, lapsed, live_pod, pod};

type Store = Arc<dyn OwnershipStore>;

const RESERVED: Reservation = reserved(false);
/// The same, of a pod that was buried without giving it up.
const ABANDONED: Reservation = reserved(true);
/// Eras are by chance: where they do not matter, this one stands for all.
const ANY: Era = Era(0);

const fn reserved(abandoned: bool) -> Reservation {
    Reservation::Reserved {
        before: None,
        abandoned,
        era: ANY,
    }
}

fn owner(pod: &PodRecord, epoch: u64) -> Owner {
    Owner {
        pod: pod.clone(),
        epoch: Epoch(epoch),
    }
}

async fn reserve(store: &Store, cashbox: CashBoxId, by: &PodRecord) -> Reservation {
    in_any_era(store.reserve(cashbox, by.id.incarnation).await.unwrap())
}

fn in_any_era(reservation: Reservation) -> Reservation {
    match reservation {
        Reservation::Reserved {
            before, abandoned, ..
        } => Reservation::Reserved {
            before,
            abandoned,
            era: ANY,
        },
        other => other,
    }
}

async fn confirm(store: &Store, cashbox: CashBoxId, by: &PodRecord, epoch: u64) -> Confirmation {
    store
        .confirm(cashbox, by.id.incarnation, Epoch(epoch))
        .await
        .unwrap()
}

async fn release(store: &Store, cashbox: CashBoxId, by: &PodRecord, epoch: Option<u64>) {
    store
        .release(cashbox, by.id.incarnation, epoch.map(Epoch))
        .await
        .unwrap();
}

async fn hand_over(
    store: &Store,
    cashbox: CashBoxId,
    from: &PodRecord,
    epoch: u64,
    to: &PodRecord,
) -> Passage {
    let (from, to) = (from.id.incarnation, to.id.incarnation);
    store.hand_over(cashbox, from, Epoch(epoch), to).await.unwrap()
}

async fn owned(store: &Store, cashbox: CashBoxId) -> Option<Owner> {
    store.owner(cashbox).await.unwrap()
}

fn superseded(epoch: u64) -> Confirmation {
    Confirmation::Superseded { epoch: Epoch(epoch) }
}

pub async fn of_many_pods_that_reserve_at_once_one_wins(place: &mut Place) {
    let stores = [place.client(), place.client()];
    let pods = join_all((0..8).map(|n| {
        let store = stores[n % 2].clone();
        async move { live_pod(&store, &format!("pod-{n}"), LONG).await }
    }))
    .await;
    for round in 0..20 {
        let cashbox = CashBoxId::random();
        if round % 2 == 0 {
            // One that was held before is on record already, and is raced for by changing its record.
            assert_eq!(reserve(&stores[0], cashbox, &pods[0]).await, RESERVED);
            release(&stores[0], cashbox, &pods[0], None).await;
        }
        let attempts = pods
            .iter()
            .enumerate()
            .map(|(n, pod)| reserve(&stores[n % 2], cashbox, pod));
        let results = join_all(attempts).await;
        let winners: Vec<_> = (0..8).filter(|n| results[*n] == RESERVED).collect();
        let [winner] = winners[..] else {
            panic!("{winners:?} won {cashbox}");
        };
        for (n, result) in results.into_iter().enumerate().filter(|(n, _)| *n != winner) {
            assert_eq!(result, Reservation::HeldBy(owner(&pods[winner], 0)), "pod-{n}");
        }
    }
}

pub async fn the_holder_may_reserve_again_and_a_pod_without_record_may_not(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    assert_eq!(reserve(&store, cashbox, &a).await, RESERVED);
    assert_eq!(reserve(&store, cashbox, &a).await, RESERVED);
    assert_eq!(confirm(&store, cashbox, &a, 1).await, Confirmation::Recorded);
    assert_eq!(reserve(&store, cashbox, &a).await, RESERVED);
    let unknown = pod("b");
    assert_eq!(
        reserve(&store, cashbox, &unknown).await,
        Reservation::AskerUnknown
    );
    assert_eq!(
        reserve(&store, CashBoxId::random(), &unknown).await,
        Reservation::AskerUnknown
    );
}

pub async fn a_lease_that_runs_out_frees_the_cashboxes_and_names_whom_to_ask(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", SHORT).await);
    let b = live_pod(&other, "b", LONG).await;
    assert_eq!(confirm(&store, cashbox, &a, 5).await, Confirmation::Recorded);
    lapsed(&other, &a).await;
    assert_eq!(owned(&other, cashbox).await, None);
    let before = Some(owner(&a, 5));
    let reserved = Reservation::Reserved {
        before,
        abandoned: true,
        era: ANY,
    };
    assert_eq!(reserve(&other, cashbox, &b).await, reserved);
    assert_eq!(owned(&store, cashbox).await, Some(owner(&b, 5)));
    assert_eq!(
        reserve(&other, cashbox, &b).await,
        reserved,
        "asked again, told again"
    );
}

pub async fn a_reservation_that_ran_out_leaves_nobody_to_ask(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", SHORT).await);
    let b = live_pod(&store, "b", LONG).await;
    // On a slow machine the lease may be over before the reservation is made.
    let reserved = reserve(&store, cashbox, &a).await;
    assert!(matches!(
        reserved,
        Reservation::Reserved { .. } | Reservation::AskerUnknown
    ));
    lapsed(&store, &a).await;
    assert_eq!(reserve(&store, cashbox, &b).await, RESERVED);
}

pub async fn a_returning_owner_takes_its_cashbox_back_from_a_reservation(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", SHORT).await);
    let b = live_pod(&store, "b", LONG).await;
    confirm(&store, cashbox, &a, 5).await;
    lapsed(&store, &a).await;
    reserve(&store, cashbox, &b).await;
    assert!(!store.renew(&a, LONG).await.unwrap());
    assert_eq!(owned(&store, cashbox).await, Some(owner(&b, 5)));
    assert_eq!(confirm(&store, cashbox, &a, 5).await, Confirmation::Recorded);
    assert_eq!(owned(&store, cashbox).await, Some(owner(&a, 5)));
    assert_eq!(
        confirm(&store, cashbox, &b, 6).await,
        Confirmation::Recorded,
        "but a claim decides"
    );
    assert_eq!(confirm(&store, cashbox, &a, 5).await, superseded(6));
    assert_eq!(owned(&store, cashbox).await, Some(owner(&b, 6)));
}

pub async fn a_confirmed_epoch_is_only_raised(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    let b = live_pod(&store, "b", LONG).await;
    assert_eq!(confirm(&store, cashbox, &a, 9).await, Confirmation::Recorded);
    assert_eq!(
        confirm(&store, cashbox, &a, 9).await,
        Confirmation::Recorded,
        "its own again"
    );
    assert_eq!(confirm(&store, cashbox, &b, 9).await, superseded(9), "another's");
    assert_eq!(confirm(&store, cashbox, &b, 8).await, superseded(9));
    assert_eq!(confirm(&store, cashbox, &a, 8).await, superseded(9));
    assert_eq!(owned(&store, cashbox).await, Some(owner(&a, 9)));
    // Ten is more than nine as a number, and less as a text.
    assert_eq!(confirm(&store, cashbox, &b, 10).await, Confirmation::Recorded);
    assert_eq!(owned(&store, cashbox).await, Some(owner(&b, 10)));
    let far = 1_u64 << 52;
    assert_eq!(confirm(&store, cashbox, &a, far).await, Confirmation::Recorded);
    assert_eq!(confirm(&store, cashbox, &b, far - 1).await, superseded(far));
    assert_eq!(owned(&store, cashbox).await, Some(owner(&a, far)));
}

pub async fn a_release_by_anybody_but_the_holder_changes_nothing(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    let b = live_pod(&store, "b", LONG).await;
    confirm(&store, cashbox, &a, 5).await;
    for (by, epoch) in [
        (&b, None),
        (&b, Some(5)),
        (&a, Some(4)),
        (&a, Some(6)),
        (&a, None),
    ] {
        release(&store, cashbox, by, epoch).await;
        assert_eq!(
            owned(&store, cashbox).await,
            Some(owner(&a, 5)),
            "{} {epoch:?}",
            by.id
        );
    }
    release(&store, cashbox, &a, Some(5)).await;
    assert_eq!(owned(&store, cashbox).await, None);
    assert_eq!(
        confirm(&store, cashbox, &a, 5).await,
        superseded(5),
        "a late message"
    );
    assert_eq!(reserve(&store, cashbox, &b).await, RESERVED);
    assert_eq!(
        owned(&store, cashbox).await,
        Some(owner(&b, 5)),
        "the epoch is remembered"
    );
    release(&store, CashBoxId::random(), &a, Some(1)).await;
}

pub async fn a_reservation_can_be_given_up(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    let b = live_pod(&store, "b", LONG).await;
    reserve(&store, cashbox, &a).await;
    release(&store, cashbox, &b, None).await;
    assert_eq!(owned(&store, cashbox).await, Some(owner(&a, 0)));
    release(&store, cashbox, &a, None).await;
    assert_eq!(owned(&store, cashbox).await, None);
    assert_eq!(reserve(&store, cashbox, &b).await, RESERVED);
}

pub async fn an_owner_hands_its_cashbox_to_a_live_pod_and_nobody_else_can(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    let (b, c) = (
        live_pod(&other, "b", LONG).await,
        live_pod(&other, "c", LONG).await,
    );
    assert_eq!(
        hand_over(&store, cashbox, &a, 5, &b).await,
        Passage::NotOwner,
        "unowned"
    );
    reserve(&store, cashbox, &a).await;
    assert_eq!(
        hand_over(&store, cashbox, &a, 0, &b).await,
        Passage::NotOwner,
        "a mere reservation"
    );
    confirm(&store, cashbox, &a, 5).await;
    for (from, epoch, to) in [(&a, 4, &b), (&a, 6, &b), (&b, 5, &c), (&a, 5, &a)] {
        assert_eq!(
            hand_over(&other, cashbox, from, epoch, to).await,
            Passage::NotOwner,
            "{epoch}"
        );
    }
    assert_eq!(
        hand_over(&store, cashbox, &a, 5, &pod("d")).await,
        Passage::SuccessorGone
    );
    assert_eq!(owned(&other, cashbox).await, Some(owner(&a, 5)));
    assert_eq!(hand_over(&store, cashbox, &a, 5, &b).await, Passage::Passed);
    assert_eq!(
        hand_over(&store, cashbox, &a, 5, &b).await,
        Passage::Passed,
        "asked again"
    );
    assert_eq!(owned(&store, cashbox).await, Some(owner(&b, 5)));
    assert_eq!(
        confirm(&store, cashbox, &a, 5).await,
        superseded(5),
        "a late message"
    );
    assert_eq!(
        reserve(&store, cashbox, &c).await,
        Reservation::HeldBy(owner(&b, 5))
    );
    assert_eq!(
        reserve(&store, cashbox, &b).await,
        RESERVED,
        "nobody has to be asked"
    );
    assert_eq!(confirm(&other, cashbox, &b, 6).await, Confirmation::Recorded);
    assert_eq!(hand_over(&store, cashbox, &a, 5, &b).await, Passage::NotOwner);
}

pub async fn a_buried_pods_cashboxes_are_free_at_once(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    let b = live_pod(&other, "b", LONG).await;
    confirm(&store, cashbox, &a, 5).await;
    assert_eq!(
        reserve(&other, cashbox, &b).await,
        Reservation::HeldBy(owner(&a, 5))
    );
    other.bury(a.id.incarnation).await.unwrap();
    assert_eq!(store.pods().await.unwrap(), std::slice::from_ref(&b));
    assert_eq!(owned(&store, cashbox).await, None);
    assert_eq!(
        reserve(&other, cashbox, &b).await,
        ABANDONED,
        "nobody is left to ask"
    );
    other.bury(a.id.incarnation).await.unwrap();
}

pub async fn renewing_tells_whether_the_record_had_vanished(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    let a = live_pod(&store, "a", LONG).await;
    assert!(store.renew(&a, LONG).await.unwrap());
    other.bury(a.id.incarnation).await.unwrap();
    assert!(!store.renew(&a, SHORT).await.unwrap(), "buried");
    lapsed(&other, &a).await;
    assert!(!store.renew(&a, LONG).await.unwrap(), "run out");
    assert!(store.renew(&a, LONG).await.unwrap());
}

pub async fn an_emptied_store_learns_again_whatever_the_epoch(place: &mut Place) {
    let store = place.client();
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    confirm(&store, cashbox, &a, 5).await;
    place.empty().await;
    // The first calls may find the connection broken.
    let found = async || store.owner(cashbox).await.ok();
    assert_eq!(eventually("the store answers again", SOON, found).await, None);
    assert!(!store.renew(&a, LONG).await.unwrap());
    assert_eq!(confirm(&store, cashbox, &a, 5).await, Confirmation::Recorded);
    assert_eq!(owned(&store, cashbox).await, Some(owner(&a, 5)));
}

pub async fn an_emptied_store_names_another_era_in_which_it_reserves(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    assert_eq!(store.era().await.unwrap(), None, "nobody has been here");
    let (cashbox, a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    let first = other
        .era()
        .await
        .unwrap()
        .expect("the first record begins an era");
    store.renew(&a, LONG).await.unwrap();
    live_pod(&other, "b", LONG).await;
    assert_eq!(store.era().await.unwrap(), Some(first), "nothing was lost");
    assert_eq!(reserved_in(&store, cashbox, &a).await, first);
    place.empty().await;
    let gone = async || store.era().await.ok();
    assert_eq!(eventually("the store answers again", SOON, gone).await, None);
    store.renew(&a, LONG).await.unwrap();
    let second = store.era().await.unwrap().expect("the record is back");
    assert_ne!(second, first);
    assert_eq!(reserved_in(&store, cashbox, &a).await, second);
}

async fn reserved_in(store: &Store, cashbox: CashBoxId, by: &PodRecord) -> Era {
    match store.reserve(cashbox, by.id.incarnation).await.unwrap() {
        Reservation::Reserved { era, .. } => era,
        other => panic!("not reserved: {other:?}"),
    }
}

pub async fn a_pods_record_says_what_was_renewed_last(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    let b = live_pod(&store, "b", LONG).await;
    let mut a = live_pod(&other, "a", LONG).await;
    assert_eq!(
        store.pods().await.unwrap(),
        [a.clone(), b.clone()],
        "in order of name"
    );
    a.state = PodState::Draining;
    a.load = 0;
    assert!(other.renew(&a, LONG).await.unwrap());
    assert_eq!(store.pods().await.unwrap(), [a, b]);
}

/// Waits for an event that is `wanted`.
async fn hear(events: &mut Receiver<OwnershipEvent>, wanted: impl Fn(&OwnershipEvent) -> bool) {
    let heard = async { while !wanted(&events.recv().await.expect("the store lives")) {} };
    tokio::time::timeout(SOON, heard)
        .await
        .expect("the event is told");
}

/// Announces a pod until the other client hears it: from then on it misses nothing.
async fn connected(store: &Store, events: &mut Receiver<OwnershipEvent>) {
    let announced = async || {
        live_pod(store, "herald", LONG).await;
        let heard = hear(events, |event| *event == OwnershipEvent::PodsChanged);
        tokio::time::timeout(std::time::Duration::from_millis(500), heard)
            .await
            .ok()
    };
    eventually("changes are followed", SOON, announced).await;
}

pub async fn changes_reach_another_client(place: &mut Place) {
    let (store, other) = (place.client(), place.client());
    let mut events = other.events();
    connected(&store, &mut events).await;
    let (cashbox, mut a) = (CashBoxId::random(), live_pod(&store, "a", LONG).await);
    hear(&mut events, |event| *event == OwnershipEvent::PodsChanged).await;
    confirm(&store, cashbox, &a, 5).await;
    let owned = OwnershipEvent::Owned {
        cashbox,
        owner: owner(&a, 5),
    };
    hear(&mut events, |event| *event == owned).await;
    let b = live_pod(&store, "b", LONG).await;
    hand_over(&store, cashbox, &a, 5, &b).await;
    let passed = OwnershipEvent::Owned {
        cashbox,
        owner: owner(&b, 5),
    };
    hear(&mut events, |event| *event == passed).await;
    confirm(&store, cashbox, &b, 6).await;
    release(&store, cashbox, &b, Some(6)).await;
    let epoch = Epoch(6);
    hear(&mut events, |event| {
        *event == OwnershipEvent::Released { cashbox, epoch }
    })
    .await;
    a.state = PodState::Draining;
    store.renew(&a, LONG).await.unwrap();
    hear(&mut events, |event| *event == OwnershipEvent::PodsChanged).await;
    // A load that changed alone is no news: the next thing heard is the burial's.
    a.load += 1;
    store.renew(&a, LONG).await.unwrap();
    confirm(&store, cashbox, &a, 7).await;
    let next = tokio::time::timeout(SOON, events.recv()).await.unwrap().unwrap();
    assert!(matches!(next, OwnershipEvent::Owned { .. }), "{next:?}");
    store.bury(a.id.incarnation).await.unwrap();
    hear(&mut events, |event| *event == OwnershipEvent::PodsChanged).await;
}

pub async fn any_schedule_of_two_clients_ends_as_the_rules_say(place: &mut Place) {
    let stores = [place.client(), place.client()];
    let model = InMemoryStore::new();
    let pods: Vec<_> = (0..3).map(|n| pod(&format!("pod-{n}"))).collect();
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut calls = Vec::new();
    for step in 0..400 {
        let call = Call::draw(&mut random, pods.len());
        calls.push(call);
        // A pod renews through its own client alone: that client knows which renewal was the first.
        let store = &stores[if call.what == What::Renew {
            call.pod % 2
        } else {
            step % 2
        }];
        let actual = call.apply(store.as_ref(), &pods).await;
        let expected = call.apply(&model, &pods).await;
        assert_eq!(
            actual, expected,
            "seed {seed}, step {step}, the last of {calls:#?}"
        );
    }
    assert_eq!(stores[1].pods().await.unwrap(), model.pods().await.unwrap());
}
