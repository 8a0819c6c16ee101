//! What this build is.

use shared::sabotage;

/// Prints name, version, the machine it was built for, and whether it can be sabotaged.
pub fn print() {
    println!(
        "byodc {} ({} {}){}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        if sabotage::COMPILED_IN {
            ", can be sabotaged: for tests only"
        } else {
            ""
        }
    );
}
