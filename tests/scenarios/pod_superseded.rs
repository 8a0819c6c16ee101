//! One writer: a pod that was paused and superseded cannot write, whatever it believes when it wakes up.

use std::time::Duration;

use harness::cluster::{Cluster, Ownership};
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::json;
use shared::identity::OperationId;

#[tokio::test]
async fn a_paused_pod_is_superseded_after_its_lease_and_fenced_when_it_continues_with_redis() {
    a_paused_pod_is_superseded_after_its_lease_and_fenced_when_it_continues(Ownership::Redis).await;
}

#[tokio::test]
async fn a_paused_pod_is_superseded_after_its_lease_and_fenced_when_it_continues_with_sql() {
    a_paused_pod_is_superseded_after_its_lease_and_fenced_when_it_continues(Ownership::Sql).await;
}

/// F06 and F07: the pod is paused inside a TSE call, and another serves meanwhile.
async fn a_paused_pod_is_superseded_after_its_lease_and_fenced_when_it_continues(ownership: Ownership) {
    let description = Cluster::of_pods(2).owned_in(ownership);
    let mut cluster = description
        .with("Byodc__Lease__Seconds", "3")
        .with("Byodc__Lease__RenewSeconds", "1")
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let owner = cluster.owner(&cashbox).await;
    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures().len();
    tse.play(&json!([{ "operation": "finish", "effect": "delay-answer", "delay_ms": 2_000, "times": 1 }]));
    let id = OperationId::random();
    let asked = tokio::spawn({
        let (direct, sale) = (
            pos.at(&cluster.pod(&owner.pod).url()),
            receipt::sale(&cashbox, "R-1"),
        );
        async move { direct.try_sign(id, &sale).await }
    });
    eventually("the TSE has signed", Duration::from_secs(30), async || {
        (tse.signatures().len() == signed_before + 2).then_some(())
    })
    .await;
    cluster.pod(&owner.pod).process().pause();
    tse.behave();

    pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    let successor = cluster.owner(&cashbox).await;
    assert_ne!(successor.pod, owner.pod);
    assert!(successor.epoch > owner.epoch);

    cluster.pod(&owner.pod).process().resume();
    // What the superseded pod answers is its business, as long as it acknowledges no other receipt than the stored.
    let _ = asked.await.unwrap();
    let found = pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
    found.receipt();
    for at in 3..8 {
        pos.sign(&receipt::sale(&cashbox, &format!("R-{at}")))
            .await
            .receipt();
    }
    eventually(
        "the superseded pod has let go",
        Duration::from_secs(30),
        async || (cluster.owners(&cashbox).await == [successor.clone()]).then_some(()),
    )
    .await;
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.signed("R-1").len(), 1);
    tse.assert_accounted_for(&journals);
}

/// F05: shorter than the lease; nothing changes hands.
#[tokio::test]
async fn a_pod_paused_for_less_than_its_lease_keeps_its_cashbox() {
    let mut cluster = Cluster::of_pods(2)
        .with("Byodc__Lease__Seconds", "30")
        // A proxy's drain outlasts a takeover, or it refuses to start.
        .with("Byodc__Proxy__DrainMs", "40000")
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let owner = cluster.owner(&cashbox).await;
    cluster.pod(&owner.pod).process().pause();
    let asked = tokio::spawn({
        let (pos, sale) = (pos.clone(), receipt::sale(&cashbox, "R-1"));
        async move { pos.sign(&sale).await }
    });
    // The pause itself; how long it is does not matter below the lease.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!asked.is_finished(), "nobody else may serve it");
    cluster.pod(&owner.pod).process().resume();
    asked.await.unwrap().receipt();
    assert_eq!(cluster.owner(&cashbox).await, owner);
    assert_sound(&pos).await;
}
