//! What the README promises, each promise caused and observed with real processes.
//!
//! Scenarios that break nothing share two clusters, one with ownership in Redis and one in SQL, and bring their own
//! cashboxes. Scenarios that kill, pause or starve something have clusters of their own.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use harness::cluster::{Cluster, Ownership, Shared};
use tokio::sync::OnceCell;

/// Runs each scenario twice: with ownership in Redis, and in SQL.
macro_rules! with_redis_and_with_sql {
    ($($scenario:ident),+ $(,)?) => {
        mod with_redis {
            $(#[tokio::test]
            async fn $scenario() {
                let cluster = crate::shared(harness::cluster::Ownership::Redis).await;
                super::$scenario(&cluster).await;
            })+
        }
        mod with_sql {
            $(#[tokio::test]
            async fn $scenario() {
                let cluster = crate::shared(harness::cluster::Ownership::Sql).await;
                super::$scenario(&cluster).await;
            })+
        }
    };
}
mod matrix;
mod servers;
mod first_receipt;
mod ctl_check;
mod large_journal;
mod whole_life;
mod singleton;
mod operation_id;
mod reset;
mod refusals;
mod secrets;
mod request_lines;
mod log_lines;
mod traces;
mod metrics;
mod pod_killed;
mod crash_points;
mod rolling;
mod ipv6;
mod partition;
mod pod_superseded;
mod ownership_history;
mod rebalancing;
mod handover;
mod peer_keys;
mod clocks;
mod takeover;
mod redis_lost;
mod proxy_stops;
mod service_away;
mod tse_faults;
mod fiskaly;
mod fcc;
mod stale_journal;
mod breakdowns;
mod database_cut;
mod original_database;
mod disk_full;
mod configuration_slow;
mod slow_tse;
mod long_export;
mod scu_switch;
mod postman;
mod prometheus;

/// The cluster of three pods and two proxies that all scenarios of a kind share.
async fn shared(ownership: Ownership) -> Shared {
    static REDIS: OnceCell<Cluster> = OnceCell::const_new();
    static SQL: OnceCell<Cluster> = OnceCell::const_new();
    let cluster = match ownership {
        Ownership::Redis => &REDIS,
        Ownership::Sql => &SQL,
    };
    let start = || Cluster::of_pods(3).and_proxies(2).owned_in(ownership).start();
    Shared(cluster.get_or_init(start).await)
}
