//! The task that keeps one part running: starts its process, notes how it stands, starts another one when it ends.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::child::{self, Child};
use super::super::cluster::{Cluster, Part};
use super::standing::{End, Process, Standings};

/// How long to wait before a process is started again; doubled each time it ended early.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest wait.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A process that ran for so long did not end early.
const HEALTHY: Duration = Duration::from_secs(10);

/// What the task knows.
pub struct Keeper {
    /// What it keeps running.
    pub part: Part,
    /// Says how.
    pub cluster: Arc<Cluster>,
    /// Where it notes how the part stands. Others only read.
    pub board: Arc<watch::Sender<Standings>>,
    /// Cancelled when the part shall end.
    pub stop: CancellationToken,
    /// Cancelled when it shall end at once.
    pub hurry: CancellationToken,
}

impl Keeper {
    /// Keeps the part running until it shall end.
    pub async fn run(self) {
        child::set_log_aside(&self.cluster.log(&self.part));
        let mut pause = PAUSE_MIN;
        loop {
            let began = Instant::now();
            let Some(end) = self.run_once().await else { return };
            pause = if began.elapsed() > HEALTHY {
                PAUSE_MIN
            } else {
                pause
            };
            self.note_end(end, pause);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Runs one process to its end: `None` when we asked for that.
    async fn run_once(&self) -> Option<End> {
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => return Some(End::NotStarted(error.to_string())),
        };
        tokio::select! {
            waited = child.ended() => return Some(End::of(waited)),
            () = self.stop.cancelled() => {}
        }
        child.end(&self.hurry).await;
        None
    }

    fn start(&self) -> io::Result<Child> {
        let plan = self.cluster.plan(&self.part)?;
        let child = Child::start(&plan)?;
        let process = Process {
            pid: child.pid,
            addresses: plan.addresses,
        };
        self.board
            .send_modify(|board| board.entry(self.part.clone()).or_default().process = Some(process));
        Ok(child)
    }

    fn note_end(&self, end: End, pause: Duration) {
        eprintln!("{} {end}; starting it again in {pause:?}", self.part.name());
        self.board.send_modify(|board| {
            let standing = board.entry(self.part.clone()).or_default();
            standing.process = None;
            standing.ended += 1;
            standing.last_end = Some(end);
        });
    }
}
