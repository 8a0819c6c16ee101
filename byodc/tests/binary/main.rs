//! The binary from outside: started, asked, ended.

#![expect(
    clippy::unwrap_used,
    reason = "everything here is a test, and may stop at the first surprise"
)]

/// A process of the binary, ended with the test.
mod process;
/// A running configuration service.
mod service;
/// The configuration service over HTTP.
mod config_service;
/// Settings: where they come from, what is told about them.
mod settings;
/// What an operator may get wrong.
mod bad_input;
/// Sabotage: told loudly where it is compiled in, refused where it is not.
mod sabotage;
/// The health check of a container.
mod health;
/// Commands for operators.
mod ctl;
/// Everything at once.
mod up;
