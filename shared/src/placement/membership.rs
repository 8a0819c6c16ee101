//! Which pods there are, as last heard.
//!
//! One task reads the pods from the ownership store: at once when an event says that they changed, and
//! periodically, because a lease that runs out announces nothing. While the store is away the last answer stays.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

use super::pod::PodRecord;
use super::ring::Ring;
use crate::identity::Incarnation;
use crate::ownership::store::{OwnershipEvent, OwnershipStore};

/// The least time between two readings, so that a burst of events is read once.
const REFRESH_PAUSE: Duration = Duration::from_millis(20);

/// How long a pod whose record is gone is remembered: as long as stores keep the record of one whose lease ran out.
const VANISHED_KEPT: Duration = Duration::from_secs(3600);
/// How many are remembered.
const VANISHED_MAX: usize = 256;

/// The pods at one moment, and the ring they make.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Every pod whose record lived, in order of name.
    pub pods: Vec<PodRecord>,
    /// Those of earlier readings whose record was gone, the last one to vanish first. Some may live: cut off from the
    /// store, or not yet on record again in one that lost everything.
    pub vanished: Vec<Vanished>,
    /// The ready ones among them.
    pub ring: Ring,
    /// When the store last answered; `None` before its first answer.
    pub heard_at: Option<Instant>,
}

impl Snapshot {
    /// What a list of pods makes, heard just now.
    #[must_use]
    pub fn of(pods: Vec<PodRecord>) -> Self {
        Self {
            ring: Ring::of(&pods),
            pods,
            vanished: Vec::new(),
            heard_at: Some(Instant::now()),
        }
    }

    /// The same, remembering those who were there before, each start once and not for ever.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        let since = Instant::now();
        let newly = before.pods.iter().map(|pod| Vanished {
            pod: pod.clone(),
            since,
        });
        let remembered = before.vanished.iter();
        let remembered = remembered.filter(|vanished| vanished.since.elapsed() < VANISHED_KEPT);
        self.vanished = newly
            .chain(remembered.cloned())
            .filter(|vanished| self.pod(vanished.pod.id.incarnation).is_none())
            .take(VANISHED_MAX)
            .collect();
        self
    }

    /// The pod of an incarnation, if it was alive.
    #[must_use]
    pub fn pod(&self, incarnation: Incarnation) -> Option<&PodRecord> {
        self.pods.iter().find(|pod| pod.id.incarnation == incarnation)
    }
}

/// A pod whose record was gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanished {
    /// The pod as it last described itself.
    pub pod: PodRecord,
    /// When its record was first found gone.
    pub since: Instant,
}

/// Keeps the last known membership. Cheap to clone; the task ends with the last clone.
#[derive(Debug, Clone)]
pub struct Membership {
    snapshot: watch::Receiver<Arc<Snapshot>>,
    /// Asks the task for a reading now.
    wanted: Arc<Notify>,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl Membership {
    /// Follows a store's pods, reading them at least `every` so often. Must be called within a tokio runtime.
    #[must_use]
    pub fn follow(store: Arc<dyn OwnershipStore>, every: Duration) -> Self {
        let (sender, snapshot) = watch::channel(Arc::default());
        let wanted = Arc::new(Notify::new());
        let task = tokio::spawn(follow(store, every, sender, wanted.clone()));
        Self {
            snapshot,
            wanted,
            _task: Arc::new(AbortOnDropHandle::new(task)),
        }
    }

    /// The pods as last heard; empty before the store's first answer.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Has the pods read now, and waits for it at most for `limit`: for decisions that a pod which came a moment ago
    /// would change. Without an answer the last reading stays.
    pub async fn read_anew(&self, limit: Duration) {
        let mut snapshot = self.snapshot.clone();
        snapshot.mark_unchanged();
        self.wanted.notify_one();
        // Too late, or the task has ended with the runtime: what is known has to do.
        let _ = tokio::time::timeout(limit, snapshot.changed()).await;
    }

    /// Follows every new reading.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }
}

async fn follow(
    store: Arc<dyn OwnershipStore>,
    every: Duration,
    sender: watch::Sender<Arc<Snapshot>>,
    wanted: Arc<Notify>,
) {
    let mut events = store.events();
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut away = false;
    loop {
        tokio::select! {
            biased;
            _ = tick.tick() => {}
            () = wanted.notified() => {}
            () = pods_changed(&mut events) => tokio::time::sleep(REFRESH_PAUSE).await,
        }
        // What was announced until here is covered by the reading that follows.
        events = events.resubscribe();
        match store.pods().await {
            Ok(pods) => {
                away = false;
                let snapshot = Snapshot::of(pods).after(&sender.borrow());
                sender.send_replace(Arc::new(snapshot));
            }
            Err(error) => {
                // Once for each time it goes away, not once a second.
                if !std::mem::replace(&mut away, true) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the pods cannot be read; those last known are used"
                    );
                }
            }
        }
    }
}

