//! What can be asked for on the command line. Roles take their settings from the environment, from a file and from
//! `--set`; only `up`, which is for people, has flags of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use shared::access::admin_keys::{self as access, KeyName};
use shared::identity::{CashBoxId, QueueId};

use crate::role::Role;

/// Fiscal cashboxes in a retailer's own cluster: each cashbox exists once, every receipt is signed once.
#[derive(Debug, Parser)]
#[command(name = "byodc", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine: proxy, pods, configuration service, example cashboxes
    Up(UpOptions),
    /// Run the proxy: sends each request to the pod that owns its cashbox
    Proxy(Given),
    /// Run one pod: hosts cashboxes and signs their receipts
    Backend(Given),
    /// Serve cashbox documents from a directory
    ConfigService(Given),
    /// Show or check what the roles are set to
    #[command(subcommand)]
    Config(ConfigCommand),
    /// What the roles count
    #[command(subcommand)]
    Metrics(MetricsCommand),
    /// Ask the process beside this one whether it is well: status 0 if it is, 1 if it is not
    Health(HealthOf),
    /// Make a key for an operator: prints the key, which is kept nowhere, and the entry for Byodc__Admin__Keys
    AdminKey(AdminKeyOf),
    /// Look into a running or stopped cluster
    #[command(subcommand)]
    Ctl(CtlCommand),
    /// Print what this build is
    Version,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Where a role's settings come from, besides the environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Given {
    /// File with settings (.toml, .yaml or .json); nested names are joined with two underscores
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// One setting, before environment and file; can be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// End when standard input closes: ties a role to the process that started it
    #[arg(long, hide = true)]
    pub end_with_stdin: bool,
}

/// How `up` runs everything.
#[derive(Debug, Clone, Args)]
pub struct UpOptions {
    /// How many pods
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub pods: u16,
    /// Where the proxy listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "IP:PORT")]
    pub listen: SocketAddr,
    /// Where everything is kept, from one run to the next
    #[arg(long, default_value = ".byodc", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// How many example cashboxes there are at least
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cashboxes: u32,
    /// How many of them are put into operation by their initial-operation receipt
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub activate: u32,
    /// Redis that knows who owns what, instead of a SQLite file: host:port[,option=...] or redis://...
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,
    /// Database of the journals, instead of a SQLite file: mysql://... or postgres://...
    #[arg(long, value_name = "URL")]
    pub journal: Option<String>,
    /// How long the simulated TSE takes for each of its answers, in milliseconds
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub scu_delay_ms: u32,
    /// Run the commands that are otherwise only printed, check their answers, and end
    #[arg(long)]
    pub try_once: bool,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the values in force and where each comes from; secrets as dots
    Show(ConfigOf),
    /// Report everything that is wrong with them
    Check(ConfigOf),
    /// Print every setting as a Markdown table
    Table,
}

/// What to do with figures.
#[derive(Debug, Subcommand)]
pub enum MetricsCommand {
    /// Print every metric of every role as a Markdown table
    Table,
}

/// Who is asked whether it is well.
#[derive(Debug, Args)]
pub struct HealthOf {
    /// The role that runs here; without it, the addresses of all roles are tried
    pub role: Option<Role>,
    /// Where it listens, instead of what its settings say
    #[arg(long, value_name = "IP:PORT", conflicts_with = "role")]
    pub address: Option<SocketAddr>,
    /// Ask whether it takes requests, instead of whether it runs
    #[arg(long)]
    pub ready: bool,
    /// Where its settings come from, besides the environment.
    #[command(flatten)]
    pub given: Given,
}

/// Whose key, and for what.
#[derive(Debug, Args)]
pub struct AdminKeyOf {
    /// What the audit log calls its holder: letters, digits, '-', '_' or '.'
    pub name: KeyName,
    /// read: may look; operate: may also move cashboxes and accept journals
    #[arg(long, value_name = "ROLE")]
    pub role: access::Role,
}

/// What an operator can ask.
#[derive(Debug, Subcommand)]
pub enum CtlCommand {
    /// Check an installation from outside, step by step, as a POS would use it. Status 0: all is well, 1: a step
    /// failed, 2: wrong usage, 4: not reachable, 5: access denied
    Check(Check),
    /// The hash chain of a queue
    #[command(subcommand)]
    Chain(ChainCommand),
}

/// What is checked, and how. The address is a text, because a refusal by the parser would show it with a password.
#[derive(Debug, Args)]
pub struct Check {
    /// Where the installation takes requests: an http or https address, such as http://byodc-proxy
    #[arg(long, value_name = "URL")]
    pub proxy: String,
    /// A cashbox to check with: it echoes a message and signs a zero receipt, which stays in its chain
    #[arg(long, value_name = "ID")]
    pub cashbox: Option<CashBoxId>,
    /// File with the cashbox's access token; without it, the variable BYODC_ACCESS_TOKEN
    #[arg(long, value_name = "FILE", requires = "cashbox")]
    pub token_file: Option<PathBuf>,
    /// Put the queue into operation for good if it is not: signs an initial-operation receipt
    #[arg(long, requires = "cashbox")]
    pub start_queue: bool,
    /// For how long a step is tried again that may succeed later
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub wait: u32,
    /// PEM file with certificates to trust besides the machine's own
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// What to do with a chain.
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
    /// Check every number, row, hash and link as they are stored; writes nothing. Status 0: unbroken, 1: broken
    Verify(ChainVerify),
}

/// Which chain.
#[derive(Args)]
pub struct ChainVerify {
    /// The database: as in Byodc__Journal__Url, or the connectionstring of a queue in the original's MySQL tables
    /// (without a database, or with the queue's own)
    #[arg(long, value_name = "URL", env = "Byodc__Journal__Url", hide_env_values = true)]
    pub journal: String,
    /// The queue's id
    #[arg(long, value_name = "ID")]
    pub queue: QueueId,
}

impl std::fmt::Debug for ChainVerify {
    /// The address holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainVerify")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// Whose settings.
#[derive(Debug, Args)]
pub struct ConfigOf {
    /// One role; without it, all of them
    pub role: Option<Role>,
    /// Where they come from, besides the environment.
    #[command(flatten)]
    pub given: Given,
}

/// Reads `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_free_of_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_setting_keeps_what_follows_its_first_equals_sign() {
        assert_eq!(pair("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(pair("=b").is_err() && pair("A").is_err());
    }
}
