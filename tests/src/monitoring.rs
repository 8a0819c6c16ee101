//! What is delivered for Prometheus and Grafana (`helm/monitoring`), read as they read it.
//!
//! ```text
//! metrics of the roles ─▶ catalogue ─┐
//! rules, dashboards, runbooks ─▶ query ─▶ which series an expression reads, and which labels its result has
//! ```

/// Every metric that exists, with its labels.
pub mod catalogue;
/// One PromQL expression.
pub mod query;
/// Alerts and recorded series.
pub mod rules;
/// What Grafana shows.
pub mod dashboards;
/// What to do about an alert.
pub mod runbooks;

use std::path::{Path, PathBuf};

/// The folder with rules, dashboards and runbooks.
#[must_use]
pub fn folder() -> PathBuf {
    tests_folder().join("../helm/monitoring")
}

/// The folder of this crate. Asked when the test runs: a build that was kept from another checkout would name that
/// one's.
#[must_use]
pub fn tests_folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests"))
}

/// The files of a folder whose names end so, in order, with their text.
#[must_use]
pub fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let listed = std::fs::read_dir(folder).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    let mut paths: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// A file's name without its folder.
#[must_use]
pub fn name_of(path: &Path) -> String {
    path.file_name()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned()
}
