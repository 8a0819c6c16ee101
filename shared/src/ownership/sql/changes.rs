//! Following changes by reading the table where every change is noted.
//!
//! Ids grow, but transactions do not commit in their order: a smaller id may appear after a larger one was read.
//! A hole is therefore watched for a while before it is taken for a transaction that was given up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::super::message;
use super::super::store::OwnershipEvent;
use super::Tables;
use super::database::Arg;

/// How often the table is read.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// How often it is tried while the database is away.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How long a hole in the ids is watched: longer than any transaction of ours may take.
const HOLE_PATIENCE: Duration = Duration::from_secs(5);
/// How often old changes are removed, and when a change is old: whoever was away longer is told of a gap anyway.
const PRUNE_EVERY: Duration = Duration::from_secs(30);
const KEEP_MS: i64 = 60_000;
/// How long the record of a pod whose lease ran out is kept: the next pod asks it before it takes over.
const KEEP_LAPSED_MS: i64 = 3_600_000;

const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM byodc_ownership_change";
const NEXT: &str = "SELECT id, message FROM byodc_ownership_change WHERE id > ? ORDER BY id LIMIT 4096";
const PRUNE: &str = "DELETE FROM byodc_ownership_change WHERE at_ms < {now} - ?";
const PRUNE_PODS: &str = "DELETE FROM byodc_ownership_pod WHERE lease_until_ms < {now} - ?";

/// Follows the changes until it is dropped.
pub(super) async fn follow(tables: Arc<Tables>, events: broadcast::Sender<OwnershipEvent>) {
    let mut standing = true;
    loop {
        let Err(error) = follow_once(&tables, &events, &mut standing).await;
        if std::mem::replace(&mut standing, false) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "changes of ownership cannot be followed; routes are learned by redirects"
            );
        }
        tokio::time::sleep(RETRY_EVERY).await;
    }
}

/// Follows from the newest change on, until the database fails.
async fn follow_once(
    tables: &Tables,
    events: &broadcast::Sender<OwnershipEvent>,
    standing: &mut bool,
) -> Result<std::convert::Infallible, super::attempt::SqlError> {
    let database = tables.ready().await?;
    let last = database.rows(LAST, &[]).await?;
    let mut cursor = Cursor::after(last.first().map(|row| row.number(0)).transpose()?.unwrap_or(0));
    if !std::mem::replace(standing, true) {
        tracing::info!("changes of ownership are followed again");
    }
    // Nobody listening is no fault, here and below: events are a convenience.
    let _ = events.send(OwnershipEvent::Gap);
    let mut pruned_at = Instant::now();
    loop {
        tokio::time::sleep(POLL_EVERY).await;
        let rows = database.rows(NEXT, &[Arg::Number(cursor.settled)]).await?;
        let rows = rows.iter().map(|row| Ok((row.number(0)?, row.text(1)?)));
        let rows = rows.collect::<Result<Vec<_>, sqlx::Error>>()?;
        for told in cursor.take(rows, Instant::now()) {
            if let Some(event) = message::event(told.as_bytes()) {
                let _ = events.send(event);
            }
        }
        if pruned_at.elapsed() >= PRUNE_EVERY {
            pruned_at = Instant::now();
            database.execute(PRUNE, &[Arg::Number(KEEP_MS)]).await?;
            database
                .execute(PRUNE_PODS, &[Arg::Number(KEEP_LAPSED_MS)])
                .await?;
        }
    }
}

/// How far the changes have been told.
#[derive(Debug)]
struct Cursor {
    /// Every id up to here was told or given up.
    settled: i64,
    /// Ids above it that were told.
    told: BTreeSet<i64>,
    /// Since when the hole right above `settled` is watched.
    hole_since: Option<Instant>,
}

impl Cursor {
    fn after(settled: i64) -> Self {
        Self {
            settled,
            told: BTreeSet::new(),
            hole_since: None,
        }
    }

    /// Takes the changes above `settled` in order of their ids; answers those that are new.
    fn take<T>(&mut self, changes: Vec<(i64, T)>, now: Instant) -> Vec<T> {
        let fresh = changes.into_iter().filter(|(id, _)| *id > self.settled);
        let fresh: Vec<T> = fresh
            .filter_map(|(id, change)| self.told.insert(id).then_some(change))
            .collect();
        if self.settle() {
            self.hole_since = None;
        }
        if self.told.is_empty() {
            return fresh;
        }
        let since = *self.hole_since.get_or_insert(now);
        if now - since >= HOLE_PATIENCE {
            // The next told id is past the hole; what follows it may have holes of its own.
            self.settled = self.told.first().map_or(self.settled, |id| id - 1);
            self.settle();
            self.hole_since = None;
        }
        fresh
    }

    /// Moves up to the next hole; answers whether it moved.
    fn settle(&mut self) -> bool {
        let before = self.settled;
        while self.told.remove(&(self.settled + 1)) {
            self.settled += 1;
        }
        self.settled > before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_change_that_commits_late_is_told_and_none_twice() {
        let now = Instant::now();
        let mut cursor = Cursor::after(10);
        assert_eq!(cursor.take(vec![(11, "a"), (13, "c")], now), ["a", "c"]);
        assert_eq!(cursor.take(vec![(12, "b"), (13, "c")], now), ["b"]);
        assert_eq!(cursor.settled, 13);
    }

    #[test]
    fn a_hole_is_given_up_after_a_while() {
        let now = Instant::now();
        let mut cursor = Cursor::after(0);
        assert_eq!(cursor.take(vec![(2, "b")], now), ["b"]);
        assert_eq!(cursor.settled, 0);
        assert!(cursor.take(vec![(2, "b")], now + HOLE_PATIENCE).is_empty());
        assert_eq!(cursor.settled, 2);
    }

    proptest! {
        #[test]
        fn whatever_order_they_commit_in_each_change_is_told_once(
            order in Just((1..=40_i64).collect::<Vec<_>>()).prop_shuffle(), steps in 1..10_usize,
        ) {
            let now = Instant::now();
            let mut cursor = Cursor::after(0);
            let (mut visible, mut told) = (BTreeSet::new(), Vec::new());
            for commits in order.chunks(steps) {
                visible.extend(commits.iter().copied());
                let above = visible.range(cursor.settled + 1..).map(|id| (*id, *id)).collect();
                told.extend(cursor.take(above, now));
            }
            told.sort_unstable();
            prop_assert_eq!(told, (1..=40).collect::<Vec<_>>());
            prop_assert_eq!(cursor.settled, 40);
        }
    }
}
