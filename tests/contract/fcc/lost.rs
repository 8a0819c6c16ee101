//! Answers that are lost, and pods that die: nothing is signed twice.

use backend::scu::types::Interrupted;
use backend::scu::{Scu, ScuError};
use harness::fcc_server::FccServer;
use harness::fcc_server::fault::{Effect, Fault};
use jiff::Timestamp;
use shared::clock::Ticks;
use shared::identity::QueueItemId;

use super::stand::{CLIENT, finish, identity, patient_unit, sign, start, unit, update};

const LOST: Effect = Effect::DoAndFail { status: 502 };

fn once(calls: &'static str, effect: Effect) -> Fault {
    Fault {
        calls,
        effect,
        times: 1,
    }
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_found_among_the_open_transactions() {
    for effect in [LOST, Effect::DoAndLoseAnswer] {
        let fcc = FccServer::start(&[CLIENT]).await;
        let unit = patient_unit(&fcc);
        // One that is on record must not be taken for it.
        unit.start_transaction(start(1)).await.unwrap();
        fcc.play(once("POST transaction", effect));
        let (started, _) = sign(&unit, 2).await;
        assert_eq!(started.transaction_number, 2);
        assert_eq!(
            started.signature.unwrap().signature_base64,
            fcc.signed()[1].signature
        );
        assert_eq!((fcc.signed().len(), fcc.open()), (3, vec![1]));
    }
}

#[tokio::test]
async fn a_start_that_was_not_done_is_asked_for_again() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = patient_unit(&fcc);
    fcc.play(once(
        "POST transaction",
        Effect::Refuse {
            status: 503,
            word: "E_AWAY",
        },
    ));
    fcc.play(once("POST transaction", Effect::Silence));
    assert_eq!(
        unit.start_transaction(start(1)).await.unwrap().transaction_number,
        1
    );
    assert_eq!(fcc.signed().len(), 1);
}

#[tokio::test]
async fn a_finish_whose_answer_was_lost_is_found_in_the_log() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = patient_unit(&fcc);
    fcc.play(once("PUT transaction", LOST));
    let (_, finished) = sign(&unit, 1).await;
    assert_eq!(finished.signature.signature_base64, fcc.signed()[1].signature);
    assert_eq!(fcc.signed().len(), 2);
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_found_in_the_log_and_an_earlier_one_is_not_taken_for_it() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let number = unit(&fcc)
        .start_transaction(start(1))
        .await
        .unwrap()
        .transaction_number;
    unit(&fcc).update_transaction(update(2, number)).await.unwrap();
    let unit = patient_unit(&fcc);
    fcc.play(once("POST transaction/", LOST));
    let updated = unit.update_transaction(update(3, number)).await.unwrap();
    assert_eq!(updated.signature.unwrap().counter, 3);
    assert_eq!(fcc.signed().len(), 3);
}

#[tokio::test]
async fn answers_that_keep_being_lost_are_settled_by_the_trace() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    fcc.play(once("POST transaction", LOST));
    assert!(
        unit.start_transaction(start(1))
            .await
            .unwrap_err()
            .may_have_signed()
    );
    let started = unit.trace(identity(1)).await.unwrap().started.unwrap();
    assert_eq!(started.transaction_number, 1);
    fcc.play(once("PUT transaction", LOST));
    assert!(
        unit.finish_transaction(finish(1, 1))
            .await
            .unwrap_err()
            .may_have_signed()
    );
    assert!(unit.trace(identity(1)).await.unwrap().finished.is_some());
    assert_eq!(unit.trace(identity(2)).await.unwrap(), Default::default());
}

#[tokio::test]
async fn what_cannot_be_looked_up_stays_unknown_and_is_not_signed_again() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = patient_unit(&fcc);
    sign(&unit, 1).await;
    fcc.play(once("POST transaction", LOST));
    fcc.play(Fault {
        calls: "GET transactions",
        effect: Effect::Refuse {
            status: 500,
            word: "E",
        },
        times: 100,
    });
    let unknown = unit.start_transaction(start(2)).await.unwrap_err();
    assert!(unknown.may_have_signed(), "{unknown}");
    assert_eq!(fcc.signed().len(), 3);
    fcc.behave();
    assert_eq!(
        unit.start_transaction(start(2)).await.unwrap().transaction_number,
        2
    );
    assert_eq!(fcc.signed().len(), 3);
}

