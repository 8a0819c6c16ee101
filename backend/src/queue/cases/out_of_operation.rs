//! Puts a queue out of operation, for good (case 0x0004, 4.6). A TSE that fails does not stop it: the queue ends, and
//! the receipt shows no signatures.

use super::export_unless_bypassed;
use super::notification::{Direction, Notification};
use crate::queue::notes::{self, Note};
use crate::queue::receipt_case::SELF_TEST_OR_CLIENT_ONLY;
use crate::queue::transaction::Signed;
use crate::queue::work::{CaseError, READY, Verdict, Work};
use crate::queue::{signatures, state_data};
use crate::scu::ScuError;
use crate::scu::types::{TseInfo, TseState};

const NAME: &str = "Out-of-operation receipt";

/// Ends the queue's life.
///
/// # Errors
/// When the receipt is not implicit or practice.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.require_implicit(NAME)?;
    work.forbid_training()?;
    let (verdict, notification) = match part_from_tse(work).await {
        Ok(parted) => tell(work, &parted),
        Err(error) => tell_without_tse(work, &error),
    };
    work.life_change.stopped = Some(work.now());
    work.note(Note {
        priority: notes::TO_REPORT,
        kind: "4445000000000004-DeactivateQueueSCU".to_owned(),
        message: notification.caption(),
        data_json: Some(notification.json()),
    });
    Ok(verdict)
}

/// What the TSE did at its last meeting with the queue.
pub(super) struct Parted {
    pub(super) signed: Signed,
    pub(super) certification: String,
    pub(super) info: TseInfo,
}

/// The receipt's transaction; then, whatever became of it, the export and the end of the TSE's service.
pub(super) async fn part_from_tse(work: &mut Work<'_>) -> Result<Parted, ScuError> {
    let signed = sign(work).await;
    export_unless_bypassed(work).await;
    let is_over = matches!(&signed, Ok(parted) if parted.info.current_state == TseState::Terminated);
    // It still signed: an earlier attempt at this very receipt came this far. A terminated TSE forgets nobody.
    if is_over {
        return signed;
    }
    let released = release(work).await;
    let parted = signed?;
    released?;
    Ok(parted)
}

async fn sign(work: &mut Work<'_>) -> Result<Parted, ScuError> {
    let certification = work.certification().await?;
    let data = work.process_data.clone();
    let signed = work.sign(&data).await?;
    let info = work.fresh_tse_info().await?;
    Ok(Parted {
        signed,
        certification,
        info,
    })
}

/// The TSE forgets the register and, unless only that was asked, ends its life. The latter cannot be undone.
async fn release(work: &mut Work<'_>) -> Result<(), ScuError> {
    work.scu.unregister_client(work.client_id()).await?;
    if !work.case.has(SELF_TEST_OR_CLIENT_ONLY) {
        work.scu.set_tse_state(TseState::Terminated).await?;
    }
    Ok(())
}

fn tell(work: &Work<'_>, parted: &Parted) -> (Verdict, Notification) {
    let Parted {
        signed,
        certification,
        info,
    } = parted;
    let notification = Notification::of(work, Some(info), Direction::Stop);
    let mut items = signatures::transaction(signed, certification, work.options.optional_mark);
    items.push(signatures::note(notification.name(), notification.identities()));
    items.push(signatures::stop_notification(
        notification.caption(),
        notification.json(),
    ));
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    verdict.state_data = Some(state_data::tse_info(info));
    (verdict, notification)
}

/// The authority is told what is known of the TSE.
fn tell_without_tse(work: &Work<'_>, error: &ScuError) -> (Verdict, Notification) {
    let (queue, item) = (work.state.queue.queue, work.item.item);
    tracing::warn!(queue.id = %queue, queue_item.id = %item, %error, "the queue is put out of operation without its TSE");
    let known = work.tse_info.as_ref().or(work.state.tse_info.as_ref());
    let notification = Notification::of(work, known, Direction::Stop);
    (Verdict::unsigned(READY, Vec::new()), notification)
}
