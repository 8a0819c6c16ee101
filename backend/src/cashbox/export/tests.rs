//! A simulated TSE, a journal in memory, and what goes wrong between them.

use std::io::Read as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::clock::{MachineClock, Ticks};
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Incarnation, QueueId, QueueItemId, ScuId};
use uuid::Uuid;

use super::*;
use crate::journal::entry::{JournalKind, JournalQuery, JournalRange, JournalRows};
use crate::journal::history::ClaimReason;
use crate::journal::in_memory::InMemoryJournal;
use crate::scu::simulator::script::{Effect, OperationKind, Rule};
use crate::scu::simulator::{Config as SimulatorConfig, Simulators, Traits};
use crate::scu::types::{StartTransaction, TransactionIdentity};

const SCU: ScuId = ScuId::from_u128(1);
const QUEUE: QueueId = QueueId::from_u128(1);
const NOW: Ticks = Ticks(640_659_828_306_000_000);

/// A TSE with one open transaction in its log, and a journal.
struct Stand {
    simulators: Simulators,
    tse: Arc<dyn Scu>,
    journal: InMemoryJournal,
    tenure: Tenure,
    places: Semaphore,
}

async fn stand() -> Stand {
    let clock = Arc::new(MachineClock::default());
    let simulators = Simulators::new(SimulatorConfig::default(), clock).unwrap();
    let tse = Arc::new(simulators.open(SCU, Traits::default()));
    tse.register_client("K").await.unwrap();
    let journal = InMemoryJournal::default();
    let tenure = claim(&journal).await;
    Stand {
        simulators,
        tse,
        journal,
        tenure,
        places: Semaphore::new(1),
    }
}

async fn claim(journal: &InMemoryJournal) -> Tenure {
    let pod = PodId {
        name: "pod".parse().unwrap(),
        incarnation: Incarnation::random(),
    };
    let claim = journal.claim(
        QUEUE,
        CashBoxId::from_u128(1),
        &pod,
        ClaimReason::Reserved,
        Ticks(1),
    );
    claim.await.unwrap().tenure
}

impl Stand {
    async fn sign(&self) {
        let identity = TransactionIdentity {
            item: QueueItemId::random(),
            step: 0,
        };
        let start = StartTransaction {
            identity,
            client_id: "K".to_owned(),
            is_retry: false,
        };
        self.tse.start_transaction(start).await.unwrap();
    }

    async fn export(&self, bytes_max: u64) -> Result<Exported, ExportError> {
        self.export_as(Uuid::from_u128(7), bytes_max).await
    }

    async fn export_as(&self, id: Uuid, bytes_max: u64) -> Result<Exported, ExportError> {
        let exporting = Exporting {
            config: Config {
                bytes_max,
                within: Duration::from_secs(60),
            },
            places: &self.places,
            journal: &self.journal,
            tenure: &self.tenure,
            tse: &*self.tse,
        };
        let order = ExportOrder {
            id,
            item: QueueItemId::from_u128(1),
            since: NOW,
            number: 5,
            file_name: "day".to_owned(),
            time_stamp: NOW,
        };
        keep(&exporting, order).await
    }

    async fn rows(&self) -> Vec<JournalDeRow> {
        let query = JournalQuery {
            kind: JournalKind::De,
            range: JournalRange::From(Ticks(0)),
            after: None,
            limit: 10,
        };
        match self.journal.read(QUEUE, &query).await.unwrap().rows {
            JournalRows::De(rows) => rows,
            other => panic!("asked for exports, got {other:?}"),
        }
    }

    fn script(&self, effect: Effect, times: u32) {
        self.simulators.script(SCU).push(Rule {
            operation: OperationKind::Export,
            effect,
            delay_ms: 0,
            times: Some(times),
        });
    }
}

/// Names of the files in the only TAR of a kept ZIP.
fn files_in(row: &JournalDeRow) -> Vec<String> {
    let zip = BASE64.decode(&row.content_base64).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    assert_eq!(zip.len(), 1);
    let mut file = zip.by_index(0).unwrap();
    assert_eq!(file.name().unwrap(), "day.tar");
    let mut tar = Vec::new();
    file.read_to_end(&mut tar).unwrap();
    let mut archive = tar::Archive::new(&tar[..]);
    let entries = archive.entries().unwrap();
    let name =
        |entry: std::io::Result<tar::Entry<'_, _>>| entry.unwrap().path().unwrap().display().to_string();
    entries.map(name).collect()
}

const ENOUGH: u64 = 1 << 20;

