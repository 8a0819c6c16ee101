//! The stores, one of each for the whole process; each desk has a queue of its own in it.

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use backend::journal::config::JournalConfig;
use backend::journal::metrics::JournalMetrics;
use backend::journal::{JournalStore, connect};
use harness::database::Server;
use harness::reaper::temporary_folder;
use tokio::runtime::Runtime;

/// Runs what the vectors, which know no runtime, wait for.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// One kind of store.
pub trait Store {
    /// The store of this process.
    fn store() -> Arc<dyn JournalStore>;
}

/// SQLite.
pub struct Sqlite;
/// MariaDB.
pub struct MariaDb;
/// PostgreSQL.
pub struct Postgres;

impl Store for Sqlite {
    fn store() -> Arc<dyn JournalStore> {
        static STORE: OnceLock<Arc<dyn JournalStore>> = OnceLock::new();
        let open = || {
            let file = temporary_folder("vectors").join("journal.db");
            opened(&format!("sqlite://{}", file.display()))
        };
        Arc::clone(STORE.get_or_init(open))
    }
}

impl Store for MariaDb {
    fn store() -> Arc<dyn JournalStore> {
        static STORE: OnceLock<Arc<dyn JournalStore>> = OnceLock::new();
        let open = || opened(&RUNTIME.block_on(Server::MariaDb.fresh_database()));
        Arc::clone(STORE.get_or_init(open))
    }
}

impl Store for Postgres {
    fn store() -> Arc<dyn JournalStore> {
        static STORE: OnceLock<Arc<dyn JournalStore>> = OnceLock::new();
        let open = || opened(&RUNTIME.block_on(Server::Postgres.fresh_database()));
        Arc::clone(STORE.get_or_init(open))
    }
}

/// Patient: the machine that tests run on may be busy.
fn opened(url: &str) -> Arc<dyn JournalStore> {
    let config = JournalConfig {
        timeout: Duration::from_secs(60),
        ..JournalConfig::of(url.parse().unwrap())
    };
    RUNTIME
        .block_on(connect(&config, &JournalMetrics::default()))
        .unwrap()
}
