//! The pod: hosts singleton cashboxes and signs their receipts.
//!
//! The modules stand in the order a receipt meets them.

/// Every setting of a pod.
pub mod config;
/// A pod from its parts.
pub mod app;
/// This pod: its name, this start of it, where others reach it.
pub mod pod;
/// Into the pod: paths, headers, token, answers.
pub mod http;
/// One cashbox: found, started, waited for, served one request at a time.
pub mod cashbox;
/// Asks the configuration service what a cashbox is.
pub mod config_service;
/// What all connections out of the site have in common.
pub mod outbound;
/// May this pod serve it, and under which epoch.
pub mod ownership;
/// Decides what a receipt means: cases, chain, signatures. Knows no network, database or clock of its own.
pub mod queue;
/// Asks the TSE to sign.
pub mod scu;
/// Makes it permanent, and decides who may write.
pub mod journal;
/// What a tax auditor is handed: the DSFinV-K export of a queue.
pub mod dsfinvk;
/// What a pod did, line by line, for a judge.
pub mod evidence;
/// Moves idle cashboxes to pods that were added, if it is told to.
pub mod rebalance;
/// Tells the platform how costly the removal of this pod is.
pub mod deletion_cost;
/// What a pod counts.
pub mod metrics;
/// The order in which a pod stops.
pub mod shutdown;
