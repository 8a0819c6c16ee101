//! One process of this very executable. It is tied to us by its standard input: when the pipe closes it drains and
//! ends, whether we asked for it or were killed ourselves, so none is ever left behind.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child as Process, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

use super::cluster::Plan;

/// How long a process may take to drain before it is killed.
const DRAIN_MAX: Duration = Duration::from_secs(15);
/// How much of the end of a log is told when a process does not start.
const TOLD_BYTES_MAX: u64 = 4 << 10;
/// How many lines of it.
const TOLD_LINES_MAX: usize = 12;
/// Settings of outgoing proxies, which would stand between processes of one machine.
const OUTGOING_PROXY: [&str; 5] = ["proxy", "http_proxy", "https_proxy", "all_proxy", "ftp_proxy"];

/// A running process. Dropped without [`Child::end`] it is killed.
#[derive(Debug)]
pub struct Child {
    process: Process,
    /// Open for as long as it shall run. Kept apart from the process, because waiting for that closes its input.
    input: Option<ChildStdin>,
    /// Its id, for as long as it was not waited for.
    pub pid: u32,
}

impl Child {
    /// Starts a process in a process group of its own, so that Ctrl-C in the terminal reaches it through us alone and
    /// in order.
    ///
    /// # Errors
    /// The executable or the log cannot be opened.
    pub fn start(plan: &Plan) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(&plan.log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([plan.role.word(), "--end-with-stdin"]);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| is_ours_to_set(name, plan)) {
                command.env_remove(name);
            }
        }
        command.envs(plan.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let mut process = command.process_group(0).kill_on_drop(true).spawn()?;
        let pid = process.id().expect("a process that was not waited for has an id");
        Ok(Self {
            input: process.stdin.take(),
            process,
            pid,
        })
    }

    /// Waits until it has ended, for whatever reason.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Asks it to drain and end; kills it when that takes too long, or when there is a hurry.
    pub async fn end(mut self, hurry: &CancellationToken) {
        drop(self.input.take());
        tokio::select! {
            _ = self.process.wait() => return,
            () = tokio::time::sleep(DRAIN_MAX) => {}
            () = hurry.cancelled() => {}
        }
        if let Err(error) = self.process.kill().await {
            eprintln!("killing process {}: {error}", self.pid);
        }
    }
}

/// Whether an inherited variable is replaced or would be in the way, in whatever letter case it is written.
fn is_ours_to_set(name: &str, plan: &Plan) -> bool {
    let set = plan
        .settings
        .iter()
        .any(|(ours, _)| ours.eq_ignore_ascii_case(name));
    set || OUTGOING_PROXY
        .iter()
        .any(|proxy| proxy.eq_ignore_ascii_case(name))
}

/// Puts the log of the run before aside, so that a log holds one run and no more than two are kept.
pub fn set_log_aside(log: &Path) {
    // There is none at the first run.
    let _ = fs::rename(log, log.with_extension("log.before"));
}

/// The last lines of a log.
pub fn end_of_log(log: &Path) -> String {
    let text = read_end(log).unwrap_or_else(|error| format!("(the log cannot be read: {error})"));
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TOLD_LINES_MAX)..].join("\n")
}

fn read_end(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TOLD_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.take(TOLD_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
