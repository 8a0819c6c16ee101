//! A pod as the others see it: the record that it renews while it lives.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::identity::pod::PodId;

/// Whether a pod takes cashboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodState {
    /// It takes cashboxes.
    Ready,
    /// It is shutting down: it serves what it still owns and takes nothing new.
    Draining,
}

/// What a pod publishes of itself, renewed every few seconds for all its cashboxes at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRecord {
    /// Which pod, which start of it.
    pub id: PodId,
    /// Where it takes requests for its cashboxes.
    pub address: SocketAddr,
    /// Where it answers its peers and operators; never reachable from outside the cluster.
    pub admin_address: SocketAddr,
    /// The build it runs.
    pub version: String,
    /// Which rollout it belongs to (the pod template's hash): pods of one generation are alike.
    pub generation: String,
    /// When it started, in milliseconds of the Unix epoch: generations are ordered by it.
    pub started_at_ms: i64,
    /// Whether it takes cashboxes.
    pub state: PodState,
    /// How many cashboxes it hosts.
    pub load: u32,
}

impl PodRecord {
    /// Whether another record of the same pod says something that routes depend on. The load changes with
    /// every renewal and is read when membership is.
    #[must_use]
    pub fn differs_in_more_than_load(&self, other: &Self) -> bool {
        self.without_load() != other.without_load()
    }

    /// The record with the load left out.
    #[must_use]
    pub fn without_load(&self) -> Self {
        Self {
            load: 0,
            ..self.clone()
        }
    }
}
