//! Which receipts and closings a range has, and what cannot be exported.

use shared::clock::Ticks;

use super::till::{Answered, I, Till};
use crate::dsfinvk::ExportError;
use crate::journal::entry::JournalRange;

/// Three closings with a receipt each; when each of them began.
async fn three_days() -> (Till, Vec<Ticks>) {
    let mut till = Till::new().await;
    let mut began = Vec::new();
    for _ in 0..3 {
        began.push(till.now());
        till.sign(I | 1, "").await;
        till.close().await;
    }
    (till, began)
}

async fn numbers(till: &Till, range: JournalRange) -> Vec<String> {
    match till.export(range).await.unwrap() {
        Some(opened) => {
            opened.assert_sound();
            let records = opened.records("cashpointclosing.csv");
            records.iter().map(|record| record["Z_NR"].clone()).collect()
        }
        None => Vec::new(),
    }
}

#[tokio::test]
async fn without_a_daily_closing_there_are_no_bytes() {
    let mut till = Till::new().await;
    till.sign(I | 1, "").await;
    till.write(I | 7, "", Answered::Refused, None).await;
    assert!(till.export(JournalRange::From(Ticks(0))).await.unwrap().is_none());
}

#[tokio::test]
async fn a_range_has_the_closings_that_were_noted_in_it_and_all_of_their_receipts() {
    let (till, began) = three_days().await;
    assert_eq!(
        numbers(&till, JournalRange::From(Ticks(0))).await,
        ["1", "2", "3"]
    );
    // From after the second day's only receipt: its closing is in the range, so the receipt is exported with it.
    let after = Ticks(began[1].0 + 1);
    assert_eq!(numbers(&till, JournalRange::From(after)).await, ["2", "3"]);
    let opened = till
        .export(JournalRange::Between(after, began[2]))
        .await
        .unwrap()
        .unwrap();
    let receipts = opened.records("transactions.csv");
    assert_eq!(
        receipts
            .iter()
            .map(|record| record["BON_NR"].as_str())
            .collect::<Vec<_>>(),
        ["3", "4"]
    );
    assert_eq!(opened.records("cashpointclosing.csv")[0]["Z_START_ID"], "ft2#IT3");
}

#[tokio::test]
async fn a_number_of_rows_counts_receipts() {
    let (till, began) = three_days().await;
    let first = |from, count| JournalRange::First { from, count };
    assert_eq!(numbers(&till, first(Ticks(0), 1)).await, [""; 0]);
    assert_eq!(numbers(&till, first(Ticks(0), 2)).await, ["1"]);
    assert_eq!(numbers(&till, first(began[1], 100)).await, ["2", "3"]);
}

#[tokio::test]
async fn receipts_after_the_last_closing_wait_for_theirs() {
    let (mut till, _) = three_days().await;
    till.sign(I | 1, r#""cbReceiptReference":"tomorrow""#).await;
    till.begin(I | 1).await;
    let opened = till.exported().await;
    assert_eq!(opened.records("transactions.csv").len(), 6);
    assert!(
        opened
            .column(
                "allocation_groups.csv",
                "BON_ID",
                ("ABRECHNUNGSKREIS", "tomorrow")
            )
            .is_empty()
    );
}

#[tokio::test]
async fn more_receipts_than_a_page_are_all_exported() {
    let mut till = Till::new().await;
    for _ in 0..130 {
        till.sign(I | 1, "").await;
    }
    till.close().await;
    let opened = till.exported().await;
    opened.assert_sound();
    let numbers = opened
        .records("transactions.csv")
        .into_iter()
        .map(|record| record["BON_NR"].clone());
    assert!(numbers.eq((1..=131).map(|number| number.to_string())));
}

#[tokio::test]
async fn sums_that_no_decimal_can_hold_are_an_error_that_names_the_row_and_no_amount() {
    let mut till = Till::new().await;
    let huge = r#""cbChargeItems":[{"Amount":999999999999999999999999999,"ftChargeItemCase":5}]"#;
    for _ in 0..81 {
        till.sign(I | 1, huge).await;
    }
    till.close().await;
    let error = till.export(JournalRange::From(Ticks(0))).await.err().unwrap();
    assert!(matches!(error, ExportError::Receipt { row: 80, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the receipt in row 80 cannot be exported: its amounts are too large to be summed up"
    );
}
