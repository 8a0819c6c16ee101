//! The TSE's log into the journal, in an order that loses nothing whenever the pod dies (`fiscal-spec.md` 4.10).
//!
//! ```text
//! kept by an earlier attempt? ─ yes ─▶ that is it; what the TSE still holds comes with the next export
//!   └ no ─ start ─ fetch, pack as it comes ─ journal ─ end: the TSE compares and erases ─▶ what became of it
//!            └────────── failure: nothing was erased ─┘
//! ```
//!
//! It takes as long as the TSE takes, inside of one receipt. Nothing else of the pod waits for it: a large log goes to a
//! temporary file, packing it has threads of its own, and its row is written on a connection of its own. The task is
//! woken at least once a second, so the watchdog sees that it lives; every wait has a bound.

/// A TAR becomes a ZIP while it comes.
mod packing;

use std::pin::pin;
use std::time::Duration;

use shared::env::{Faults, Setting, Settings};
use shared::sabotage;
use tokio::sync::Semaphore;

use crate::journal::entry::JournalDeRow;
use crate::journal::{JournalError, JournalStore};
use crate::ownership::tenure::Tenure;
use crate::queue::site::{ExportError, ExportOrder, Exported};
use crate::scu::types::{ExportChunk, ExportScope, ExportSession};
use crate::scu::{Scu, ScuError};
use packing::{Packed, Packing};

/// How large a TSE's log may be.
pub const MEGABYTES_MAX: Setting = Setting::plain(
    "Byodc__Export__MegabytesMax",
    "1024",
    "megabytes (MiB) of a TSE's log that a closing takes into the journal at the most, 1 to 2000; a larger one is \
     logged and left to the TSE",
);
/// How long a TSE may take.
pub const MINUTES_MAX: Setting = Setting::plain(
    "Byodc__Export__MinutesMax",
    "60",
    "minutes that a TSE may take to hand over its log during a closing, 1 to 1440; then the closing goes on without it",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[MEGABYTES_MAX, MINUTES_MAX];

/// Exports of one pod that are turned into a row at the same time: such a row is held in memory.
pub const ROWS_AT_ONCE: usize = 4;
/// Asked for at once (4.10).
const CHUNK_BYTES: usize = 1 << 20;
/// While the TSE is still collecting its log, it is asked again after this …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … then after half as much again each time, and at the latest after this (4.10).
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often a cashbox that waits for something long is woken.
const BEAT: Duration = Duration::from_secs(1);

/// How large a TSE's log may be, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Export__MegabytesMax`, in bytes.
    pub bytes_max: u64,
    /// `Byodc__Export__MinutesMax`.
    pub within: Duration,
}

impl Config {
    /// Reads how large a TSE's log may be, and how long it may take.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        Self {
            bytes_max: settings.number(&MEGABYTES_MAX, 1..=2000, faults) << 20,
            within: Duration::from_secs(60 * settings.number(&MINUTES_MAX, 1..=1440, faults)),
        }
    }
}

/// What an export is done with.
pub(super) struct Exporting<'a> {
    pub(super) config: Config,
    /// [`ROWS_AT_ONCE`].
    pub(super) places: &'a Semaphore,
    pub(super) journal: &'a dyn JournalStore,
    pub(super) tenure: &'a Tenure,
    pub(super) tse: &'a dyn Scu,
}

/// Exports everything that the TSE holds, keeps it, and lets the TSE erase it.
///
/// # Errors
/// When it is not kept; then nothing was erased.
pub(super) async fn keep(exporting: &Exporting<'_>, order: ExportOrder) -> Result<Exported, ExportError> {
    if exporting.is_kept(&order).await.map_err(ExportError::Journal)? {
        return Ok(Exported::Unknown);
    }
    let scope = ExportScope::All {
        client_id: String::new(),
        erase: true,
    };
    let session = exporting.tse.start_export(scope).await?;
    match exporting.fetch_and_keep(&session, order).await {
        Ok(checksum) => Ok(exporting.end(&session, &checksum).await),
        Err(error) => {
            exporting.abandon(&session, &error).await;
            Err(error)
        }
    }
}

