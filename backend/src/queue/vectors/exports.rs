//! 4.10: what is asked of the pod, and which exports stay.

use futures::executor::block_on;

use super::desk::{Desk, E, I, active_queue, receipt};
use super::tse::Fault;
use crate::journal::entry::Change;
use crate::queue::export::{self, KeepExports};
use crate::queue::site::{ExportOrder, Exported};
use crate::queue::work::Work;

fn desk(keep: KeepExports) -> Desk {
    let mut opening = active_queue(41);
    opening.options.keep_exports = keep;
    opening.desk()
}

/// Exports twice within one receipt; answers what the receipt would change.
fn export_twice(desk: &mut Desk) -> Vec<Change> {
    let request = receipt(I | 2).request();
    let intent = desk.begin(&request);
    let (state, options) = (desk.engine.state(), desk.engine.options());
    let mut work = Work::new(state, options, &intent.item, &request, desk.edges());
    block_on(async {
        export::tar(&mut work).await;
        export::tar(&mut work).await;
    });
    work.into_changes()
}

fn dropped(orders: &[ExportOrder]) -> Vec<Change> {
    let drop = |order: &ExportOrder| Change::RemoveJournalDe {
        id: order.id,
        time_stamp: order.time_stamp,
    };
    orders.iter().map(drop).collect()
}

#[test]
fn an_export_has_the_number_of_the_receipt_to_come_and_an_id_of_its_own() {
    let mut desk = desk(KeepExports::All);
    assert_eq!(export_twice(&mut desk), []);
    let orders = desk.site.take_exports();
    assert_eq!(orders.len(), 2);
    assert_eq!((orders[0].number, orders[1].number), (42, 42));
    assert_eq!(orders[0].file_name, "20310304102033000_KASSE-1");
    assert_ne!(orders[0].id, orders[1].id);
}

#[test]
fn with_mode_none_the_tse_is_not_even_asked() {
    let mut desk = desk(KeepExports::Nothing);
    export_twice(&mut desk);
    assert!(desk.site.take_exports().is_empty() && desk.tse.take_calls().is_empty());
}

#[test]
fn with_mode_erased_an_open_transaction_leaves_the_log_where_it_is() {
    let mut desk = desk(KeepExports::Erased);
    desk.sign(receipt(E | 8));
    export_twice(&mut desk);
    assert!(desk.site.take_exports().is_empty());
}

#[test]
fn an_export_stays_unless_it_is_invalid_or_was_to_be_erased_and_was_not() {
    let cases = [
        (KeepExports::All, Exported::Erased, true),
        (KeepExports::All, Exported::Left, true),
        (KeepExports::All, Exported::Invalid, false),
        (KeepExports::All, Exported::Unknown, true),
        (KeepExports::Erased, Exported::Erased, true),
        (KeepExports::Erased, Exported::Left, false),
        (KeepExports::Erased, Exported::Invalid, false),
        (KeepExports::Erased, Exported::Unknown, true),
    ];
    for (keep, exported, stays) in cases {
        let mut desk = desk(keep);
        desk.site.exports_end_as(Some(exported));
        let changes = export_twice(&mut desk);
        let orders = desk.site.take_exports();
        let expected = if stays { Vec::new() } else { dropped(&orders) };
        assert_eq!((orders.len(), changes), (2, expected), "{keep:?}, {exported:?}");
    }
}

#[test]
fn a_failure_changes_nothing_and_fails_nothing() {
    let mut desk = desk(KeepExports::Erased);
    desk.site.exports_end_as(None);
    assert_eq!(export_twice(&mut desk), []);
    desk.tse.fail(Fault::Unreachable);
    assert_eq!(export_twice(&mut desk), []);
}
