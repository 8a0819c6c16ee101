//! The queue goes back to the SCU that it left (case 0x0017 with the void flag). Forced, it goes back even when that
//! one's TSE does not answer.

use super::notification::{End, Notification};
use super::plan::Switch;
use super::{attach, note_attached, tell_attached};
use crate::queue::cases::initial_operation::Preparation;
use crate::queue::receipt_case::FORCE;
use crate::queue::work::{CaseError, READY, Verdict, Work};

const NAME: &str = "Initiate-SCU-switch receipt";

/// Goes back.
///
/// # Errors
/// When the receipt is not implicit or practice, no switch is in progress, or the TSE does not do its part and the
/// receipt does not force it; then the queue is still without an SCU, and the receipt may be sent again.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.require_implicit(NAME)?;
    work.forbid_training()?;
    let left = Switch::initiated(work)
        .await?
        .filter(|_| work.state.queue_de.scu.is_none());
    let left = left.ok_or_else(|| {
        CaseError::Refused(
            "The SCU switch can't be voided because it is not in progress: no initiate-scu-switch receipt came before."
                .to_owned(),
        )
    })?;
    let back = Switch {
        source: left.source,
        target: left.source,
    };
    work.turn_to(back.target);
    match attach(work, Preparation::as_asked(work.case)).await {
        Ok(attached) => Ok(tell_attached(work, back, &attached)),
        Err(error) if work.case.has(FORCE) => Ok(tell_forced(work, back, &error)),
        Err(error) => Err(error),
    }
}

fn tell_forced(work: &mut Work<'_>, back: Switch, error: &CaseError) -> Verdict {
    let (queue, item) = (work.state.queue.queue, work.item.item);
    tracing::warn!(queue.id = %queue, queue_item.id = %item, %error, "the queue is forced back to its SCU without its TSE");
    let notification = Notification::of(work, back, End::Target, None);
    note_attached(work, &notification);
    Verdict::unsigned(READY, vec![notification.item()])
}
