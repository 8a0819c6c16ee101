//! What may follow what for one cashbox: the rules of every store, as pure functions.
//!
//! ```text
//!  holder  confirmed_by   meaning
//!  ------  ------------   -------
//!    -          -         nobody holds it; `epoch` is remembered
//!    A          -         A has reserved it
//!    A          A         A owns it under `epoch`
//!    B          A         A's lease ran out and B has reserved it; B asks A before it claims
//!    -          A         as before, and B gave its reservation up
//! ```
//!
//! A handover leads from the third line to the second: A owns it, then B has reserved it.
//!
//! Whether a pod lives is the store's to say, and is asked anew in every step. The Redis store runs the same
//! rules as scripts (`redis/*.lua`); the contract suite holds both to them.

use crate::identity::{Epoch, Incarnation};

/// What is on record for a cashbox. The default is a cashbox that nobody has ever held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoxRecord {
    /// Who holds it, by reservation or by epoch. Valid only while that pod's record lives.
    pub holder: Option<Incarnation>,
    /// Who confirmed `epoch` and has not released it.
    pub confirmed_by: Option<Incarnation>,
    /// The highest epoch that was ever confirmed.
    pub epoch: Epoch,
}

/// What a step does to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The record becomes this.
    Write(BoxRecord),
    /// The rules refuse the step; the record stays.
    Keep,
}

impl BoxRecord {
    /// A pod wants to claim the cashbox; refused while another holder lives.
    #[must_use]
    pub fn reserve(self, by: Incarnation, holder_lives: bool) -> Step {
        match self.holder {
            Some(holder) if holder != by && holder_lives => Step::Keep,
            _ => Step::Write(Self {
                holder: Some(by),
                ..self
            }),
        }
    }

    /// A pod has claimed `epoch` in the database; refused unless it is higher, or the pod's own again.
    #[must_use]
    pub fn confirm(self, by: Incarnation, epoch: Epoch) -> Step {
        let own_again = epoch == self.epoch && self.confirmed_by == Some(by);
        // A store that was emptied knows epoch 0 and nobody, so that any claim is higher.
        if epoch > self.epoch || own_again {
            return Step::Write(Self {
                holder: Some(by),
                confirmed_by: Some(by),
                epoch,
            });
        }
        Step::Keep
    }

    /// A pod gives up its reservation (`None`) or its ownership under an epoch; refused when it has neither.
    #[must_use]
    pub fn release(self, by: Incarnation, epoch: Option<Epoch>) -> Step {
        let holds = self.holder == Some(by);
        let owns = self.confirmed_by == Some(by);
        match epoch {
            None if holds && !owns => Step::Write(Self { holder: None, ..self }),
            Some(epoch) if holds && owns && epoch == self.epoch => Step::Write(Self {
                holder: None,
                confirmed_by: None,
                epoch,
            }),
            _ => Step::Keep,
        }
    }

    /// The owner under an epoch hands it to a live successor; refused when it does not hold it so. What was handed
    /// over already is handed over again without a change.
    #[must_use]
    pub fn hand_over(self, from: Incarnation, epoch: Epoch, to: Incarnation) -> Step {
        let passed = Self {
            holder: Some(to),
            confirmed_by: None,
            epoch,
        };
        let owned = Self {
            holder: Some(from),
            confirmed_by: Some(from),
            epoch,
        };
        // A pod is no successor of itself: it would lose what it confirmed.
        if from != to && (self == owned || self == passed) {
            return Step::Write(passed);
        }
        Step::Keep
    }

