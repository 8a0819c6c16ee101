//! What the action journal says of a closing (the table of 4.8). Exports find the days by these rows.

use serde::Serialize;

use super::Closing;
use crate::queue::notes::{self, Note};
use crate::queue::receipt_case::{DAILY_CLOSING, GERMANY, MONTHLY_CLOSING, YEARLY_CLOSING};
use crate::queue::work::Work;

/// What is told of a closing.
pub(super) struct Facts {
    /// Its own transaction; none when the TSE did not answer.
    pub(super) transaction: Option<u64>,
    pub(super) master_data_changed: bool,
    /// The number of a daily closing.
    pub(super) daily: Option<i64>,
}

/// The members in the order they are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(rename = "ftReceiptNumerator")]
    receipt_numerator: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_number: Option<u64>,
    master_data_changed: bool,
    closing_number: i64,
}

/// The bit of a note's type that tells of new master data.
const MASTER_DATA_CHANGED: i64 = 0x0800_0000;
/// `closingNumber` of what is no daily closing.
const NO_NUMBER: i64 = -1;

pub(super) fn of(work: &Work<'_>, closing: Closing, facts: &Facts) -> Note {
    let (number, period) = match closing {
        Closing::Daily | Closing::Migration => (DAILY_CLOSING, "Daily"),
        Closing::Monthly => (MONTHLY_CLOSING, "Monthly"),
        Closing::Yearly => (YEARLY_CLOSING, "Yearly"),
    };
    let (flag, processed) = match facts.master_data_changed {
        true => (
            MASTER_DATA_CHANGED,
            "was processed, and a master data update was performed.",
        ),
        false => (0, "was processed."),
    };
    let suffix = match facts.transaction {
        Some(_) => "",
        None => " However TSE was not reachable.",
    };
    let data = Data {
        receipt_numerator: work.state.queue.receipt_numerator + 1,
        transaction_number: facts.transaction,
        master_data_changed: facts.master_data_changed,
        closing_number: facts.daily.unwrap_or(NO_NUMBER),
    };
    Note {
        priority: notes::TO_REPORT,
        kind: format!("{:016X}", GERMANY | flag | number),
        message: format!("{period}-closing receipt {processed}{suffix}"),
        data_json: Some(serde_json::to_string(&data).expect("it has only text keys")),
    }
}
