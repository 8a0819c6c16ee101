//! The queue comes to the SCU that it is switched to (case 0x0018). Any failure is an error, after which the queue is as
//! before, and the receipt may be sent again.

use super::plan::Switch;
use super::{attach, tell_attached};
use crate::queue::cases::initial_operation::Preparation;
use crate::queue::work::{CaseError, Verdict, Work};

const NAME: &str = "Finish-SCU-switch receipt";

/// Comes to the other SCU.
///
/// # Errors
/// When the receipt is not implicit or practice, no switch was begun, or the TSE does not do its part.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.require_implicit(NAME)?;
    work.forbid_training()?;
    let in_use = work.state.queue_de.scu;
    let switch = Switch::initiated(work).await?;
    let switch = switch.filter(|switch| in_use.is_none_or(|scu| scu == switch.target));
    let switch = switch.ok_or_else(|| {
        CaseError::Refused(
            "The SCU switch must be initiated with a initiate-scu-switch receipt before it can be finished."
                .to_owned(),
        )
    })?;
    work.turn_to(switch.target);
    let attached = attach(work, Preparation::Full).await?;
    Ok(tell_attached(work, switch, &attached))
}