impl Exporting<'_> {
    async fn is_kept(&self, order: &ExportOrder) -> Result<bool, JournalError> {
        let queue = self.tenure.queue();
        self.journal.has_export(queue, order.id, order.since).await
    }

    /// From the first byte to a durable row; answers the TAR's checksum.
    async fn fetch_and_keep(
        &self,
        session: &ExportSession,
        order: ExportOrder,
    ) -> Result<String, ExportError> {
        let within = self.config.within;
        let packing = tokio::time::timeout(within, self.fetch(session, &order.file_name));
        let packing = packing.await.map_err(|_| ExportError::TooSlow { within })??;
        // Past this point the row is in memory; who waits for a place waits for a few rows to be written.
        let _place = beating(self.places.acquire()).await;
        let Packed { zip_base64, checksum } = packing.finish().await.map_err(ExportError::Packing)?;
        beating(self.write(order, zip_base64)).await?;
        sabotage::point("export-kept", self.tenure.cashbox()).await;
        Ok(checksum)
    }

    async fn fetch(&self, session: &ExportSession, file_name: &str) -> Result<Packing, ExportError> {
        let tar = format!("{file_name}.tar");
        let mut packing = Packing::begin(&tar).map_err(ExportError::Packing)?;
        let mut pause = FIRST_PAUSE;
        loop {
            let chunk = self.tse.export_data(&session.token, CHUNK_BYTES).await?;
            let ExportChunk {
                bytes,
                end_of_file,
                total_bytes,
            } = chunk;
            let received = packing.bytes() + bytes.len() as u64;
            let bytes_max = self.config.bytes_max;
            if received.max(total_bytes.unwrap_or_default()) > bytes_max {
                return Err(ExportError::TooLarge { bytes_max });
            }
            let came = !bytes.is_empty();
            packing = packing.add(bytes).await.map_err(ExportError::Packing)?;
            if end_of_file {
                return whole(packing, total_bytes);
            }
            if came {
                pause = FIRST_PAUSE;
            } else {
                beating(tokio::time::sleep(pause)).await;
                pause = (pause * 3 / 2).min(PAUSE_MAX);
            }
        }
    }

    async fn write(&self, order: ExportOrder, zip_base64: String) -> Result<(), ExportError> {
        let row = JournalDeRow {
            id: order.id,
            number: order.number,
            file_name: order.file_name.clone(),
            file_extension: ".zip".to_owned(),
            content_base64: zip_base64,
            item: order.item,
            time_stamp: order.time_stamp,
        };
        match self.journal.keep_export(self.tenure, row).await {
            Err(unknown @ JournalError::OutcomeUnknown { .. }) => match self.is_kept(&order).await {
                Ok(true) => Ok(()),
                _ => Err(ExportError::Journal(unknown)),
            },
            written => written.map_err(ExportError::Journal),
        }
    }

    /// The row is durable: the TSE compares what was received with what it sent, and erases it.
    async fn end(&self, session: &ExportSession, checksum: &str) -> Exported {
        match self.tse.end_export(&session.token, checksum, true).await {
            Ok(end) if !end.is_valid => Exported::Invalid,
            Ok(end) if end.is_erased => Exported::Erased,
            Ok(_) => Exported::Left,
            Err(error) => {
                tracing::warn!(cashbox.id = %self.tenure.cashbox(), %error,
                    "an export of the TSE is kept, and the TSE did not say whether it has erased it");
                Exported::Unknown
            }
        }
    }

    /// Ends a session of which nothing was kept, so that the TSE need not hold it. One that failed at the TSE ends there.
    async fn abandon(&self, session: &ExportSession, error: &ExportError) {
        if matches!(error, ExportError::Tse(_)) {
            return;
        }
        let ended: Result<_, ScuError> = self.tse.end_export(&session.token, "", false).await;
        tracing::debug!(cashbox.id = %self.tenure.cashbox(), ?ended, "an export of the TSE was given up");
    }
}

/// What came, if it is all that the TSE had spoken of.
fn whole(packing: Packing, promised: Option<u64>) -> Result<Packing, ExportError> {
    // Some units say 0 where they do not know (5.4).
    let promised = promised.filter(|promised| *promised > 0);
    let received = packing.bytes();
    match promised {
        Some(promised) if promised != received => Err(ExportError::Cut { received, promised }),
        _ => Ok(packing),
    }
}

/// Waits for something that has a bound of its own, and wakes the task meanwhile.
async fn beating<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Ok(done) = tokio::time::timeout(BEAT, &mut work).await {
            return done;
        }
    }
}

#[cfg(test)]
mod tests;
