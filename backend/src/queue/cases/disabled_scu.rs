//! The queue is between two SCUs: the receipt is chained, and nothing is signed (4.3 step 2).

use crate::queue::notes::Note;
use crate::queue::work::{SCU_SWITCHING, Verdict, Work};

/// Accepts the receipt unsigned and notes it.
pub fn process(work: &mut Work<'_>) -> Verdict {
    let message = "SCU switching process initiated, but not yet finished.";
    work.note(Note::plain(message.to_owned()));
    Verdict::unsigned(SCU_SWITCHING, Vec::new())
}
