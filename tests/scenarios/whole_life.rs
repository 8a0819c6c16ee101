//! A register from its first day to its last: closings, exports, the end of its queue, and its move to another product.

use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::Value;

const MONTHLY_CLOSING: i64 = 5;
const YEARLY_CLOSING: i64 = 6;
const DAILY_CLOSING: i64 = 7;
const OUT_OF_OPERATION: i64 = 4;
const MIGRATION: i64 = 0x19;
/// The journal of exports, ftJournalDE.
const EXPORTS: i64 = 17477;

with_redis_and_with_sql!(
    a_register_is_closed_every_day_month_and_year_until_its_queue_ends,
    a_register_that_migrates_takes_no_further_receipt,
);

fn count(receipt: &Value) -> usize {
    receipt["ftSignatures"].as_array().unwrap().len()
}

async fn a_register_is_closed_every_day_month_and_year_until_its_queue_ends(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    let implicit = |number: i64| receipt::of_case(&cashbox, receipt::DE + receipt::IMPLICIT + number, "END");
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    pos.sign(&receipt::start_transaction(&cashbox, "LEFT OPEN"))
        .await
        .receipt();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();

    let day = pos.sign(&implicit(DAILY_CLOSING)).await.receipt();
    assert_eq!(day["ftState"], receipt::DE);
    // Its own set, and the transaction that was left open.
    assert_eq!(count(&day), 15 + 3);
    let state_data: Value = serde_json::from_str(day["ftStateData"].as_str().unwrap()).unwrap();
    assert_eq!(state_data["DailyClosingNumber"], 1);
    assert!(state_data["MasterData"].is_object(), "{state_data}");
    for number in [MONTHLY_CLOSING, YEARLY_CLOSING] {
        let closing = pos.sign(&implicit(number)).await.receipt();
        assert_eq!((count(&closing), &closing["ftState"]), (15, &receipt::DE.into()));
    }
    let last = pos.sign(&implicit(OUT_OF_OPERATION)).await.receipt();
    assert_eq!(count(&last), 17);
    let numbers: Vec<_> = pos
        .journal(EXPORTS)
        .await
        .iter()
        .map(|row| row["Number"].clone())
        .collect();
    assert_eq!(
        numbers,
        [4, 5, 6, 7],
        "each of the four keeps an export under its own number"
    );

    let after = pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    assert_eq!((count(&after), &after["ftState"]), (0, &(receipt::DE + 1).into()));
    let journals = assert_sound(&pos).await;
    SimulatedTse::of(cluster, &cashbox).assert_accounted_for(&journals);
}

async fn a_register_that_migrates_takes_no_further_receipt(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let migration = receipt::of_case(&cashbox, receipt::DE + receipt::IMPLICIT + MIGRATION, "MOVE");
    let moved = pos.sign(&migration).await.receipt();
    assert_eq!(count(&moved), 15);
    for _ in 0..2 {
        let refused = pos.sign(&receipt::sale(&cashbox, "R-1")).await;
        assert_eq!(refused.status, 500);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.starts_with("The Middleware is currently in migration mode"),
            "{detail}"
        );
        // Loaded anew, it still knows.
        pos.reset().await;
    }
    let journals = assert_sound(&pos).await;
    assert_eq!((journals.items.len(), journals.receipts.len()), (2, 2));
    // What was signed can still be asked for.
    let found = pos.sign(&receipt::again(&migration)).await.receipt();
    assert_eq!(found["ftQueueItemID"], moved["ftQueueItemID"]);
}
