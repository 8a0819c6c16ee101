//! I1 to I3: what is stored.

use shared::identity::OperationId;

use super::accuses;
use crate::verdict::Invariant;

#[test]
fn a_chain_with_a_missing_link_breaks_i1() {
    accuses(Invariant::I1, "number 2 is expected", |run| {
        drop(run.after.receipts.remove(1))
    });
}

#[test]
fn an_export_that_tells_otherwise_breaks_i1() {
    accuses(Invariant::I1, "exported receipts", |run| {
        drop(run.exported.receipts.pop())
    });
}

#[test]
fn a_lost_receipt_breaks_i2() {
    accuses(Invariant::I2, "not stored", |run| {
        run.after.items.pop();
        run.after.receipts.pop();
    });
}

#[test]
fn an_operation_stored_twice_breaks_i3() {
    accuses(Invariant::I3, "stands in the rows", |run| {
        run.after.items[2].operation = run.after.items[1].operation;
    });
}

#[test]
fn a_reference_signed_twice_under_operation_ids_of_nobody_breaks_i3() {
    accuses(Invariant::I3, "signed 2 times", |run| {
        run.after.items[2].operation = OperationId::random();
        run.after.items[2].item.reference = "R-1".to_owned();
    });
}

#[test]
fn other_content_acknowledged_under_a_used_id_breaks_i3() {
    accuses(Invariant::I3, "different contents", |run| {
        let mut other = run.asked[0].clone();
        other.content = "something else".to_owned();
        run.asked.push(other);
    });
}
