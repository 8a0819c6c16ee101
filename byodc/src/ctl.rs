//! Commands for operators: one file each.

use std::process::ExitCode;

/// A whole installation, from outside.
mod check;
/// A queue's chain.
mod chain;

use crate::cli::{ChainCommand, CtlCommand};

/// Runs one of the `ctl` commands; answers whether it found what it should.
///
/// # Errors
/// When it could not look.
pub fn run(command: &CtlCommand) -> anyhow::Result<ExitCode> {
    match command {
        CtlCommand::Check(given) => check::check(given),
        CtlCommand::Chain(ChainCommand::Verify(given)) => chain::verify(given),
    }
}
