//! Waiting for a condition, with a bound.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `look` sees something, and answers what it saw. Panics when `within` has passed;
/// choose it generously, it is only waited for in failure.
pub async fn eventually<T, L: AsyncFnMut() -> Option<T>>(what: &str, within: Duration, mut look: L) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < within, "{what}: not within {within:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
