//! Puts a queue into operation (case 0x0003, 4.5). Any failure is an error, after which the queue is as new as
//! before and the receipt may be sent again.

use super::notification::{Direction, Notification};
use crate::queue::failed_mode;
use crate::queue::notes::{self, Note};
use crate::queue::receipt_case::{ReceiptCase, SELF_TEST_OR_CLIENT_ONLY};
use crate::queue::state::Life;
use crate::queue::work::{CaseError, Verdict, Work};
use crate::queue::{signatures, state_data};
use crate::scu::types::TseState;

const NAME: &str = "Initial-operation receipt";
const NOT_INITIALIZED: &str = "TSE device is not in awaited lifecycle state 'Initialized'. Can not process 'Initial \
                               Operations Receipt'.";

/// Puts a new queue into operation; tells of one that is or was.
///
/// # Errors
/// When the receipt is not implicit or practice, or the TSE does not do its part.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.require_implicit(NAME)?;
    work.forbid_training()?;
    match work.state.life() {
        Life::New => activate(work).await,
        Life::Active => tell_active(work).await,
        Life::Deactivated => Ok(tell_deactivated(work)),
    }
}

async fn activate(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    prepare_tse(work, Preparation::as_asked(work.case)).await?;
    let certification = work.certification().await?;
    let data = work.process_data.clone();
    let signed = work.sign(&data).await?;
    let mut items = signatures::transaction(&signed, &certification, work.options.optional_mark);
    let info = work.fresh_tse_info().await?;
    let notification = Notification::of(work, Some(&info), Direction::Start);
    items.push(signatures::note(notification.name(), notification.identities()));
    items.push(signatures::notification(
        notification.caption(),
        notification.json(),
    ));
    work.life_change.started = Some(work.now());
    work.note(Note {
        priority: notes::TO_REPORT,
        kind: "4445000000000003-ActivateQueueSCU".to_owned(),
        message: notification.caption(),
        data_json: Some(notification.json()),
    });
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    verdict.state_data = Some(state_data::tse_info(&info));
    Ok(verdict)
}

/// How far a TSE is prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preparation {
    /// It is brought to life, and the register made known to it.
    Full,
    /// It lives already.
    ClientOnly,
}

impl Preparation {
    /// As the flag of a receipt says.
    pub(super) fn as_asked(case: ReceiptCase) -> Self {
        if case.has(SELF_TEST_OR_CLIENT_ONLY) {
            Self::ClientOnly
        } else {
            Self::Full
        }
    }
}

/// Brings the TSE to life, unless only the client is to be registered, and makes the register known to it.
pub(super) async fn prepare_tse(work: &mut Work<'_>, preparation: Preparation) -> Result<(), CaseError> {
    if preparation == Preparation::Full {
        work.scu.set_tse_state(TseState::Initialized).await?;
    }
    let info = work.fresh_tse_info().await?;
    if info.current_state != TseState::Initialized {
        return Err(CaseError::Refused(NOT_INITIALIZED.to_owned()));
    }
    work.scu.register_client(work.client_id()).await?;
    Ok(())
}

/// The queue is in operation: the receipt is signed as any other and changes nothing.
async fn tell_active(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let certification = work.certification().await?;
    let data = work.process_data.clone();
    let signed = work.sign(&data).await?;
    let queue = work.state.queue.queue;
    work.note(Note::plain(format!(
        "Queue {queue} is activated, initial-operations-receipt can not be executed."
    )));
    let items = signatures::transaction(&signed, &certification, work.options.optional_mark);
    Ok(Verdict::signed(signed.finished.transaction_number, items))
}

/// The queue is out of operation for good.
fn tell_deactivated(work: &mut Work<'_>) -> Verdict {
    let queue = work.state.queue.queue;
    work.note(Note::plain(format!(
        "Queue {queue} is de-activated, initial-operations-receipt can not be executed."
    )));
    failed_mode::process(work)
}
