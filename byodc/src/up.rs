//! Everything at once on one machine, each part a process of its own, so that killing one is real.
//!
//! ```text
//! up ── config-service     one, serves the example cashboxes
//!    ├─ pod-1 … pod-N      share journal database, ownership store and simulated TSEs
//!    └─ proxy              where a POS connects
//! ```
//!
//! A process that dies is started again, as a ReplicaSet would. Everything stands in one data directory, which one `up`
//! at a time may use and the next finds as it was left. `run.json` in it appears when everything serves, follows
//! every change, and goes with `up`.

use std::net::SocketAddr;

use anyhow::Context;
use shared::shutdown::Shutdown;
use tokio::runtime::Runtime;

use crate::cli::UpOptions;
use cluster::Cluster;
use data_dir::DataDir;
use examples::Cashbox;
use run_file::RunFile;
use supervisor::Supervisor;

/// Where everything is kept.
mod data_dir;
/// Addresses on this machine.
mod ports;
/// The example cashboxes.
mod examples;
/// What each process is told.
mod cluster;
/// One process.
mod child;
/// All processes, kept running.
mod supervisor;
/// When everything serves, or why it does not.
mod readiness;
/// Puts example cashboxes into operation.
mod activation;
/// Who runs where, for scripts and tests.
mod run_file;
/// Who owns a cashbox, as the proxy tells operators.
mod owner;
/// What a newcomer can try: the same list is printed and run.
mod steps;
/// What is printed when everything serves.
mod greeting;

/// Runs everything until it is asked to stop, or until the commands were tried.
///
/// # Errors
/// A data directory, port or process that cannot be had; a command that was tried and did not do as promised.
pub fn run(options: &UpOptions) -> anyhow::Result<()> {
    let data = DataDir::open(&options.data_dir)?;
    let listen = ports::listen(options.listen)?;
    let cashboxes = examples::at_least(&data.cashboxes(), options.cashboxes)?;
    let runtime = Runtime::new().context("starting the runtime")?;
    runtime.block_on(supervise(options, &data, listen, &cashboxes))
}

async fn supervise(
    options: &UpOptions,
    data: &DataDir,
    listen: SocketAddr,
    cashboxes: &[Cashbox],
) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    shutdown.follow_signals().context("installing signal handlers")?;
    let supervisor = Supervisor::start(Cluster::new(options, data, listen)?, &shutdown);
    let outcome = tokio::select! {
        outcome = serve(options, data, &supervisor, cashboxes) => outcome,
        () = shutdown.drain.cancelled() => Ok(()),
    };
    run_file::remove(&data.run_file());
    eprintln!("ending everything");
    supervisor.end().await;
    outcome
}

/// From the start of the processes until the commands were tried, or for ever; a signal cancels it at any point.
async fn serve(
    options: &UpOptions,
    data: &DataDir,
    supervisor: &Supervisor,
    cashboxes: &[Cashbox],
) -> anyhow::Result<()> {
    eprintln!(
        "starting the configuration service, {} pod(s) and the proxy",
        options.pods
    );
    readiness::wait(supervisor).await?;
    let activated = activation::run(supervisor.cluster.proxy.main, cashboxes, options.activate).await?;
    let steps = match activated.first() {
        Some(cashbox) => steps::prepare(data, supervisor, cashbox).await?,
        None => Vec::new(),
    };
    let run_file = RunFile::new(data.run_file(), cashboxes);
    run_file.write(&supervisor.cluster, &supervisor.standings())?;
    println!(
        "{}",
        greeting::text(data, supervisor, cashboxes, activated.len(), &steps)
    );
    tokio::select! {
        outcome = run_file.follow(supervisor) => outcome,
        outcome = steps::run(&steps), if options.try_once => outcome,
    }
}
