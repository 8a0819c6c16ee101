use shared::env::{Faults, Settings};
use shared::identity::CashBoxId;
use shared::identity::Epoch;
use shared::ownership::config::OwnershipConfig;
use shared::ownership::store::Owner;

use super::*;
use crate::route::lookup::Lookup;
use crate::testing::store::{ScriptedStore, record};

const BOX: CashBoxId = CashBoxId::from_u128(7);

struct Scene {
    store: Arc<ScriptedStore>,
    watch: Watch,
    one: PodRecord,
    other: PodRecord,
}

impl Scene {
    /// A watch that has just read two pods, of which the first owns a cashbox.
    async fn of(given: &[(&str, &str)]) -> Self {
        let settings = Settings::default().with(shared::env::Origin::Environment, given.iter().copied());
        let mut faults = Faults::default();
        let lease = OwnershipConfig::read(&settings, &mut faults).lease;
        let config = Config::read(&settings, lease, &mut faults);
        let store = ScriptedStore::new();
        let routes = Arc::new(Routes::new(Lookup::new(store.clone(), config.lookup), 9));
        let [one, other] = [1, 2].map(|n| record(&format!("byodc-{n}"), ([127, 0, 0, 1], n).into()));
        let mut scene = Self {
            watch: Watch::new(routes, Arc::new(WaitingRoom::new(9, 9)), &config),
            store,
            one,
            other,
        };
        scene.reads(&[&scene.one.clone(), &scene.other.clone()]).await;
        let (cashbox, owner) = (BOX, scene.owner());
        scene.watch.follow(OwnershipEvent::Owned { cashbox, owner }).await;
        scene
    }

    fn owner(&self) -> Owner {
        Owner {
            pod: self.one.clone(),
            epoch: Epoch(3),
        }
    }

    async fn reads(&mut self, pods: &[&PodRecord]) {
        self.store.names(pods.iter().map(|pod| (*pod).clone()).collect());
        self.watch.refresh().await;
    }

    fn ring_members(&self) -> usize {
        self.watch.routes.membership.load().ring_members()
    }

    fn has_a_route(&self) -> bool {
        self.watch.routes.table.get(BOX).is_some()
    }
}

/// How long pods have to come back with the settings' defaults.
const RETURN: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_pod_whose_record_ends_while_nothing_was_lost_is_gone_at_once() {
    let mut scene = Scene::of(&[]).await;
    tokio::time::advance(RETURN).await;
    let other = scene.other.clone();
    scene.reads(&[&other]).await;
    assert!(!scene.has_a_route());
    assert_eq!(scene.ring_members(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_store_is_up_while_it_answers() {
    let mut scene = Scene::of(&[]).await;
    let is_up = |scene: &Scene| scene.watch.routes.lookup.store_is_up();
    assert!(is_up(&scene));
    scene.store.hold();
    scene.watch.refresh().await;
    assert!(!is_up(&scene));
    scene.store.go_on();
    scene.watch.refresh().await;
    assert!(is_up(&scene));
}

#[tokio::test(start_paused = true)]
async fn after_a_loss_pods_and_routes_stay_until_they_had_time_to_come_back() {
    let mut scene = Scene::of(&[]).await;
    tokio::time::advance(RETURN * 2).await;
    scene.store.loses_everything();
    scene.reads(&[]).await;
    assert!(scene.has_a_route());
    assert_eq!(scene.ring_members(), 2);
    tokio::time::advance(RETURN / 2).await;
    let other = scene.other.clone();
    scene.reads(&[&other]).await;
    assert!(scene.has_a_route());
    assert_eq!(scene.ring_members(), 2);
    tokio::time::advance(RETURN / 2).await;
    scene.reads(&[&other]).await;
    assert!(!scene.has_a_route(), "the first pod never came back");
    assert_eq!(scene.ring_members(), 1);
}

#[tokio::test(start_paused = true)]
async fn named_pods_serve_while_the_store_answers_but_names_nobody() {
    let named = [(
        "Byodc__Proxy__Pods",
        "byodc-1=127.0.0.1:1/11, byodc-2=127.0.0.1:2/12",
    )];
    let mut scene = Scene::of(&named).await;
    tokio::time::advance(RETURN).await;
    scene.reads(&[]).await;
    assert_eq!(scene.ring_members(), 2, "as they are named");
    let other = scene.other.clone();
    scene.reads(&[&other]).await;
    assert_eq!(scene.ring_members(), 1, "the store knows better again");
}
