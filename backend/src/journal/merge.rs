//! What a configuration changes in a queue that exists already (`fiscal-spec.md` 2.4, rules 1 to 6).
//!
//! Pure: a store reads what is there, asks here, and writes the answer. Every row that is written gets the moment
//! of writing as its `TimeStamp`, so an older configuration never wins. That moment is never before the newest row of
//! the queue, whatever the clock of the pod says.

use shared::clock::Ticks;

use super::entry::{ActionJournalRow, Change, MasterDataJson, QueueDeRow, QueueRow, QueueSeed, ScuRow};
use super::fence::StoredQueue;

/// Type of the action journal that marks a queue whose migration was started (`fiscal-spec.md` 4.11).
pub(crate) const MIGRATION_STARTED: &str = "4445000100000019";

/// What is stored when a queue is opened.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// The queue; claimed, and perhaps opened before.
    pub(super) queue: StoredQueue,
    /// Its German part, if it was opened before.
    pub(super) queue_de: Option<QueueDeRow>,
    /// The SCUs that it knows.
    pub(super) scus: Vec<ScuRow>,
    /// Its master data.
    pub(super) master_data: Option<MasterDataJson>,
    /// Whether its last receipt started a migration.
    pub(super) in_migration: bool,
    /// When its newest action was journaled, if there is one.
    pub(super) newest_action: Option<Ticks>,
}

/// What is to be stored, and loaded, after the merge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Merged {
    pub(super) queue: StoredQueue,
    pub(super) queue_de: QueueDeRow,
    pub(super) scus: Vec<ScuRow>,
    pub(super) master_data: Option<MasterDataJson>,
    /// The moment of writing, and the newest of the queue.
    pub(super) latest: Ticks,
    /// What has to be written besides queue and German part.
    pub(super) changes: Vec<Change>,
}

/// Merges a configuration into what is stored.
pub(super) fn merge(stored: Stored, seed: &QueueSeed, at: Ticks) -> Merged {
    let newest_action = stored.newest_action.unwrap_or_default();
    let newest = stored.queue.row.time_stamp.max(newest_action);
    let at = at.max(newest);
    let cashbox_before = stored.queue.cashbox_time_stamp;
    let cashbox_was_older = cashbox_before.is_some_and(|before| before < seed.cashbox_time_stamp);
    let (master_data, new_master_data) = master_data(stored.master_data, seed, cashbox_before);
    let queue = queue(stored.queue, seed, at);
    let queue_de = queue_de(stored.queue_de, &queue, seed, at);
    let (scus, new_scus) = scus(stored.scus, seed, cashbox_was_older, at);
    let started = (!stored.in_migration).then(|| started(seed, newest, at));
    let changes = new_scus
        .into_iter()
        .map(Change::PutScu)
        .chain(new_master_data.map(Change::PutMasterData))
        .chain(started.map(Change::AddActionJournal))
        .collect();
    Merged {
        queue,
        queue_de,
        scus,
        master_data,
        latest: at,
        changes,
    }
}

/// Rule 2: only together with the first cashbox row. Later changes come with closing receipts.
fn master_data(
    stored: Option<MasterDataJson>,
    seed: &QueueSeed,
    cashbox_before: Option<Ticks>,
) -> (Option<MasterDataJson>, Option<MasterDataJson>) {
    match (cashbox_before, &seed.master_data) {
        (None, Some(configured)) => (Some(configured.clone()), Some(configured.clone())),
        _ => (stored, None),
    }
}

/// Rules 1 and 3. Counters, hash and start of an existing queue are the database's alone.
fn queue(mut stored: StoredQueue, seed: &QueueSeed, at: Ticks) -> StoredQueue {
    match stored.cashbox_time_stamp {
        None => {
            stored.cashbox_time_stamp = Some(at);
            stored.row = QueueRow {
                queue: stored.row.queue,
                time_stamp: at,
                ..seed.queue.clone()
            };
            stored.settled_row = stored.row.queued_row;
            return stored;
        }
        Some(before) if before < seed.cashbox_time_stamp => stored.cashbox_time_stamp = Some(at),
        Some(_) => {}
    }
    if stored.row.time_stamp < seed.queue.time_stamp {
        if stored.row.country_code.is_empty() {
            stored.row.country_code.clone_from(&seed.queue.country_code);
        }
        stored.row.stop_moment = stored.row.stop_moment.or(seed.queue.stop_moment);
        stored.row.cashbox = seed.queue.cashbox;
        stored.row.time_stamp = at;
    }
    stored
}

/// Rule 4: a queue in operation keeps its SCU; changing it takes the receipts of an SCU switch.
fn queue_de(stored: Option<QueueDeRow>, queue: &StoredQueue, seed: &QueueSeed, at: Ticks) -> QueueDeRow {
    let Some(mut stored) = stored else {
        return QueueDeRow {
            time_stamp: at,
            ..seed.queue_de.clone()
        };
    };
    if stored.time_stamp < seed.queue_de.time_stamp && stored.scu != seed.queue_de.scu {
        if queue.row.start_moment.is_none() {
            stored.scu = seed.queue_de.scu;
            stored.time_stamp = at;
        } else {
            tracing::error!(
                queue.id = %queue.row.queue,
                stored = ?stored.scu,
                configured = ?seed.queue_de.scu,
                "the configuration names another SCU for a queue in operation: ignored, it takes an SCU switch"
            );
        }
    }
    stored
}

/// Rule 5: all SCUs after the merge, and those of them that have to be written.
fn scus(
    stored: Vec<ScuRow>,
    seed: &QueueSeed,
    cashbox_was_older: bool,
    at: Ticks,
) -> (Vec<ScuRow>, Vec<ScuRow>) {
    let mut all = stored;
    let mut written = Vec::new();
    for configured in &seed.scus {
        let known = all.iter_mut().find(|known| known.scu == configured.scu);
        let merged = match known {
            Some(known) if known.time_stamp < configured.time_stamp || cashbox_was_older => {
                take_configured(known, configured, at);
                known.clone()
            }
            Some(_) => continue,
            None => {
                let new = ScuRow {
                    time_stamp: at,
                    ..configured.clone()
                };
                all.push(new.clone());
                new
            }
        };
        written.push(merged);
    }
    all.sort_by_key(|scu| scu.scu);
    (all, written)
}

/// What the TSE said of itself is kept.
fn take_configured(known: &mut ScuRow, configured: &ScuRow, at: Ticks) {
    if configured.url.as_ref().is_some_and(|url| !url.is_empty()) {
        known.url.clone_from(&configured.url);
    }
    known.mode = configured.mode;
    known
        .mode_configuration_json
        .clone_from(&configured.mode_configuration_json);
    known.time_stamp = at;
}

/// Rule 6.
fn started(seed: &QueueSeed, newest: Ticks, at: Ticks) -> ActionJournalRow {
    ActionJournalRow {
        moment: seed.started.moment.max(newest),
        time_stamp: at,
        ..seed.started.clone()
    }
}
