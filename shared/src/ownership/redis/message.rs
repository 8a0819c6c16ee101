//! What is told over the channel, and how a pod's record is written.

use serde::{Deserialize, Serialize};

use super::super::store::{Owner, OwnershipEvent, StoreError};
use super::unreadable;
use crate::identity::{CashBoxId, Epoch};
use crate::placement::pod::PodRecord;

/// The message that membership changed.
pub(super) const PODS_CHANGED: &str = r#""pods_changed""#;

/// A message; the scripts write it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    Owned {
        cashbox: CashBoxId,
        epoch: Epoch,
        pod: PodRecord,
    },
    Released {
        cashbox: CashBoxId,
        epoch: Epoch,
    },
    PodsChanged,
}

/// The event that a message tells; `None` when it is not ours (a newer build may say more).
pub(super) fn event(payload: &[u8]) -> Option<OwnershipEvent> {
    Some(match serde_json::from_slice(payload).ok()? {
        Message::Owned { cashbox, epoch, pod } => OwnershipEvent::Owned {
            cashbox,
            owner: Owner { pod, epoch },
        },
        Message::Released { cashbox, epoch } => OwnershipEvent::Released { cashbox, epoch },
        Message::PodsChanged => OwnershipEvent::PodsChanged,
    })
}

/// A pod's record as it is stored.
pub(super) fn pod_to_json(pod: &PodRecord) -> String {
    serde_json::to_string(pod).expect("a record has text keys and plain values")
}

/// Reads a stored record.
pub(super) fn pod_from_json(text: &str, doing: &'static str) -> Result<PodRecord, StoreError> {
    serde_json::from_str(text).map_err(|error| unreadable(doing, format!("a pod's record: {error}")))
}