#[tokio::test]
async fn an_export_is_a_zip_with_the_one_tar_and_its_number() {
    let stand = stand().await;
    stand.sign().await;
    assert_eq!(
        stand.export(ENOUGH).await.unwrap(),
        Exported::Left,
        "a transaction is open"
    );
    let rows = stand.rows().await;
    let [row] = &rows[..] else {
        panic!("one row: {rows:?}")
    };
    assert_eq!(
        (row.number, &*row.file_name, &*row.file_extension),
        (5, "day", ".zip")
    );
    let files = files_in(row);
    assert!(
        files[0] == "info.csv" && files[1].contains("_No-1_Start_Client-K"),
        "{files:?}"
    );
}

#[tokio::test]
async fn what_was_kept_is_erased_and_the_next_export_begins_after_it() {
    let stand = stand().await;
    assert_eq!(stand.export(ENOUGH).await.unwrap(), Exported::Erased);
    stand.sign().await;
    stand.export_as(Uuid::from_u128(8), ENOUGH).await.unwrap();
    let rows = stand.rows().await;
    assert_eq!(
        rows.iter().map(|row| files_in(row).len()).collect::<Vec<_>>(),
        [1, 2]
    );
}

#[tokio::test]
async fn an_attempt_that_was_kept_before_is_not_exported_again() {
    let stand = stand().await;
    stand.export(ENOUGH).await.unwrap();
    stand.script(Effect::Unreachable, 1);
    assert_eq!(stand.export(ENOUGH).await.unwrap(), Exported::Unknown);
    assert_eq!(stand.rows().await.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_at_the_end_keeps_the_row() {
    let stand = stand().await;
    stand.sign().await;
    // Start, data; then the end.
    for effect in [Effect::Delay, Effect::Delay, Effect::SignAndLoseAnswer] {
        stand.script(effect, 1);
    }
    assert_eq!(stand.export(ENOUGH).await.unwrap(), Exported::Unknown);
    assert_eq!(stand.rows().await.len(), 1);
}

#[tokio::test]
async fn a_part_that_is_lost_keeps_nothing_and_erases_nothing() {
    let stand = stand().await;
    stand.sign().await;
    for effect in [Effect::Delay, Effect::SignAndLoseAnswer] {
        stand.script(effect, 1);
    }
    assert!(matches!(stand.export(ENOUGH).await, Err(ExportError::Tse(_))));
    assert_eq!(stand.rows().await, []);
    stand.export(ENOUGH).await.unwrap();
    assert_eq!(
        files_in(&stand.rows().await[0]).len(),
        2,
        "the log is still whole"
    );
}

#[tokio::test]
async fn a_tse_that_collects_its_log_is_asked_again_until_it_gives_it() {
    let stand = stand().await;
    stand.simulators.script(SCU).push(Rule {
        operation: OperationKind::Collect,
        effect: Effect::Delay,
        delay_ms: 300,
        times: None,
    });
    stand.sign().await;
    stand.export(ENOUGH).await.unwrap();
    assert_eq!(files_in(&stand.rows().await[0]).len(), 2);
}

#[tokio::test]
async fn a_log_above_the_bound_is_left_to_the_tse() {
    let stand = stand().await;
    stand.sign().await;
    let error = stand.export(512).await.unwrap_err();
    assert!(
        matches!(error, ExportError::TooLarge { bytes_max: 512 }),
        "{error}"
    );
    assert_eq!(stand.rows().await, []);
}

#[tokio::test]
async fn a_superseded_pod_keeps_nothing_and_erases_nothing() {
    let stand = stand().await;
    stand.sign().await;
    let newer = claim(&stand.journal).await;
    let error = stand.export(ENOUGH).await.unwrap_err();
    assert!(
        matches!(error, ExportError::Journal(JournalError::Fenced { .. })),
        "{error}"
    );
    let successor = Stand {
        tenure: newer,
        ..stand
    };
    successor.export(ENOUGH).await.unwrap();
    assert_eq!(files_in(&successor.rows().await[0]).len(), 2);
}

#[tokio::test]
async fn a_zip_that_outgrows_memory_is_the_same_zip() {
    // Random bytes do not shrink, so the file is spooled; the checksum is that of what went in.
    use rand::RngCore as _;
    use sha2::Digest as _;
    let mut bytes = vec![0; 3 << 20];
    rand::rng().fill_bytes(&mut bytes);
    let mut packing = Packing::begin("day.tar").unwrap();
    for chunk in bytes.chunks(CHUNK_BYTES) {
        packing = packing.add(chunk.to_vec()).await.unwrap();
    }
    assert_eq!(packing.bytes(), bytes.len() as u64);
    let packed = packing.finish().await.unwrap();
    assert_eq!(packed.checksum, BASE64.encode(sha2::Sha256::digest(&bytes)));
    let zip = BASE64.decode(packed.zip_base64).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut unpacked = Vec::new();
    zip.by_index(0).unwrap().read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == bytes);
}
