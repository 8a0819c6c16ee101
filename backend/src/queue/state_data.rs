//! `ftStateData`: what the answer says of the TSE and of the queue (4.14).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::master_data::MasterData;
use crate::queue::work::Work;
use crate::scu::types::TseInfo;

/// The members in the order they are written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StateData<'a> {
    tse_info: &'a TseInfo,
    /// Each transaction is a pair under its own key, as the original writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_number_dictionary: Option<BTreeMap<String, Pair>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    key: String,
    value: u64,
}

/// What a closing says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ClosingData<'a> {
    master_data: &'a MasterData,
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_closing_number: Option<i64>,
}

/// The master data as it was before the closing, and the number of a daily one.
#[must_use]
pub fn closing(master_data: &MasterData, daily_closing_number: Option<i64>) -> String {
    text(&ClosingData {
        master_data,
        daily_closing_number,
    })
}

/// `TseInfo` alone.
#[must_use]
pub fn tse_info(info: &TseInfo) -> String {
    text(&StateData {
        tse_info: info,
        transaction_number_dictionary: None,
    })
}

/// `TseInfo` and the open transactions.
#[must_use]
pub fn with_open_transactions(work: &Work<'_>, info: &TseInfo) -> String {
    let references = work.open_transactions.references().into_iter();
    let pairs = references.filter_map(|reference| {
        let value = work.open_transactions.get(&reference)?.transaction_number;
        let key = reference.clone();
        Some((reference, Pair { key, value }))
    });
    text(&StateData {
        tse_info: info,
        transaction_number_dictionary: Some(pairs.collect()),
    })
}

fn text(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("it has only text keys")
}