#[tokio::test]
async fn an_fcc_that_is_not_there_has_signed_nothing() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    sign(&*unit, 1).await;
    drop(fcc);
    // Its connections end a moment after it.
    let refused = harness::eventually::eventually(
        "the FCC is gone",
        std::time::Duration::from_secs(10),
        async || {
            let error = unit.start_transaction(start(2)).await.unwrap_err();
            matches!(error, ScuError::Unreachable { .. }).then_some(error)
        },
    );
    assert!(!refused.await.may_have_signed());
}

/// What a pod would say of a receipt that it settles; `ago` seconds old.
fn interrupted(item: u128, recorded_through: u64, ago: i64) -> Interrupted {
    let since = Timestamp::now().as_second() - ago;
    Interrupted {
        item: QueueItemId::from_u128(item),
        client_id: CLIENT.to_owned(),
        since: Ticks::from_timestamp(Timestamp::from_second(since).unwrap()),
        recorded_through,
    }
}

#[tokio::test]
async fn a_receipt_whose_pod_died_after_the_start_goes_on_with_its_transaction() {
    let fcc = FccServer::start(&[CLIENT]).await;
    sign(&*unit(&fcc), 1).await;
    let dead = unit(&fcc).start_transaction(start(2)).await.unwrap();
    let successor = patient_unit(&fcc);
    let steps = successor.recall(interrupted(2, 1, 1)).await.unwrap();
    assert_eq!(steps.iter().map(|step| step.counter).collect::<Vec<_>>(), [3]);
    let (started, _) = sign(&successor, 2).await;
    assert_eq!(started, dead);
    assert_eq!((fcc.signed().len(), fcc.open().len()), (4, 0));
}

#[tokio::test]
async fn a_receipt_whose_pod_died_after_the_finish_adopts_both_signatures() {
    let fcc = FccServer::start(&[CLIENT]).await;
    sign(&*unit(&fcc), 1).await;
    let dead = sign(&*unit(&fcc), 2).await;
    let successor = patient_unit(&fcc);
    let steps = successor.recall(interrupted(2, 1, 1)).await.unwrap();
    assert_eq!(steps.iter().map(|step| step.counter).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(sign(&successor, 2).await, dead);
    assert_eq!(fcc.signed().len(), 4);
    // The next receipt is one of its own.
    assert_eq!(sign(&successor, 3).await.0.transaction_number, 3);
}

#[tokio::test]
async fn an_old_transaction_that_nobody_finished_is_not_taken_for_an_interrupted_receipt() {
    let fcc = FccServer::start(&[CLIENT]).await;
    fcc.set_clock(-3600);
    unit(&fcc).start_transaction(start(1)).await.unwrap();
    fcc.set_clock(0);
    let successor = patient_unit(&fcc);
    assert_eq!(successor.recall(interrupted(2, 0, 1)).await.unwrap(), []);
    assert_eq!(sign(&successor, 2).await.0.transaction_number, 2);
    assert_eq!(fcc.open(), [1]);
}

#[tokio::test]
async fn an_interrupted_receipt_is_looked_for_before_it_is_signed_even_if_the_fcc_was_away_at_first() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let dead = sign(&*unit(&fcc), 1).await;
    let successor = unit(&fcc);
    fcc.play(Fault {
        calls: "",
        effect: Effect::Refuse {
            status: 503,
            word: "E_AWAY",
        },
        times: 2,
    });
    assert!(successor.recall(interrupted(1, 0, 1)).await.is_err());
    assert!(successor.start_transaction(start(1)).await.is_err());
    assert_eq!(sign(&*successor, 1).await, dead);
    assert_eq!(fcc.signed().len(), 2);
}
