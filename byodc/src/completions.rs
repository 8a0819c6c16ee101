//! Completions for shells, made from the command line's own declaration.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::Cli;

/// Prints the completions of a shell, for its startup file.
pub fn print(shell: Shell) {
    generate(shell, &mut Cli::command(), "byodc", &mut std::io::stdout());
}
