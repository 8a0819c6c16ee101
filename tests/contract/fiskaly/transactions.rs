//! Start and finish, repeated by whomever: each step is signed once.

use backend::scu::types::{StepKind, TransactionIdentity, TransactionTrace, UpdateTransaction};
use harness::fiskaly_server::faults::{Effect, Fault};
use harness::fiskaly_server::transactions::signature;
use serde_json::json;
use shared::clock::Ticks;

use super::stand::{CLIENT, Stand, finish, identity, start};

#[tokio::test]
async fn a_transaction_is_started_and_finished_with_what_the_receipt_needs() {
    let stand = Stand::new().await;
    let started = stand.unit.start_transaction(start(1)).await.unwrap();
    assert_eq!(started.transaction_number, 1);
    assert_eq!(
        (started.client_id.as_str(), started.serial_number.as_str()),
        (CLIENT, "5e71a1")
    );
    let signed = started.signature.unwrap();
    assert_eq!((signed.counter, signed.signature_base64), (1, signature(1)));

    let finished = stand.unit.finish_transaction(finish(1, 1)).await.unwrap();
    assert_eq!(finished.signature.signature_base64, signature(2));
    assert_eq!(finished.process_data_base64, finish(1, 1).process_data_base64);
    assert_eq!(finished.start_time, started.time);
    assert_eq!(finished.time_format, "unixTime");
    assert_eq!(finished.time.0 % 10_000_000, 0, "fiskaly counts whole seconds");

    let puts = stand.server.seen_of("PUT", "/tx/");
    let sent: Vec<_> = puts
        .iter()
        .map(|seen| seen.path.rsplit('/').next().unwrap())
        .collect();
    assert!(
        sent[0].ends_with("?tx_revision=1") && sent[1] == "1?tx_revision=2",
        "{sent:?}"
    );
    assert_eq!(puts[0].body.get("schema"), None, "a start has no data");
    assert_eq!(puts[1].body["schema"]["raw"]["process_type"], "Kassenbeleg-V1");
    // The start is remembered, so nothing is asked twice.
    assert_eq!(stand.server.seen_of("GET", "/tx").len(), 0);
}

#[tokio::test]
async fn a_finish_without_type_and_data_has_no_schema() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    let mut empty = finish(1, 1);
    empty.process_type.clear();
    empty.process_data_base64.clear();
    let finished = stand.unit.finish_transaction(empty).await.unwrap();
    assert_eq!(
        (
            finished.process_type.as_str(),
            finished.process_data_base64.as_str()
        ),
        ("", "")
    );
    assert_eq!(stand.server.seen_of("PUT", "/tx/1")[0].body.get("schema"), None);
}

#[tokio::test]
async fn an_update_never_reaches_fiskaly() {
    let stand = Stand::new().await;
    let before = stand.server.seen().len();
    let updated = stand.unit.update_transaction(UpdateTransaction {
        identity: identity(2),
        client_id: CLIENT.to_owned(),
        transaction_number: 7,
        process_type: String::new(),
        process_data_base64: String::new(),
        is_retry: false,
    });
    let updated = updated.await.unwrap();
    assert_eq!(
        (updated.transaction_number, updated.time),
        (7, Ticks(621_355_968_000_000_000))
    );
    assert_eq!(
        (
            updated.process_type,
            updated.process_data_base64,
            updated.signature
        ),
        (None, None, None)
    );
    assert_eq!(stand.server.seen().len(), before);
}

/// Whether the vendor answers a repetition as before or refuses it.
#[tokio::test]
async fn a_step_that_another_pod_repeats_is_signed_once() {
    for refuses_repetitions in [false, true] {
        let stand = Stand::new().await;
        stand.server.tss().transactions.refuses_repetitions = refuses_repetitions;
        let started = stand.unit.start_transaction(start(1)).await.unwrap();
        assert_eq!(
            stand.another_pod().start_transaction(start(1)).await.unwrap(),
            started
        );
        let finished = stand.unit.finish_transaction(finish(1, 1)).await.unwrap();

        let successor = stand.another_pod();
        // From the beginning, as a successor does that knows only the intent.
        assert_eq!(successor.start_transaction(start(1)).await.unwrap(), started);
        assert_eq!(
            successor.finish_transaction(finish(1, 1)).await.unwrap(),
            finished
        );
        assert_eq!(
            stand
                .another_pod()
                .finish_transaction(finish(1, 1))
                .await
                .unwrap(),
            finished
        );
        assert_eq!(
            stand.server.tss().transactions.signatures(),
            2,
            "{refuses_repetitions}"
        );
    }
}

