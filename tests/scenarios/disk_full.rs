//! The disk under the journal is full: nothing is signed, everything else goes on, and space is all it takes to recover.
//!
//! The pod's journal lies on a file system of a few MiB that only this process sees, in namespaces of its own
//! (`harness::small_disk`): that needs no root where the kernel grants user namespaces to everybody. The TSE and the
//! log lie elsewhere.

use std::time::Duration;

use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::history::journals::Journals;
use harness::receipt;
use harness::simulator::SimulatedTse;
use shared::identity::OperationId;

/// F34.
#[tokio::test]
async fn on_a_full_disk_a_cashbox_refuses_before_it_signs_and_recovers_by_itself() {
    let cluster = Cluster::of_pods(1).journaled_on_a_small_disk().start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    pos.sign(&receipt::sale(&cashbox, "R-0")).await.receipt();
    let owner = cluster.owner(&cashbox).await;
    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures();
    let disk = cluster.pods[0].disk();
    disk.fill();

    let id = OperationId::random();
    for _ in 0..3 {
        let refused = pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.json()["detail"], "the journal database does not answer");
    }
    assert_eq!(tse.signatures(), signed_before, "the TSE was not asked");
    let echo = pos.echo("still there").await;
    assert_eq!(echo.status, 200, "{echo:?}");
    let journals = Journals::read(&pos).await;
    assert_eq!(
        (journals.items.len(), journals.unfinished().len()),
        (2, 0),
        "nothing half"
    );
    assert_eq!(
        cluster.owner(&cashbox).await,
        owner,
        "the cashbox was not given up"
    );

    disk.free();
    eventually(
        "the same operation is signed",
        Duration::from_secs(60),
        async || {
            let answer = pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
            (answer.status == 200).then_some(())
        },
    )
    .await;
    assert_eq!(cluster.owner(&cashbox).await, owner);
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.signed("R-1").len(), 1);
    tse.assert_accounted_for(&journals);
}
