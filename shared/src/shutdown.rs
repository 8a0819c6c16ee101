//! The signal to stop, as a value that is handed down instead of a handler in the depths.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells every part of a process to stop. The first signal asks for a drain, the second ends it early.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Cancelled when the process is asked to stop.
    pub drain: CancellationToken,
    /// Cancelled when it is asked again: leave the rest to takeover.
    pub hurry: CancellationToken,
}

impl Shutdown {
    /// One that nobody has asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows SIGTERM and SIGINT for as long as the process runs.
    ///
    /// # Errors
    /// When the process may not install signal handlers.
    pub fn follow_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        tokio::spawn(async move {
            for token in [&this.drain, &this.hurry] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(())
    }
}
