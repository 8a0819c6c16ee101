//! Sabotage: told loudly where it is compiled in, refused where it is not.

use shared::sabotage::{COMPILED_IN, MUTANTS, Mutant, RULES_FILE};

use crate::process::{output, text};

#[test]
fn the_version_says_whether_the_build_can_be_sabotaged() {
    let told = text(&output(&["version"], &[]));
    assert_eq!(told.contains("can be sabotaged"), COMPILED_IN, "{told}");
}

#[test]
fn orders_that_this_build_could_not_obey_are_a_fault_that_names_them() {
    let directory = tempfile::tempdir().unwrap();
    let served = directory.path().to_str().unwrap();
    let orders = [(RULES_FILE, "rules.json"), (MUTANTS, Mutant::BlindResend.name())];
    for order in orders {
        let told = output(
            &["config", "check", "config-service"],
            &[("Byodc__ConfigService__Directory", served), order],
        );
        assert_eq!(told.status.success(), COMPILED_IN, "{}", text(&told));
        assert_eq!(text(&told).contains(order.0), !COMPILED_IN, "{}", text(&told));
    }
}

#[test]
fn a_mutant_that_nobody_knows_is_a_fault_in_every_build() {
    let told = output(&["config", "check", "proxy"], &[(MUTANTS, "blind-faith")]);
    assert_eq!(told.status.code(), Some(2));
    assert!(text(&told).contains(MUTANTS), "{}", text(&told));
}
