//! The worked vectors of `fiscal-spec.md` chapter 9, one file for each group. Their texts, numbers and amounts are
//! invented; ids and times that the vectors leave open are checked for being there only.

/// A queue on a desk: engine, clock and TSE, and nothing that is written anywhere.
mod desk;
/// The deterministic test TSE "T".
mod tse;
/// The pod around it.
mod site;
/// TV-02, TV-03: before and at the initial operation.
mod activation;
/// TV-04, TV-08, TV-20: receipts in one go.
mod receipts;
/// TV-05, TV-06: transactions opened and finished by two requests.
mod explicit_flow;
/// Case 0x000B: transactions that are aborted.
mod fail_transaction;
/// TV-07: orders.
mod orders;
/// TV-09, TV-10, TV-11, TV-21: process data.
mod process_data;
/// TV-12, TV-15: zero receipts, late entries, handwritten receipts.
mod zero_receipt;
/// TV-13: the TSE goes away and comes back.
mod outage;
/// Exports of the TSE.
mod exports;
/// TV-14 and TV-23: closings.
mod closings;
/// TV-19: the end of a queue.
mod out_of_operation;
/// Case 0x0019: the last receipt before another product takes over.
mod migration;
/// From one SCU to another.
mod scu_switch;
/// TV-16: receipt requests.
mod receipt_request;
/// TV-17: the hash chain.
mod chain;
/// TV-18: errors.
mod errors;
/// TV-22: receipt identification.
mod identification;
/// Interrupted receipts, settled by the same function.
mod settling;
/// Pods with different clocks, one after another.
mod clocks;
/// Random histories and what must hold in all of them.
mod histories;
