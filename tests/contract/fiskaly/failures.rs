//! What a failure means, and what is tried again.

use std::time::{Duration, Instant};

use backend::scu::ScuError;
use backend::scu::types::TransactionTrace;
use harness::fiskaly_server::faults::{Effect, Fault};
use serde_json::json;

use super::stand::{CLIENT, Stand, finish, identity, start};

fn busy(retry_after: Option<u64>) -> Effect {
    let (status, code) = (429, "E_TOO_MANY");
    Effect::Answer {
        status,
        code,
        retry_after,
    }
}

#[tokio::test]
async fn too_many_requests_are_repeated_when_fiskaly_says_and_signed_once() {
    let stand = Stand::new().await;
    stand
        .server
        .play(Fault::on("PUT", "/tx/", busy(Some(1))).times(1));
    let before = Instant::now();
    stand.unit.start_transaction(start(1)).await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(1));
    let puts = stand.server.seen_of("PUT", "/tx/");
    assert_eq!(
        (puts.len(), &puts[0].path),
        (2, &puts[1].path),
        "the same request"
    );
    assert_eq!(stand.server.tss().transactions.signatures(), 1);
}

#[tokio::test]
async fn a_busy_tss_is_not_waited_for_longer_than_the_caller_waits() {
    let stand = Stand::new().await;
    stand.server.play(Fault::on("PUT", "/tx/", busy(Some(3600))));
    let error = stand.unit.start_transaction(start(1)).await.unwrap_err();
    assert!(
        matches!(error, ScuError::Unreachable { .. }),
        "nothing was begun: {error}"
    );
}

#[tokio::test]
async fn errors_of_the_server_are_repeated_so_often_and_never_a_no() {
    let stand = Stand::with(json!({ "RetriesOn5xxError": 3 })).await;
    stand
        .server
        .play(Fault::on("PUT", "/tx/", Effect::status(502)).times(3));
    stand.unit.start_transaction(start(1)).await.unwrap();
    stand.server.play(Fault::on("PUT", "/tx/", Effect::status(500)));
    let before = stand.server.seen_of("PUT", "/tx/").len();
    let error = stand.unit.finish_transaction(finish(1, 1)).await.unwrap_err();
    assert!(error.may_have_signed(), "{error}");
    assert_eq!(stand.server.seen_of("PUT", "/tx/").len() - before, 4);
}

