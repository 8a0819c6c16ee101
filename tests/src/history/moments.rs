//! Moments never go back (I8): whichever pod writes, and whatever its clock says, a queue's rows are dated in their order.

use super::journals::{Item, Journals, Receipt};

/// Everything in which a queue's moments and time stamps go back, in words. Rows of one moment are allowed.
#[must_use]
pub fn judge(journals: &Journals) -> Vec<String> {
    let mut items: Vec<&Item> = journals.items.iter().collect();
    items.sort_by_key(|item| item.row);
    let mut receipts: Vec<&Receipt> = journals.receipts.iter().collect();
    receipts.sort_by_key(|receipt| receipt.number);
    let in_order = items.windows(2).flat_map(|pair| judge_rows(pair[0], pair[1]));
    let answered = items.iter().filter_map(|item| judge_answer(item));
    let dated = receipts
        .windows(2)
        .flat_map(|pair| judge_receipts(pair[0], pair[1]));
    in_order.chain(answered).chain(dated).collect()
}

fn judge_rows(before: &Item, item: &Item) -> Vec<String> {
    let (row, row_before) = (item.row, before.row);
    let answers = before.answered_ticks.zip(item.answered_ticks);
    let goes_back = [
        ("received", item.received_ticks < before.received_ticks),
        ("answered", answers.is_some_and(|(before, after)| after < before)),
        // One that waits for its answer is written again.
        (
            "written",
            before.is_finished() && item.written_ticks < before.written_ticks,
        ),
    ];
    let broken = goes_back.into_iter().filter(|(_, goes_back)| *goes_back);
    broken
        .map(|(what, _)| format!("row {row} was {what} before row {row_before}"))
        .collect()
}

fn judge_answer(item: &Item) -> Option<String> {
    let goes_back = item.answered_ticks? < item.received_ticks;
    goes_back.then(|| format!("row {} was answered before it was received", item.row))
}

fn judge_receipts(before: &Receipt, receipt: &Receipt) -> Vec<String> {
    let (number, number_before) = (receipt.number, before.number);
    let goes_back = [
        ("is dated", receipt.moment_ticks < before.moment_ticks),
        ("was written", receipt.written_ticks < before.written_ticks),
    ];
    let broken = goes_back.into_iter().filter(|(_, goes_back)| *goes_back);
    broken
        .map(|(what, _)| format!("receipt {number} {what} before receipt {number_before}"))
        .collect()
}
