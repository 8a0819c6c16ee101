//! One role of the binary as a process of its own, under addresses that it keeps when it is started again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;
use crate::{binary, cluster};

/// A running role: what a pod and a proxy have in common.
#[derive(Debug)]
pub(crate) struct Role {
    subcommand: &'static str,
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) admin_address: SocketAddr,
    settings: BTreeMap<String, String>,
    launcher: Vec<String>,
    log: PathBuf,
    pub(crate) process: Process,
}

impl Role {
    /// Starts `byodc <subcommand>` on these addresses, for requests and for operators. `own` are the settings that no
    /// other role has; `launcher` are the words before the program, if it is not to be started plainly.
    pub(crate) fn start(
        subcommand: &'static str,
        name: &str,
        folder: &Path,
        settings: &BTreeMap<String, String>,
        [address, admin_address]: [SocketAddr; 2],
        own: Vec<(&'static str, String)>,
        launcher: Vec<String>,
    ) -> Self {
        let mut settings = settings.clone();
        settings.extend(
            own.into_iter()
                .map(|(setting, value)| (setting.to_owned(), value)),
        );
        let log = folder.join(format!("{name}.log"));
        Self {
            subcommand,
            name: name.to_owned(),
            address,
            admin_address,
            process: launch(subcommand, name, &settings, &launcher, &log),
            settings,
            launcher,
            log,
        }
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&mut self) {
        cluster::wait_until_ready(&self.admin_url(), &mut self.process).await;
    }

    /// Where it takes requests.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it answers operators.
    pub(crate) fn admin_url(&self) -> String {
        format!("http://{}", self.admin_address)
    }

    /// Ends it as a crash would, if it still runs, and starts it again: the same name and addresses.
    pub(crate) async fn restart(&mut self) {
        self.relaunch();
        self.ready().await;
    }

    /// The same without waiting until it is ready.
    pub(crate) fn relaunch(&mut self) {
        self.process.kill();
        let (settings, launcher) = (&self.settings, &self.launcher);
        self.process = launch(self.subcommand, &self.name, settings, launcher, &self.log);
    }
}

fn launch(
    subcommand: &str,
    name: &str,
    settings: &BTreeMap<String, String>,
    launcher: &[String],
    log: &Path,
) -> Process {
    let mut command = match launcher {
        [] => Command::new(binary::byodc()),
        [first, more @ ..] => {
            let mut command = Command::new(first);
            command.args(more).arg(binary::byodc());
            command
        }
    };
    command.arg(subcommand).env_clear().envs(settings);
    Process::start(name, &mut command, log)
}
