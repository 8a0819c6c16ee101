//! After the store lost everything: a cashbox that nobody is known to own may have an owner that has not said so yet.
//!
//! Owners put their cashboxes on record again by themselves, a few at a time. Until a pod has said that all of its
//! are, in this era of the store, it is asked about each cashbox that the store does not know. A pod that has said so
//! is asked no more: in a store that lost nothing, each pod is asked once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use shared::identity::{CashBoxId, Incarnation};
use shared::ownership::store::{Era, Owner};
use shared::placement::pod::PodRecord;
use tokio::time::Instant;

use super::Ownership;
use super::acquire::PEERS_ASKED_AT_ONCE;
use super::peer::Answer;

/// Which pods have nothing that is not on record, and since which era.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    complete: Mutex<HashMap<Incarnation, Era>>,
}

impl Accounts {
    fn is_complete(&self, incarnation: Incarnation, era: Era) -> bool {
        let complete = self.complete.lock().unwrap_or_else(PoisonError::into_inner);
        complete.get(&incarnation) == Some(&era)
    }

    fn complete(&self, incarnation: Incarnation, era: Era) {
        let mut complete = self.complete.lock().unwrap_or_else(PoisonError::into_inner);
        // Accounts of earlier eras are worth nothing any more.
        complete.retain(|_, of| *of == era);
        complete.insert(incarnation, era);
    }
}

/// Who may own a cashbox that the store does not know.
#[derive(Debug)]
pub(super) enum Unrecorded {
    /// Nobody.
    Nobody,
    /// This pod: it has not put it on record yet.
    Owner(Owner),
    /// This pod does not say, and may be serving it.
    Unknown(PodRecord),
}

impl Ownership {
    /// Asks the pods that may hold a cashbox without being on record for it in this era.
    pub(super) async fn unrecorded_owner(&self, cashbox: CashBoxId, era: Era) -> Unrecorded {
        let asked = self
            .without_account(era)
            .into_iter()
            .map(|(pod, vanished)| async move {
                let answer = self.inquiries.ask(self.parts.peers.as_ref(), &pod, cashbox).await;
                (pod, vanished, answer)
            });
        let answers = stream::iter(asked).buffer_unordered(PEERS_ASKED_AT_ONCE);
        let answers: Vec<_> = answers.collect().await;
        let mut found = Unrecorded::Nobody;
        for (pod, vanished, answer) in answers {
            let incarnation = pod.id.incarnation;
            match answer {
                Answer::Same {
                    holds: Some(epoch), ..
                } => return Unrecorded::Owner(Owner { pod, epoch }),
                Answer::Same { recorded_in, .. } if recorded_in == Some(era) => {
                    self.accounts.complete(incarnation, era);
                }
                Answer::Unwilling { recorded_in } if recorded_in == Some(era) => {
                    self.accounts.complete(incarnation, era);
                }
                // It is about to put its cashboxes on record, and this one is not among them.
                Answer::Same { .. } => {}
                Answer::Refused | Answer::OtherIncarnation => self.accounts.complete(incarnation, era),
                // Whoever has been off the record for a lease would have been succeeded without the loss as well.
                Answer::Silent if vanished.is_some_and(|vanished| vanished >= self.parts.lease) => {
                    self.accounts.complete(incarnation, era);
                }
                Answer::Unwilling { .. } | Answer::Silent => found = Unrecorded::Unknown(pod),
            }
        }
        found
    }

    /// The other pods, present ones and those that vanished, that have not said that all they hold is on record in
    /// this era; with how long the vanished ones have been off the record.
    fn without_account(&self, era: Era) -> Vec<(PodRecord, Option<Duration>)> {
        let own = self.pod().incarnation();
        let snapshot = self.parts.membership.snapshot();
        let present = snapshot.pods.iter().map(|pod| (pod, None));
        let now = Instant::now();
        let vanished = snapshot.vanished.iter();
        let vanished = vanished.map(|vanished| (&vanished.pod, Some(now - vanished.since)));
        present
            .chain(vanished)
            .filter(|(pod, _)| pod.id.incarnation != own && !self.is_predecessor(pod))
            .filter(|(pod, _)| !self.accounts.is_complete(pod.id.incarnation, era))
            .map(|(pod, vanished)| (pod.clone(), vanished))
            .collect()
    }
}
