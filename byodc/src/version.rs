//! What this build is.

/// Prints name, version and the machine it was built for.
pub fn print() {
    println!(
        "byodc {} ({} {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
}
