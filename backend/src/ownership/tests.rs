use shared::identity::Incarnation;
use shared::placement::pod::PodState;

use super::acquire::{Acquired, Confirmed};
use super::peer::Answer;
use super::*;
use scene::{BOX, LEASE, RENEW_EVERY, Scene, held_by, record, same};

/// A pod among others.
mod scene;
/// A cashbox that the store lost, and its owner.
mod loss;
/// The cashboxes of a dead pod, many at once.
mod takeover;

#[tokio::test(start_paused = true)]
async fn a_free_cashbox_is_reserved() {
    let scene = Scene::new().await;
    assert!(matches!(scene.acquire(None).await, Acquired::Reserved));
    assert_eq!(scene.on_record().await, Some(("me".into(), 0)));
}

#[tokio::test(start_paused = true)]
async fn a_live_owner_that_nobody_suspects_is_named_without_being_asked() {
    let scene = Scene::new().await;
    scene.owner(4).await;
    assert_eq!(held_by(&scene.acquire(None).await), Some(("other", 4)));
    let unrelated = record("third", 3);
    assert_eq!(
        held_by(&scene.acquire(Some(&unrelated)).await),
        Some(("other", 4))
    );
    assert!(scene.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_suspect_is_buried_on_evidence_alone() {
    for evidence in [Answer::Refused, Answer::OtherIncarnation] {
        let scene = Scene::new().await;
        let other = scene.owner(4).await;
        scene.answers(&other, evidence);
        assert!(
            matches!(scene.acquire(Some(&other)).await, Acquired::TakenOver),
            "{evidence:?}"
        );
        assert_eq!(scene.asked(), [other.id.incarnation]);
        assert!(!scene.store.pods().await.unwrap().contains(&other));
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspect_that_answers_keeps_its_cashbox_also_while_it_starts_it() {
    for holds in [Some(Epoch(4)), None] {
        let scene = Scene::new().await;
        let other = scene.owner(4).await;
        scene.answers(&other, same(holds));
        assert_eq!(held_by(&scene.acquire(Some(&other)).await), Some(("other", 4)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_suspect_keeps_its_cashbox_while_its_lease_runs() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    scene.answers(&other, Answer::Silent);
    let acquired = scene.acquire(Some(&other)).await;
    assert!(matches!(acquired, Acquired::OwnerSilent(owner) if owner.pod == other));
    assert_eq!(scene.on_record().await, Some(("other".into(), 4)));
}

#[tokio::test(start_paused = true)]
async fn after_the_lease_an_owner_that_serves_stays_owner_and_its_record_is_repaired() {
    // It may have claimed anew meanwhile, without a way to say so.
    for epoch in [4, 5] {
        let scene = Scene::new().await;
        let other = scene.lapsed_owner(4).await;
        let holds = Some(Epoch(epoch));
        scene.answers(&other, same(holds));
        assert_eq!(held_by(&scene.acquire(None).await), Some(("other", epoch)));
        assert_eq!(scene.on_record().await, Some(("other".into(), epoch)));
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_lease_an_owner_that_does_not_answer_for_the_cashbox_is_succeeded() {
    let superseded = Some(Epoch(3));
    for answer in [
        Answer::Silent,
        Answer::Refused,
        Answer::OtherIncarnation,
        same(None),
        same(superseded),
    ] {
        let scene = Scene::new().await;
        let other = scene.lapsed_owner(4).await;
        scene.answers(&other, answer);
        assert!(
            matches!(scene.acquire(None).await, Acquired::TakenOver),
            "{answer:?}"
        );
        assert_eq!(scene.on_record().await, Some(("me".into(), 4)), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_process_of_this_pod_is_buried_without_being_asked() {
    let scene = Scene::new().await;
    let mut predecessor = scene.ownership.pod().record();
    predecessor.id.incarnation = Incarnation::random();
    scene.store.renew(&predecessor, LEASE).await.unwrap();
    let by = predecessor.id.incarnation;
    scene.store.confirm(BOX, by, Epoch(2)).await.unwrap();
    assert!(matches!(scene.acquire(None).await, Acquired::TakenOver));
    assert!(scene.asked().is_empty());
    assert!(!scene.store.pods().await.unwrap().contains(&predecessor));
}

#[tokio::test(start_paused = true)]
async fn a_draining_pod_takes_nothing() {
    let scene = Scene::new().await;
    scene.ownership.pod().drain();
    assert!(matches!(scene.acquire(None).await, Acquired::Draining));
    assert_eq!(scene.on_record().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_pod_whose_own_record_vanished_writes_it_before_it_reserves() {
    let scene = Scene::new().await;
    scene.store.inner.empty();
    assert!(matches!(scene.acquire(None).await, Acquired::Reserved));
    assert_eq!(scene.on_record().await, Some(("me".into(), 0)));
}

#[tokio::test(start_paused = true)]
async fn without_the_store_a_peer_that_holds_the_cashbox_is_named() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    let third = record("third", 3);
    scene.store.renew(&third, LEASE).await.unwrap();
    let mut known = scene.ownership.parts.membership.watch();
    known.wait_for(|snapshot| snapshot.pods.len() == 3).await.unwrap();
    scene.answers(&other, same(Some(Epoch(4))));
    scene.answers(&third, Answer::Silent);
    scene.store.cut(true);
    assert_eq!(held_by(&scene.acquire(None).await), Some(("other", 4)));
    scene.answers(&other, same(None));
    assert!(matches!(scene.acquire(None).await, Acquired::Direct));
    assert!(!scene.asked().contains(&scene.ownership.pod().incarnation()));
}

#[tokio::test(start_paused = true)]
async fn the_pods_known_last_stay_known_while_the_store_is_away() {
    let scene = Scene::new().await;
    let mut known = scene.ownership.parts.membership.watch();
    known.wait_for(|snapshot| snapshot.pods.len() == 1).await.unwrap();
    scene.store.cut(true);
    tokio::time::sleep(LEASE * 3).await;
    assert_eq!(scene.ownership.parts.membership.snapshot().pods.len(), 1);
    scene.store.cut(false);
    known.wait_for(|snapshot| snapshot.pods.is_empty()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_the_store_a_pod_may_be_told_to_refuse() {
    let scene = Scene::with(WhenUnreachable::Refuse).await;
    scene.store.cut(true);
    assert!(matches!(scene.acquire(None).await, Acquired::Unavailable(_)));
}

#[tokio::test(start_paused = true)]
async fn a_claim_made_without_the_store_is_put_on_record_when_it_is_back() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    scene.store.cut(true);
    assert_eq!(scene.ownership.confirm(BOX, Epoch(6)).await, Confirmed::Later);
    assert_eq!(scene.ownership.held(BOX), Some(Epoch(6)));
    tokio::time::sleep(LEASE * 3).await;
    assert_eq!(scene.on_record().await, None);
    assert!(scene.ownership.renew_failures() > 0);
    assert!(!scene.ownership.store_is_up());
    scene.store.cut(false);
    scene.until_on_record(Some(("me", 6))).await;
    assert!(scene.ownership.store_is_up());
}

#[tokio::test(start_paused = true)]
async fn what_an_emptied_store_lost_is_put_on_record_again() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    assert_eq!(scene.ownership.confirm(BOX, Epoch(6)).await, Confirmed::Recorded);
    scene.store.inner.empty();
    scene.until_on_record(Some(("me", 6))).await;
}

#[tokio::test(start_paused = true)]
async fn many_cashboxes_are_all_put_on_record_again() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    let cashboxes: Vec<_> = (0..1000).map(CashBoxId::from_u128).collect();
    for cashbox in &cashboxes {
        scene.ownership.confirm(*cashbox, Epoch(1)).await;
    }
    scene.store.inner.empty();
    for cashbox in cashboxes {
        while scene.store.owner(cashbox).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_repaired_by_a_peer_while_this_pod_was_cut_off_hides_no_lapse() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    scene.ownership.confirm(BOX, Epoch(6)).await;
    tokio::time::sleep(RENEW_EVERY).await;
    scene.store.cut(true);
    tokio::time::sleep(LEASE * 2).await;
    // A peer reserved the cashbox meanwhile, asked this pod about another one, and renewed its record.
    let other = record("other", 2);
    scene.store.inner.renew(&other, LEASE).await.unwrap();
    scene
        .store
        .inner
        .reserve(BOX, other.id.incarnation)
        .await
        .unwrap();
    let me = scene.ownership.pod().record();
    scene.store.inner.renew(&me, LEASE).await.unwrap();
    scene.store.cut(false);
    scene.until_on_record(Some(("me", 6))).await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_claim_of_another_is_told_and_not_overwritten() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    scene.ownership.confirm(BOX, Epoch(6)).await;
    let mut superseded = scene.ownership.superseded();
    scene.store.inner.empty();
    scene.owner(7).await;
    assert_eq!(superseded.recv().await.unwrap(), (BOX, Epoch(7)));
    assert_eq!(
        scene.ownership.confirm(BOX, Epoch(6)).await,
        Confirmed::Superseded(Epoch(7))
    );
    assert_eq!(scene.on_record().await, Some(("other".into(), 7)));
}

#[tokio::test(start_paused = true)]
async fn an_owner_hears_of_a_newer_claim_although_it_has_nothing_to_write() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    scene.ownership.confirm(BOX, Epoch(6)).await;
    let mut superseded = scene.ownership.superseded();
    tokio::time::sleep(RENEW_EVERY / 4).await;
    scene.owner(7).await;
    let heard = tokio::time::timeout(LEASE, superseded.recv()).await;
    assert_eq!(heard.expect("it is told").unwrap(), (BOX, Epoch(7)));
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_published_at_once_and_a_load_with_the_next_renewal() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    // The first renewal happens at once; afterwards the clock stands between two of them.
    tokio::time::sleep(RENEW_EVERY / 4).await;
    scene.ownership.pod().host(9);
    tokio::time::sleep(RENEW_EVERY / 4).await;
    assert_eq!(scene.store.pods().await.unwrap()[0].load, 0);
    scene.ownership.pod().drain();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let published = scene.store.pods().await.unwrap().remove(0);
    assert_eq!((published.state, published.load), (PodState::Draining, 9));
}

#[tokio::test(start_paused = true)]
async fn a_released_cashbox_is_free_and_is_not_put_on_record_again() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    scene.ownership.confirm(BOX, Epoch(6)).await;
    scene.ownership.release(BOX, Epoch(6)).await;
    assert_eq!((scene.ownership.held(BOX), scene.on_record().await), (None, None));
    scene.store.inner.empty();
    tokio::time::sleep(LEASE).await;
    assert_eq!(scene.on_record().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_late_release_of_an_older_epoch_leaves_the_newer_claim() {
    let scene = Scene::new().await;
    scene.ownership.confirm(BOX, Epoch(6)).await;
    scene.ownership.confirm(BOX, Epoch(7)).await;
    scene.ownership.release(BOX, Epoch(6)).await;
    assert_eq!(scene.ownership.held(BOX), Some(Epoch(7)));
    assert_eq!(scene.on_record().await, Some(("me".into(), 7)));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_frees_everything_and_stays_gone() {
    let scene = Scene::new().await;
    let stop = scene.keep_renewed();
    scene.ownership.confirm(BOX, Epoch(6)).await;
    stop.cancel();
    tokio::task::yield_now().await;
    scene.ownership.leave().await;
    assert_eq!(scene.on_record().await, None);
    tokio::time::sleep(RENEW_EVERY * 3).await;
    assert!(scene.store.pods().await.unwrap().is_empty());
}

#[test]
fn what_happens_without_the_store_is_one_of_two_words() {
    let read = |word: &str| {
        let settings = Settings::default().with(shared::env::Origin::File, [(WHEN_UNREACHABLE.name, word)]);
        let mut faults = Faults::default();
        (
            WhenUnreachable::read(&settings, &mut faults),
            faults.lines().len(),
        )
    };
    assert_eq!(read("Refuse"), (WhenUnreachable::Refuse, 0));
    assert_eq!(read("claim"), (WhenUnreachable::Claim, 0));
    assert_eq!(read("perhaps").1, 1);
}