#[tokio::test]
async fn a_finish_finds_the_newest_revision_whoever_signed_it() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    // The original signs updates that fiskaly lets it sign; we still think that the first revision is the newest.
    let client = stand.server.tss().clients[0].id;
    let path = format!("tss/{}/tx/1?tx_revision=2", stand.server.tss().id);
    stand
        .server
        .sign(&path, &json!({ "state": "ACTIVE", "client_id": client }))
        .await;
    let finished = stand.unit.finish_transaction(finish(2, 1)).await.unwrap();
    assert_eq!(finished.signature.counter, 3);
}

#[tokio::test]
async fn what_was_finished_by_another_step_or_never_started_is_refused() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    stand.unit.finish_transaction(finish(1, 1)).await.unwrap();
    for number in [1, 2] {
        let refused = stand
            .unit
            .finish_transaction(finish(9, number))
            .await
            .unwrap_err();
        assert!(!refused.may_have_signed());
        let expected = format!(
            "The transaction with the number {number} is either not started or has been finished already."
        );
        assert_eq!(refused.to_string(), expected);
    }
}

#[tokio::test]
async fn a_client_that_is_not_registered_is_refused_by_name() {
    let stand = Stand::empty(json!({})).await;
    let refused = stand.unit.start_transaction(start(1)).await.unwrap_err();
    assert_eq!(refused.to_string(), "The client KASSE-1 is not registered.");
    assert!(!refused.may_have_signed());
    stand.another_pod().register_client(CLIENT).await.unwrap();
    stand.unit.start_transaction(start(1)).await.unwrap();
}

#[tokio::test]
async fn a_trace_shows_the_steps_that_were_signed_to_every_pod() {
    let stand = Stand::new().await;
    assert_eq!(
        stand.unit.trace(identity(1)).await.unwrap(),
        TransactionTrace::default()
    );
    let started = stand.unit.start_transaction(start(1)).await.unwrap();
    for unit in [stand.unit.clone(), stand.another_pod()] {
        let trace = unit.trace(identity(1)).await.unwrap();
        assert_eq!((trace.started.as_ref(), trace.finished), (Some(&started), None));
    }
    let finished = stand.unit.finish_transaction(finish(1, 1)).await.unwrap();
    for unit in [stand.unit.clone(), stand.another_pod()] {
        let trace = unit.trace(identity(1)).await.unwrap();
        assert_eq!(
            (trace.started.as_ref(), trace.finished.as_ref()),
            (Some(&started), Some(&finished))
        );
        let other = TransactionIdentity {
            step: 1,
            ..identity(1)
        };
        assert_eq!(unit.trace(other).await.unwrap(), TransactionTrace::default());
    }
}

#[tokio::test]
async fn a_finish_in_another_receipt_than_the_start_is_traced_by_its_own_identity() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    let finished = stand.unit.finish_transaction(finish(2, 1)).await.unwrap();
    for unit in [stand.unit.clone(), stand.another_pod()] {
        let of_finish = unit.trace(identity(2)).await.unwrap();
        assert_eq!(
            (of_finish.started, of_finish.finished.as_ref()),
            (None, Some(&finished))
        );
        let of_start = unit.trace(identity(1)).await.unwrap();
        assert!(of_start.started.is_some() && of_start.finished.is_none());
    }
}