#[tokio::test]
async fn a_gateway_that_gave_up_after_the_tss_signed_costs_no_second_signature() {
    for refuses_repetitions in [false, true] {
        let stand = Stand::new().await;
        stand.server.tss().transactions.refuses_repetitions = refuses_repetitions;
        stand
            .server
            .play(Fault::on("PUT", "/tx/", Effect::DoThenFail(504)).times(1));
        stand.unit.start_transaction(start(1)).await.unwrap();
        stand
            .server
            .play(Fault::on("PUT", "/tx/", Effect::DoThenFail(502)).times(1));
        stand.unit.finish_transaction(finish(1, 1)).await.unwrap();
        assert_eq!(
            stand.server.tss().transactions.signatures(),
            2,
            "{refuses_repetitions}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_does_not_come_leaves_the_outcome_open_until_it_is_traced() {
    for effect in [Effect::LoseAnswer, Effect::Silence] {
        let stand = Stand::with(json!({ "FiskalyClientTimeout": 2500 })).await;
        stand
            .server
            .play(Fault::on("PUT", "/tx/", effect.clone()).times(1));
        let error = stand.unit.start_transaction(start(1)).await.unwrap_err();
        assert!(error.may_have_signed(), "{error}");
        assert!(stand.unit.trace(identity(1)).await.unwrap().started.is_some());
        assert_eq!(
            stand
                .unit
                .start_transaction(start(1))
                .await
                .unwrap()
                .transaction_number,
            1
        );
        assert_eq!(stand.server.tss().transactions.signatures(), 1);
    }
    let stand = Stand::with(json!({ "FiskalyClientTimeout": 2500 })).await;
    stand
        .server
        .play(Fault::on("PUT", "/tx/", Effect::Swallow).times(1));
    assert!(
        stand
            .unit
            .start_transaction(start(1))
            .await
            .unwrap_err()
            .may_have_signed()
    );
    assert_eq!(
        stand.unit.trace(identity(1)).await.unwrap(),
        TransactionTrace::default()
    );
}

/// As the queue asks: no longer than its configuration says, which is less than the HTTP client would wait.
#[tokio::test]
async fn a_call_that_waits_for_its_token_when_time_is_up_signed_nothing() {
    let stand = Stand::empty(json!({})).await;
    stand.server.play(Fault::on("POST", "auth", Effect::Swallow));
    let unit = stand.impatient(Duration::from_secs(2));
    let both = tokio::join!(unit.start_transaction(start(1)), unit.start_transaction(start(2)));
    for error in [both.0.unwrap_err(), both.1.unwrap_err()] {
        assert!(matches!(error, ScuError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_tss_that_is_silent_when_it_is_read_is_unreachable() {
    let stand = Stand::with(json!({ "RetriesOn5xxError": 0 })).await;
    stand.server.play(Fault::on("GET", "", Effect::status(503)));
    for error in [
        stand.unit.tse_info().await.unwrap_err(),
        stand.unit.trace(identity(1)).await.unwrap_err(),
        stand.unit.last_steps(CLIENT, 16).await.unwrap_err(),
    ] {
        assert!(matches!(error, ScuError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_not_taken_for_a_transaction_that_is_not_there() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    let not_fiskaly = Effect::Answer {
        status: 404,
        code: "",
        retry_after: None,
    };
    stand.server.play(Fault::on("GET", "/tx/", not_fiskaly));
    stand.another_pod().trace(identity(1)).await.unwrap_err();
}

#[tokio::test]
async fn a_refusal_is_an_answer_with_fiskalys_code() {
    let stand = Stand::new().await;
    stand.server.tss().state = "UNINITIALIZED";
    let error = stand.unit.start_transaction(start(1)).await.unwrap_err();
    assert!(matches!(error, ScuError::Rejected { .. }), "{error}");
    assert!(error.to_string().contains("E_TSS_NOT_INITIALIZED"), "{error}");
    assert_eq!(stand.server.seen_of("PUT", "/tx/").len(), 1);
}

#[tokio::test]
async fn a_refused_step_whose_past_cannot_be_read_stays_open() {
    let stand = Stand::with(json!({ "RetriesOn5xxError": 0 })).await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    stand.server.tss().transactions.refuses_repetitions = true;
    stand.server.play(Fault::on("GET", "/tx/", Effect::status(500)));
    assert!(
        stand
            .unit
            .start_transaction(start(1))
            .await
            .unwrap_err()
            .may_have_signed()
    );
    assert_eq!(stand.server.tss().transactions.signatures(), 1);
}

#[tokio::test]
async fn a_token_is_reused_as_long_as_it_lives() {
    let stand = Stand::empty(json!({})).await;
    let tokens = || stand.server.seen_of("POST", "auth").len();
    stand.unit.tse_info().await.unwrap();
    stand.unit.tse_info().await.unwrap();
    assert_eq!(tokens(), 1);
    let stand = Stand::empty(json!({})).await;
    let tokens = || stand.server.seen_of("POST", "auth").len();
    // Over before it is used: asked for again by every call, and refused, which is said.
    stand.server.tokens_live_s(0);
    stand.unit.tse_info().await.unwrap_err();
    assert!(tokens() > 1);
}

#[tokio::test]
async fn a_withdrawn_token_is_replaced_once_and_the_call_repeated() {
    let stand = Stand::new().await;
    stand.server.withdraw_tokens();
    stand.unit.start_transaction(start(1)).await.unwrap();
    assert_eq!(stand.server.tss().transactions.signatures(), 1);
    stand.server.play(Fault::on("PUT", "/tx/", Effect::status(401)));
    let error = stand.unit.finish_transaction(finish(1, 1)).await.unwrap_err();
    assert!(matches!(error, ScuError::Rejected { .. }), "{error}");
}

#[tokio::test]
async fn a_deleted_tss_is_explained_wherever_it_shows() {
    let stand = Stand::new().await;
    stand.server.tss().state = "DELETED";
    for error in [
        stand.unit.start_transaction(start(1)).await.unwrap_err(),
        stand.unit.tse_info().await.unwrap_err(),
        stand.unit.register_client("KASSE-2").await.unwrap_err(),
    ] {
        let said = error.to_string();
        assert!(matches!(error, ScuError::Rejected { .. }), "{said}");
        assert!(
            said.contains("was deleted") && said.contains("weekly clean-up") && said.contains("TssId"),
            "{said}"
        );
    }
}
