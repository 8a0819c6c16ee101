//! The names of every header between POS, proxy and pod.
//!
//! The public ones are the original's wire contract. The internal ones (`x-byodc-…`) exist between proxy and
//! pod only: the proxy strips whatever a client sends under them and sets its own.

/// Whose receipt it is: the cashbox's GUID.
pub const CASHBOX_ID: &str = "cashboxid";
/// The same, as the second generation of the interface spells it.
pub const CASHBOX_ID_V2: &str = "x-cashbox-id";
/// The cashbox's access token.
pub const ACCESS_TOKEN: &str = "accesstoken";
/// The same, as the second generation of the interface spells it.
pub const ACCESS_TOKEN_V2: &str = "x-cashbox-accesstoken";
/// Which POS system asks: a GUID, in the second generation of the interface only.
pub const POS_SYSTEM_ID_V2: &str = "x-possystem-id";
/// Identity of one POS request across all its repetitions (a GUID), given by the POS or made by the proxy;
/// echoed in every answer that concerns a cashbox.
pub const OPERATION_ID: &str = "x-operation-id";

/// Every internal header begins so.
pub const INTERNAL_PREFIX: &str = "x-byodc-";
/// Answer: the cashbox that answered, so that the proxy can see a crossed wire.
pub const ANSWERED_CASHBOX: &str = "x-byodc-cashbox";
/// Answer: the pod that answered, as `name/incarnation`.
pub const ANSWERED_POD: &str = "x-byodc-pod";
/// Answer: the epoch under which it was given; on 421 the owner's epoch.
pub const EPOCH: &str = "x-byodc-epoch";
/// Answer 421: the owner, as `name/incarnation`.
pub const OWNER_POD: &str = "x-byodc-owner-pod";
/// Answer 421: where the owner takes requests, as `host:port`.
pub const OWNER_ADDRESS: &str = "x-byodc-owner-address";
/// Answer: why a request was refused, one word of [`crate::api::refusal::Refusal`].
pub const REFUSAL: &str = "x-byodc-refusal";
/// Answer: present when the pod is draining; the proxy takes it out of its pool.
pub const DRAINING: &str = "x-byodc-draining";
/// Request: the incarnation of an owner whose address refused the proxy's connection. The pod asked verifies
/// that for itself before it believes it.
pub const SUSPECT: &str = "x-byodc-suspect";
/// Request: how many milliseconds the proxy will still wait for an answer.
pub const DEADLINE_MS: &str = "x-byodc-deadline-ms";
