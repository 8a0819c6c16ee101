//! A store that answers when it is let.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::store::{
    Confirmation, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation, StoreError,
};
use shared::placement::pod::{PodRecord, PodState};
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::{broadcast, watch};

/// A store whose contents the test writes, and which it can hold.
#[derive(Debug)]
pub struct ScriptedStore {
    held: watch::Sender<bool>,
    asked: watch::Sender<usize>,
    questions: AtomicUsize,
    losses: AtomicUsize,
    owners: Mutex<HashMap<CashBoxId, Owner>>,
    pods: Mutex<Vec<PodRecord>>,
    events: broadcast::Sender<OwnershipEvent>,
}

impl ScriptedStore {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            held: watch::Sender::new(false),
            asked: watch::Sender::new(0),
            questions: AtomicUsize::new(0),
            losses: AtomicUsize::new(0),
            owners: Mutex::default(),
            pods: Mutex::default(),
            events: broadcast::Sender::new(64),
        })
    }

    /// From now on nothing is answered.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Everything is answered again.
    pub fn go_on(&self) {
        self.held.send_replace(false);
    }

    /// Waits until this many questions for an owner have come.
    pub async fn asked(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        asked.wait_for(|asked| *asked >= count).await.unwrap();
    }

    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    pub fn owns(&self, cashbox: CashBoxId, owner: Owner) {
        self.owners.lock().unwrap().insert(cashbox, owner);
    }

    pub fn names(&self, pods: Vec<PodRecord>) {
        *self.pods.lock().unwrap() = pods;
        self.tell(OwnershipEvent::PodsChanged);
    }

    /// From now on it is in another era.
    pub fn loses_everything(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
    }

    pub fn tell(&self, event: OwnershipEvent) {
        // Nobody may listen yet.
        let _ = self.events.send(event);
    }

    async fn while_held(&self) {
        self.held.subscribe().wait_for(|held| !held).await.unwrap();
    }
}

#[async_trait]
impl OwnershipStore for ScriptedStore {
    fn setting(&self) -> Option<&'static str> {
        Some("Test__Store")
    }

    async fn renew(&self, _: &PodRecord, _: Duration) -> Result<bool, StoreError> {
        unreachable!("a proxy is no pod")
    }

    async fn bury(&self, _: Incarnation) -> Result<(), StoreError> {
        unreachable!("a proxy buries nobody")
    }

    async fn era(&self) -> Result<Option<Era>, StoreError> {
        self.while_held().await;
        Ok(Some(Era(self.losses.load(Ordering::SeqCst) as u64)))
    }

    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError> {
        self.while_held().await;
        Ok(self.pods.lock().unwrap().clone())
    }

    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        self.asked.send_modify(|asked| *asked += 1);
        self.while_held().await;
        Ok(self.owners.lock().unwrap().get(&cashbox).cloned())
    }

    async fn reserve(&self, _: CashBoxId, _: Incarnation) -> Result<Reservation, StoreError> {
        unreachable!("a proxy reserves nothing")
    }

    async fn confirm(&self, _: CashBoxId, _: Incarnation, _: Epoch) -> Result<Confirmation, StoreError> {
        unreachable!("a proxy confirms nothing")
    }

    async fn release(&self, _: CashBoxId, _: Incarnation, _: Option<Epoch>) -> Result<(), StoreError> {
        unreachable!("a proxy releases nothing")
    }

    async fn hand_over(
        &self,
        _: CashBoxId,
        _: Incarnation,
        _: Epoch,
        _: Incarnation,
    ) -> Result<Passage, StoreError> {
        unreachable!("a proxy hands nothing over")
    }

    fn events(&self) -> broadcast::Receiver<OwnershipEvent> {
        self.events.subscribe()
    }
}

/// A ready pod's record.
pub fn record(name: &str, address: SocketAddr) -> PodRecord {
    PodRecord {
        id: PodId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::random(),
        },
        address,
        admin_address: address,
        version: "0".to_owned(),
        generation: "g".to_owned(),
        started_at_ms: 1,
        state: PodState::Ready,
        load: 0,
    }
}

/// The ownership of a new pod.
pub fn owner_of(name: &str, address: SocketAddr, epoch: u64) -> Owner {
    Owner {
        pod: record(name, address),
        epoch: Epoch(epoch),
    }
}
