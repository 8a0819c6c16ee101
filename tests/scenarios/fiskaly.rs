//! Cashboxes whose TSE is fiskaly's: two on one TSS, pods that die in the middle of a transaction.

use harness::cashbox::Cashbox;
use harness::client::Pos;
use harness::cluster::Cluster;
use harness::fiskaly_server::faults::{Effect, Fault};
use harness::fiskaly_server::transactions::signature;
use harness::fiskaly_server::{ADMIN_PIN, API_SECRET, FiskalyServer, TOKEN};
use harness::history::assert_sound;
use harness::history::journals::Journals;
use harness::receipt;
use harness::sabotage::Sabotage;
use serde_json::json;
use shared::identity::OperationId;

/// Steps of a receipt, each with a pod that dies there. `after-tse` comes after the start and after the finish.
const STEPS: [&str; 4] = ["before-tse", "after-tse", "before-commit", "after-commit"];

/// F02, F04: the successor goes on with the transaction that its predecessor began.
#[tokio::test]
async fn a_pod_that_dies_between_start_and_finish_leaves_one_transaction_and_one_receipt_for_its_successor() {
    let (sabotage, fiskaly) = (Sabotage::new(), FiskalyServer::start().await);
    let mut cluster = sabotage.witnessed(Cluster::of_pods(2)).start().await;
    let tills = two_on_one_tss(&cluster, &fiskaly).await;

    let mut rules = Vec::new();
    for (at, step) in STEPS.into_iter().enumerate() {
        let (pos, cashbox) = &tills[0];
        let owner = cluster.owner(cashbox).await.pod;
        let id = format!("rule-{at}");
        rules.push(json!({ "id": id, "point": step, "action": "exit", "cashbox": cashbox.id }));
        sabotage.play(&rules);
        let (operation, sale) = (OperationId::random(), receipt::sale(cashbox, &format!("R-{at}")));
        pos.sign_as(operation, &sale).await.receipt();
        assert_eq!(sabotage.firings(&id), 1, "{step}");
        // Meanwhile the other cashbox of the TSS signs as if nothing had happened.
        let (pos, cashbox) = &tills[1];
        pos.sign(&receipt::sale(cashbox, &format!("S-{at}")))
            .await
            .receipt();
        cluster.pod(&owner).restart().await;
    }
    // The answers of both steps are lost, and fiskaly is busy before and after.
    fiskaly.play(Fault::on("PUT", "/tx/", Effect::status(429)).times(1));
    fiskaly.play(Fault::on("PUT", "/tx/", Effect::LoseAnswer).times(2));
    fiskaly.play(Fault::on("PUT", "/tx/", Effect::DoThenFail(502)).times(1));
    let (pos, cashbox) = &tills[0];
    pos.sign(&receipt::sale(cashbox, "R-LOST")).await.receipt();

    let mut journals = Vec::new();
    for (pos, _) in &tills {
        journals.push(assert_sound(pos).await);
    }
    assert_every_signature_is_shown_once(&fiskaly, &journals);
    assert_nothing_was_given_away(&cluster);
}

/// Two cashboxes, activated, whose SCU is the same.
async fn two_on_one_tss(cluster: &Cluster, fiskaly: &FiskalyServer) -> Vec<(Pos, Cashbox)> {
    let first = Cashbox::new();
    let second = Cashbox {
        scu: first.scu,
        ..Cashbox::new()
    };
    let mut tills = Vec::new();
    for cashbox in [first, second] {
        let document = cashbox.document_signed_by(&fiskaly.package()).to_string();
        cashbox.publish_document(cluster.config_service.cashboxes(), &document);
        let pos = cluster.pos(&cashbox);
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        tills.push((pos, cashbox));
    }
    tills
}

/// I5 against fiskaly's own records: two signatures for each signed item, each shown by that item's answer alone.
fn assert_every_signature_is_shown_once(fiskaly: &FiskalyServer, journals: &[Journals]) {
    let signed: Vec<_> = journals
        .iter()
        .flat_map(|journals| &journals.items)
        .filter(|item| item.is_signed())
        .collect();
    let signatures = fiskaly.tss().transactions.signatures();
    assert_eq!(signatures, 2 * signed.len() as u64);
    for counter in 1..=signatures {
        let shown = signed
            .iter()
            .filter(|item| item.response.contains(&signature(counter)));
        assert_eq!(shown.count(), 1, "signature {counter}");
    }
    assert_eq!(fiskaly.tss().transactions.active().count(), 0);
}

/// Neither the logs nor the database hold a credential.
fn assert_nothing_was_given_away(cluster: &Cluster) {
    let mut places = cluster.logs();
    for file in std::fs::read_dir(cluster.folder()).unwrap().flatten() {
        if file.file_name().to_string_lossy().contains(".db") {
            let bytes = std::fs::read(file.path()).unwrap();
            places.push((
                file.path().display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    assert!(
        places.iter().any(|(name, _)| name.contains("journal.db")),
        "the database was looked through"
    );
    for (name, text) in places {
        for secret in [API_SECRET, ADMIN_PIN, TOKEN] {
            assert!(!text.contains(secret), "{name} gives {secret} away");
        }
    }
}
