//! Whether this pod may claim a cashbox: reserve, ask, bury.
//!
//! An owner is taken for dead on evidence alone: its address refuses connections, another incarnation answers
//! there, or its lease ran out and it does not answer for the cashbox. What a proxy suspects is a reason to look,
//! not evidence. A wrong guess costs one cashbox a moment, never its chain.

use std::ops::ControlFlow;

use futures::StreamExt;
use futures::stream;
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::store::{Confirmation, Era, Owner, Reservation, StoreError};
use shared::placement::pod::PodRecord;

use super::loss::Unrecorded;
use super::peer::Answer;
use super::{Ownership, WhenUnreachable};

/// How often a reservation is tried: each round is spent on burying a dead owner or renewing the own record.
const ROUNDS_MAX: usize = 4;
/// How many pods are asked at a time while the store is away.
pub(super) const PEERS_ASKED_AT_ONCE: usize = 16;

/// What became of the wish to serve a cashbox.
#[derive(Debug)]
pub enum Acquired {
    /// It is reserved for this pod, which may claim it in the database.
    Reserved,
    /// The same, after its owner turned out to be gone, or silent past the end of its lease, without giving it up.
    TakenOver,
    /// The store is away and no reachable pod holds it: this pod may claim it in the database directly.
    Direct,
    /// Another live pod holds it: 421.
    HeldBy(Owner),
    /// Its owner is suspected but neither answers nor refuses, and its lease has not run out.
    OwnerSilent(Owner),
    /// This pod is shutting down.
    Draining,
    /// Nobody could say who owns it, and the settings forbid to claim it then.
    Unavailable(StoreError),
}

/// What became of putting a claim on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// It is on record and announced.
    Recorded,
    /// The store has a higher epoch. The journal decides: confirm the tenure there before it is used.
    Superseded(Epoch),
    /// The store is away; the claim is valid, and put on record when it is back.
    Later,
}

impl Ownership {
    /// Asks for a cashbox on behalf of a request. `suspect` is the owner whose address refused the proxy, if any.
    ///
    /// On [`Acquired::Reserved`] and [`Acquired::TakenOver`] the caller claims in the journal and calls [`Ownership::confirm`], or gives up
    /// with [`Ownership::release_reservation`].
    pub async fn acquire(&self, cashbox: CashBoxId, suspect: Option<Incarnation>) -> Acquired {
        let mut last_seen = None;
        for _ in 0..ROUNDS_MAX {
            if self.pod().is_draining() {
                return Acquired::Draining;
            }
            let round = match self.parts.store.reserve(cashbox, self.pod().incarnation()).await {
                Ok(Reservation::Reserved {
                    before: None,
                    abandoned,
                    era,
                }) => ControlFlow::Break(match self.unless_unrecorded(cashbox, era).await {
                    Acquired::Reserved if abandoned => Acquired::TakenOver,
                    acquired => acquired,
                }),
                Ok(Reservation::Reserved {
                    before: Some(before), ..
                }) => ControlFlow::Break(self.succeed(cashbox, before).await),
                Ok(Reservation::HeldBy(owner)) => {
                    last_seen = Some(owner.clone());
                    self.challenge(cashbox, owner, suspect).await
                }
                Ok(Reservation::AskerUnknown) => self.introduce_itself(cashbox).await,
                Err(error) => ControlFlow::Break(self.without_store(cashbox, error).await),
            };
            if let ControlFlow::Break(acquired) = round {
                return acquired;
            }
        }
        self.undecided(cashbox, last_seen).await
    }

    /// Puts the epoch of a claim on record, now or when the store is back.
    pub async fn confirm(&self, cashbox: CashBoxId, epoch: Epoch) -> Confirmed {
        self.held.insert(cashbox, epoch);
        match self.tell(cashbox, epoch).await {
            Ok(Confirmation::Recorded) => Confirmed::Recorded,
            Ok(Confirmation::Superseded { epoch }) => Confirmed::Superseded(epoch),
            Err(error) => {
                tracing::warn!(cashbox.id = %cashbox, epoch = epoch.0, error = &error as &dyn std::error::Error, "a claim is not on record yet; it is valid nevertheless");
                self.unrecorded.notify_one();
                Confirmed::Later
            }
        }
    }

    /// Tells the store of a holding and notes that it answered.
    pub(super) async fn tell(&self, cashbox: CashBoxId, epoch: Epoch) -> Result<Confirmation, StoreError> {
        let (by, era) = (self.pod().incarnation(), self.held.era());
        let confirmation = self.parts.store.confirm(cashbox, by, epoch).await?;
        self.held.settle(cashbox, epoch, era);
        Ok(confirmation)
    }

    /// The store knows no owner. Where it may have lost one, the cashbox is left to it.
    async fn unless_unrecorded(&self, cashbox: CashBoxId, era: Era) -> Acquired {
        match self.unrecorded_owner(cashbox, era).await {
            Unrecorded::Nobody => Acquired::Reserved,
            Unrecorded::Owner(owner) => {
                self.repair(cashbox, &owner).await;
                Acquired::HeldBy(owner)
            }
            Unrecorded::Unknown(pod) => {
                self.release_reservation(cashbox).await;
                let epoch = Epoch::default();
                Acquired::OwnerSilent(Owner { pod, epoch })
            }
        }
    }

