//! Receipts.

use backend::scu::ScuError;
use backend::scu::types::FinishTransaction;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::fcc_server::FccServer;
use shared::clock::Ticks;

use super::stand::{CLIENT, DATA, finish, sign, start, unit, update};

#[tokio::test]
async fn a_receipt_is_started_and_finished_and_answered_with_what_checks_it() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    let (started, finished) = sign(&*unit, 1).await;
    let signed = fcc.signed();
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[0].process, (String::new(), "PG5vbmU+".to_owned()));
    assert_eq!(signed[1].process, ("Kassenbeleg-V1".to_owned(), DATA.to_owned()));

    let info = unit.tse_info().await.unwrap();
    let start_signature = started.signature.unwrap();
    assert_eq!((started.transaction_number, start_signature.counter), (1, 1));
    assert_eq!(start_signature.signature_base64, signed[0].signature);
    assert_eq!(started.time, Ticks::from_timestamp(signed[0].time));
    assert_eq!(finished.start_time, started.time);
    assert_eq!(finished.time, Ticks::from_timestamp(signed[1].time));
    assert_eq!(finished.time_format, "utcTimeWithSeconds");
    assert_eq!(Some(&finished.serial_number), info.serial_number_octet.as_ref());
    assert_eq!(
        (&*finished.process_type, &*finished.process_data_base64),
        ("Kassenbeleg-V1", DATA)
    );
    assert_eq!(finished.signature.counter, 2);
    assert_eq!(
        Some(&finished.signature.public_key_base64),
        info.public_key_base64.as_ref()
    );
    assert_eq!(
        BASE64
            .decode(&finished.signature.public_key_base64)
            .unwrap()
            .len(),
        65
    );
    assert_eq!(finished.signature.algorithm, "ecdsa-plain-SHA256");
}

#[tokio::test]
async fn empty_data_are_sent_as_none_and_answered_as_they_were_asked() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    let number = unit.start_transaction(start(1)).await.unwrap().transaction_number;
    let updated = unit.update_transaction(update(2, number)).await.unwrap();
    assert_eq!(updated.process_data_base64.as_deref(), Some(""));
    assert_eq!(updated.signature.unwrap().counter, 2);
    let empty = FinishTransaction {
        process_type: String::new(),
        process_data_base64: String::new(),
        ..finish(3, number)
    };
    let finished = unit.finish_transaction(empty).await.unwrap();
    assert_eq!(finished.process_data_base64, "");
    assert_eq!(fcc.signed()[2].process, (String::new(), "PG5vbmU+".to_owned()));
}

#[tokio::test]
async fn the_same_step_asked_twice_is_signed_once() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    let first = sign(&*unit, 1).await;
    assert_eq!(sign(&*unit, 1).await, first);
    assert_eq!(fcc.signed().len(), 2);
    let trace = unit.trace(super::stand::identity(1)).await.unwrap();
    assert_eq!((trace.started, trace.finished), (Some(first.0), Some(first.1)));
}

#[tokio::test]
async fn after_a_restart_the_start_time_is_read_in_the_log() {
    let fcc = FccServer::start(&[CLIENT]).await;
    fcc.set_clock(-100);
    let started = unit(&fcc).start_transaction(start(1)).await.unwrap();
    fcc.set_clock(0);
    let finished = unit(&fcc).finish_transaction(finish(2, 1)).await.unwrap();
    assert_eq!(finished.start_time, started.time);
    assert!(finished.time > started.time);
}

#[tokio::test]
async fn several_cashboxes_share_one_tse() {
    let fcc = FccServer::start(&[CLIENT, "KASSE-2"]).await;
    let units: Vec<_> = (0..2).map(|_| unit(&fcc)).collect();
    let clients = [CLIENT, "KASSE-2"];
    let receipts = units
        .iter()
        .zip(clients)
        .enumerate()
        .map(async |(index, (unit, client))| {
            for item in 0..5 {
                let item = u128::try_from(index).unwrap() * 100 + item;
                let mut start = start(item);
                start.client_id = client.to_owned();
                let number = unit.start_transaction(start).await.unwrap().transaction_number;
                let mut finish = finish(item, number);
                finish.client_id = client.to_owned();
                unit.finish_transaction(finish).await.unwrap();
            }
        });
    futures::future::join_all(receipts).await;
    let signed = fcc.signed();
    assert_eq!((signed.len(), fcc.open().len()), (20, 0));
    for client in clients {
        assert_eq!(
            signed.iter().filter(|message| message.client == client).count(),
            10
        );
    }
}

#[tokio::test]
async fn a_transaction_of_another_client_or_none_is_refused_by_the_tse() {
    let fcc = FccServer::start(&[CLIENT, "KASSE-2"]).await;
    let unit = unit(&fcc);
    unit.start_transaction(start(1)).await.unwrap();
    let mut foreign = finish(2, 1);
    foreign.client_id = "KASSE-2".to_owned();
    let refused = unit.finish_transaction(foreign).await.unwrap_err();
    assert!(
        matches!(&refused, ScuError::Rejected { message }
        if message.contains("400") && message.contains("E_TRANSACTION_NOT_FOUND")),
        "{refused}"
    );
    let unknown = unit.finish_transaction(finish(3, 77)).await.unwrap_err();
    assert!(matches!(unknown, ScuError::Rejected { .. }));
    assert_eq!(fcc.open(), [1]);
}
