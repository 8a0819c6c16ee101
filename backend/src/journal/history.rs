//! The history of ownership: who held a cashbox when, under which epoch, and why it changed hands.
//!
//! A row is written once and never changed or removed; rows are few (a handful for each restart of a pod), so nothing
//! ages them out. The row of a claim belongs to the claim's transaction: every epoch has exactly one. The others are
//! written afterwards by whoever saw the change, as well as they can be: an outage of the database may cost them.
//!
//! The history explains; it decides nothing. Who may write is decided by the queue's epoch alone.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, QueueId};
use thiserror::Error;

use crate::ownership::tenure::Tenure;

/// Why a pod claims a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimReason {
    /// Nobody held the cashbox, and the ownership store reserved it.
    Reserved,
    /// Its owner was suspected, and is gone or silent.
    Takeover,
    /// The ownership store was away, and no reachable pod held it.
    Direct,
    /// Its owner handed it over.
    Handover,
}

impl ClaimReason {
    /// Every reason, in the order above.
    pub const ALL: [Self; 4] = [Self::Reserved, Self::Takeover, Self::Direct, Self::Handover];

    /// The reason in one word, for rows, log lines and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Takeover => "takeover",
            Self::Direct => "direct",
            Self::Handover => "handover",
        }
    }
}

impl fmt::Display for ClaimReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a claim came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The proof of the claim.
    pub tenure: Tenure,
    /// Who claimed the queue before, whether it had released it or not; none at the first claim.
    pub from: Option<PodId>,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A pod raised the epoch: from here on it alone may write.
    Claim,
    /// An owner gave the cashbox to a pod that it had prepared; that pod's claim follows.
    Handover,
    /// An owner gave the cashbox up, to nobody.
    Release,
    /// A superseded owner noticed that it may not write any more.
    Fence,
    /// An owner stopped because its journal is older than what was signed or acknowledged.
    Stale,
}

impl ChangeKind {
    const ALL: [Self; 5] = [
        Self::Claim,
        Self::Handover,
        Self::Release,
        Self::Fence,
        Self::Stale,
    ];

    /// The kind in one word, as rows hold it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Handover => "handover",
            Self::Release => "release",
            Self::Fence => "fence",
            Self::Stale => "stale",
        }
    }
}

/// A word that names no kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a kind of change: claim, handover, release, fence or stale")]
pub struct ChangeKindError;

impl FromStr for ChangeKind {
    type Err = ChangeKindError;

    fn from_str(word: &str) -> Result<Self, ChangeKindError> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == word);
        found.ok_or(ChangeKindError)
    }
}

/// One change of a cashbox's ownership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnershipChange {
    /// Whose ownership.
    pub cashbox: CashBoxId,
    /// The queue that the epoch belongs to.
    pub queue: QueueId,
    /// What changed.
    pub kind: ChangeKind,
    /// When, by the wall clock of the pod that wrote it.
    pub at: Ticks,
    /// Who held it before.
    pub from: Option<PodId>,
    /// Who holds it afterwards; none if nobody does, or if whoever wrote it does not know.
    pub to: Option<PodId>,
    /// Of a claim the new epoch, of everything else the epoch that ended.
    pub epoch: Epoch,
    /// Why, in a word, or a sentence of at most 320 characters.
    pub reason: Cow<'static, str>,
}

impl OwnershipChange {
    /// The end of a tenure: its pod is who held the cashbox.
    #[must_use]
    pub fn ending(tenure: &Tenure, kind: ChangeKind, reason: &'static str, at: Ticks) -> Self {
        Self {
            cashbox: tenure.cashbox(),
            queue: tenure.queue(),
            kind,
            at,
            from: Some(tenure.pod().clone()),
            to: None,
            epoch: tenure.epoch(),
            reason: Cow::Borrowed(reason),
        }
    }

    /// The same change, to this pod.
    #[must_use]
    pub fn to(self, pod: PodId) -> Self {
        Self {
            to: Some(pod),
            ..self
        }
    }
}

/// A change as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Given in the order of writing; rises, with gaps. Rows of a claim are in the order of their epochs; a loser's
    /// row may come long after its successor's claim.
    pub number: i64,
    /// What changed.
    pub change: OwnershipChange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_word() {
        for kind in ChangeKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert_eq!("stolen".parse::<ChangeKind>(), Err(ChangeKindError));
    }
}
