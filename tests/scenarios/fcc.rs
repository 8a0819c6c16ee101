//! Cashboxes whose TSE stands behind an FCC, which knows no operation ids: pods die around its calls, and it signs each
//! receipt once.

use harness::cashbox::Cashbox;
use harness::cluster::Cluster;
use harness::fcc_server::FccServer;
use harness::fcc_server::fault::{Effect, Fault};
use harness::history::assert_sound;
use harness::history::journals::Journals;
use harness::receipt;
use harness::sabotage::Sabotage;
use serde_json::{Value, json};
use shared::identity::OperationId;

/// Two cashboxes share one TSE. The first one's pod dies after the start was signed, then after the finish was.
#[tokio::test]
async fn a_pod_that_dies_between_start_and_finish_at_an_fcc_leaves_one_receipt_and_no_orphan() {
    let fcc = FccServer::start(&[]).await;
    fcc.allow_clients(2);
    let sabotage = Sabotage::new();
    let mut cluster = sabotage.witnessed(Cluster::of_pods(2)).start().await;
    let cashboxes = [at(&cluster, &fcc), at(&cluster, &fcc)];
    let tills = cashboxes.each_ref().map(|cashbox| cluster.pos(cashbox));
    for (pos, cashbox) in tills.iter().zip(&cashboxes) {
        pos.sign(&receipt::initial_operation(cashbox)).await.receipt();
    }
    assert_eq!(
        fcc.clients(),
        cashboxes.each_ref().map(|cashbox| cashbox.identification.clone())
    );

    let (pos, cashbox) = (&tills[0], &cashboxes[0]);
    for step in ["after-tse", "before-commit"] {
        let owner = cluster.owner(cashbox).await;
        sabotage.play(&[
            json!({ "id": step, "point": step, "action": "exit", "cashbox": cashbox.id, "times": 1 }),
        ]);
        let (id, sale) = (OperationId::random(), receipt::sale(cashbox, step));
        let answer = pos.sign_as(id, &sale).await;
        assert_eq!(state(&answer.receipt()), receipt::DE);
        assert_eq!(sabotage.firings(step), 1);
        assert_eq!(pos.sign_as(id, &sale).await.body, answer.body);
        assert_ne!(cluster.owner(cashbox).await.pod, owner.pod);
        cluster.pod(&owner.pod).restart().await;
        let other = tills[1].sign(&receipt::sale(&cashboxes[1], step)).await;
        assert_eq!(state(&other.receipt()), receipt::DE);
    }

    let lost = Effect::DoAndFail { status: 502 };
    for calls in ["POST transaction", "PUT transaction"] {
        fcc.play(Fault {
            calls,
            effect: lost,
            times: 1,
        });
        let sale = pos.sign(&receipt::sale(cashbox, calls)).await;
        assert_eq!(state(&sale.receipt()), receipt::DE);
    }

    let mut journals = Vec::new();
    for pos in &tills {
        journals.push(assert_sound(pos).await);
    }
    assert_every_signature_is_shown(&fcc, &journals);
    // Two activations; four sales of the first cashbox, two of the second.
    assert_eq!(fcc.signed().len(), 2 * (2 + 4 + 2));
    assert_eq!(fcc.open(), [0; 0]);
}

/// A cashbox whose package is an FCC.
fn at(cluster: &Cluster, fcc: &FccServer) -> Cashbox {
    let cashbox = Cashbox::new();
    let mut document = cashbox.document();
    let device = &mut document["ftSignaturCreationDevices"][0];
    device["Package"] = json!("fiskaltrust.Middleware.SCU.DE.SwissbitCloud");
    device["Configuration"] = fcc.settings();
    device["Configuration"]["FCCTimeoutSec"] = json!(10);
    cashbox.publish_document(cluster.config_service.cashboxes(), &document.to_string());
    cashbox
}

fn state(receipt: &Value) -> i64 {
    receipt["ftState"].as_i64().unwrap()
}

/// Each signature of the TSE stands in exactly one receipt.
fn assert_every_signature_is_shown(fcc: &FccServer, journals: &[Journals]) {
    for message in fcc.signed() {
        let items = journals.iter().flat_map(|journals| &journals.items);
        let shown = items
            .filter(|item| item.response.contains(&message.signature))
            .count();
        assert_eq!(shown, 1, "{message:?}");
    }
}
