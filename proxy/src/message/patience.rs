//! A pause that is too long, noticed cheaply.
//!
//! A timer for each wait would cost more than parsing the request. One timer per connection is enough: it is set
//! again only when it has gone off too early, so a busy connection touches it once in a minute.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, Sleep};

/// Something took longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it took too long")]
pub struct TooLong;

impl From<TooLong> for std::io::Error {
    fn from(too_long: TooLong) -> Self {
        Self::new(std::io::ErrorKind::TimedOut, too_long)
    }
}

/// How long a connection's task is willing to wait, one wait after another.
#[derive(Debug)]
pub struct Patience {
    alarm: Pin<Box<Sleep>>,
}

impl Default for Patience {
    fn default() -> Self {
        // Far enough to be set properly by the first wait.
        Self {
            alarm: Box::pin(tokio::time::sleep(Duration::from_secs(3600))),
        }
    }
}

impl Patience {
    /// Waits for `work`, at most for `limit`.
    ///
    /// # Errors
    /// When `limit` has passed.
    pub async fn within<F: Future>(&mut self, limit: Duration, work: F) -> Result<F::Output, TooLong> {
        let mut work = pin!(work);
        let mut until = None;
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            let until = *until.get_or_insert_with(|| Instant::now() + limit);
            if self.alarm.deadline() > until {
                self.alarm.as_mut().reset(until);
            }
            while self.alarm.as_mut().poll(cx).is_ready() {
                if Instant::now() >= until {
                    return Poll::Ready(Err(TooLong));
                }
                self.alarm.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_limit_whatever_came_before() {
        let mut patience = Patience::default();
        for limit_ms in [500, 20, 3000, 20] {
            let limit = Duration::from_millis(limit_ms);
            let began = Instant::now();
            let waited = patience.within(limit, std::future::pending::<()>()).await;
            assert_eq!(waited, Err(TooLong));
            assert!(began.elapsed() >= limit && began.elapsed() < limit + Duration::from_millis(5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_in_time_is_handed_back() {
        let mut patience = Patience::default();
        let nap = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            7
        };
        assert_eq!(patience.within(Duration::from_millis(60), nap).await, Ok(7));
    }
}
