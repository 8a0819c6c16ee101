//! The binary in a container made of namespaces (`container.sh`), because CI has no container engine.
//!
//! It needs user namespaces. Where the kernel does not let everybody have them (`kernel.unprivileged_userns_clone`,
//! AppArmor's `apparmor_restrict_unprivileged_userns`, a container's seccomp profile), the tests fail and say so.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use harness::binary::byodc;
use harness::eventually::eventually;
use harness::process::Process;
use tempfile::TempDir;

/// What makes the namespaces and becomes the container's first process.
const LAUNCHER: [&str; 7] = [
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
];
/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A setting and its value.
pub type Variable = (&'static str, String);

/// A running container.
#[derive(Debug)]
pub struct Container {
    launcher: Process,
    /// The id of its first process, as the machine counts.
    first: u32,
    _root: TempDir,
}

impl Container {
    /// Starts `byodc` with these arguments and settings. Its log goes into `folder`.
    pub async fn start(folder: &Path, role: &str, settings: &[Variable]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut launch = command(root.path(), &[role], settings);
        let mut launcher = Process::start(role, &mut launch, &folder.join(format!("{role}.log")));
        let id = launcher.id();
        let what = format!("{role} runs in a container (are user namespaces allowed here?)");
        let first = eventually(&what, PATIENCE, async || {
            launcher.assert_running();
            first_process(id)
        })
        .await;
        Self {
            launcher,
            first,
            _root: root,
        }
    }

    /// A line of what the kernel says of the first process.
    pub fn status(&self, name: &str) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.first)).unwrap();
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.expect("the kernel tells it").trim().to_owned()
    }

    /// How its root is mounted.
    pub fn root_options(&self) -> String {
        let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", self.first)).unwrap();
        let mut of_root = mounts.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(4);
            (words.next()? == "/").then(|| words.next().map(str::to_owned))?
        });
        of_root.next_back().expect("something is mounted on /")
    }

    /// Tells its first process to stop, as an engine does, and waits; whether the status was 0.
    pub fn stop(mut self) -> bool {
        let told = Command::new("kill")
            .args(["-s", "TERM", &self.first.to_string()])
            .status();
        assert!(
            told.unwrap().success(),
            "the first process was there a moment ago"
        );
        self.launcher.wait()
    }
}

/// Runs `byodc` in a container to its end, which comes by itself unless something is wrong.
pub fn run(arguments: &[&str], settings: &[Variable]) -> Output {
    let root = tempfile::tempdir().unwrap();
    let launch = command(root.path(), arguments, settings);
    let patience = PATIENCE.as_secs().to_string();
    Command::new("timeout")
        .args(["--signal=KILL", &patience])
        .arg(launch.get_program())
        .args(launch.get_args())
        .env_clear()
        .envs(launch.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn command(root: &Path, arguments: &[&str], settings: &[Variable]) -> Command {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("image/container.sh");
    let mut command = Command::new("unshare");
    command
        .args(LAUNCHER)
        .arg(script)
        .arg(root)
        .arg(byodc())
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// The launcher's only child, once it has become the binary.
fn first_process(launcher: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{launcher}/task/{launcher}/children")).ok()?;
    let child = children.split_whitespace().next()?.parse().ok()?;
    let name = std::fs::read_to_string(format!("/proc/{child}/comm")).ok()?;
    (name.trim() == "byodc").then_some(child)
}
