//! What we depend on is what `.deny.toml` allows: licences, bans and sources, read from the real tree.
//!
//! cargo-deny judges the same file and more (advisories, the texts of licences), but takes minutes to build. This keeps
//! the file true in every run of the tests.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

/// The tree of crates, as cargo resolves it.
mod tree;
/// Licence expressions (SPDX).
mod licence;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use licence::Expression;
use tree::Tree;

/// What `.deny.toml` says, as far as it is checked here.
#[derive(Debug, Deserialize)]
struct Rules {
    graph: Graph,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    name: String,
    reason: String,
    /// Crates that may ask for it all the same.
    #[serde(default)]
    wrappers: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: BTreeSet<String>,
}

fn source() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests stand below the top").to_owned()
}

fn rules() -> Rules {
    let file = config::File::from(source().join(".deny.toml")).format(config::FileFormat::Toml);
    let read = config::Config::builder().add_source(file).build().unwrap();
    read.try_deserialize().unwrap()
}

/// One tree for each system that an image is built for.
fn trees(rules: &Rules) -> Vec<Tree> {
    let targets = rules.graph.targets.iter();
    let trees: Vec<_> = targets.map(|target| Tree::resolve(&source(), target)).collect();
    assert!(trees.iter().all(|tree| tree.packages.len() > 100), "not read");
    trees
}

#[test]
fn every_crate_comes_under_a_licence_that_is_allowed_and_every_allowed_one_is_needed() {
    let rules = rules();
    let mut named = BTreeSet::new();
    for package in trees(&rules).iter().flat_map(|tree| tree.packages.values()) {
        let licence = package.license.as_deref().unwrap_or_default();
        let expression =
            Expression::read(licence).unwrap_or_else(|fault| panic!("{} {licence:?}: {fault}", package.name));
        assert!(
            expression.is_met_by(&rules.licenses.allow),
            "{} {} comes under {licence:?}",
            package.name,
            package.version
        );
        expression.names(&mut named);
    }
    let idle: Vec<_> = rules.licenses.allow.difference(&named).collect();
    assert!(idle.is_empty(), "allowed, and no crate comes under it: {idle:?}");
}

#[test]
fn no_banned_crate_is_asked_for_except_by_those_who_may() {
    let rules = rules();
    let trees = trees(&rules);
    for ban in &rules.bans.deny {
        assert!(!ban.reason.is_empty(), "{} is banned without a reason", ban.name);
        let askers: BTreeSet<_> = trees.iter().flat_map(|tree| tree.askers(&ban.name)).collect();
        assert_eq!(askers, ban.wrappers, "who asks for {}: {}", ban.name, ban.reason);
    }
}

#[test]
fn every_crate_comes_from_an_allowed_registry_or_from_here() {
    let rules = rules();
    for package in trees(&rules).iter().flat_map(|tree| tree.packages.values()) {
        let Some(source) = &package.source else {
            assert!(
                package.id.contains("path+file://"),
                "{} comes from nowhere",
                package.name
            );
            continue;
        };
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        assert!(
            rules.sources.allow_registry.contains(registry),
            "{} comes from {source}",
            package.name
        );
    }
}