/// Waits for an event after which the pods should be read anew.
async fn pods_changed(events: &mut broadcast::Receiver<OwnershipEvent>) {
    loop {
        match events.recv().await {
            Ok(OwnershipEvent::PodsChanged | OwnershipEvent::Gap) | Err(RecvError::Lagged(_)) => return,
            Ok(OwnershipEvent::Owned { .. } | OwnershipEvent::Released { .. }) => {}
            // The store lives as long as this task, so its events do not end.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::pod::PodId;
    use crate::ownership::in_memory::InMemoryStore;
    use crate::placement::pod::PodState;
    use crate::timings::READ_EVERY;

    const LEASE: Duration = Duration::from_secs(10);
    /// So seldom that what is seen was seen because of an event.
    const SELDOM: Duration = Duration::from_secs(3600);

    fn pod(name: &str) -> PodRecord {
        PodRecord {
            id: PodId {
                name: name.parse().unwrap(),
                incarnation: Incarnation::random(),
            },
            address: "10.0.0.1:80".parse().unwrap(),
            admin_address: "10.0.0.1:8080".parse().unwrap(),
            version: "1".into(),
            generation: "g".into(),
            started_at_ms: 1,
            state: PodState::Ready,
            load: 0,
        }
    }

    async fn until_pods(membership: &Membership, count: usize) -> Arc<Snapshot> {
        let mut watch = membership.watch();
        let seen = watch.wait_for(|snapshot| snapshot.heard_at.is_some() && snapshot.pods.len() == count);
        let seen = tokio::time::timeout(SELDOM / 2, seen).await;
        seen.expect("the change is seen").unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_comes_or_leaves_is_seen_because_it_is_announced() {
        let store = Arc::new(InMemoryStore::new());
        let membership = Membership::follow(store.clone(), SELDOM);
        until_pods(&membership, 0).await;
        let a = pod("a");
        store.renew(&a, LEASE).await.unwrap();
        let seen = until_pods(&membership, 1).await;
        assert_eq!((seen.pod(a.id.incarnation), seen.ring.len()), (Some(&a), 1));
        store.bury(a.id.incarnation).await.unwrap();
        until_pods(&membership, 0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_vanished_is_remembered_until_it_is_back() {
        let store = Arc::new(InMemoryStore::new());
        let membership = Membership::follow(store.clone(), SELDOM);
        let (a, b) = (pod("a"), pod("b"));
        for pod in [&a, &b] {
            store.renew(pod, LEASE).await.unwrap();
        }
        until_pods(&membership, 2).await;
        store.empty();
        let seen = until_pods(&membership, 0).await;
        let vanished: Vec<_> = seen.vanished.iter().map(|vanished| &vanished.pod).collect();
        assert_eq!(vanished, [&a, &b]);
        store.renew(&b, LEASE).await.unwrap();
        let seen = until_pods(&membership, 1).await;
        let vanished: Vec<_> = seen.vanished.iter().map(|vanished| &vanished.pod).collect();
        assert_eq!(vanished, [&a]);
        tokio::time::sleep(VANISHED_KEPT * 2).await;
        store.renew(&pod("c"), LEASE).await.unwrap();
        let seen = until_pods(&membership, 1).await;
        assert_eq!(seen.vanished, [], "but not for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_runs_out_is_seen_at_the_next_reading() {
        let store = Arc::new(InMemoryStore::new());
        store.renew(&pod("a"), LEASE).await.unwrap();
        let membership = Membership::follow(store, READ_EVERY);
        until_pods(&membership, 1).await;
        tokio::time::sleep(LEASE + READ_EVERY * 2).await;
        assert!(membership.snapshot().pods.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_is_asked_for_shows_what_was_not_announced() {
        let store = Arc::new(InMemoryStore::new());
        store.renew(&pod("a"), LEASE).await.unwrap();
        let membership = Membership::follow(store, SELDOM);
        until_pods(&membership, 1).await;
        tokio::time::advance(LEASE).await;
        assert_eq!(membership.snapshot().pods.len(), 1);
        membership.read_anew(Duration::from_secs(1)).await;
        assert!(membership.snapshot().pods.is_empty());
    }
}
