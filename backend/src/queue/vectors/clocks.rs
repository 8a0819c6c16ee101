//! Pods with different clocks, one after another: a queue's moments never go back.

use proptest::prelude::*;
use shared::clock::Ticks;

use super::desk::{Desk, E, I, active_queue, at, receipt};
use crate::journal::entry::{Change, Entry};

const HOUR: i64 = 36_000_000_000;

/// Every moment that an entry dates something with, in the order of dating.
fn moments(entry: &Entry) -> Vec<Ticks> {
    let notes = entry.changes.iter().filter_map(|change| match change {
        Change::AddActionJournal(note) => Some(note.time_stamp),
        _ => None,
    });
    let mut moments = vec![entry.item.queue_moment];
    moments.extend(entry.item.work_moment);
    moments.extend(notes);
    moments.extend(entry.item.done_moment);
    moments.push(entry.item.time_stamp);
    moments.extend(
        entry
            .receipt
            .iter()
            .flat_map(|receipt| [receipt.moment, receipt.time_stamp]),
    );
    moments.push(entry.queue.time_stamp);
    moments.extend(entry.queue_de.iter().map(|queue_de| queue_de.time_stamp));
    moments
}

fn sign_at(desk: &mut Desk, moment: Ticks, case: i64) {
    desk.clock.set(moment);
    let _ = desk.answer(receipt(case).charged(1, "1", "2.50").paid(1, "2.50"));
}

#[test]
fn a_clock_that_is_behind_goes_on_a_tick_after_what_is_stored() {
    let mut desk = active_queue(3).desk();
    let noon = at("2031-03-04T12:00:00Z");
    sign_at(&mut desk, noon, I | 1);
    sign_at(&mut desk, Ticks(noon.0 - HOUR), I | 1);
    let received = desk.last().item.queue_moment;
    let done = desk.last().receipt.as_ref().unwrap().moment;
    assert_eq!((received, done), (Ticks(noon.0 + 1), Ticks(noon.0 + 2)));
    sign_at(&mut desk, Ticks(noon.0 + HOUR), I | 1);
    assert_eq!(
        desk.last().item.time_stamp,
        Ticks(noon.0 + HOUR),
        "it has caught up"
    );
}

#[test]
fn an_interrupted_receipt_is_settled_after_it_was_received() {
    let mut desk = active_queue(3).desk();
    let noon = at("2031-03-04T12:00:00Z");
    desk.clock.set(noon);
    let request = receipt(I | 1).request();
    let intent = desk.begin(&request);
    desk.clock.set(Ticks(noon.0 - HOUR));
    let settled = desk.process(&intent, &request).entry;
    assert_eq!(settled.item.queue_moment, noon);
    assert_eq!(settled.item.work_moment, Some(Ticks(noon.0 + 1)));
    assert_eq!(settled.item.done_moment, Some(Ticks(noon.0 + 1)));
}

proptest! {
    #[test]
    fn no_clock_takes_a_queue_back(
        clocks in proptest::collection::vec((-2 * HOUR..2 * HOUR, any::<bool>(), 0_i64..0x1A), 1..25),
    ) {
        let mut desk = active_queue(3).desk();
        let noon = at("2031-03-04T12:00:00Z");
        for (off, implicit, case) in clocks {
            let flow = if implicit { I } else { E };
            sign_at(&mut desk, Ticks(noon.0 + off), flow | case);
        }
        let moments: Vec<Ticks> = desk.entries.iter().flat_map(moments).collect();
        prop_assert!(moments.is_sorted(), "{moments:?}");
    }
}
