//! Rules, dashboards and runbooks (`helm/monitoring`) fit each other and the metrics that the roles really have.
//!
//! Whether Prometheus answers the same expressions against a running system is a scenario:
//! `scenarios/prometheus.rs`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod expressions;
mod rules;
mod alerts;
mod runbooks;
mod dashboards;
mod overview;
