use super::*;

impl Scene {
    /// The store has lost everything, and this pod has written its record again; the others have not yet.
    async fn lose_everything(&self) -> Era {
        self.store.inner.empty();
        let me = self.ownership.pod().record();
        self.store.renew(&me, LEASE).await.unwrap();
        self.store.era().await.unwrap().expect("a record was written")
    }

    /// Waits until this pod has read that exactly so many pods are on record.
    async fn knows(&self, pods: usize) {
        let mut known = self.ownership.parts.membership.watch();
        let reads = known.wait_for(|snapshot| snapshot.pods.len() == pods);
        tokio::time::timeout(LEASE, reads).await.unwrap().unwrap();
    }
}

/// The answer of a pod that holds a cashbox which is not on record yet.
fn still_recording(holds: Option<Epoch>) -> Answer {
    Answer::Same {
        holds,
        recorded_in: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_cashbox_that_an_emptied_store_forgot_stays_with_its_owner() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    scene.knows(2).await;
    scene.lose_everything().await;
    scene.knows(1).await;
    scene.answers(&other, still_recording(Some(Epoch(4))));
    assert_eq!(held_by(&scene.acquire(None).await), Some(("other", 4)));
    assert_eq!(
        scene.on_record().await,
        Some(("other".into(), 4)),
        "put on record at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_asked_until_it_has_everything_on_record_and_then_no_more() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    scene.knows(2).await;
    let era = scene.lose_everything().await;
    let acquire = async |cashbox| {
        let acquired = scene.ownership.acquire(CashBoxId::from_u128(cashbox), None).await;
        assert!(matches!(acquired, Acquired::Reserved));
        scene.asked().len()
    };
    scene.answers(&other, still_recording(None));
    assert_eq!((acquire(1).await, acquire(2).await), (1, 2));
    let complete = Answer::Same {
        holds: None,
        recorded_in: Some(era),
    };
    scene.answers(&other, complete);
    assert_eq!((acquire(3).await, acquire(4).await), (3, 3));
    let next = scene.lose_everything().await;
    assert_eq!(acquire(5).await, 4, "another loss, another question");
    assert_ne!(era, next);
}

#[tokio::test(start_paused = true)]
async fn after_a_loss_a_silent_pod_keeps_what_it_may_serve_for_a_lease() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    let _running = scene.keep_renewed();
    scene.knows(2).await;
    scene.lose_everything().await;
    scene.knows(1).await;
    scene.answers(&other, Answer::Silent);
    let acquired = scene.acquire(None).await;
    assert!(matches!(acquired, Acquired::OwnerSilent(owner) if owner.pod == other));
    assert_eq!(scene.on_record().await, None, "the reservation was given back");
    tokio::time::sleep(LEASE).await;
    assert!(matches!(scene.acquire(None).await, Acquired::Reserved));
}

#[tokio::test(start_paused = true)]
async fn after_a_loss_a_pod_whose_process_is_gone_holds_nothing() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    scene.knows(2).await;
    scene.lose_everything().await;
    scene.answers(&other, Answer::Refused);
    assert!(matches!(scene.acquire(None).await, Acquired::Reserved));
}

#[tokio::test(start_paused = true)]
async fn a_pod_says_that_all_is_on_record_only_when_it_is() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    tokio::time::sleep(RENEW_EVERY).await;
    let first = scene.store.era().await.unwrap();
    assert_eq!(scene.ownership.recorded_in(), first);
    scene.store.cut(true);
    scene.ownership.confirm(BOX, Epoch(6)).await;
    assert_eq!(scene.ownership.recorded_in(), None);
    scene.store.cut(false);
    scene.until_on_record(Some(("me", 6))).await;
    tokio::time::sleep(RENEW_EVERY).await;
    assert_eq!(scene.ownership.recorded_in(), first);
    scene.store.inner.empty();
    scene.until_on_record(Some(("me", 6))).await;
    tokio::time::sleep(RENEW_EVERY).await;
    let second = scene.store.era().await.unwrap();
    assert_eq!(scene.ownership.recorded_in(), second);
    assert_ne!(first, second);
}

/// A renewal is not due for a while: what brings the record back is that the way to the store was broken.
#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_empty_is_told_at_once() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    tokio::time::sleep(RENEW_EVERY / 4).await;
    scene.ownership.confirm(BOX, Epoch(6)).await;
    let lost = tokio::time::Instant::now();
    scene.store.inner.empty();
    scene.until_on_record(Some(("me", 6))).await;
    assert!(lost.elapsed() < RENEW_EVERY / 4, "{:?}", lost.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_asked_again_before_the_next_renewal_is_due() {
    let scene = Scene::new().await;
    let _running = scene.keep_renewed();
    tokio::time::sleep(RENEW_EVERY / 2).await;
    scene.store.cut(true);
    tokio::time::sleep(RENEW_EVERY * 2).await;
    assert!(scene.ownership.renew_failures() > 3);
}

#[tokio::test(start_paused = true)]
async fn after_a_loss_a_pod_that_does_not_know_our_key_keeps_what_it_may_serve() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    scene.knows(2).await;
    let era = scene.lose_everything().await;
    let unwilling = |recorded_in| Answer::Unwilling { recorded_in };
    scene.answers(&other, unwilling(None));
    let acquired = scene.acquire(None).await;
    assert!(matches!(acquired, Acquired::OwnerSilent(_)), "{acquired:?}");
    // What a pod says to a stranger is believed for a second.
    tokio::time::advance(Duration::from_secs(2)).await;
    scene.answers(&other, unwilling(Some(era)));
    let acquired = scene.acquire(None).await;
    assert!(matches!(acquired, Acquired::Reserved), "{acquired:?}");
}
