//! A closing takes the TSE's log into the journal (`fiscal-spec.md` 4.10).
//!
//! ```text
//! keep nothing? ─ transactions open? ─ export → journal → erase ─ keep only what was erased, and it was not? ─▶ drop
//! ```
//!
//! No failure of it fails the receipt: the TSE still holds its log, and the next closing exports it again.

use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;
use uuid::{Builder, Uuid};

use super::site::{ExportError, ExportOrder, Exported};
use super::work::Work;

/// Which exports are kept (`TarFileExportMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepExports {
    /// Every one.
    #[default]
    All,
    /// None; nothing is exported.
    Nothing,
    /// Only those that the TSE has erased.
    Erased,
}

/// Characters that stand in no file name, besides control characters.
const NOT_IN_FILE_NAMES: [char; 9] = ['"', '<', '>', '|', ':', '*', '?', '\\', '/'];

/// Exports the TSE's log into the journal and lets the TSE erase it, as the configuration says. What goes wrong is
/// logged and fails nothing. Each call within a receipt keeps an export of its own.
pub async fn tar(work: &mut Work<'_>) {
    if let Err(error) = export(work).await {
        let (queue, item) = (work.state.queue.queue, work.item.item);
        tracing::error!(queue.id = %queue, queue_item.id = %item, error = &error as &dyn std::error::Error,
            "the TSE's log was not taken into the journal; the TSE keeps it");
    }
}

async fn export(work: &mut Work<'_>) -> Result<(), ExportError> {
    let only_erased = match work.options.keep_exports {
        KeepExports::Nothing => return Ok(()),
        KeepExports::All => false,
        KeepExports::Erased => true,
    };
    // A TSE erases nothing while a transaction is open.
    if only_erased && work.scu.tse_info().await?.current_number_of_started_transactions > 0 {
        return Ok(());
    }
    let order = order(work);
    let (id, time_stamp) = (order.id, order.time_stamp);
    let exported = work.site.export(&*work.scu, order).await?;
    let wanted = match exported {
        Exported::Erased | Exported::Unknown => true,
        Exported::Left => !only_erased,
        Exported::Invalid => false,
    };
    if !wanted {
        let queue = work.state.queue.queue;
        tracing::warn!(queue.id = %queue, ?exported, "an export of the TSE is not kept; the TSE still has it");
        work.dropped_exports.push((id, time_stamp));
    }
    Ok(())
}

fn order(work: &mut Work<'_>) -> ExportOrder {
    let nth = work.exports;
    work.exports += 1;
    let time_stamp = work.now();
    ExportOrder {
        id: id(work, nth),
        item: work.item.item,
        since: work.item.queue_moment,
        number: work.state.queue.receipt_numerator + 1,
        file_name: file_name(time_stamp, work.client_id()),
        time_stamp,
    }
}

/// The receipt's n-th export: worked on again after a crash, it is known by this.
fn id(work: &Work<'_>, nth: u32) -> Uuid {
    let mut hash = Sha256::new();
    hash.update("ftJournalDE");
    hash.update(work.item.item.as_u128().to_be_bytes());
    hash.update(nth.to_be_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    let half = bytes.first_chunk().expect("16 of 32 bytes");
    Builder::from_custom_bytes(*half).into_uuid()
}

/// `yyyyMMddhhmmssfff` with the original's twelve hours, and the register. In UTC, which is the local time of a pod.
fn file_name(at: Ticks, identification: &str) -> String {
    let time = at.to_timestamp().unwrap_or_default().strftime("%Y%m%d%I%M%S%3f");
    let allowed = |letter: &char| !letter.is_control() && !NOT_IN_FILE_NAMES.contains(letter);
    let register: String = identification.chars().filter(allowed).collect();
    format!("{time}_{register}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::api::moment;

    #[test]
    fn the_file_name_counts_hours_to_twelve_and_leaves_out_what_no_file_may_be_named() {
        let at = moment::parse("2031-03-04T17:05:06.789Z").unwrap().ticks;
        assert_eq!(file_name(at, "Kasse/1: ä"), "20310304050506789_Kasse1 ä");
        let midnight = moment::parse("2031-03-04T00:00:00Z").unwrap().ticks;
        assert_eq!(file_name(midnight, "K"), "20310304120000000_K");
    }
}
