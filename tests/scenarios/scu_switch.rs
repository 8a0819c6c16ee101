//! A queue changes its SCU by its receipts, whoever serves it: while it has none every receipt says so, and a pod that
//! takes over asks the right TSE.

use harness::cashbox::Cashbox;
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::{Value, json};
use shared::identity::ScuId;

const READY: i64 = 0x4445_0000_0000_0000;
const SWITCHING: i64 = READY | 0x100;

/// A document with a second SCU, and both set up for the switch.
fn document(cashbox: &Cashbox, target: ScuId) -> Value {
    let mut document = cashbox.document();
    let mut device = document["ftSignaturCreationDevices"][0].clone();
    device["Id"] = json!(target);
    document["ftSignaturCreationDevices"]
        .as_array_mut()
        .unwrap()
        .push(device);
    let rows = &mut document["ftQueues"][0]["Configuration"]["init_ftSignaturCreationUnitDE"];
    let mut row = rows[0].clone();
    row["ftSignaturCreationUnitDEId"] = json!(target);
    row["Mode"] = json!(0x2_0000);
    row["ModeConfigurationJson"] = json!(json!({ "SourceScuId": cashbox.scu }).to_string());
    rows[0]["Mode"] = json!(0x1_0000);
    rows[0]["ModeConfigurationJson"] = json!(json!({ "TargetScuId": target }).to_string());
    rows.as_array_mut().unwrap().push(row);
    document
}

#[tokio::test]
async fn a_queue_goes_from_one_scu_to_another_also_across_pods() {
    let mut cluster = Cluster::of_pods(2).start().await;
    let cashbox = cluster.new_cashbox();
    let target = ScuId::random();
    let document = document(&cashbox, target).to_string();
    cashbox.publish_document(cluster.config_service.cashboxes(), &document);
    let pos = cluster.pos(&cashbox);
    let new = Cashbox {
        scu: target,
        ..cashbox.clone()
    };
    let (source_tse, target_tse) = (
        SimulatedTse::of(&cluster, &cashbox),
        SimulatedTse::of(&cluster, &new),
    );
    let sell = async |reference: &str| pos.sign(&receipt::sale(&cashbox, reference)).await.receipt();

    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    assert_eq!(sell("before").await["ftState"], READY);
    let left = pos.sign(&receipt::initiate_scu_switch(&cashbox)).await.receipt();
    assert_eq!(left["ftState"], READY);
    assert_eq!(sell("between").await["ftState"], SWITCHING);

    let owner = cluster.owner(&cashbox).await.pod;
    cluster.pod(&owner).kill();
    assert_eq!(sell("between, elsewhere").await["ftState"], SWITCHING);
    let signed_at_source = source_tse.signatures().len();
    assert_eq!(target_tse.signatures().len(), 0);
    let arrived = pos.sign(&receipt::finish_scu_switch(&cashbox)).await.receipt();
    assert_eq!(arrived["ftState"], READY);
    assert_eq!(sell("after").await["ftState"], READY);
    cluster.pod(&owner).restart().await;

    let owner = cluster.owner(&cashbox).await.pod;
    cluster.pod(&owner).kill();
    assert_eq!(sell("after, elsewhere").await["ftState"], READY);
    assert_eq!(
        source_tse.signatures().len(),
        signed_at_source,
        "the old TSE is left alone"
    );
    // The receipt of the switch and two sales, each a start and a finish.
    assert_eq!(target_tse.signatures().len(), 6);
    assert_sound(&pos).await;
}
