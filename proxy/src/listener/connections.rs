//! How many clients are connected, and a bound on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The clients that are connected to all threads.
#[derive(Debug)]
pub struct Connections {
    max: usize,
    open: AtomicUsize,
    closed: Notify,
}

/// One open connection; counted until it is dropped.
#[derive(Debug)]
pub struct Open(Arc<Connections>);

impl Connections {
    /// None yet, and at most so many.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            open: AtomicUsize::new(0),
            closed: Notify::new(),
        }
    }

    /// Counts a new connection; `None` when there are too many.
    pub fn open(self: &Arc<Self>) -> Option<Open> {
        let open = Open(Arc::clone(self));
        // One that is too many is uncounted when `open` is dropped.
        (self.open.fetch_add(1, Ordering::Relaxed) < self.max).then_some(open)
    }

    /// How many are open.
    #[must_use]
    pub fn open_now(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Waits until none is open.
    pub async fn none_open(&self) {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            closed.as_mut().enable();
            if self.open_now() == 0 {
                return;
            }
            closed.await;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.closed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_too_many_is_refused_and_the_last_one_out_is_noticed() {
        let connections = Arc::new(Connections::new(2));
        let both = (connections.open().unwrap(), connections.open().unwrap());
        assert!(connections.open().is_none());
        assert_eq!(connections.open_now(), 2);
        let (_, ()) = tokio::join!(connections.none_open(), async { drop(both) });
        assert_eq!(connections.open_now(), 0);
    }
}
