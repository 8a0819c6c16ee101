//! From one SCU to another (cases 0x0017 and 0x0018, 4.11). In between the queue has none, and every receipt says so.
//!
//! ```text
//! with the source ─ daily closing ─ initiate ─▶ without an SCU ─ finish ─▶ with the target
//!        ▲                                          │
//!        └───────────────── void ───────────────────┘
//! ```

/// Who is switched to whom.
pub mod plan;
/// What the authority is told.
pub mod notification;
/// The queue leaves its SCU.
pub mod initiate;
/// The queue goes back to the SCU that it left.
pub mod void;
/// The queue comes to the other SCU.
pub mod finish;

use super::initial_operation::{Preparation, prepare_tse};
use crate::queue::notes::{self, Note};
use crate::queue::transaction::Signed;
use crate::queue::work::{CaseError, Verdict, Work};
use crate::queue::{signatures, state_data};
use crate::scu::types::TseInfo;
use notification::{End, Notification};
use plan::Switch;

/// The TSE of an SCU that the queue has come to.
struct Attached {
    signed: Signed,
    certification: String,
    info: TseInfo,
}

/// Brings the TSE of an SCU to life, makes the register known to it and has it sign the receipt (4.5 a to d).
async fn attach(work: &mut Work<'_>, preparation: Preparation) -> Result<Attached, CaseError> {
    prepare_tse(work, preparation).await?;
    let certification = work.certification().await?;
    let data = work.process_data.clone();
    let signed = work.sign(&data).await?;
    let info = work.fresh_tse_info().await?;
    Ok(Attached {
        signed,
        certification,
        info,
    })
}

/// The queue is with an SCU again.
fn tell_attached(work: &mut Work<'_>, switch: Switch, attached: &Attached) -> Verdict {
    let Attached {
        signed,
        certification,
        info,
    } = attached;
    let notification = Notification::of(work, switch, End::Target, Some(info));
    let mut items = signatures::transaction(signed, certification, work.options.optional_mark);
    items.push(signatures::note(
        "TSE-Verbindungs-Beleg",
        notification.identities(),
    ));
    items.push(notification.item());
    note_attached(work, &notification);
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    verdict.state_data = Some(state_data::tse_info(info));
    verdict
}

fn note_attached(work: &mut Work<'_>, notification: &Notification) {
    work.note(Note {
        priority: notes::TO_REPORT,
        kind: "4445000000000003-FinishSCUSwitch".to_owned(),
        message: notification.caption(),
        data_json: Some(notification.json()),
    });
}
