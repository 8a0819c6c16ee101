//! A pod dies at an exact step of a receipt, as by `kill -9`. Whatever the step, the client gets one receipt.

use harness::cluster::{Cluster, Ownership};
use harness::receipt;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use serde_json::json;
use shared::identity::OperationId;

/// The steps of a receipt, in order, with the row of the matrix that each stands for.
const STEPS: [(&str, &str); 5] = [
    ("after-intent", "F04 killed between intent and TSE"),
    ("before-tse", "F04 killed just before the TSE is asked"),
    ("after-tse", "F02 killed after the TSE has signed"),
    ("before-commit", "F02 killed before the commit"),
    ("after-commit", "F03 killed after the commit, before the answer"),
];

#[tokio::test]
async fn a_pod_that_dies_at_any_step_of_a_receipt_leaves_one_receipt_with_redis() {
    a_pod_that_dies_at_any_step_of_a_receipt_leaves_one_receipt(Ownership::Redis).await;
}

#[tokio::test]
async fn a_pod_that_dies_at_any_step_of_a_receipt_leaves_one_receipt_with_sql() {
    a_pod_that_dies_at_any_step_of_a_receipt_leaves_one_receipt(Ownership::Sql).await;
}

/// F02, F03, F04.
async fn a_pod_that_dies_at_any_step_of_a_receipt_leaves_one_receipt(ownership: Ownership) {
    let mut scene = Scene::of(Cluster::of_pods(2).and_proxies(2).owned_in(ownership), 1).await;
    let cashbox = scene.tills[0].1.clone();
    for (at, (step, fault)) in STEPS.into_iter().enumerate() {
        let before = scene.owner(0).await;
        let rule = json!({ "point": step, "action": "exit", "cashbox": cashbox.id });
        let rule = scene.sabotage(fault, rule);
        let (id, sale) = (OperationId::random(), receipt::sale(&cashbox, &format!("R-{at}")));
        let answer = scene.pos(0, 0).sign_as(id, &sale).await;
        answer.receipt();
        assert_eq!(scene.sabotage.firings(&rule), 1, "{step}");
        let again = scene.pos(0, 1).sign_as(id, &sale).await;
        assert_eq!(again.body, answer.body, "{step}");
        let after = scene.owner(0).await;
        assert_ne!(after.pod, before.pod, "{step}");
        assert_eq!(after.epoch, before.epoch + 1, "{step}");
        scene.cluster.pod(&before.pod).restart().await;
    }
    let report = scene.assert_sound(Terms::unnoticed()).await;
    // One activation, one receipt for each step, one probe of the judge.
    assert_eq!(report.counts.receipts, STEPS.len() + 2);
}
