//! Recorded by other means while the register was out of order (4.3 step 3). The TSE is not asked; the next zero
//! receipt reports how many there were.

use crate::queue::signatures;
use crate::queue::work::{LATE, Verdict, Work};

/// Counts the late entry.
pub fn process(work: &mut Work<'_>) -> Verdict {
    let moment = work.request.receipt_moment.ticks;
    let item = work.item.item;
    let counted = &mut work.queue_de;
    if counted.used_failed_count == 0 {
        counted.used_failed_queue_item = Some(item);
    }
    counted.used_failed_count += 1;
    let earliest = counted
        .used_failed_moment_min
        .map_or(moment, |min| min.min(moment));
    let latest = counted
        .used_failed_moment_max
        .map_or(moment, |max| max.max(moment));
    counted.used_failed_moment_min = Some(earliest);
    counted.used_failed_moment_max = Some(latest);
    let caption = format!(
        "Ausfallsnacherfassung vom {}",
        work.options.culture.moment(moment)
    );
    let signature = signatures::note(caption, "Elektronisches Aufzeichnungssystem ausgefallen");
    Verdict::unsigned(LATE, vec![signature])
}
