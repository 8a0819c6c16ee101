//! Decides what a receipt means.
//!
//! The engine knows neither network nor database, and no clock of its own: it is given what is stored, a TSE to
//! ask and a clock to read, and it answers with everything that has to be written, as one entry. Its state
//! changes only when the caller says that something has been committed.
//!
//! ```text
//! receive (checks, row, canonical request) → begun, once the intent is durable
//!   → process (dispatch → case → TSE) → Entry + Answer → adopt, once the entry is durable
//! ```
//!
//! An interrupted request is settled by the same `process`, fed from the journal instead of from the POS. That is
//! safe because a TSE transaction is named by queue item and step, and a unit never signs the same name twice.

/// The queue of one cashbox: receive, process, adopt.
pub mod engine;
/// What is checked before anything is stored, and what is stored first.
pub mod intake;
/// A receipt request: the answer may be in the journal already.
pub mod earlier;
/// The 64 bits that say what a receipt is: country, flags, case.
pub mod receipt_case;
/// What the queue knows between two receipts.
pub mod state;
/// One receipt being worked on: what it reads, and what it will change.
pub mod work;
/// Rows by reference, with the changes that one receipt makes to them.
pub mod overlay;
/// Which case handles a receipt; first match wins.
pub mod dispatch;
/// The cases, one file each.
pub mod cases;
/// What is signed: process type and process data.
pub mod process_data;
/// The calls to the TSE, and what is known after a call that got no answer.
pub mod transaction;
/// What a receipt asks of the pod that works on it.
pub mod site;
/// A closing takes the TSE's log into the journal.
pub mod export;
/// The TSE does not answer: receipts go on without it.
pub mod failed_mode;
/// The signatures of an answer, in order.
pub mod signatures;
/// `ftStateData`: what the answer says of the TSE.
pub mod state_data;
/// `ftReceiptIdentification`.
pub mod identification;
/// The hash chain.
pub mod chain;
/// From a verdict to the entry and the answer.
pub mod conclusion;
/// An answer, fresh or read back from the journal.
pub mod answer;
/// What became of an interrupted receipt.
pub mod settlement;
/// What the TSE has signed, compared with what the journal holds.
pub mod account;
/// Notes for the action journal.
pub mod notes;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod vectors;
