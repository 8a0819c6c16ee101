//! The ways to the TSEs of a cashbox: one for each SCU that its configuration names. Which one is in use stands in the
//! database and changes by the receipts of an SCU switch alone (`fiscal-spec.md` 2.3, 4.11).

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::identity::ScuId;

use crate::scu::absent::Absent;
use crate::scu::deadline::Deadline;

/// The ways to the TSEs of a cashbox.
#[derive(Debug, Clone)]
pub(super) struct Units(Arc<BTreeMap<ScuId, Arc<Deadline>>>);

impl Units {
    /// The way to an SCU. To one that the configuration does not name there is none: it is never reached, and receipts
    /// go on in failed mode, as with a TSE that is away.
    pub(super) fn of(&self, scu: Option<ScuId>) -> Arc<Deadline> {
        let Some(scu) = scu else {
            return self.nowhere(Absent::Switched);
        };
        if let Some(unit) = self.0.get(&scu) {
            return unit.clone();
        }
        tracing::error!(scu.id = %scu, "the queue's SCU has no entry in ftSignaturCreationDevices: it cannot be reached");
        self.nowhere(Absent::Unnamed(scu))
    }

    fn nowhere(&self, absent: Absent) -> Arc<Deadline> {
        let any = self.0.values().next();
        let any = any.expect("a configuration names an SCU");
        Arc::new(any.without_a_way(absent))
    }
}

impl FromIterator<(ScuId, Arc<Deadline>)> for Units {
    fn from_iter<Named: IntoIterator<Item = (ScuId, Arc<Deadline>)>>(named: Named) -> Self {
        Self(Arc::new(named.into_iter().collect()))
    }
}
