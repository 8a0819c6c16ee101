//! Clients, limits, what the TSE says of itself.

use backend::scu::ScuError;
use backend::scu::types::TseState;
use harness::fcc_server::FccServer;
use serde_json::json;

use super::stand::{CLIENT, finish, sign, start, unit};

#[tokio::test]
async fn the_tse_is_described_by_what_the_fcc_says() {
    let fcc = FccServer::start(&[CLIENT, "KASSE-2"]).await;
    let unit = unit(&fcc);
    sign(&*unit, 1).await;
    unit.start_transaction(start(2)).await.unwrap();
    let info = unit.tse_info().await.unwrap();
    assert_eq!(
        (info.max_number_of_clients, info.current_number_of_clients),
        (3, 2)
    );
    assert_eq!(info.current_client_ids.unwrap(), [CLIENT, "KASSE-2"]);
    assert_eq!(
        (
            info.max_number_of_started_transactions,
            info.current_number_of_started_transactions
        ),
        (2000, 1)
    );
    assert_eq!(info.current_started_transaction_numbers.unwrap(), [2]);
    assert_eq!(info.current_number_of_signatures, 3);
    assert_eq!(info.current_state, TseState::Initialized);
    assert_eq!(
        info.certification_identification.unwrap(),
        "BSI-K-TR-0524-2024 [USK ausgesetzt]"
    );
    assert_eq!(info.firmware_identification.unwrap(), "2.1.0");
    assert_eq!(json!(info.info.unwrap())["FccVersion"], "4.0.0");
    assert_eq!(info.certificates_base64.unwrap().len(), 1);
}

#[tokio::test]
async fn before_it_is_asked_for_a_client_it_lists_the_open_transactions_of_all() {
    let fcc = FccServer::start(&[CLIENT, "KASSE-2"]).await;
    let first = unit(&fcc);
    first.start_transaction(start(1)).await.unwrap();
    let mut other = start(2);
    other.client_id = "KASSE-2".to_owned();
    unit(&fcc).start_transaction(other).await.unwrap();
    let numbers = unit(&fcc)
        .tse_info()
        .await
        .unwrap()
        .current_started_transaction_numbers;
    assert_eq!(numbers.unwrap(), [1, 2]);
    // A closing finishes what is listed, and a client can finish its own only.
    let own = first
        .tse_info()
        .await
        .unwrap()
        .current_started_transaction_numbers
        .unwrap();
    assert_eq!(own, [1]);
    first.finish_transaction(finish(1, 1)).await.unwrap();
}

#[tokio::test]
async fn a_client_is_registered_once_and_only_while_there_is_room() {
    let fcc = FccServer::start(&[]).await;
    let unit = unit(&fcc);
    assert_eq!(unit.register_client(CLIENT).await.unwrap(), [CLIENT]);
    assert_eq!(unit.register_client(CLIENT).await.unwrap(), [CLIENT]);
    assert_eq!(fcc.times_asked("POST registration"), 1);
    let refused = unit.register_client("KASSE-2").await.unwrap_err();
    assert!(
        matches!(&refused, ScuError::Rejected { message } if message.contains("no more clients")),
        "{refused}"
    );
    assert_eq!(unit.unregister_client(CLIENT).await.unwrap(), [""; 0]);
    assert_eq!(unit.unregister_client(CLIENT).await.unwrap(), [""; 0]);
    assert_eq!(fcc.times_asked("POST deregistration"), 1);
    assert_eq!(unit.register_client("KASSE-2").await.unwrap(), ["KASSE-2"]);
}

#[tokio::test]
async fn the_state_is_read_and_never_set() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    let asked = unit.set_tse_state(TseState::Terminated).await.unwrap();
    assert_eq!(asked, TseState::Initialized);
    fcc.end_key();
    assert_eq!(
        unit.set_tse_state(TseState::Initialized).await.unwrap(),
        TseState::Terminated
    );
    unit.self_test().await.unwrap();
    unit.set_tse_time().await.unwrap();
    assert_eq!(unit.echo("hello").await.unwrap(), "hello");
    assert!(fcc.take_asked().iter().all(|asked| asked.call == "GET selfcheck"));
}
