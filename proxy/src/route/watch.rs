//! Follows the store: changes of ownership as they happen, and the pods every second.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::identity::pod::PodName;
use shared::ownership::store::{Era, OwnershipEvent, StoreError};
use shared::placement::pod::PodRecord;
use shared::timings::READ_EVERY;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::waiting_room::WaitingRoom;

use super::Routes;
use super::candidate::Membership;
use super::peer::Peer;

/// Follows the store for as long as the proxy runs.
#[derive(Debug)]
pub struct Watch {
    routes: Arc<Routes>,
    waiting_room: Arc<WaitingRoom>,
    named: Vec<(PodName, SocketAddr)>,
    dns: Option<String>,
    store_answers: bool,
    life: StoreLife,
}

/// Which life of the store is read, and since when.
#[derive(Debug)]
struct StoreLife {
    era: Option<Era>,
    since: Instant,
    /// How long pods have to come back to a store that lost everything.
    return_max: Duration,
}

impl StoreLife {
    fn reads(&mut self, era: Option<Era>) {
        if self.era != era {
            self.era = era;
            self.since = Instant::now();
        }
    }

    /// How long a pod may be missing from the store before it counts as gone. One that was on record in this era
    /// was buried or its lease ran out. In a new era each pod has time to come back.
    fn missing_max(&self) -> Duration {
        match self.since.elapsed() < self.return_max {
            true => self.return_max,
            false => Duration::ZERO,
        }
    }
}

/// What made the watch go on.
enum Awoken {
    Stop,
    Tick,
    Event(Box<OwnershipEvent>),
    EventsMissed,
    EventsEnded,
}

impl Watch {
    /// A watch that has read nothing yet.
    #[must_use]
    pub fn new(routes: Arc<Routes>, waiting_room: Arc<WaitingRoom>, config: &Config) -> Self {
        let named = config.pods.iter().map(|pod| (pod.name.clone(), pod.address));
        Self {
            routes,
            waiting_room,
            named: named.collect(),
            dns: config.pods_dns.clone(),
            store_answers: true,
            life: StoreLife {
                era: None,
                since: Instant::now(),
                return_max: config.lease.return_after_loss(),
            },
        }
    }

    /// Reads the pods once, then follows the store until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut events = self.routes.lookup.store().events();
        let mut tick = tokio::time::interval(READ_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut events_end = false;
        loop {
            let awoken = tokio::select! {
                () = stop.cancelled() => Awoken::Stop,
                _ = tick.tick() => Awoken::Tick,
                awoken = next(&mut events), if !events_end => awoken,
            };
            match awoken {
                Awoken::Stop => return,
                Awoken::Tick => self.refresh().await,
                Awoken::Event(event) => self.follow(*event).await,
                Awoken::EventsMissed => self.follow(OwnershipEvent::Gap).await,
                Awoken::EventsEnded => events_end = true,
            }
        }
    }

    async fn follow(&mut self, event: OwnershipEvent) {
        match event {
            OwnershipEvent::Owned { cashbox, owner } => {
                let peer = self.routes.peers.meet(&owner.pod.id, owner.pod.address);
                self.routes.table.learn(cashbox, &peer, owner.epoch);
                self.waiting_room.wake(cashbox);
            }
            OwnershipEvent::Released { cashbox, epoch } => {
                self.routes.table.release(cashbox, epoch);
                self.waiting_room.wake(cashbox);
            }
            OwnershipEvent::PodsChanged => self.refresh().await,
            // Routes are not dropped: a stale one costs a redirect, asking for all of them would be a stampede.
            OwnershipEvent::Gap => {
                self.refresh().await;
                self.waiting_room.wake_all();
            }
        }
    }

    /// Reads the pods anew.
    pub async fn refresh(&mut self) {
        let lookup = &self.routes.lookup;
        match tokio::time::timeout(lookup.limit(), self.read()).await {
            Ok(Ok((records, era))) => {
                lookup.store_is_back();
                self.said(true, "");
                self.life.reads(era);
                self.take(records).await;
            }
            Ok(Err(error)) => self.do_without(&error.told()).await,
            Err(_) => {
                self.do_without(&format!("no answer within {:?}", lookup.limit()))
                    .await
            }
        }
    }

