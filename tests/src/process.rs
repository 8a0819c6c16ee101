//! A child process that can be killed, paused and continued.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use crate::reaper;

/// Who lives, by process id; by this a relay knows who calls.
static LIVING: LazyLock<Mutex<BTreeMap<u32, String>>> = LazyLock::new(Mutex::default);

/// The children of this process that have not ended, with the names they were started under.
#[must_use]
pub fn living() -> BTreeMap<u32, String> {
    LIVING.lock().unwrap().clone()
}

fn forget(pid: u32) {
    LIVING.lock().unwrap().remove(&pid);
    reaper::release(pid);
}

/// A running child. It is killed when this value is dropped, and by the reaper if the test process dies first.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; both its outputs are appended to the file `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|fault| panic!("{name} does not start ({:?}): {fault}", command.get_program()));
        reaper::adopt(child.id());
        LIVING.lock().unwrap().insert(child.id(), name.to_owned());
        Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        let running = self.child.try_wait().unwrap().is_none();
        if !running {
            forget(self.child.id());
        }
        running
    }

    /// Fails the test, with the end of the log, if the process has ended by itself.
    pub fn assert_running(&mut self) {
        if !self.is_running() {
            let log = self.log();
            let end = log.char_indices().rev().nth(4000).map_or(0, |(at, _)| at);
            panic!("{} has ended by itself:\n{}", self.name, &log[end..]);
        }
    }

    /// Ends it at once, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.wait();
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Stops it without ending it (SIGSTOP): it keeps its sockets and says nothing.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it continue after [`Process::pause`].
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Sends a signal by its short name.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success(), "cannot send SIG{signal} to {}", self.name);
    }

    /// Waits until it has ended; whether it did so without an error.
    pub fn wait(&mut self) -> bool {
        let ended = self.child.wait().unwrap();
        forget(self.child.id());
        ended.success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
