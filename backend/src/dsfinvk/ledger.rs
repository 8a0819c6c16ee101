//! Receipts in their order become closings: the one part of the export that knows which receipt closes what.

use std::collections::HashMap;

use shared::identity::QueueItemId;

use super::ExportError;
use super::case_data::CaseData;
use super::closings::Closing;
use super::day::Day;
use super::index::Supplier;
use super::master_data::MasterData;
use super::receipt::Receipt;
use super::references::Reference;
use super::spool::{Spool, SpooledTables};
use super::value::moment;
use crate::journal::entry::ScuRow;
use crate::scu::types::TseInfo;

/// What was taken so far.
#[derive(Debug)]
pub(super) struct Ledger {
    spool: Spool,
    open: Day,
    /// Closings that have not come yet, by their receipts.
    expected: HashMap<QueueItemId, Closing>,
    /// As the closing before has recorded them.
    master_data: MasterData,
    /// What TSEs said of themselves.
    known: Vec<TseInfo>,
}

impl Ledger {
    /// Nothing taken; these closings are to come.
    pub(super) fn new(expected: &[Closing], scus: &[ScuRow]) -> Self {
        let told = scus.iter().filter_map(|scu| scu.tse_info_json.as_deref());
        Self {
            spool: Spool::new(),
            open: Day::default(),
            expected: expected.iter().map(|closing| (closing.item, *closing)).collect(),
            master_data: MasterData::default(),
            // A text that cannot be read was written by another product; it tells nothing that is needed.
            known: told.filter_map(|json| serde_json::from_str(json).ok()).collect(),
        }
    }

    /// Takes the next receipt.
    pub(super) fn take(
        &mut self,
        receipt: &Receipt,
        reference: Option<Reference>,
    ) -> Result<(), ExportError> {
        let state_data = CaseData::of(receipt.response.state_data.as_deref().unwrap_or_default());
        self.learn(&state_data);
        self.open.take(receipt, reference, &self.known, &mut self.spool)?;
        if let Some(closing) = self.expected.remove(&receipt.item) {
            self.close(receipt, closing, &state_data)?;
        }
        Ok(())
    }

    /// What a TSE says of itself in a receipt is newer than what is known of it.
    fn learn(&mut self, state_data: &CaseData) {
        let said = state_data.value("TseInfo").cloned();
        let info = said.and_then(|said| serde_json::from_value::<TseInfo>(said).ok());
        if let Some(info) = info {
            self.known
                .retain(|other| other.public_key_base64 != info.public_key_base64);
            self.known.push(info);
        }
    }

    /// The receipt closes. Where it records no master data (it was made without its TSE), those before it hold.
    fn close(
        &mut self,
        receipt: &Receipt,
        closing: Closing,
        state_data: &CaseData,
    ) -> Result<(), ExportError> {
        if let Some(recorded) = MasterData::of_state_data(state_data) {
            self.master_data = recorded;
        }
        let key = [
            receipt.response.cash_box_identification.clone(),
            moment(receipt.request.receipt_moment.ticks),
            closing.number.to_string(),
        ];
        let day = std::mem::take(&mut self.open);
        day.close(key, closing.number, &self.master_data, &mut self.spool)?;
        Ok(())
    }

    /// Whether every expected closing has come.
    pub(super) fn is_complete(&self) -> bool {
        self.expected.is_empty()
    }

    /// The tables, ready to be read, and whose they are.
    pub(super) fn finish(self) -> Result<(SpooledTables, Supplier), ExportError> {
        if let Some(missing) = self.expected.values().map(|closing| closing.number).min() {
            return Err(ExportError::ClosingMissing { number: missing });
        }
        let account = self.master_data.account;
        let supplier = Supplier {
            name: account.name,
            location: account.city,
        };
        Ok((self.spool.finish()?, supplier))
    }
}
