//! Written by hand first (4.3 step 4). The TSE is not asked.

use crate::queue::signatures;
use crate::queue::work::{READY, Verdict, Work};

/// Accepts the receipt with a note of when it was written.
pub fn process(work: &mut Work<'_>) -> Verdict {
    let moment = work.request.receipt_moment.ticks;
    let caption = format!(
        "Handschriftbelegerfassung vom {}",
        work.options.culture.moment(moment)
    );
    Verdict::unsigned(READY, vec![signatures::note(caption, "")])
}
