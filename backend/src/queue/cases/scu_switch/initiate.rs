//! The queue leaves its SCU (case 0x0017): right after a daily closing, to one that is set up to follow. A TSE that fails
//! does not keep it.

use serde::Deserialize;

use super::notification::{End, Notification};
use super::plan::{INITIATED, Switch};
use crate::queue::cases::export_unless_bypassed;
use crate::queue::cases::out_of_operation::{Parted, part_from_tse};
use crate::queue::notes::{self, Note};
use crate::queue::receipt_case::FORCE;
use crate::queue::work::{CaseError, READY, Verdict, Work};
use crate::queue::{signatures, state_data};
use crate::scu::ScuError;

const NAME: &str = "Initiate-SCU-switch receipt";
/// The action journal's types of a daily closing, without and with new master data (4.8).
const DAILY_CLOSINGS: [&str; 2] = ["4445000000000007", "4445000008000007"];

/// Leaves the SCU.
///
/// # Errors
/// When the receipt is not implicit or practice, does not follow a daily closing, or the SCUs are not set up for a switch.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.require_implicit(NAME)?;
    work.forbid_training()?;
    check_closed(work).await?;
    let switch = Switch::configured(work)?;
    let (verdict, notification) = match part_from_tse(work).await {
        Ok(parted) => tell(work, switch, &parted),
        Err(error) => tell_without_tse(work, switch, &error),
    };
    work.note(Note {
        priority: notes::TO_REPORT,
        kind: INITIATED.to_owned(),
        message: notification.caption(),
        data_json: Some(notification.json()),
    });
    // What the TSE has logged since the first export of this receipt: its end.
    export_unless_bypassed(work).await;
    work.queue_de.scu = None;
    Ok(verdict)
}

/// Refuses a switch in the middle of a day, unless it is forced. Without a TSE no day can be closed.
async fn check_closed(work: &Work<'_>) -> Result<(), CaseError> {
    if work.case.has(FORCE) || closed_at(work).await? == Some(work.state.queue.receipt_numerator) {
        return Ok(());
    }
    match work.scu.tse_info().await {
        Err(_) => Ok(()),
        Ok(_) => {
            let case = work.case;
            Err(CaseError::Refused(format!(
                "ReceiptCase {case} (initiate-scu-switch-receipt) can only be called right after a daily-closing \
                 receipt. The flag 0x0000000040000000 forces it."
            )))
        }
    }
}

/// The number of the receipt that closed a day last.
async fn closed_at(work: &Work<'_>) -> Result<Option<i64>, CaseError> {
    #[derive(Deserialize)]
    struct Closing {
        #[serde(rename = "ftReceiptNumerator")]
        receipt_numerator: i64,
    }
    let newest = work.site.newest_action(&DAILY_CLOSINGS).await;
    let newest = newest.map_err(|error| CaseError::Refused(error.to_string()))?;
    let data = newest.and_then(|row| row.data_json);
    let read = data.and_then(|json| serde_json::from_str::<Closing>(&json).ok());
    Ok(read.map(|closing| closing.receipt_numerator))
}

fn tell(work: &Work<'_>, switch: Switch, parted: &Parted) -> (Verdict, Notification) {
    let Parted {
        signed,
        certification,
        info,
    } = parted;
    let notification = Notification::of(work, switch, End::Source, Some(info));
    let mut items = signatures::transaction(signed, certification, work.options.optional_mark);
    items.push(signatures::note("TSE-Trennungs-Beleg", notification.identities()));
    items.push(notification.item());
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    verdict.state_data = Some(state_data::tse_info(info));
    (verdict, notification)
}

/// The authority is told what is known of the TSE.
fn tell_without_tse(work: &Work<'_>, switch: Switch, error: &ScuError) -> (Verdict, Notification) {
    let (queue, item) = (work.state.queue.queue, work.item.item);
    tracing::warn!(queue.id = %queue, queue_item.id = %item, %error, "the queue leaves its SCU without its TSE");
    let known = work.tse_info.as_ref().or(work.state.tse_info.as_ref());
    let notification = Notification::of(work, switch, End::Source, known);
    (Verdict::unsigned(READY, Vec::new()), notification)
}
