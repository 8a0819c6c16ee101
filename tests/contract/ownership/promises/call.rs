//! A call of the store, drawn by chance, and what it comes to.

use rand::Rng as _;
use rand::rngs::StdRng;
use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::{Confirmation, Owner, OwnershipStore, Passage, Reservation};
use shared::placement::pod::PodRecord;

use super::in_any_era;
use crate::ownership::place::LONG;

/// A call with its arguments.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub what: What,
    cashbox: CashBoxId,
    /// Which of the pods.
    pub pod: usize,
    epoch: Epoch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Renew,
    Bury,
    Reserve,
    Confirm,
    GiveUp,
    Release,
    /// To the pod after it.
    HandOver,
}

/// What a call answered, and who owned the cashbox then.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    renewed: Option<bool>,
    reserved: Option<Reservation>,
    confirmed: Option<Confirmation>,
    passed: Option<Passage>,
    owner: Option<Owner>,
}

impl Call {
    pub fn draw(random: &mut StdRng, pods: usize) -> Self {
        let what = match random.random_range(0..12) {
            0 => What::Renew,
            1 => What::Bury,
            2..5 => What::Reserve,
            5..8 => What::Confirm,
            8 => What::GiveUp,
            9 => What::Release,
            _ => What::HandOver,
        };
        Self {
            what,
            cashbox: CashBoxId::from_u128(random.random_range(1..4)),
            pod: random.random_range(0..pods),
            epoch: Epoch(random.random_range(1..12)),
        }
    }

    pub async fn apply(self, store: &dyn OwnershipStore, pods: &[PodRecord]) -> Outcome {
        let (cashbox, pod) = (self.cashbox, &pods[self.pod]);
        let by = pod.id.incarnation;
        let mut outcome = Outcome::default();
        match self.what {
            What::Renew => outcome.renewed = Some(store.renew(pod, LONG).await.unwrap()),
            What::Bury => store.bury(by).await.unwrap(),
            What::Reserve => outcome.reserved = Some(in_any_era(store.reserve(cashbox, by).await.unwrap())),
            What::Confirm => outcome.confirmed = Some(store.confirm(cashbox, by, self.epoch).await.unwrap()),
            What::GiveUp => store.release(cashbox, by, None).await.unwrap(),
            What::Release => store.release(cashbox, by, Some(self.epoch)).await.unwrap(),
            What::HandOver => {
                // Drawn epochs would nearly never be the one on record.
                let epoch = store
                    .owner(cashbox)
                    .await
                    .unwrap()
                    .map_or(self.epoch, |owner| owner.epoch);
                let to = pods[(self.pod + 1) % pods.len()].id.incarnation;
                outcome.passed = Some(store.hand_over(cashbox, by, epoch, to).await.unwrap());
            }
        }
        outcome.owner = store.owner(cashbox).await.unwrap();
        outcome
    }
}
