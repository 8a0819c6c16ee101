//! The same operation id gives the same answer, from any door, and never a second signature.

use futures::future::join_all;
use harness::client::Answer;
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use shared::header;
use shared::identity::OperationId;

with_redis_and_with_sql!(
    an_operation_sent_again_is_answered_with_its_receipt,
    an_operation_sent_ten_times_at_once_through_two_proxies_is_signed_once,
    an_operation_with_other_content_is_refused,
    a_receipt_that_failed_fails_again_in_the_same_words,
    a_receipt_request_finds_what_was_signed_for_the_same_content,
    a_client_without_an_operation_id_is_told_the_one_it_was_given,
);

async fn an_operation_sent_again_is_answered_with_its_receipt(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let (operation, sale) = (OperationId::random(), receipt::sale(&cashbox, "R-1"));
    let first = pos.sign_as(operation, &sale).await;
    pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    let again = pos.at(&cluster.proxies[1].url()).sign_as(operation, &sale).await;
    assert_eq!(again.body, first.body);
    pos.reset().await;
    let after_reset = pos.sign_as(operation, &sale).await;
    assert_eq!(after_reset.body, first.body);
    assert_eq!(assert_sound(&pos).await.receipts.len(), 3);
}

/// F47.
async fn an_operation_sent_ten_times_at_once_through_two_proxies_is_signed_once(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    for round in 0..5 {
        let (operation, sale) = (
            OperationId::random(),
            receipt::sale(&cashbox, &format!("R-{round}")),
        );
        let doors: Vec<_> = (0..20).map(|at| pos.at(&cluster.proxies[at % 2].url())).collect();
        let answers: Vec<Answer> = join_all(doors.iter().map(|door| door.sign_as(operation, &sale))).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
        }
    }
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.receipts.len(), 6);
    SimulatedTse::of(cluster, &cashbox).assert_accounted_for(&journals);
}

/// F48.
async fn an_operation_with_other_content_is_refused(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    let operation = OperationId::random();
    let first = pos
        .sign_as(operation, &receipt::sale_of(&cashbox, "R-1", "2.80"))
        .await;
    first.receipt();
    let other = pos
        .sign_as(operation, &receipt::sale_of(&cashbox, "R-1", "9.99"))
        .await;
    assert_eq!(other.status, 409, "{other:?}");
    assert_eq!(other.json()["status"], 409);
    let again = pos
        .sign_as(operation, &receipt::sale_of(&cashbox, "R-1", "2.80"))
        .await;
    assert_eq!(again.body, first.body);
    assert_eq!(assert_sound(&pos).await.receipts.len(), 1);
}

async fn a_receipt_that_failed_fails_again_in_the_same_words(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let mut explicit_zero = receipt::zero(&cashbox, "Z-1");
    explicit_zero["ftReceiptCase"] = (receipt::DE + 2).into();
    let operation = OperationId::random();
    let failed = pos.sign_as(operation, &explicit_zero).await;
    assert_eq!(failed.status, 500, "{failed:?}");
    let detail = failed.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("must use implicit-flow flag"), "{detail}");
    let again = pos.sign_as(operation, &explicit_zero).await;
    assert_eq!((again.status, again.body), (500, failed.body));
    let journals = assert_sound(&pos).await;
    assert_eq!((journals.items.len(), journals.receipts.len()), (2, 1));
}

/// F49, TV-16 of the fiscal specification.
async fn a_receipt_request_finds_what_was_signed_for_the_same_content(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let sale = receipt::sale(&cashbox, "R-1");
    let signed = pos.sign(&sale).await;
    let found = pos.sign(&receipt::again(&sale)).await;
    assert_eq!(found.body, signed.body);
    let other = pos
        .sign(&receipt::again(&receipt::sale_of(&cashbox, "R-1", "2.81")))
        .await;
    assert_eq!((other.status, other.body.as_str()), (200, "null"));
    let stored = pos.journal(3).await.len();
    assert_eq!(stored, 2, "a receipt request takes no row");
}

async fn a_client_without_an_operation_id_is_told_the_one_it_was_given(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    let sale = receipt::sale(&cashbox, "R-1");
    let first = pos.post("/api/sign/", None, sale.to_string()).await.unwrap();
    let given: OperationId = first.header(header::OPERATION_ID).parse().unwrap();
    let again = pos.sign_as(given, &sale).await;
    assert_eq!(again.body, first.body);
}
