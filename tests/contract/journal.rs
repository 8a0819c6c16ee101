//! What every journal store promises: one suite over SQLite, MariaDB, PostgreSQL, the memory, and the original's own
//! tables in MariaDB.

/// The stores, and a fresh database for each test.
mod stand;
/// A cashbox that writes: rows as a queue engine would make them.
mod till;

/// Claims and fencing.
mod claims;
/// The history of ownership.
mod history;
/// Intents and entries.
mod writes;
/// Exports of the TSE.
mod exports;
/// Opening: merge rules, interrupted intents.
mod opening;
/// Looking receipts up, pages.
mod reading;
/// Items by id, and how a queue stands to its TSE.
mod accounts;
/// Texts, numbers and sizes that must survive.
mod values;
/// Two pods, groups.
mod together;
/// The original's own tables: found as it would find them, continued after it has written, given back.
mod original;
/// Chains whose end somebody has spoiled.
mod chain_end;
/// Databases that go away, or belong to a newer build.
mod faults;

/// Runs each promise against each store, as a test of its own.
macro_rules! on_every_store {
    ($($promise:ident),* $(,)?) => {
        crate::journal::on_own_tables!($($promise),*);
        mod maria_db_in_place { $(#[tokio::test(flavor = "multi_thread")] async fn $promise() { crate::ends(crate::journal::stand::in_place(super::$promise)).await } )* }
    };
}
use on_every_store;

/// Runs each promise against each store with tables of ours: what the original's columns have no room for.
macro_rules! on_own_tables {
    ($($promise:ident),* $(,)?) => {
        mod in_memory { $(#[tokio::test(flavor = "multi_thread")] async fn $promise() { crate::ends(async { super::$promise(crate::journal::stand::Stand::in_memory()).await }).await } )* }
        mod sqlite { $(#[tokio::test(flavor = "multi_thread")] async fn $promise() { crate::ends(async { super::$promise(crate::journal::stand::Stand::sqlite()).await }).await } )* }
        mod maria_db { $(#[tokio::test(flavor = "multi_thread")] async fn $promise() { crate::ends(async { super::$promise(crate::journal::stand::Stand::maria_db().await).await }).await } )* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread")] async fn $promise() { crate::ends(async { super::$promise(crate::journal::stand::Stand::postgres().await).await }).await } )* }
    };
}
use on_own_tables;
