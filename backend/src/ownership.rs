//! May this pod serve a cashbox, and under which epoch.
//!
//! ```text
//!            acquire                    journal.claim          confirm
//! (no actor) ───────→ Reserved | Direct ─────────────→ Tenure ─────────→ held ──┐
//!               │                                                        ▲       │ renew: the pod's record,
//!               └─→ HeldBy / OwnerSilent / Draining / Unavailable        │       │ held ones on record again
//!                                                    release ←───────────┴───────┘
//! ```
//!
//! What is decided here is who may *try*. Nothing here makes a second writer possible: every write takes the
//! [`tenure::Tenure`] of a claim, which the journal database grants and fences.
//!
//! [`tenure::Tenure`]: crate::ownership::tenure::Tenure

/// The proof of a claim, without which nothing is written.
pub mod tenure;
/// This pod as the others see it.
pub mod this_pod;
/// What this pod holds, and whether the store knows.
pub mod held;
/// Whether this pod may claim a cashbox: reserve, ask, bury.
pub mod acquire;
/// Asking another pod directly.
pub mod peer;
/// The key by which pods know each other.
pub mod peer_keys;
/// One question at a time about each pod.
mod inquiry;
/// Who may own what a store that lost everything does not know.
mod loss;
/// Keeping the pod's record alive, and the cashboxes on it.
pub mod renew;
/// Handing one cashbox to another pod.
pub mod handover;
/// Giving up one cashbox, or leaving altogether.
pub mod release;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use shared::env::{Effective, Faults, Setting, Settings};
use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::{Era, OwnershipStore};
use shared::placement::membership::{Membership, Snapshot};
use shared::placement::pod::PodRecord;
use tokio::sync::{Notify, broadcast};

use held::Held;
use inquiry::Inquiries;
use loss::Accounts;
use peer::Peers;
use this_pod::ThisPod;

/// What a pod does with a cashbox without a known owner while the ownership store is away.
pub const WHEN_UNREACHABLE: Setting = Setting::plain(
    "Byodc__Ownership__WhenUnreachable",
    "claim",
    "what a pod does with a cashbox that no reachable pod holds while the ownership store is away: claim it in the \
     database directly, or refuse",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[WHEN_UNREACHABLE];

/// How many notices of superseded cashboxes may wait for their reader.
const SUPERSEDED_KEPT: usize = 1024;

/// What a pod does with a cashbox without a known owner while the ownership store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnreachable {
    /// Claims it in the database, which alone decides who may write.
    Claim,
    /// Refuses it until the store is back.
    Refuse,
}

impl WhenUnreachable {
    /// Reads [`WHEN_UNREACHABLE`].
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let effective: Effective = settings.effective(&WHEN_UNREACHABLE);
        match effective.value.trim().to_lowercase().as_str() {
            "claim" => Self::Claim,
            "refuse" => Self::Refuse,
            _ => {
                faults.add(&WHEN_UNREACHABLE, &effective, &"must be claim or refuse");
                Self::Claim
            }
        }
    }
}

/// What the keeper of a pod's ownership is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where ownership is recorded.
    pub store: Arc<dyn OwnershipStore>,
    /// The other pods, as last heard: who is asked while the store is away.
    pub membership: Membership,
    /// How another pod is asked.
    pub peers: Arc<dyn Peers>,
    /// This pod; shared with what counts its load and starts its drain.
    pub pod: Arc<ThisPod>,
    /// How long the pod's record lives without renewal.
    pub lease: Duration,
    /// How often it is renewed.
    pub renew_every: Duration,
    /// What happens to a cashbox without a known owner while the store is away.
    pub when_unreachable: WhenUnreachable,
}

/// The keeper of this pod's ownership. Shared by everything that starts and ends cashboxes; its task is
/// [`Ownership::keep_renewed`].
#[derive(Debug)]
pub struct Ownership {
    parts: Parts,
    held: Held,
    inquiries: Inquiries,
    accounts: Accounts,
    /// Wakes the task that puts held cashboxes on record.
    unrecorded: Notify,
    superseded: broadcast::Sender<(CashBoxId, Epoch)>,
    renew_failures: AtomicU64,
    /// Whether the store answered the last renewal.
    store_is_up: AtomicBool,
    /// Whether the pod was on record at least once.
    was_on_record: AtomicBool,
}

impl Ownership {
    /// A pod that holds nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            held: Held::default(),
            inquiries: Inquiries::default(),
            accounts: Accounts::default(),
            unrecorded: Notify::new(),
            superseded: broadcast::Sender::new(SUPERSEDED_KEPT),
            renew_failures: AtomicU64::new(0),
            store_is_up: AtomicBool::new(false),
            was_on_record: AtomicBool::new(false),
        }
    }

    /// This pod.
    #[must_use]
    pub fn pod(&self) -> &ThisPod {
        &self.parts.pod
    }

    /// Asks another pod whether it holds a cashbox.
    pub async fn ask(&self, pod: &PodRecord, cashbox: CashBoxId) -> peer::Answer {
        self.parts.peers.ask(pod, cashbox).await
    }

    /// Every pod, as last heard.
    #[must_use]
    pub fn pods(&self) -> Arc<Snapshot> {
        self.parts.membership.snapshot()
    }

    /// The epoch under which this pod holds a cashbox: the answer to a peer's question.
    #[must_use]
    pub fn held(&self, cashbox: CashBoxId) -> Option<Epoch> {
        self.held.epoch(cashbox)
    }

    /// The era of the store in which everything this pod holds is on record; `None` while something is not. Part of
    /// the answer to a peer's question.
    #[must_use]
    pub fn recorded_in(&self) -> Option<Era> {
        self.held.recorded_in()
    }

    /// Cashboxes for which the store has a higher epoch than this pod's, with that epoch. A hint: the journal
    /// decides, so its reader confirms the tenure there and drops the cashbox if it is fenced.
    #[must_use]
    pub fn superseded(&self) -> broadcast::Receiver<(CashBoxId, Epoch)> {
        self.superseded.subscribe()
    }

    /// The setting of the store, for as long as the pod has not been on record there a single time.
    #[must_use]
    pub fn waits_for(&self) -> Option<&'static str> {
        let was_on_record = self.was_on_record.load(Ordering::Relaxed);
        (!was_on_record).then(|| self.store_setting())
    }

    /// Where it is set what the store is, for whoever must be told that it does not answer.
    fn store_setting(&self) -> &'static str {
        self.parts.store.setting().unwrap_or("in this process")
    }

    /// How many renewals of the pod's record have failed since it started.
    #[must_use]
    pub fn renew_failures(&self) -> u64 {
        self.renew_failures.load(Ordering::Relaxed)
    }

    /// Whether the store answered when the pod's record was last renewed.
    #[must_use]
    pub fn store_is_up(&self) -> bool {
        self.store_is_up.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
