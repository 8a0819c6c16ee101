//! Keeping the pod's record alive, and the cashboxes on it.
//!
//! One renewal covers every cashbox. Only when the record had vanished, or was silent for longer than a lease, or the
//! store is in another era than before, are the cashboxes put on record again, a few at a time so that a store that
//! comes back is not overrun. A store that was away is told of the pod as soon as it answers: until then others may
//! take its cashboxes for nobody's.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::{Confirmation, Owner, OwnershipEvent, StoreError};
use shared::placement::pod::PodRecord;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::Ownership;

/// How many cashboxes are put on record before a pause.
const RECORDED_AT_ONCE: usize = 100;
/// How many of them are told together: over a slow way to the store they would take for ever one by one.
const RECORDED_TOGETHER: usize = 16;
/// The pause: with the above at most 5 000 cashboxes a second and pod.
const RECORDING_PAUSE: Duration = Duration::from_millis(20);
/// How soon a renewal that failed is tried again, if the next is not due before.
const TRIED_AGAIN_AFTER: Duration = Duration::from_millis(500);

impl Ownership {
    /// Renews the pod's record until `stop`, and puts held cashboxes on record whenever the store may not know
    /// them. The first renewal happens at once.
    pub async fn keep_renewed(&self, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.renewing() => {}
            () = self.recording() => {}
        }
    }

    async fn renewing(&self) {
        let mut changes = self.pod().changes();
        let mut events = self.parts.store.events();
        let mut published = self.pod().record();
        let mut tick = tokio::time::interval(self.parts.renew_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewal = Renewal {
            // Its introduction has told.
            failing: self.waits_for().is_some(),
            succeeded_at: None,
        };
        loop {
            let way = tokio::select! {
                biased;
                () = self.listen(&mut events) => Way::WasBroken,
                () = changed(&mut changes, &published) => Way::Stood,
                _ = tick.tick() => Way::Stood,
            };
            published = self.pod().record();
            // What the lease runs from: a renewal holds from when it arrived, which is later.
            let asked_at = Instant::now();
            match self.renew(&published).await {
                Ok(is_on_record) => {
                    let lapsed = renewal.succeeded(asked_at, self.parts.lease);
                    // Behind a way that was broken another server may have taken over, without the last writes.
                    if !is_on_record || lapsed || way == Way::WasBroken {
                        self.record_anew();
                    }
                }
                Err(error) => {
                    self.renewal_failed(&mut renewal, &error);
                    tick.reset_after(TRIED_AGAIN_AFTER.min(self.parts.renew_every));
                }
            }
        }
    }

    /// Puts the pod on record for the first time, waiting at most `limit`: before it says that it is ready, so that
    /// whoever waits for that finds it among the pods. Without the store it goes on; the renewal tries again.
    pub async fn introduce(&self, limit: Duration) {
        let pod = self.pod().record();
        let why_not = match tokio::time::timeout(limit, self.parts.store.renew(&pod, self.parts.lease)).await
        {
            Ok(Ok(_)) => return self.was_on_record.store(true, Ordering::Relaxed),
            Ok(Err(error)) => error.told(),
            Err(_) => format!("no answer within {limit:?}"),
        };
        tracing::error!(pod.id = %pod.id, setting = self.store_setting(), error = why_not,
            "the ownership store is not reached: the pod is not ready until it was once");
    }

    /// Writes the pod's record outside the usual times.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn renew_now(&self) -> Result<(), StoreError> {
        if !self.renew(&self.pod().record()).await? {
            self.record_anew();
        }
        Ok(())
    }

    /// Renews the record. Answers whether the store still knows what it was told of this pod.
    async fn renew(&self, record: &PodRecord) -> Result<bool, StoreError> {
        let renewing = async {
            let lived = self.parts.store.renew(record, self.parts.lease).await?;
            // A peer may have renewed the record on this pod's behalf, in a store that had lost everything.
            let era = self.parts.store.era().await?;
            let lost = era.is_some_and(|era| self.held.enter(era));
            Ok(lived && !lost)
        };
        // An attempt that outlasts the interval must not keep the next one from being made.
        let in_time = tokio::time::timeout(self.parts.renew_every, renewing).await;
        let renewed = in_time.unwrap_or_else(|too_long| {
            Err(StoreError::Unreachable {
                doing: "renewing a pod's record",
                source: Box::new(too_long),
            })
        });
        self.store_is_up.store(renewed.is_ok(), Ordering::Relaxed);
        if renewed.is_ok() {
            self.was_on_record.store(true, Ordering::Relaxed);
        }
        renewed
    }

    fn record_anew(&self) {
        let cashboxes = self.held.doubt_all();
        if cashboxes > 0 {
            tracing::warn!(pod.id = %self.pod().record().id, cashboxes,
                "the ownership store may have lost what it knew of the pod: its cashboxes are put on record again");
            self.unrecorded.notify_one();
        }
    }

    /// Hears what the store announces, until something may have been missed: the way to it was broken, and it may have
    /// lost what it knew meanwhile, or more was announced than could be heard.
    async fn listen(&self, events: &mut broadcast::Receiver<OwnershipEvent>) {
        loop {
            match events.recv().await {
                Ok(OwnershipEvent::Owned { cashbox, owner }) => self.heard_of(cashbox, &owner),
                Ok(OwnershipEvent::Released { .. } | OwnershipEvent::PodsChanged) => {}
                Ok(OwnershipEvent::Gap) | Err(RecvError::Lagged(_)) => return,
                // The store lives as long as this task, so its events do not end.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// An owner that was paused or cut off, and has nothing to write, would else go on as if it held the cashbox.
    fn heard_of(&self, cashbox: CashBoxId, owner: &Owner) {
        let held = self.held.epoch(cashbox);
        if let Some(epoch) = held.filter(|held| *held < owner.epoch)
            && owner.pod.id.incarnation != self.pod().incarnation()
        {
            self.hint(cashbox, epoch, owner.epoch);
        }
    }

    fn hint(&self, cashbox: CashBoxId, epoch: Epoch, newer: Epoch) {
        tracing::warn!(cashbox.id = %cashbox, epoch = epoch.0, newer = newer.0, "a held cashbox has a newer epoch on record");
        // Nobody listening is no fault: the journal fences the next write.
        let _ = self.superseded.send((cashbox, newer));
    }

    fn renewal_failed(&self, renewal: &mut Renewal, error: &StoreError) {
        self.renew_failures.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut renewal.failing, true) {
            tracing::warn!(
                setting = self.store_setting(),
                error = error.told(),
                "the pod's record cannot be renewed; its cashboxes go on under their epochs"
            );
        }
    }

    /// Puts on record what the store does not know, whenever there is something.
    async fn recording(&self) {
        loop {
            self.unrecorded.notified().await;
            loop {
                let missing = self.held.missing(RECORDED_AT_ONCE);
                if missing.is_empty() {
                    break;
                }
                let pause = self.record(missing).await;
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Answers how long to pause: until the next renewal would have found the store, when it is away.
    async fn record(&self, missing: Vec<(CashBoxId, Epoch)>) -> Duration {
        let told = missing.into_iter().map(|(cashbox, epoch)| async move {
            let told = self.tell(cashbox, epoch).await;
            (cashbox, epoch, told)
        });
        let mut told = stream::iter(told).buffered(RECORDED_TOGETHER);
        while let Some((cashbox, epoch, told)) = told.next().await {
            match told {
                Ok(Confirmation::Recorded) => {}
                Ok(Confirmation::Superseded { epoch: newer }) => self.hint(cashbox, epoch, newer),
                Err(error) => {
                    tracing::debug!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error, "a claim is not on record yet");
                    return self.parts.renew_every;
                }
            }
        }
        RECORDING_PAUSE
    }
}

/// Whether messages of the store can have been missed since the renewal before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Stood,
    WasBroken,
}

/// When the record was last known to live.
#[derive(Debug, Default)]
struct Renewal {
    succeeded_at: Option<Instant>,
    failing: bool,
}

impl Renewal {
    /// Notes a success; answers whether the record may have lapsed since the one before.
    fn succeeded(&mut self, asked_at: Instant, lease: Duration) -> bool {
        if std::mem::take(&mut self.failing) {
            tracing::info!("the pod's record is renewed again");
        }
        let before = self.succeeded_at.replace(asked_at);
        before.is_some_and(|before| asked_at - before >= lease)
    }
}

/// Waits until the record says something new that routes depend on.
async fn changed(changes: &mut watch::Receiver<PodRecord>, published: &PodRecord) {
    loop {
        if changes.changed().await.is_err() {
            // The pod outlives this task; without it nothing changes any more.
            std::future::pending::<()>().await;
        }
        if changes.borrow_and_update().differs_in_more_than_load(published) {
            return;
        }
    }
}
