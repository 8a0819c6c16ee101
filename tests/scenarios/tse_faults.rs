//! The TSE fails while the cluster is well: receipts go on without it, and nothing that it signed is lost or doubled.

use std::time::Duration;

use harness::client::Pos;
use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::{Value, json};
use shared::identity::OperationId;

/// `ftState` of a receipt that was accepted without the TSE (`fiscal-spec.md` 3.8).
const WITHOUT_TSE: i64 = 0x4445_0000_0000_0002;
/// `ftState` when all is well.
const READY: i64 = 0x4445_0000_0000_0000;

/// F43: failed mode by the specification, kept across a takeover; a zero receipt ends it.
#[tokio::test]
async fn receipts_go_on_without_the_tse_across_a_takeover_until_a_zero_receipt_finds_it_again() {
    let mut cluster = Cluster::of_pods(2).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures();
    tse.play(&json!([{ "operation": "any", "effect": "unreachable" }]));

    assert_eq!(state(&pos, &receipt::sale(&cashbox, "R-1")).await, WITHOUT_TSE);
    let owner = cluster.owner(&cashbox).await;
    cluster.pod(&owner.pod).kill();
    assert_eq!(state(&pos, &receipt::sale(&cashbox, "R-2")).await, WITHOUT_TSE);
    assert_ne!(cluster.owner(&cashbox).await.pod, owner.pod);
    assert_eq!(tse.signatures(), signed_before);

    tse.behave();
    // The specification leaves a TSE alone that failed, until a zero receipt asks for it.
    assert_eq!(state(&pos, &receipt::sale(&cashbox, "R-3")).await, WITHOUT_TSE);
    assert_eq!(state(&pos, &receipt::zero(&cashbox, "ZERO")).await, READY);
    assert_eq!(state(&pos, &receipt::sale(&cashbox, "R-4")).await, READY);
    let journals = assert_sound(&pos).await;
    tse.assert_accounted_for(&journals);
}

/// F44: the answers are lost more often than the queue asks; it finds the signature by the transaction's identity.
#[tokio::test]
async fn a_signature_whose_answers_are_lost_becomes_one_receipt() {
    for operation in ["start", "finish"] {
        let cluster = Cluster::of_pods(1).start().await;
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox);
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        let tse = SimulatedTse::of(&cluster, &cashbox);
        tse.play(&json!([{ "operation": operation, "effect": "sign-and-lose-answer", "times": 3 }]));
        assert_eq!(state(&pos, &receipt::sale(&cashbox, "R-1")).await, READY);
        let journals = assert_sound(&pos).await;
        assert_eq!(journals.signed("R-1").len(), 1);
        tse.assert_accounted_for(&journals);
    }
}

/// F46.
#[tokio::test]
async fn a_receipt_whose_client_went_away_is_finished_and_found_by_its_operation_id() {
    let cluster = Cluster::of_pods(2).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures().len();
    tse.play(&json!([{ "operation": "finish", "effect": "delay", "delay_ms": 1_500, "times": 1 }]));

    let id = OperationId::random();
    let asked = tokio::spawn({
        let (pos, sale) = (pos.clone(), receipt::sale(&cashbox, "R-1"));
        async move { pos.try_sign(id, &sale).await }
    });
    eventually("the TSE has started", Duration::from_secs(30), async || {
        (tse.signatures().len() > signed_before).then_some(())
    })
    .await;
    // Its connection is closed while the TSE still signs.
    asked.abort();
    eventually("the TSE has finished", Duration::from_secs(30), async || {
        (tse.signatures().len() == signed_before + 2).then_some(())
    })
    .await;
    pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await.receipt();
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.signed("R-1").len(), 1);
    tse.assert_accounted_for(&journals);
}

/// Signs, and answers the receipt's state.
async fn state(pos: &Pos, receipt: &Value) -> i64 {
    let receipt = pos.sign(receipt).await.receipt();
    receipt["ftState"].as_i64().expect("every receipt has a state")
}
