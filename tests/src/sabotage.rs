//! What goes wrong inside pods and proxies: rules for the points of `shared/src/sabotage.rs`, and their firings.
//!
//! ```no_run
//! # async fn example() {
//! use harness::cluster::Cluster;
//! use harness::sabotage::Sabotage;
//! let sabotage = Sabotage::new();
//! let cluster = sabotage.witnessed(Cluster::of_pods(2)).start().await;
//! sabotage.play(&[serde_json::json!({ "id": "f03", "point": "after-commit", "action": "exit" })]);
//! # }
//! ```

use std::path::PathBuf;

use serde_json::{Value, json};
use shared::sabotage::{MUTANTS, Mutant, RULES_FILE};

use crate::cluster::description::Description;
use crate::reaper;

/// The rules of one cluster.
#[derive(Debug, Clone)]
pub struct Sabotage {
    rules: PathBuf,
}

impl Sabotage {
    /// Nothing goes wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rules: reaper::temporary_folder("sabotage").join("rules.json"),
        }
    }

    /// A cluster whose processes obey these rules and write evidence of all they do into their logs.
    #[must_use]
    pub fn witnessed(&self, cluster: Description) -> Description {
        cluster
            .with(RULES_FILE, &self.rules.display().to_string())
            .with("Byodc__Log__Format", "json")
            .with("Logging__LogLevel__evidence", "Trace")
    }

    /// Replaces the rules; every process reads them at its next point.
    pub fn play(&self, rules: &[Value]) {
        // Renamed into place, so that nobody reads half of it.
        let written = self.rules.with_extension("new");
        std::fs::write(&written, json!({ "rules": rules }).to_string()).unwrap();
        std::fs::rename(written, &self.rules).unwrap();
    }

    /// Every firing so far, in order: rule, point, action, cashbox, pod, pid, at.
    #[must_use]
    pub fn fired(&self) -> Vec<Value> {
        let mut file = self.rules.clone().into_os_string();
        file.push(".fired");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// How often a rule has fired.
    #[must_use]
    pub fn firings(&self, rule: &str) -> usize {
        self.fired()
            .iter()
            .filter(|firing| firing["rule"] == rule)
            .count()
    }
}

impl Default for Sabotage {
    fn default() -> Self {
        Self::new()
    }
}

/// A cluster in which a rule of the protocol is left out.
#[must_use]
pub fn mutated(cluster: Description, mutant: Mutant) -> Description {
    cluster.with(MUTANTS, mutant.name())
}