    /// The lease of the pod that owned it ran out: it is asked whether it serves the cashbox still.
    async fn succeed(&self, cashbox: CashBoxId, before: Owner) -> Acquired {
        if self.is_predecessor(&before.pod) {
            self.bury(&before, "this pod runs at its address").await;
            return Acquired::TakenOver;
        }
        match self.question(&before.pod, cashbox).await {
            Answer::Same {
                holds: Some(epoch), ..
            } if epoch >= before.epoch => {
                let owner = Owner {
                    pod: before.pod,
                    epoch,
                };
                self.repair(cashbox, &owner).await;
                Acquired::HeldBy(owner)
            }
            Answer::Refused | Answer::OtherIncarnation => {
                self.bury(&before, "its lease ran out and its process is gone")
                    .await;
                Acquired::TakenOver
            }
            Answer::Same { .. } | Answer::Unwilling { .. } | Answer::Silent => {
                tracing::info!(cashbox.id = %cashbox, from = %before.pod.id, epoch = before.epoch.0,
                    "taking over: the owner's lease ran out and it does not answer for the cashbox");
                Acquired::TakenOver
            }
        }
    }

    /// A live pod holds it on record; continues when it turned out to be gone. It is questioned only when somebody could not reach it.
    async fn challenge(
        &self,
        cashbox: CashBoxId,
        owner: Owner,
        suspect: Option<Incarnation>,
    ) -> ControlFlow<Acquired> {
        if self.is_predecessor(&owner.pod) {
            self.bury(&owner, "this pod runs at its address").await;
            return ControlFlow::Continue(());
        }
        if suspect != Some(owner.pod.id.incarnation) {
            return ControlFlow::Break(Acquired::HeldBy(owner));
        }
        match self.question(&owner.pod, cashbox).await {
            Answer::Refused => self.bury(&owner, "its address refuses connections").await,
            Answer::OtherIncarnation => self.bury(&owner, "another incarnation answers").await,
            Answer::Same { .. } => return ControlFlow::Break(Acquired::HeldBy(owner)),
            Answer::Unwilling { .. } | Answer::Silent => {
                return ControlFlow::Break(Acquired::OwnerSilent(owner));
            }
        }
        ControlFlow::Continue(())
    }

    /// The own record had run out (a pause, an emptied store): it is written before anything is reserved.
    async fn introduce_itself(&self, cashbox: CashBoxId) -> ControlFlow<Acquired> {
        match self.renew_now().await {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(self.without_store(cashbox, error).await),
        }
    }

    /// Without the store the pods known last are asked; only when none holds the cashbox it may be claimed.
    async fn without_store(&self, cashbox: CashBoxId, error: StoreError) -> Acquired {
        if let Some(owner) = self.ask_everybody(cashbox).await {
            return Acquired::HeldBy(owner);
        }
        match self.parts.when_unreachable {
            WhenUnreachable::Claim => {
                tracing::warn!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error, "claiming directly in the database: no reachable pod holds it");
                Acquired::Direct
            }
            WhenUnreachable::Refuse => Acquired::Unavailable(error),
        }
    }

    async fn question(&self, pod: &PodRecord, cashbox: CashBoxId) -> Answer {
        self.inquiries.ask(self.parts.peers.as_ref(), pod, cashbox).await
    }

    async fn ask_everybody(&self, cashbox: CashBoxId) -> Option<Owner> {
        let own = self.pod().incarnation();
        let snapshot = self.parts.membership.snapshot();
        // Collected first: a stream over borrowed records could not move between threads.
        let mut others = snapshot.pods.clone();
        others.retain(|pod| pod.id.incarnation != own);
        let answers = others.into_iter().map(|pod| async move {
            match self.question(&pod, cashbox).await {
                Answer::Same {
                    holds: Some(epoch), ..
                } => Some(Owner { pod, epoch }),
                _ => None,
            }
        });
        let holders = stream::iter(answers).buffer_unordered(PEERS_ASKED_AT_ONCE);
        let holders: Vec<Owner> = holders.filter_map(std::future::ready).collect().await;
        holders.into_iter().max_by_key(|owner| owner.epoch)
    }

    /// Owners changed faster than they could be asked: the last one seen is named, and the next request looks again.
    async fn undecided(&self, cashbox: CashBoxId, last_seen: Option<Owner>) -> Acquired {
        match last_seen {
            Some(owner) => Acquired::OwnerSilent(owner),
            None => {
                let error = StoreError::Unreadable {
                    doing: "reserving a cashbox",
                    detail: "the pod's own record vanishes as often as it is written".into(),
                };
                self.without_store(cashbox, error).await
            }
        }
    }

    /// An earlier process of this pod: nobody else can have its name and address.
    pub(super) fn is_predecessor(&self, other: &PodRecord) -> bool {
        let own = self.pod().record();
        other.id.name == own.id.name
            && other.admin_address == own.admin_address
            && other.id.incarnation != own.id.incarnation
    }

    /// Removes a dead pod's record, and with it its hold on every cashbox.
    async fn bury(&self, owner: &Owner, evidence: &'static str) {
        tracing::warn!(pod.id = %owner.pod.id, evidence, "a pod is gone; its cashboxes are free");
        let buried = self
            .inquiries
            .bury(self.parts.store.as_ref(), owner.pod.id.incarnation);
        if let Err(error) = buried.await {
            tracing::warn!(pod.id = %owner.pod.id, error = &error as &dyn std::error::Error, "a dead pod's record stays until its lease runs out");
        }
    }

    /// The owner lives and only its way to the store is broken: its record is renewed on its behalf.
    async fn repair(&self, cashbox: CashBoxId, owner: &Owner) {
        tracing::warn!(cashbox.id = %cashbox, owner.id = %owner.pod.id, epoch = owner.epoch.0,
            "the owner's lease ran out but it serves: its record is repaired");
        let store = &self.parts.store;
        let repaired = match store.renew(&owner.pod, self.parts.lease).await {
            Ok(_) => {
                store
                    .confirm(cashbox, owner.pod.id.incarnation, owner.epoch)
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = repaired {
            tracing::warn!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error, "the owner's record could not be repaired; requests find it by redirects");
        }
    }
}
