//! Names that are the same whoever makes them: so a repetition is the same request.
//!
//! fiskaly wants ids in the form of random GUIDs (version 4). These have that form and are made of a hash.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::scu::types::TransactionIdentity;

/// The member of a transaction's metadata that names the identity of its start.
const START: &str = "byodc_start";
/// The same for its finish.
const FINISH: &str = "byodc_finish";

/// The id of the transaction that an identity starts.
#[must_use]
pub fn transaction(identity: TransactionIdentity) -> Uuid {
    let item = identity.item.as_u128().to_be_bytes();
    made_of(&[b"byodc transaction", &item, &identity.step.to_be_bytes()])
}

/// The id that a client gets at a TSS. Two pods that register it at once make one client.
#[must_use]
pub fn client(tss: Uuid, serial: &str) -> Uuid {
    made_of(&[b"byodc client", tss.as_bytes(), serial.as_bytes()])
}

fn made_of(parts: &[&[u8]]) -> Uuid {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| {
        let length = (part.len() as u64).to_be_bytes();
        hash.chain_update(length).chain_update(part)
    });
    let hash: [u8; 32] = hash.finalize().into();
    let half = hash.first_chunk().expect("32 bytes have a first half");
    Builder::from_random_bytes(*half).into_uuid()
}

/// Metadata of a start.
#[must_use]
pub fn start_mark(identity: TransactionIdentity) -> Value {
    json!({ START: text(identity) })
}

/// Metadata of a finish.
#[must_use]
pub fn finish_mark(identity: TransactionIdentity) -> Value {
    json!({ FINISH: text(identity) })
}

/// Which identity started the transaction with this metadata; none if it was not one of ours.
#[must_use]
pub fn started_by(metadata: &Map<String, Value>) -> Option<TransactionIdentity> {
    read(metadata.get(START)?)
}

/// Which identity finished it.
#[must_use]
pub fn finished_by(metadata: &Map<String, Value>) -> Option<TransactionIdentity> {
    read(metadata.get(FINISH)?)
}

fn text(identity: TransactionIdentity) -> String {
    format!("{}/{}", identity.item, identity.step)
}

fn read(mark: &Value) -> Option<TransactionIdentity> {
    let (item, step) = mark.as_str()?.split_once('/')?;
    Some(TransactionIdentity {
        item: item.parse().ok()?,
        step: step.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::identity::QueueItemId;

    fn identity(item: u128, step: u32) -> TransactionIdentity {
        let item = QueueItemId::from_u128(item);
        TransactionIdentity { item, step }
    }

    #[test]
    fn an_identity_has_one_id_on_every_pod_and_in_every_version() {
        // Written down, and made by another program too: another id after an update would start interrupted transactions a second time.
        let id = transaction(identity(0x0123_4567_89ab_4cde_8f01_2345_6789_abcd, 0));
        assert_eq!(id.to_string(), "192cb2f8-3bea-46a4-8a7a-acca8ebba7ac");
        let client = client(Uuid::from_u128(1), "KASSE-1");
        assert_eq!(client.to_string(), "7ee2acaf-2d2c-43f6-9d44-573d395642dd");
    }

    proptest! {
        #[test]
        fn ids_have_the_form_that_fiskaly_wants_and_differ(item: u128, step: u32, other: u32) {
            let id = transaction(identity(item, step));
            prop_assert_eq!(id.get_version_num(), 4);
            prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(id == transaction(identity(item, other)), step == other);
        }

        #[test]
        fn marks_are_read_as_they_were_written(item: u128, step: u32) {
            let identity = identity(item, step);
            let metadata = |mark: Value| mark.as_object().unwrap().clone();
            prop_assert_eq!(started_by(&metadata(start_mark(identity))), Some(identity));
            prop_assert_eq!(finished_by(&metadata(finish_mark(identity))), Some(identity));
            prop_assert_eq!(finished_by(&metadata(start_mark(identity))), None);
        }
    }
}
