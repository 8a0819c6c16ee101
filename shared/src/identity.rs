//! Who is who: cashboxes, queues, operations and pods.
//!
//! Each id is made by parsing at the edge and holds 128 bits from then on, so two spellings of one GUID are one
//! key everywhere. Nothing inside has to validate again.

/// Every spelling of a GUID that .NET clients write.
pub mod guid;
/// A pod: its stable name and the incarnation of this start.
pub mod pod;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use guid::GuidError;

/// Declares an id that is a GUID: one value whatever the spelling, shown in lower case with dashes.
macro_rules! guid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id with these 128 bits, in the order the digits are written.
            #[must_use]
            pub const fn from_u128(bits: u128) -> Self {
                Self(bits)
            }

            /// A new random id.
            #[must_use]
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().as_u128())
            }

            /// Its 128 bits, in the order the digits are written.
            #[must_use]
            pub const fn as_u128(self) -> u128 {
                self.0
            }

            /// Its 32 digits without dashes.
            #[must_use]
            pub fn without_dashes(self) -> String {
                format!("{:032x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = GuidError;

            fn from_str(text: &str) -> Result<Self, GuidError> {
                guid::parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                uuid::Uuid::from_u128(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

guid_id!(
    /// A cashbox: one queue and one signature creation unit. What the proxy routes by.
    CashBoxId
);
guid_id!(
    /// A queue: the chain of receipts of one cashbox.
    QueueId
);
guid_id!(
    /// A signature creation unit, the adapter that talks to a TSE.
    ScuId
);
guid_id!(
    /// One stored request of a queue. Also the identity of its TSE transaction, fixed before the TSE is called.
    QueueItemId
);
guid_id!(
    /// One POS request across all its repetitions.
    OperationId
);
guid_id!(
    /// The software of a cash register, as its maker registered it.
    PosSystemId
);
guid_id!(
    /// One start of a pod: two starts of one pod name differ in it.
    Incarnation
);

/// How often a queue has been claimed. Only the holder of the newest epoch may write to the queue's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
