//! What stores tell each other about changes, and how a pod's record is written.

use serde::{Deserialize, Serialize};

use super::store::{Owner, OwnershipEvent};
use crate::identity::{CashBoxId, Epoch};
use crate::placement::pod::PodRecord;

/// The message that membership changed.
pub(super) const PODS_CHANGED: &str = r#""pods_changed""#;

/// A message. The scripts of the Redis store write the same.
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

/// The message that tells an event; `None` for a gap, which only a receiver can know of.
pub(super) fn message(event: &OwnershipEvent) -> Option<String> {
    let message = match event.clone() {
        OwnershipEvent::Owned { cashbox, owner } => Message::Owned {
            cashbox,
            epoch: owner.epoch,
            pod: owner.pod,
        },
        OwnershipEvent::Released { cashbox, epoch } => Message::Released { cashbox, epoch },
        OwnershipEvent::PodsChanged => Message::PodsChanged,
        OwnershipEvent::Gap => return None,
    };
    Some(serde_json::to_string(&message).expect("a message has text keys and plain values"))
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
pub(super) fn pod_from_json(text: &str) -> Result<PodRecord, serde_json::Error> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_the_scripts_is_the_one_written_here() {
        assert_eq!(
            message(&OwnershipEvent::PodsChanged).as_deref(),
            Some(PODS_CHANGED)
        );
        let cashbox = CashBoxId::from_u128(7);
        let released = format!(r#"{{"released":{{"cashbox":"{cashbox}","epoch":3}}}}"#);
        let event = event(released.as_bytes());
        let epoch = Epoch(3);
        assert_eq!(event, Some(OwnershipEvent::Released { cashbox, epoch }));
    }

    #[test]
    fn what_a_newer_build_tells_is_passed_over() {
        assert_eq!(event(br#"{"split":{}}"#), None);
    }
}
