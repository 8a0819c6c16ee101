//! A cluster of real processes for tests, and the witnesses that judge what it did.
//!
//! Servers run on free ports in temporary folders, as children that end with the test process. Whatever fails
//! while a test is set up panics with the reason: there is nobody who could handle it better than the reader.
//!
//! The modules stand in the order a test meets them.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]

/// The binary under test.
pub mod binary;
/// Ports that nobody listens on.
pub mod ports;
/// Waiting for a condition, with a bound.
pub mod eventually;
/// A child process that can be killed, paused and continued.
pub mod process;
/// Ends and removes what a test process leaves behind.
pub mod reaper;
/// A real Redis.
pub mod redis;
/// Real MariaDB and PostgreSQL servers, shared by all tests of a process.
pub mod database;
/// A TCP relay that delays, cuts and loses on demand.
pub mod fault_proxy;
/// A cashbox and the documents that describe it.
pub mod cashbox;
/// Proxies, pods and a configuration service, each a real process.
pub mod cluster;
/// A disk of a few MiB for one process.
pub mod small_disk;
/// One role of the binary as a process of its own.
mod role;
/// One pod.
pub mod pod;
/// One proxy.
pub mod front_door;
/// The configuration service.
pub mod config_service;
/// A supervisor that imitates a Deployment: rolls, scales, replaces what died.
pub mod deployment;
/// What a POS posts.
pub mod receipt;
/// A collector of spans, in the test itself.
pub mod collector;
/// A POS.
pub mod client;
/// Many POS systems that sign without pause.
pub mod traffic;
/// Many POS systems that send an operation again until they know what became of it.
pub mod load;
/// A simulated TSE: what goes wrong with it, and what it has signed.
pub mod simulator;
/// An FCC with a TSE of its own.
pub mod fcc_server;
/// fiskaly's service: what it holds, and what goes wrong with it.
pub mod fiskaly_server;
/// What goes wrong inside pods and proxies, by rules.
pub mod sabotage;
/// Which faults were planned, and which happened.
pub mod faults;
/// What was asked and answered, and whether the journals agree.
pub mod history;
/// Whether a whole run kept the invariants.
pub mod verdict;
/// A cluster under observation, from its start to the verdict.
pub mod scene;
/// A real Prometheus.
pub mod prometheus;
/// What is delivered for Prometheus and Grafana, read as they read it.
pub mod monitoring;
