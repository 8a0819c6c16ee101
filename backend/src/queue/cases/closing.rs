//! Ends a day, a month or a year (cases 0x0007, 0x0005, 0x0006; 4.8). A migration begins as a daily closing (0x0019,
//! 4.11).
//!
//! ```text
//! daily: what is open ─▶ closed ─┐
//!                                ├─▶ own transaction ─▶ export ─▶ master data ─▶ note
//! monthly, yearly ───────────────┘          └─ TSE fails ─▶ failed mode: master data, note
//! ```

/// What is open at the end of a day.
mod open_transactions;
/// What the action journal says.
mod note;

use super::export_unless_bypassed;
use crate::journal::entry::MasterDataJson;
use crate::journal::master_data::MasterData;
use crate::queue::receipt_case::{
    DAILY_CLOSING, MASTER_DATA_UPDATE, MONTHLY_CLOSING, START_MIGRATION, YEARLY_CLOSING,
};
use crate::queue::work::{CaseError, Verdict, Work};
use crate::queue::{signatures, state_data};

/// What is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// A day.
    Daily,
    /// A month.
    Monthly,
    /// A year.
    Yearly,
    /// A day, and the queue's time with this product.
    Migration,
}

impl Closing {
    /// What a receipt of this number closes; none when it is another case.
    #[must_use]
    pub fn of(number: i64) -> Option<Self> {
        match number {
            DAILY_CLOSING => Some(Self::Daily),
            MONTHLY_CLOSING => Some(Self::Monthly),
            YEARLY_CLOSING => Some(Self::Yearly),
            START_MIGRATION => Some(Self::Migration),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Daily => "Daily-closing receipt",
            Self::Monthly => "Monthly-closing receipt",
            Self::Yearly => "Yearly-closing receipt",
            Self::Migration => "Migration receipt",
        }
    }

    fn is_daily(self) -> bool {
        matches!(self, Self::Daily | Self::Migration)
    }
}

/// Refuses a closing that is not one, in failed mode too: it changes the queue even without the TSE.
///
/// # Errors
/// When it is not implicit, practice, or a migration with items.
pub fn check(work: &Work<'_>, closing: Closing) -> Result<(), CaseError> {
    work.require_implicit(closing.name())?;
    work.forbid_training()?;
    let has_items = !(work.request.charge_items.is_empty() && work.request.pay_items.is_empty());
    if closing == Closing::Migration && has_items {
        let (case, name) = (work.case, closing.name());
        return Err(CaseError::Refused(format!(
            "ReceiptCase {case} ({name}) must not have Charge- or PayItems."
        )));
    }
    Ok(())
}

/// Signs a closing that was checked. What fails after its own transaction is only logged: it is signed.
///
/// # Errors
/// When the TSE does not do its part, or must not because transactions are open.
pub async fn process(work: &mut Work<'_>, closing: Closing) -> Result<Verdict, CaseError> {
    let certification = work.certification().await?;
    let mark = work.options.optional_mark;
    let mut closed = Vec::new();
    if closing.is_daily() {
        closed = open_transactions::close(work).await?;
    }
    let data = work.process_data.clone();
    let own = work.sign(&data).await?;
    let number = own.finished.transaction_number;
    let mut items = signatures::transaction(&own, &certification, mark);
    items.extend(closed.iter().flat_map(|signed| signatures::closed(signed, mark)));
    let mut verdict = Verdict::signed(number, items);
    let daily = count(work, closing);
    verdict.state_data = Some(state_data::closing(&stored(work), daily));
    export_unless_bypassed(work).await;
    if closing.is_daily() {
        refresh_tse_info(work).await;
    }
    end(work, closing, daily, Some(number));
    Ok(verdict)
}

/// What a closing does when the TSE does not answer (4.9.1).
pub fn end_without_tse(work: &mut Work<'_>, closing: Closing) {
    let daily = count(work, closing);
    end(work, closing, daily, None);
}

fn end(work: &mut Work<'_>, closing: Closing, daily: Option<i64>, transaction: Option<u64>) {
    let master_data_changed = update_master_data(work);
    let note = note::of(
        work,
        closing,
        &note::Facts {
            transaction,
            master_data_changed,
            daily,
        },
    );
    work.note(note);
    work.starts_migration = closing == Closing::Migration;
}

/// The number of a daily closing.
fn count(work: &mut Work<'_>, closing: Closing) -> Option<i64> {
    closing.is_daily().then(|| {
        work.queue_de.daily_closing_number += 1;
        work.queue_de.daily_closing_number
    })
}

async fn refresh_tse_info(work: &mut Work<'_>) {
    if let Err(error) = work.fresh_tse_info().await {
        let (queue, item) = (work.state.queue.queue, work.item.item);
        tracing::warn!(queue.id = %queue, queue_item.id = %item, %error,
            "the daily closing is signed, and what the TSE says of itself stays as it was on record");
    }
}

/// The master data on record, before this receipt. What another product has stored there and cannot be read prints as
/// nothing, and differs from whatever is configured.
fn stored(work: &Work<'_>) -> MasterData {
    let Some(document) = &work.state.master_data else {
        return MasterData::default();
    };
    MasterData::read(document).unwrap_or_else(|error| {
        let queue = work.state.queue.queue;
        tracing::error!(queue.id = %queue, %error, "the stored master data cannot be read");
        MasterData::default()
    })
}

/// Takes over the configured master data if the receipt says so and it differs (4.9.3).
fn update_master_data(work: &mut Work<'_>) -> bool {
    let asked = work.case.has(MASTER_DATA_UPDATE);
    let configured: Option<&MasterDataJson> = work.options.master_data.as_ref().filter(|_| asked);
    let Some(configured) = configured else {
        return false;
    };
    let differs = MasterData::read(configured).is_ok_and(|configured| configured != stored(work));
    if differs {
        work.master_data = Some(configured.clone());
    }
    differs
}
