//! Clients, states, and what the TSS says of itself.

use backend::scu::types::TseState;
use harness::fiskaly_server::faults::{Effect, Fault};
use serde_json::json;

use super::stand::{CLIENT, Stand, finish, start};

#[tokio::test]
async fn the_tss_says_of_itself_what_a_receipt_shows() {
    let stand = Stand::new().await;
    for item in 1..=3 {
        stand.unit.start_transaction(start(item)).await.unwrap();
    }
    stand.unit.finish_transaction(finish(2, 2)).await.unwrap();
    let info = stand.unit.tse_info().await.unwrap();
    assert_eq!(
        (info.max_number_of_clients, info.current_number_of_clients),
        (199, 1)
    );
    assert_eq!(info.current_client_ids, Some(vec![CLIENT.to_owned()]));
    assert_eq!(info.current_started_transaction_numbers, Some(vec![1, 3]));
    assert_eq!(info.current_number_of_started_transactions, 2);
    assert_eq!(info.max_number_of_started_transactions, 2000);
    assert_eq!(
        (info.current_number_of_signatures, info.max_number_of_signatures),
        (4, i64::MAX)
    );
    assert_eq!(
        (info.current_log_memory_size, info.max_log_memory_size),
        (-1, i64::MAX)
    );
    assert_eq!(info.current_state, TseState::Initialized);
    assert_eq!(
        info.certification_identification.as_deref(),
        Some("BSI-K-TR-0490-2021")
    );
    assert_eq!(info.firmware_identification.as_deref(), Some("2.1.35"));
    assert_eq!(info.serial_number_octet.as_deref(), Some("5e71a1"));
    assert_eq!(info.log_time_format.as_deref(), Some("unixTime"));
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let stand = Stand::new().await;
    for item in 0..105 {
        stand.unit.start_transaction(start(item)).await.unwrap();
    }
    let info = stand.unit.tse_info().await.unwrap();
    assert_eq!(info.current_started_transaction_numbers.unwrap().len(), 105);
}

#[tokio::test]
async fn a_client_is_registered_once_whoever_asks() {
    let stand = Stand::empty(json!({})).await;
    let (one, other) = (stand.unit.clone(), stand.another_pod());
    let both = tokio::join!(one.register_client(CLIENT), other.register_client(CLIENT));
    assert_eq!(
        (both.0.unwrap(), both.1.unwrap()),
        (vec![CLIENT.to_owned()], vec![CLIENT.to_owned()])
    );
    assert_eq!(stand.server.tss().clients.len(), 1);
}

#[tokio::test]
async fn a_client_that_was_removed_can_come_back() {
    let stand = Stand::new().await;
    stand.unit.register_client("KASSE-2").await.unwrap();
    assert_eq!(stand.unit.unregister_client(CLIENT).await.unwrap(), ["KASSE-2"]);
    stand.unit.start_transaction(start(1)).await.unwrap_err();
    assert_eq!(stand.unit.unregister_client(CLIENT).await.unwrap(), ["KASSE-2"]);
    assert_eq!(stand.unit.register_client(CLIENT).await.unwrap().len(), 2);
    stand.unit.start_transaction(start(1)).await.unwrap();
    assert_eq!(stand.server.tss().clients.len(), 2);
}

#[tokio::test]
async fn no_client_is_registered_beyond_the_configured_number() {
    let stand = Stand::with(json!({ "MaxClientCount": 1 })).await;
    let refused = stand
        .unit
        .register_client("KASSE-2")
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("MaxClientCount allows 1"), "{refused}");
    assert_eq!(stand.unit.register_client(CLIENT).await.unwrap(), [CLIENT]);
}

#[tokio::test]
async fn the_administrator_logs_in_for_each_act_and_out_again() {
    let stand = Stand::empty(json!({})).await;
    stand
        .server
        .play(Fault::on("POST", "admin/logout", Effect::status(500)));
    stand.unit.register_client(CLIENT).await.unwrap();
    let acts: Vec<_> = stand.server.seen().into_iter().map(|seen| seen.path).collect();
    let position = |part: &str| acts.iter().position(|path| path.contains(part)).unwrap();
    let put = acts.iter().position(|path| path.contains("/client/")).unwrap();
    assert!(
        position("admin/auth") < put && put < position("admin/logout"),
        "{acts:?}"
    );
}

#[tokio::test]
async fn an_administrator_whom_another_pod_logged_out_logs_in_again() {
    let stand = Stand::empty(json!({})).await;
    stand
        .server
        .play(Fault::on("PUT", "/client/", Effect::status(401)).times(2));
    assert_eq!(stand.unit.register_client(CLIENT).await.unwrap(), [CLIENT]);
    assert_eq!(stand.server.seen_of("POST", "admin/auth").len(), 2);
}

#[tokio::test]
async fn a_tss_goes_through_its_life() {
    let stand = Stand::empty(json!({})).await;
    stand.server.tss().state = "UNINITIALIZED";
    for (wish, state) in [
        (TseState::Uninitialized, TseState::Uninitialized),
        (TseState::Initialized, TseState::Initialized),
        (TseState::Initialized, TseState::Initialized),
        (TseState::Uninitialized, TseState::Initialized),
        (TseState::Terminated, TseState::Terminated),
        (TseState::Terminated, TseState::Terminated),
        (TseState::Uninitialized, TseState::Terminated),
    ] {
        assert_eq!(stand.unit.set_tse_state(wish).await.unwrap(), state, "{wish:?}");
    }
    stand.unit.set_tse_state(TseState::Initialized).await.unwrap_err();
    // Two changes, and nothing was asked for that was so already.
    assert_eq!(stand.server.seen_of("PATCH", "").len(), 2);
}

#[tokio::test]
async fn a_tss_that_was_only_created_is_explained() {
    let stand = Stand::empty(json!({})).await;
    stand.server.tss().state = "CREATED";
    let refused = stand
        .unit
        .set_tse_state(TseState::Initialized)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("CREATED") && refused.contains("personalised"),
        "{refused}"
    );
    assert_eq!(stand.server.seen_of("PATCH", "").len(), 0);
}
