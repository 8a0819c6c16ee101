//! The binary under test.

use std::path::PathBuf;

/// Where `byodc` lies: named by `BYODC_BIN`, or built beside this test's own executable.
#[must_use]
pub fn byodc() -> PathBuf {
    if let Some(named) = std::env::var_os("BYODC_BIN") {
        return named.into();
    }
    let us = std::env::current_exe().unwrap();
    let built = us
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("byodc"))
        .find(|file| file.is_file());
    built.expect("byodc is built: cargo build -p byodc, or tests/run.sh, which does so first")
}