    /// The pods, and the era that they are of, or a later one.
    async fn read(&self) -> Result<(Vec<PodRecord>, Option<Era>), StoreError> {
        let store = self.routes.lookup.store();
        let records = store.pods().await?;
        Ok((records, store.era().await?))
    }

    async fn take(&mut self, records: Vec<PodRecord>) {
        let routes = Arc::clone(&self.routes);
        let known = routes.membership.load_full();
        let missing_max = self.life.missing_max();
        if known.is(&records) {
            for (record, peer) in known.pods() {
                peer.is_known(record.state);
            }
        } else {
            let named = match records.is_empty() {
                true => self.named().await,
                false => Vec::new(),
            };
            let mut membership = Membership::of(records, &routes.peers);
            if !missing_max.is_zero() {
                membership = membership.and_earlier(&known);
            }
            self.adopt(membership.and_named(&named, &routes.peers));
        }
        let membership = routes.membership.load();
        let is_known = |peer: &Peer| {
            peer.incarnation
                .is_none_or(|start| membership.is_on_record(start))
        };
        routes.peers.compare(missing_max, is_known);
        routes.table.sweep();
    }

    /// The store is away: what is known stays, and the pods that are named otherwise are added.
    async fn do_without(&mut self, error: &str) {
        self.routes.lookup.store_is_away();
        self.said(false, error);
        let named = self.named().await;
        let routes = &self.routes;
        self.adopt(routes.membership.load().and_named(&named, &routes.peers));
    }

    /// From now on these are the pods; whoever waits for one looks again if there are others than before.
    fn adopt(&self, membership: Membership) {
        let before = self.routes.membership.swap(Arc::new(membership));
        if !before.has_the_pods_of(&self.routes.membership.load()) {
            self.waiting_room.wake_all();
        }
    }

    /// The pods that configuration and DNS name.
    async fn named(&self) -> Vec<(PodName, SocketAddr)> {
        let mut named = self.named.clone();
        if let Some(dns) = &self.dns {
            named.extend(resolved(dns).await);
        }
        named
    }

    /// One line when the store goes away, one when it is back.
    fn said(&mut self, answers: bool, error: &str) {
        if std::mem::replace(&mut self.store_answers, answers) == answers {
            return;
        }
        let lookup = &self.routes.lookup;
        let setting = lookup.store().setting();
        match (answers, lookup.store_was_up()) {
            (true, _) => tracing::info!("the ownership store answers again"),
            (false, true) => {
                tracing::warn!(
                    setting,
                    error,
                    "the ownership store is away: routes in memory and named pods are used"
                );
            }
            (false, false) => {
                tracing::error!(
                    setting,
                    error,
                    "the ownership store is not reached: only named pods are known"
                );
            }
        }
    }
}

async fn next(events: &mut Receiver<OwnershipEvent>) -> Awoken {
    match events.recv().await {
        Ok(event) => Awoken::Event(Box::new(event)),
        Err(RecvError::Lagged(_)) => Awoken::EventsMissed,
        Err(RecvError::Closed) => Awoken::EventsEnded,
    }
}

/// The addresses behind a DNS name, each as a pod that is named after its address.
async fn resolved(name: &str) -> Vec<(PodName, SocketAddr)> {
    let addresses = match tokio::net::lookup_host(name).await {
        Ok(addresses) => addresses,
        Err(error) => {
            tracing::debug!(%name, %error, "the pods' DNS name could not be resolved");
            return Vec::new();
        }
    };
    let named = |address: SocketAddr| {
        let text = address.ip().to_string().replace(':', "-").to_ascii_lowercase();
        Some((text.parse().ok()?, address))
    };
    addresses.filter_map(named).collect()
}

#[cfg(test)]
mod tests;
