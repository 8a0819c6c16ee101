//! Which case handles a receipt; first match wins (`fiscal-spec.md` 4.3).

use super::cases::closing::{self, Closing};
use super::cases::scu_switch::{finish, initiate, void};
use super::cases::{
    disabled_queue, disabled_scu, fail_transaction, handwritten, initial_operation, late_entry, order, other,
    out_of_operation, receipt, start_transaction, update_transaction, zero_receipt,
};
use super::failed_mode;
use super::process_data;
use super::receipt_case::{
    FAIL_TRANSACTION, FINISH_SCU_SWITCH, HANDWRITTEN, INITIAL_OPERATION, INITIATE_SCU_SWITCH, LATE_ENTRY,
    OUT_OF_OPERATION, VOID,
};
use super::state::Life;
use super::work::{CaseError, Verdict, Work};

/// Decides a receipt and has it signed.
pub(super) async fn decide(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    fail_transaction::check(work)?;
    check_scu(work)?;
    work.process_data = process_data::of(work.case, work.request).map_err(CaseError::Refused)?;
    let number = work.case.number();
    if work.state.life() != Life::Active && number != INITIAL_OPERATION {
        return Ok(disabled_queue::process(work));
    }
    if is_scu_away(work) {
        return Ok(disabled_scu::process(work));
    }
    if work.case.has(LATE_ENTRY) {
        return Ok(late_entry::process(work));
    }
    if work.case.has(HANDWRITTEN) {
        return Ok(handwritten::process(work));
    }
    if let Some(closing) = Closing::of(number) {
        closing::check(work, closing)?;
    }
    if failed_mode::is_on(work.state) && !failed_mode::tries_anyway(number) {
        return Ok(failed_mode::process(work));
    }
    match by_case(work).await {
        Err(error) if error.is_no_refusal() && failed_mode::covers(number) => {
            let (cashbox, item) = (work.state.queue.cashbox, work.item.item);
            tracing::warn!(cashbox.id = %cashbox, queue_item.id = %item, %error, "the receipt goes on without the TSE");
            Ok(failed_mode::process(work))
        }
        decided => decided,
    }
}

/// 4.2: one line for each case.
async fn by_case(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let charges = !work.request.charge_items.is_empty();
    let pays = !work.request.pay_items.is_empty();
    if let Some(closing) = Closing::of(work.case.number()) {
        return closing::process(work, closing).await;
    }
    match work.case.number() {
        0x0002 => zero_receipt::process(work).await,
        INITIAL_OPERATION => initial_operation::process(work).await,
        OUT_OF_OPERATION => out_of_operation::process(work).await,
        0x0008 => start_transaction::process(work).await,
        0x0009 => update_transaction::process(work, "Update-transaction receipt").await,
        0x000A => update_transaction::process(work, "Delta-transaction receipt").await,
        FAIL_TRANSACTION => fail_transaction::process(work).await,
        0x0010 if !pays => order::process(work).await,
        0x0013 if !(charges && pays) => other::process(work).await,
        0x0014 => other::process(work).await,
        INITIATE_SCU_SWITCH if work.case.has(VOID) => void::process(work).await,
        INITIATE_SCU_SWITCH => initiate::process(work).await,
        FINISH_SCU_SWITCH => finish::process(work).await,
        _ => receipt::process(work).await,
    }
}

/// A queue that was never put into operation needs an SCU to begin with.
fn check_scu(work: &Work<'_>) -> Result<(), CaseError> {
    if work.state.life() != Life::Active && work.queue_de.scu.is_none() {
        let queue = work.state.queue.queue;
        return Err(CaseError::Refused(format!(
            "No signature creation unit is configured for queue {queue}."
        )));
    }
    Ok(())
}

/// The queue is between two SCUs, and this receipt is none that ends it.
fn is_scu_away(work: &Work<'_>) -> bool {
    let number = work.case.number();
    let ends_it = number == FINISH_SCU_SWITCH || (number == INITIATE_SCU_SWITCH && work.case.has(VOID));
    work.state.life() == Life::Active && work.queue_de.scu.is_none() && !ends_it
}