#[tokio::test]
async fn the_newest_signatures_are_shown_with_their_identities() {
    let stand = Stand::new().await;
    assert_eq!(stand.unit.last_steps("NOBODY", 16).await.unwrap(), []);
    for item in 1..=3 {
        stand.unit.start_transaction(start(item)).await.unwrap();
    }
    // The oldest is finished last, by a receipt of its own; the second stays open.
    stand.unit.finish_transaction(finish(3, 3)).await.unwrap();
    stand.unit.finish_transaction(finish(9, 1)).await.unwrap();
    let shown = |steps: Vec<backend::scu::types::SignedStep>| -> Vec<_> {
        steps
            .into_iter()
            .map(|step| (step.counter, step.kind, step.identity))
            .collect()
    };
    let expected = [
        (5, StepKind::Finish, identity(9)),
        (4, StepKind::Finish, identity(3)),
        (2, StepKind::Start, identity(2)),
    ];
    assert_eq!(
        shown(stand.another_pod().last_steps(CLIENT, 16).await.unwrap()),
        expected
    );
    assert_eq!(
        shown(stand.unit.last_steps(CLIENT, 1).await.unwrap()),
        expected[..1]
    );
}

#[tokio::test]
async fn transactions_of_the_original_say_nothing_about_our_journal() {
    let stand = Stand::new().await;
    let client = stand.server.tss().clients[0].id;
    let path = format!(
        "tss/{}/tx/{}?tx_revision=1",
        stand.server.tss().id,
        uuid::Uuid::new_v4()
    );
    stand
        .server
        .sign(&path, &json!({ "state": "ACTIVE", "client_id": client }))
        .await;
    assert_eq!(stand.unit.last_steps(CLIENT, 16).await.unwrap(), []);
    // But what it began can be finished.
    assert_eq!(
        stand
            .unit
            .finish_transaction(finish(1, 1))
            .await
            .unwrap()
            .signature
            .counter,
        2
    );
}

#[tokio::test]
async fn cashboxes_on_one_tss_share_what_they_learn() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    let (tokens, lists) = (
        stand.server.seen_of("POST", "auth").len(),
        stand.server.seen_of("GET", "/client").len(),
    );
    let other = stand.another_cashbox();
    let started = other.start_transaction(start(2)).await.unwrap();
    other
        .finish_transaction(finish(2, started.transaction_number))
        .await
        .unwrap();
    // Its own start, and the other's: both revisions are known here.
    other.finish_transaction(finish(1, 1)).await.unwrap();
    assert_eq!(stand.server.seen_of("POST", "auth").len(), tokens);
    assert_eq!(stand.server.seen_of("GET", "/client").len(), lists);
    assert_eq!(stand.server.seen_of("GET", "/tx").len(), 0);
}

#[tokio::test]
async fn cashboxes_on_one_tss_sign_at_the_same_time() {
    let stand = Stand::new().await;
    let other = stand.another_cashbox();
    other.register_client("KASSE-2").await.unwrap();
    // Many at once, and every tenth answer is lost.
    stand
        .server
        .play(Fault::on("PUT", "/tx/", Effect::LoseAnswer).times(6));
    let receipts = (1..=30_u128).map(|item| {
        let unit = if item % 2 == 0 {
            stand.unit.clone()
        } else {
            other.clone()
        };
        let client = if item % 2 == 0 { CLIENT } else { "KASSE-2" };
        async move {
            let of = |mut step: backend::scu::types::StartTransaction| {
                client.clone_into(&mut step.client_id);
                step
            };
            let started = loop {
                match unit.start_transaction(of(start(item))).await {
                    Ok(started) => break started,
                    Err(error) => assert!(error.may_have_signed(), "{error}"),
                }
            };
            let mut closing = finish(item, started.transaction_number);
            client.clone_into(&mut closing.client_id);
            loop {
                match unit.finish_transaction(closing.clone()).await {
                    Ok(finished) => break finished,
                    Err(error) => assert!(error.may_have_signed(), "{error}"),
                }
            }
        }
    });
    let finished = futures::future::join_all(receipts).await;
    assert_eq!(finished.len(), 30);
    assert_eq!(stand.server.tss().transactions.signatures(), 60);
    assert_eq!(stand.server.tss().transactions.active().count(), 0);
}
