//! The table of the fault matrix names tests that exist.

use std::path::Path;

/// Between two backticks: `file::test`.
fn named(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter_map(|quoted| quoted.split_once("::"))
}

#[test]
fn every_row_of_the_matrix_names_a_scenario_that_exists() {
    // Asked when the test runs: a build that was kept from another checkout would name that one's files.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let scenarios = Path::new(&package).join("scenarios");
    let table = std::fs::read_to_string(scenarios.join("MATRIX.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| F")).collect();
    assert!(rows.len() > 30, "the table is not where it was");
    for row in rows {
        let mut named = named(row).peekable();
        assert!(named.peek().is_some(), "no scenario: {row}");
        for (file, test) in named {
            let source = std::fs::read_to_string(scenarios.join(format!("{file}.rs")))
                .unwrap_or_else(|fault| panic!("{file}.rs: {fault}"));
            let stands_there = source.contains(&format!("fn {test}("));
            assert!(stands_there, "{file}.rs has no test {test}");
        }
    }
}
