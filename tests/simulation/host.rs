//! One process's share of time: a runtime with a clock that only the simulation moves.
//!
//! A host that is not run stands still, as a stopped process does. Dropping it is `kill -9`.

use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::time::Instant;

use crate::wire::Wire;

/// A runtime in virtual time, and the wire out of it.
#[derive(Debug)]
pub struct Host {
    runtime: Runtime,
    /// The clock's reading at `born_ms`.
    born: Instant,
    born_ms: u64,
    /// How far the process has come.
    now_ms: u64,
    wire: Wire,
}

impl Host {
    /// A process that starts now.
    pub fn start(now_ms: u64) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without I/O needs nothing that could be missing");
        let born = runtime.block_on(async { Instant::now() });
        Self {
            runtime,
            born,
            born_ms: now_ms,
            now_ms,
            wire: Wire::default(),
        }
    }

    /// The way out.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Milliseconds of virtual time up to which the process has run.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// For building what belongs to the process.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// Runs until a moment, or until something lies on the wire.
    pub fn run_until(&mut self, until_ms: u64) {
        let until = self.born + Duration::from_millis(until_ms - self.born_ms);
        let wire = self.wire.clone();
        self.now_ms = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = wire.laid() => {}
                () = tokio::time::sleep_until(until) => {}
            }
            self.born_ms + u64::try_from(self.born.elapsed().as_millis()).expect("a run is short")
        });
    }

    /// Lets time pass without running, as it does for a process that was stopped.
    pub fn wake_at(&mut self, now_ms: u64) {
        let missed = Duration::from_millis(now_ms.saturating_sub(self.now_ms));
        self.runtime.block_on(tokio::time::advance(missed));
        self.now_ms = self.now_ms.max(now_ms);
    }
}
