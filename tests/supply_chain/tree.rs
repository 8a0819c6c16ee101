//! The tree of crates for one system, as cargo resolves it from the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// A crate.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Cargo's name for it and where it comes from.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, if it names one.
    pub license: Option<String>,
    /// Its registry; none for our own.
    pub source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

/// What is built for one system: only crates that something asks for.
#[derive(Debug)]
pub struct Tree {
    /// The crates, by id.
    pub packages: BTreeMap<String, Package>,
    nodes: Vec<Node>,
}

impl Tree {
    /// Asks cargo for the tree of a workspace on a system, with all features.
    pub fn resolve(workspace: &Path, target: &str) -> Self {
        let told = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--all-features", "--format-version", "1"])
            .args(["--filter-platform", target])
            .current_dir(workspace)
            .output()
            .unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let metadata: Metadata = serde_json::from_slice(&told.stdout).unwrap();
        let nodes = metadata.resolve.nodes;
        let there: BTreeSet<_> = nodes.iter().map(|node| node.id.clone()).collect();
        let packages = metadata
            .packages
            .into_iter()
            .map(|package| (package.id.clone(), package));
        Self {
            packages: packages.filter(|(id, _)| there.contains(id)).collect(),
            nodes,
        }
    }

    /// The names of the crates that depend on one directly.
    pub fn askers(&self, name: &str) -> BTreeSet<String> {
        let asks = |node: &&Node| node.dependencies.iter().any(|id| self.packages[id].name == name);
        let askers = self.nodes.iter().filter(asks);
        askers.map(|node| self.packages[&node.id].name.clone()).collect()
    }
}
