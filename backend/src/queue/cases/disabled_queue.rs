//! The queue is not in operation: the receipt is chained, and nothing is signed (4.3 step 1).

use crate::queue::notes;
use crate::queue::work::{NOT_ACTIVE, Verdict, Work};

/// Accepts the receipt unsigned; the journal is told once in each start.
pub fn process(work: &mut Work<'_>) -> Verdict {
    if !work.state.disabled_noted {
        work.note(notes::disabled_queue(work.state.queue.queue));
    }
    Verdict::unsigned(NOT_ACTIVE, Vec::new())
}
