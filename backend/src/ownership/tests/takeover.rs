use futures::future::join_all;
use shared::ownership::store::Confirmation;

use super::*;

const CASHBOXES: u128 = 200;

impl Scene {
    /// Another pod that owns many cashboxes.
    async fn owner_of_many(&self) -> PodRecord {
        let other = self.owner(4).await;
        for cashbox in (0..CASHBOXES).map(CashBoxId::from_u128) {
            let confirmed = self.store.confirm(cashbox, other.id.incarnation, Epoch(4));
            assert_eq!(confirmed.await.unwrap(), Confirmation::Recorded);
        }
        other
    }

    /// Asks for all of them at once.
    async fn acquire_many(&self, suspect: Option<&PodRecord>) -> Vec<Acquired> {
        let suspect = suspect.map(|pod| pod.id.incarnation);
        let cashboxes = (0..CASHBOXES).map(CashBoxId::from_u128);
        join_all(cashboxes.map(|cashbox| self.ownership.acquire(cashbox, suspect))).await
    }

    fn counted(&self) -> (usize, usize, usize) {
        let burials = self.store.burials.load(Ordering::Relaxed);
        let reservations = self.store.reservations.load(Ordering::Relaxed);
        (self.asked().len(), burials, reservations)
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_pod_with_many_cashboxes_is_questioned_and_buried_once() {
    let scene = Scene::new().await;
    let other = scene.owner_of_many().await;
    scene.answers(&other, Answer::Refused);
    let acquired = scene.acquire_many(Some(&other)).await;
    assert!(acquired.iter().all(|one| matches!(one, Acquired::TakenOver)));
    let (asked, burials, reservations) = scene.counted();
    assert_eq!((asked, burials), (1, 1));
    let twice = 2 * usize::try_from(CASHBOXES).unwrap();
    assert!(
        reservations <= twice,
        "{reservations}: once before the burial and once after, at the most"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_pod_whose_lease_ran_out_is_waited_for_once_and_not_for_each_cashbox() {
    let scene = Scene::new().await;
    let other = scene.owner_of_many().await;
    scene.answers(&other, Answer::Silent);
    tokio::time::sleep(LEASE).await;
    let me = scene.ownership.pod().record();
    scene.store.renew(&me, LEASE).await.unwrap();
    let acquired = scene.acquire_many(None).await;
    assert!(acquired.iter().all(|one| matches!(one, Acquired::TakenOver)));
    assert_eq!(scene.counted().0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_lives_is_asked_about_each_of_its_cashboxes() {
    let scene = Scene::new().await;
    let other = scene.owner_of_many().await;
    scene.answers(&other, same(Some(Epoch(4))));
    let acquired = scene.acquire_many(Some(&other)).await;
    assert!(acquired.iter().all(|one| held_by(one) == Some(("other", 4))));
    let (asked, burials, _) = scene.counted();
    assert_eq!((asked, burials), (usize::try_from(CASHBOXES).unwrap(), 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_of_a_pod_is_not_believed_for_long() {
    let scene = Scene::new().await;
    let other = scene.owner(4).await;
    scene.answers(&other, Answer::Silent);
    assert!(matches!(
        scene.acquire(Some(&other)).await,
        Acquired::OwnerSilent(_)
    ));
    scene.answers(&other, same(Some(Epoch(4))));
    assert!(matches!(
        scene.acquire(Some(&other)).await,
        Acquired::OwnerSilent(_)
    ));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(held_by(&scene.acquire(Some(&other)).await), Some(("other", 4)));
}
