//! Is everything all right; and if it was not, makes it so (case 0x0002, 4.7). The way out of failed mode.

/// Tells the TSE what it missed.
pub mod recovery;

use shared::api::signature_item::SignatureItem;

use super::mark_training;
use crate::queue::notes::{self, Note};
use crate::queue::receipt_case::{SELF_TEST_OR_CLIENT_ONLY, TAR_DOWNLOAD, TSE_INFO};
use crate::queue::work::{CaseError, Verdict, Work};
use crate::queue::{export, signatures, state_data};

const NAME: &str = "Zero receipt";

/// Signs a zero receipt, recovers from failed mode, closes a series of late entries; exports the TSE's log at last,
/// even when the TSE failed before.
///
/// # Errors
/// When it is not implicit, or the TSE does not do its part.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.require_implicit(NAME)?;
    let verdict = sign(work).await;
    if work.case.has(TAR_DOWNLOAD) {
        export::tar(work).await;
    }
    verdict
}

async fn sign(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let certification = work.certification().await?;
    let data = work.process_data.clone();
    let signed = work.sign(&data).await?;
    let items = signatures::transaction(&signed, &certification, work.options.optional_mark);
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    if work.queue_de.sscd_fail_count > 0 {
        verdict.signatures.extend(recovery::recover(work).await?);
    }
    if work.queue_de.used_failed_count > 0 {
        verdict.signatures.push(close_late_entries(work));
    }
    if work.case.has(TSE_INFO) {
        let info = work.fresh_tse_info().await?;
        verdict.state_data = Some(state_data::with_open_transactions(work, &info));
    }
    if work.case.has(SELF_TEST_OR_CLIENT_ONLY) {
        work.scu.self_test().await?;
    }
    mark_training(work, &mut verdict);
    note_processed(work);
    Ok(verdict)
}

/// Reports how many late entries there were, and begins to count anew.
fn close_late_entries(work: &mut Work<'_>) -> SignatureItem {
    let now = work.now();
    let counted = &mut work.queue_de;
    let from = counted.used_failed_moment_min.take().unwrap_or(now);
    let to = counted.used_failed_moment_max.take().unwrap_or(now);
    let count = std::mem::take(&mut counted.used_failed_count);
    counted.used_failed_queue_item = None;
    let caption = format!(
        "Ausfallsnacherfassung abgeschlossen am {}.",
        work.options.culture.moment(now)
    );
    let data = format!(
        "{count} Aktionen im Zeitraum von {} bis {}",
        work.options.culture.moment(from),
        work.options.culture.moment(to)
    );
    work.note(report(&caption, &data));
    signatures::note(caption, data)
}

/// A note that must be reported: what the receipt prints, on one line.
fn report(caption: &str, data: &str) -> Note {
    Note {
        priority: notes::TO_REPORT,
        kind: "4445000000000002-String".to_owned(),
        message: format!("{caption} {data}"),
        data_json: None,
    }
}

fn note_processed(work: &mut Work<'_>) {
    let asked = work.case.has(TSE_INFO);
    let info = work.tse_info.as_ref().filter(|_| asked);
    let data = info.map_or_else(|| r#"{"TseInfo":null}"#.to_owned(), state_data::tse_info);
    work.note(Note {
        priority: notes::TO_REPORT,
        kind: "2".to_owned(),
        message: "Zero receipt was processed.".to_owned(),
        data_json: Some(data),
    });
}
