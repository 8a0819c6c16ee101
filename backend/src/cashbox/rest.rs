//! Whether a cashbox rests: then it can move to another pod, and nobody waits for it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

/// Written by the actor, read by whoever looks for cashboxes that may move.
#[derive(Debug)]
pub(super) struct Rest(Mutex<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// A command is carried out, or a transaction is open at the TSE.
    Busy,
    /// Nothing has been asked since.
    Quiet { since: Instant },
}

/// Whether a transaction is open at the TSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtTheTse {
    /// One was started and not finished: a customer is being served.
    Open,
    /// None.
    Nothing,
}

impl Rest {
    /// Of a cashbox that has just been started, because somebody asked for it.
    pub(super) fn new() -> Self {
        let since = Instant::now();
        Self(Mutex::new(State::Quiet { since }))
    }

    /// A command begins.
    pub(super) fn wake(&self) {
        *self.lock() = State::Busy;
    }

    /// Nothing is being carried out.
    pub(super) fn calm(&self, tse: AtTheTse) {
        let mut state = self.lock();
        *state = match tse {
            AtTheTse::Open => State::Busy,
            AtTheTse::Nothing => State::Quiet {
                since: Instant::now(),
            },
        };
    }

    /// For how long nobody has asked anything; none while somebody is served.
    pub(super) fn lasts(&self) -> Option<Duration> {
        match *self.lock() {
            State::Busy => None,
            State::Quiet { since } => Some(since.elapsed()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cashbox_rests_from_its_last_command_and_never_with_an_open_transaction() {
        let rest = Rest::new();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(rest.lasts(), Some(Duration::from_secs(3)));
        rest.wake();
        assert_eq!(rest.lasts(), None);
        rest.calm(AtTheTse::Open);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(rest.lasts(), None);
        rest.calm(AtTheTse::Nothing);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(rest.lasts(), Some(Duration::from_secs(2)));
    }
}
