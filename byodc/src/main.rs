//! Every role of the cashbox cluster in one binary.
//!
//! `up` runs everything at once for a first look; `proxy`, `backend` and `config-service` are the roles alone, as a
//! cluster runs them; `config` shows what they are set to, `health` is a container's health check, `ctl` answers
//! operators. Exit status: 0 ok, 1 failed, 2 wrong usage or settings; `ctl check` also 4 unreachable, 5 denied.

use std::process::ExitCode;

use clap::Parser;
use shared::env::Faults;

/// What can be asked for on the command line.
mod cli;
/// Everything at once, each part a process of its own.
mod up;
/// How a role starts: settings, logs, what it was asked for.
mod role;
/// The proxy alone.
mod proxy;
/// One pod alone.
mod backend;
/// Cashbox documents from a directory, for sites without a configuration service.
mod config_service;
/// A file of settings.
mod settings_file;
/// What the roles are set to, and whether that is right.
mod config_show;
/// What the roles count, as a table.
mod metrics_table;
/// Whether the process beside this one is well.
mod health;
/// A fresh key for an operator.
mod admin_key;
/// What operators ask.
mod ctl;
/// Completions for shells.
mod completions;
/// What this build is.
mod version;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing chose a TLS provider before the first line");
    match run(cli::Cli::parse().command) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("byodc: {error:#}");
            ExitCode::from(if error.is::<Faults>() { 2 } else { 1 })
        }
    }
}

fn run(command: cli::Command) -> anyhow::Result<ExitCode> {
    match command {
        cli::Command::Up(options) => up::run(&options)?,
        cli::Command::Proxy(given) => proxy::run(&given)?,
        cli::Command::Backend(given) => backend::run(&given)?,
        cli::Command::ConfigService(given) => config_service::run(&given)?,
        cli::Command::Config(command) => config_show::run(&command)?,
        cli::Command::Metrics(cli::MetricsCommand::Table) => print!("{}", metrics_table::table()),
        cli::Command::Health(given) => health::run(&given)?,
        cli::Command::AdminKey(of) => admin_key::print(of),
        cli::Command::Ctl(command) => return ctl::run(&command),
        cli::Command::Version => version::print(),
        cli::Command::Completions { shell } => completions::print(shell),
    }
    Ok(ExitCode::SUCCESS)
}
