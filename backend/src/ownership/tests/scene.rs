//! A pod among others: a store that can be cut off, peers that answer as a test says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::{
    Confirmation, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation, StoreError,
};
use shared::placement::membership::Membership;
use shared::placement::pod::{PodRecord, PodState};
use shared::timings::READ_EVERY;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::ownership::acquire::Acquired;
use crate::ownership::peer::{Answer, Peers};
use crate::ownership::this_pod::ThisPod;
use crate::ownership::{Ownership, Parts, WhenUnreachable};

pub(super) const LEASE: Duration = Duration::from_secs(10);
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(2);
pub(super) const BOX: CashBoxId = CashBoxId::from_u128(7);

/// A pod "me", the store that it writes to, and the pods that it may ask.
pub(super) struct Scene {
    pub(super) store: Arc<CuttableStore>,
    peers: Arc<ScriptedPeers>,
    pub(super) ownership: Arc<Ownership>,
}

impl Scene {
    /// A pod "me" whose record lives, and the store.
    pub(super) async fn new() -> Self {
        Self::with(WhenUnreachable::Claim).await
    }

    pub(super) async fn with(when_unreachable: WhenUnreachable) -> Self {
        let store = Arc::new(CuttableStore::default());
        let peers = Arc::new(ScriptedPeers::default());
        let me = record("me", 1);
        store.renew(&me, LEASE).await.unwrap();
        let ownership = Ownership::new(Parts {
            store: store.clone(),
            membership: Membership::follow(store.clone(), READ_EVERY),
            peers: peers.clone(),
            pod: Arc::new(ThisPod::new(me)),
            lease: LEASE,
            renew_every: RENEW_EVERY,
            when_unreachable,
        });
        let ownership = Arc::new(ownership);
        Self {
            store,
            peers,
            ownership,
        }
    }

    /// Another pod that owns the cashbox under an epoch.
    pub(super) async fn owner(&self, epoch: u64) -> PodRecord {
        let other = record("other", 2);
        self.store.renew(&other, LEASE).await.unwrap();
        let by = other.id.incarnation;
        self.store.confirm(BOX, by, Epoch(epoch)).await.unwrap();
        other
    }

    /// The same, but its lease runs out while this pod's does not.
    pub(super) async fn lapsed_owner(&self, epoch: u64) -> PodRecord {
        let other = self.owner(epoch).await;
        tokio::time::sleep(LEASE).await;
        let me = self.ownership.pod().record();
        self.store.renew(&me, LEASE).await.unwrap();
        assert_eq!(self.store.owner(BOX).await.unwrap(), None);
        other
    }

    pub(super) fn answers(&self, pod: &PodRecord, answer: Answer) {
        self.peers
            .answers
            .lock()
            .unwrap()
            .insert(pod.id.incarnation, answer);
    }

    pub(super) fn asked(&self) -> Vec<Incarnation> {
        self.peers.asked.lock().unwrap().clone()
    }

    pub(super) async fn acquire(&self, suspect: Option<&PodRecord>) -> Acquired {
        let suspect = suspect.map(|pod| pod.id.incarnation);
        self.ownership.acquire(BOX, suspect).await
    }

    /// The name of the pod that owns the cashbox on record, and the epoch.
    pub(super) async fn on_record(&self) -> Option<(String, u64)> {
        let owner = self.store.inner.owner(BOX).await.unwrap()?;
        Some((owner.pod.id.name.to_string(), owner.epoch.0))
    }

    pub(super) fn keep_renewed(&self) -> CancellationToken {
        let (stop, ownership) = (CancellationToken::new(), self.ownership.clone());
        let token = stop.clone();
        tokio::spawn(async move { ownership.keep_renewed(token).await });
        stop
    }

    /// Waits, in paused time, until the cashbox is on record so.
    pub(super) async fn until_on_record(&self, expected: Option<(&str, u64)>) {
        let expected = expected.map(|(name, epoch)| (name.to_owned(), epoch));
        let seen = async {
            while self.on_record().await != expected {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(60), seen).await;
        assert!(
            within.is_ok(),
            "{:?} is on record, not {expected:?}",
            self.on_record().await
        );
    }
}

pub(super) fn record(name: &str, host: u8) -> PodRecord {
    PodRecord {
        id: PodId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::random(),
        },
        address: ([10, 0, 0, host], 80).into(),
        admin_address: ([10, 0, 0, host], 8080).into(),
        version: "1".into(),
        generation: "g".into(),
        started_at_ms: 1,
        state: PodState::Ready,
        load: 0,
    }
}

/// The answer of a pod that lives and has all that it holds on record, in the only era of most tests.
pub(super) fn same(holds: Option<Epoch>) -> Answer {
    Answer::Same {
        holds,
        recorded_in: Some(Era(0)),
    }
}

pub(super) fn held_by(acquired: &Acquired) -> Option<(&str, u64)> {
    match acquired {
        Acquired::HeldBy(owner) => Some((owner.pod.id.name.as_str(), owner.epoch.0)),
        _ => None,
    }
}

/// A store that can be cut off, and counts what is written to it.
#[derive(Debug, Default)]
pub(super) struct CuttableStore {
    pub(super) inner: InMemoryStore,
    cut: AtomicBool,
    pub(super) burials: AtomicUsize,
    pub(super) reservations: AtomicUsize,
}

impl CuttableStore {
    pub(super) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    fn way(&self) -> Result<&InMemoryStore, StoreError> {
        if self.cut.load(Ordering::Relaxed) {
            return Err(StoreError::Unreachable {
                doing: "a test",
                source: "it is cut off".into(),
            });
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl OwnershipStore for CuttableStore {
    async fn renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, StoreError> {
        self.way()?.renew(pod, lease).await
    }
    async fn bury(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        self.burials.fetch_add(1, Ordering::Relaxed);
        self.way()?.bury(incarnation).await
    }
    async fn era(&self) -> Result<Option<Era>, StoreError> {
        self.way()?.era().await
    }
    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError> {
        self.way()?.pods().await
    }
    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError> {
        self.way()?.owner(cashbox).await
    }
    async fn reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, StoreError> {
        self.reservations.fetch_add(1, Ordering::Relaxed);
        self.way()?.reserve(cashbox, by).await
    }
    async fn confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, StoreError> {
        self.way()?.confirm(cashbox, by, epoch).await
    }
    async fn release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        self.way()?.release(cashbox, by, epoch).await
    }
    async fn hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, StoreError> {
        self.way()?.hand_over(cashbox, from, epoch, to).await
    }
    fn events(&self) -> broadcast::Receiver<OwnershipEvent> {
        self.inner.events()
    }
}

/// Pods that answer as a test says, and remember being asked. Whoever has no answer prepared must not be asked.
#[derive(Debug, Default)]
struct ScriptedPeers {
    answers: Mutex<HashMap<Incarnation, Answer>>,
    asked: Mutex<Vec<Incarnation>>,
}

#[async_trait]
impl Peers for ScriptedPeers {
    async fn ask(&self, pod: &PodRecord, _: CashBoxId) -> Answer {
        self.asked.lock().unwrap().push(pod.id.incarnation);
        // A question takes a while: others may ask meanwhile.
        tokio::task::yield_now().await;
        let answers = self.answers.lock().unwrap();
        *answers.get(&pod.id.incarnation).expect("a pod that may be asked")
    }
}
