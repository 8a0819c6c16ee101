//! One suite of promises per seam, run against every implementation of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

mod ownership;
mod journal;
mod fcc;
mod fiskaly;

/// What a test may take at most, servers' start included: one that hangs fails with its name instead of holding the run.
const AT_MOST: Duration = Duration::from_secs(240);

async fn ends(test: impl Future<Output = ()>) {
    tokio::time::timeout(AT_MOST, test)
        .await
        .expect("the test ends in time");
}
