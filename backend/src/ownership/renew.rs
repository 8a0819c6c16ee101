//! Keeping the pod's record alive, and the cashboxes on it.
//!
//! One renewal covers every cashbox. Only when the record had vanished, or was silent for longer than a lease, are
//! the cashboxes put on record again, a few at a time so that a store that comes back is not overrun.

use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::{Confirmation, StoreError};
use shared::placement::pod::PodRecord;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::Ownership;

/// How many cashboxes are put on record before a pause.
const RECORDED_AT_ONCE: usize = 100;
/// The pause: with the above at most 5 000 cashboxes a second and pod.
const RECORDING_PAUSE: Duration = Duration::from_millis(20);

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
        let mut published = self.pod().record();
        let mut tick = tokio::time::interval(self.parts.renew_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewal = Renewal::default();
        loop {
            tokio::select! {
                biased;
                _ = tick.tick() => {}
                () = changed(&mut changes, &published) => {}
            }
            published = self.pod().record();
            // What the lease runs from: a renewal holds from when it arrived, which is later.
            let asked_at = Instant::now();
            match self.parts.store.renew(&published, self.parts.lease).await {
                Ok(record_lived) => {
                    let lapsed = renewal.succeeded(asked_at, self.parts.lease);
                    if !record_lived || lapsed {
                        self.record_anew();
                    }
                }
                Err(error) => self.renewal_failed(&mut renewal, &error),
            }
        }
    }

    /// Puts the pod on record for the first time, waiting at most `limit`: before it says that it is ready, so that
    /// whoever waits for that finds it among the pods. Without the store it goes on; the renewal tries again.
    pub async fn introduce(&self, limit: Duration) {
        let pod = self.pod().record();
        match tokio::time::timeout(limit, self.parts.store.renew(&pod, self.parts.lease)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(pod.id = %pod.id, error = &error as &dyn std::error::Error, "the pod begins without being on record");
            }
            Err(_) => tracing::warn!(pod.id = %pod.id, "the pod begins without being on record"),
        }
    }

    /// Writes the pod's record outside the usual times.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn renew_now(&self) -> Result<(), StoreError> {
        let record_lived = self
            .parts
            .store
            .renew(&self.pod().record(), self.parts.lease)
            .await?;
        if !record_lived {
            self.record_anew();
        }
        Ok(())
    }

    fn record_anew(&self) {
        tracing::warn!(pod.id = %self.pod().record().id, "the pod's record had vanished: its cashboxes are put on record again");
        self.held.doubt_all();
        self.unrecorded.notify_one();
    }

    fn renewal_failed(&self, renewal: &mut Renewal, error: &StoreError) {
        self.renew_failures.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut renewal.failing, true) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
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
        for (cashbox, epoch) in missing {
            match self.tell(cashbox, epoch).await {
                Ok(Confirmation::Recorded) => {}
                Ok(Confirmation::Superseded { epoch: newer }) => {
                    tracing::warn!(cashbox.id = %cashbox, %epoch, %newer, "the store knows a newer epoch of a held cashbox");
                    // Nobody listening is no fault: the journal fences the next write.
                    let _ = self.superseded.send((cashbox, newer));
                }
                Err(error) => {
                    tracing::debug!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error, "a claim is not on record yet");
                    return self.parts.renew_every;
                }
            }
        }
        RECORDING_PAUSE
    }
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
