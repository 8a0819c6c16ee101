//! The seam: what every store of ownership offers.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::broadcast;

use crate::identity::{CashBoxId, Epoch, Incarnation};
use crate::placement::pod::PodRecord;

/// How many events a receiver may fall behind before it sees a gap.
pub(crate) const EVENTS_KEPT: usize = 4096;

/// A cashbox's owner: the pod as it last described itself, and the epoch of its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The owning pod.
    pub pod: PodRecord,
    /// The epoch of its claim; while it is only reserved, the last epoch that was confirmed for the cashbox.
    pub epoch: Epoch,
}

/// Which life of the store this is: another one after the store lost everything it knew. Two stores that name the
/// same era hold the same records; in a new era a pod's cashboxes are on record only after it has put them there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Era(pub u64);

impl Era {
    /// One that no store has had before. It fits a signed column of a database.
    #[must_use]
    pub(crate) fn random() -> Self {
        Self(rand::random::<u64>() >> 1)
    }
}

/// What a reservation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// The cashbox is reserved for the pod that asked; it may claim in the database.
    Reserved {
        /// The pod that confirmed the last epoch and neither released it nor was buried: its lease ran out. It
        /// may be serving still, cut off from this store alone, so it is asked before the cashbox is claimed.
        before: Option<Owner>,
        /// Whether the last epoch was another pod's that never gave it up: it was buried, or its lease ran out.
        abandoned: bool,
        /// The era in which it is reserved: what the store knows of the cashbox was told it in this era.
        era: Era,
    },
    /// A live pod holds it already, by reservation or by epoch.
    HeldBy(Owner),
    /// The record of the pod that asked does not live, so nothing can be reserved for it: it renews first.
    AskerUnknown,
}

/// What recording a claimed epoch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The epoch is on record and announced.
    Recorded,
    /// A higher epoch is on record already: whoever asked has been superseded.
    Superseded {
        /// The epoch on record.
        epoch: Epoch,
    },
}

/// What handing a cashbox to another pod came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It is reserved for the successor and announced as its own. Asking again changes nothing and answers this.
    Passed,
    /// The pod that asked does not hold it under this epoch, as far as the store knows: nothing was changed.
    NotOwner,
    /// The successor's record does not live: nothing was changed.
    SuccessorGone,
}

/// A change that routes may follow. A lost one only costs a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnershipEvent {
    /// A cashbox has an owner, or is about to: one that was handed over is announced under the epoch that ends, so
    /// the same epoch may be heard of two pods, and the later one counts.
    Owned {
        /// Which cashbox.
        cashbox: CashBoxId,
        /// Its owner and epoch.
        owner: Owner,
    },
    /// A cashbox was released by the pod that held it.
    Released {
        /// Which cashbox.
        cashbox: CashBoxId,
        /// The epoch that ended.
        epoch: Epoch,
    },
    /// A pod appeared, changed its state, or left: membership should be read anew.
    PodsChanged,
    /// Events may have been missed (the connection was away): everything should be read anew.
    Gap,
}

/// Why a store did not answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It could not be reached, or did not answer in time. Whether the change happened is unknown.
    #[error("the ownership store did not answer while {doing}")]
    Unreachable {
        /// What was being done.
        doing: &'static str,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answered with something that is not ours.
    #[error("the ownership store holds what cannot be read while {doing}: {detail}")]
    Unreadable {
        /// What was being done.
        doing: &'static str,
        /// What was found, without secrets.
        detail: String,
    },
}

impl StoreError {
    /// Why, in one line: this and every cause below that says more.
    #[must_use]
    pub fn told(&self) -> String {
        let mut told = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let more = error.to_string();
            if !told.ends_with(&more) {
                told += &format!(": {more}");
            }
            cause = error.source();
        }
        told
    }
}

/// A store of ownership and membership. Every call is one atomic step.
#[async_trait]
pub trait OwnershipStore: Send + Sync + Debug {
    /// The setting that says where the store is, for whoever must be told that it does not answer; `None` when it is in
    /// this process, where no other sees it.
    fn setting(&self) -> Option<&'static str> {
        None
    }

    /// Writes or extends a pod's record, for `lease` from now. Answers `false` when the record had vanished (the
    /// lease ran out, the store was emptied, somebody buried it, or no earlier attempt arrived): the pod should
    /// then confirm its cashboxes again. The first attempt of an incarnation answers `true`.
    async fn renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, StoreError>;

    /// Removes a pod's record, and with it the validity of everything it holds. A pod calls it for itself when
    /// it leaves; a peer calls it on evidence that the process is gone.
    async fn bury(&self, incarnation: Incarnation) -> Result<(), StoreError>;

    /// The era of the store; `None` before a pod has written its record there. Whoever reads it after something
    /// else knows that what was read is of this era or an earlier one.
    async fn era(&self) -> Result<Option<Era>, StoreError>;

    /// Every pod whose record lives, in order of name.
    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError>;

    /// The live owner of a cashbox, reserved or confirmed; `None` when nobody holds it.
    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError>;

    /// Reserves a cashbox for a pod whose record lives, unless another live pod holds it. Repeating it as the
    /// holder answers `Reserved` again.
    async fn reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, StoreError>;

    /// Records the epoch that a pod claimed in the database, and announces it if the pod's record lives.
    /// Overwrites any lower epoch, held by a live pod or not: the database has decided. The pod that confirmed
    /// an epoch may confirm it again until it releases it, also when another has reserved the cashbox since.
    async fn confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, StoreError>;

    /// Gives a cashbox up, if the caller still holds it: a reservation, or the ownership under `epoch`.
    /// The last epoch stays remembered, so that it is never lowered.
    async fn release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError>;

    /// Hands a cashbox from the pod that confirmed `epoch` and holds it to a successor whose record lives. The
    /// successor has it reserved then, so nobody else takes it while it claims; the epoch stays remembered, and
    /// `from` can confirm it no more.
    async fn hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, StoreError>;

    /// Changes from now on. A receiver that lags sees a gap of the channel's own and must read anew.
    fn events(&self) -> broadcast::Receiver<OwnershipEvent>;
}