    /// Whom a pod that reserved the cashbox has to ask before it claims.
    #[must_use]
    pub fn confirmed_before(self, by: Incarnation) -> Option<Incarnation> {
        self.confirmed_by.filter(|before| *before != by)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Call {
        Reserve { by: u128, holder_lives: bool },
        Confirm { by: u128, epoch: u64 },
        Release { by: u128, epoch: Option<u64> },
        HandOver { from: u128, epoch: u64, to: u128 },
    }

    fn call() -> impl Strategy<Value = Call> {
        prop_oneof![
            (0..4_u128, any::<bool>()).prop_map(|(by, holder_lives)| Call::Reserve { by, holder_lives }),
            (0..4_u128, 0..6_u64).prop_map(|(by, epoch)| Call::Confirm { by, epoch }),
            (0..4_u128, proptest::option::of(0..6_u64)).prop_map(|(by, epoch)| Call::Release { by, epoch }),
            (0..4_u128, 0..6_u64, 0..4_u128).prop_map(|(from, epoch, to)| Call::HandOver { from, epoch, to }),
        ]
    }

    fn apply(record: BoxRecord, call: Call) -> BoxRecord {
        let step = match call {
            Call::Reserve { by, holder_lives } => record.reserve(Incarnation::from_u128(by), holder_lives),
            Call::Confirm { by, epoch } => record.confirm(Incarnation::from_u128(by), Epoch(epoch)),
            Call::Release { by, epoch } => record.release(Incarnation::from_u128(by), epoch.map(Epoch)),
            Call::HandOver { from, epoch, to } => record.hand_over(
                Incarnation::from_u128(from),
                Epoch(epoch),
                Incarnation::from_u128(to),
            ),
        };
        match step {
            Step::Write(record) => record,
            Step::Keep => record,
        }
    }

    proptest! {
        #[test]
        fn an_epoch_is_never_lowered_and_belongs_to_one_pod(calls in prop::collection::vec(call(), 0..60)) {
            let mut record = BoxRecord::default();
            let mut owners = std::collections::HashMap::new();
            for call in calls {
                let next = apply(record, call);
                prop_assert!(next.epoch >= record.epoch, "{call:?} lowered {record:?}");
                if let Some(owner) = next.confirmed_by {
                    let first = *owners.entry(next.epoch).or_insert(owner);
                    prop_assert_eq!(first, owner, "{:?} gave an epoch away", call);
                }
                record = next;
            }
        }

        #[test]
        fn a_live_holder_loses_a_cashbox_only_to_a_claim_or_by_its_own_release(
            calls in prop::collection::vec(call(), 0..60),
        ) {
            let mut record = BoxRecord::default();
            for call in calls {
                let next = apply(record, call);
                if let Some(holder) = record.holder && next.holder != Some(holder) {
                    let allowed = match call {
                        Call::Reserve { holder_lives, .. } => !holder_lives,
                        Call::Confirm { .. } => true,
                        Call::Release { by, .. } => Incarnation::from_u128(by) == holder,
                        Call::HandOver { from, .. } => Incarnation::from_u128(from) == holder,
                    };
                    prop_assert!(allowed, "{call:?} took {record:?}");
                }
                record = next;
            }
        }
    }

    #[test]
    fn a_returning_owner_takes_its_cashbox_back_from_a_mere_reservation() {
        let [a, b] = [1, 2].map(Incarnation::from_u128);
        let reserved_by_b = BoxRecord {
            holder: Some(b),
            confirmed_by: Some(a),
            epoch: Epoch(7),
        };
        let Step::Write(back) = reserved_by_b.confirm(a, Epoch(7)) else {
            panic!("the owner was refused");
        };
        assert_eq!(back.holder, Some(a));
        assert_eq!(reserved_by_b.confirm(b, Epoch(7)), Step::Keep);
    }

    #[test]
    fn what_was_released_cannot_be_confirmed_again_by_a_late_message() {
        let a = Incarnation::from_u128(1);
        let Step::Write(owned) = BoxRecord::default().confirm(a, Epoch(3)) else {
            panic!("the first claim was refused");
        };
        let Step::Write(released) = owned.release(a, Some(Epoch(3))) else {
            panic!("the owner could not release");
        };
        assert_eq!(released.confirm(a, Epoch(3)), Step::Keep);
        assert_eq!(released.epoch, Epoch(3));
    }

    #[test]
    fn what_was_handed_over_can_be_confirmed_by_the_successors_claim_alone() {
        let [a, b, c] = [1, 2, 3].map(Incarnation::from_u128);
        let Step::Write(owned) = BoxRecord::default().confirm(a, Epoch(3)) else {
            panic!("the first claim was refused");
        };
        assert_eq!(owned.hand_over(a, Epoch(2), b), Step::Keep);
        assert_eq!(owned.hand_over(b, Epoch(3), c), Step::Keep);
        assert_eq!(owned.hand_over(a, Epoch(3), a), Step::Keep);
        let Step::Write(passed) = owned.hand_over(a, Epoch(3), b) else {
            panic!("the owner could not hand it over");
        };
        assert_eq!(
            passed.hand_over(a, Epoch(3), b),
            Step::Write(passed),
            "asked again"
        );
        assert_eq!(passed.hand_over(a, Epoch(3), c), Step::Keep);
        assert_eq!(passed.confirm(a, Epoch(3)), Step::Keep);
        assert_eq!(passed.reserve(c, true), Step::Keep);
        assert_eq!(passed.confirmed_before(b), None, "nobody has to be asked");
        let Step::Write(claimed) = passed.confirm(b, Epoch(4)) else {
            panic!("the successor's claim was refused");
        };
        assert_eq!(claimed.confirmed_by, Some(b));
    }
}
