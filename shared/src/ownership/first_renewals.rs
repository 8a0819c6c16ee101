//! Which pods this process has renewed before: a store that was emptied cannot tell a pod's first renewal from its
//! return, but whoever renews can.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::identity::Incarnation;

/// The incarnations whose renewal was attempted through one store.
#[derive(Debug, Default)]
pub(super) struct FirstRenewals {
    attempted: Mutex<HashSet<Incarnation>>,
}

impl FirstRenewals {
    /// Whether this is the first attempt. An attempt counts even if it fails: what the pod claimed meanwhile is
    /// not on record, and must be put there when the store is back.
    pub(super) fn is_first(&self, incarnation: Incarnation) -> bool {
        let mut attempted = self.attempted.lock().unwrap_or_else(PoisonError::into_inner);
        attempted.insert(incarnation)
    }
}
