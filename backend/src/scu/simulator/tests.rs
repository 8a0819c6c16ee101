//! What the simulated TSE promises: rules, signatures, identities, one TSE for many pods, exports, trouble on demand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use shared::clock::{ScriptedClock, Ticks};
use shared::identity::QueueItemId;

use super::event::Operation;
use super::script::{Effect, OperationKind, Rule};
use super::*;
use crate::scu::types::{
    ExportScope, FinishTransaction, SignatureData, StartTransaction, TransactionIdentity, TransactionTrace,
    UpdateTransaction,
};
use crate::scu::{Scu as _, ScuError};

const SCU: ScuId = ScuId::from_u128(0x77);
const CLIENT: &str = "KASSE-1";
/// 2031-03-04T10:20:30.6Z
const NOW: Ticks = Ticks(640_659_828_306_000_000);

fn simulators(directory: Option<&std::path::Path>) -> Simulators {
    let config = Config {
        directory: directory.map(Into::into),
        delay: Duration::ZERO,
    };
    Simulators::new(config, Arc::new(ScriptedClock::at(NOW))).unwrap()
}

/// A TSE in memory with one client.
async fn tse() -> Simulator {
    let tse = simulators(None).open(SCU, Traits::default());
    tse.register_client(CLIENT).await.unwrap();
    tse
}

fn identity(number: u128) -> TransactionIdentity {
    TransactionIdentity {
        item: QueueItemId::from_u128(number),
        step: 0,
    }
}

fn start(number: u128) -> StartTransaction {
    StartTransaction {
        identity: identity(number),
        client_id: CLIENT.to_owned(),
        is_retry: false,
    }
}

fn finish(number: u128, transaction_number: u64) -> FinishTransaction {
    FinishTransaction {
        identity: identity(number),
        client_id: CLIENT.to_owned(),
        transaction_number,
        process_type: "Kassenbeleg-V1".to_owned(),
        process_data_base64: BASE64.encode("Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar"),
        is_retry: false,
    }
}

fn update(number: u128, transaction_number: u64) -> UpdateTransaction {
    let finish = finish(number, transaction_number);
    UpdateTransaction {
        identity: finish.identity,
        client_id: finish.client_id,
        transaction_number,
        process_type: finish.process_type,
        process_data_base64: finish.process_data_base64,
        is_retry: false,
    }
}

fn message<T: std::fmt::Debug>(answer: Result<T, ScuError>) -> String {
    answer.unwrap_err().to_string()
}

/// Checks a signature as an auditor would: from the public key and the fields alone.
fn verify(signature: &SignatureData, message: &log_message::LogMessage<'_>) {
    let point = BASE64.decode(&signature.public_key_base64).unwrap();
    assert_eq!(message.serial[..], Sha256::digest(&point)[..]);
    let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let plain = Signature::from_slice(&BASE64.decode(&signature.signature_base64).unwrap()).unwrap();
    key.verify(&message.signed_part(), &plain).unwrap();
}

#[tokio::test]
async fn start_and_finish_are_signed_over_their_true_operation() {
    let tse = tse().await;
    let started = tse.start_transaction(start(1)).await.unwrap();
    let finished = tse.finish_transaction(finish(1, 1)).await.unwrap();
    let serial: [u8; 32] = hex::decode(&finished.serial_number).unwrap().try_into().unwrap();
    let mut expected = log_message::LogMessage {
        operation: Operation::Start,
        client_id: CLIENT,
        process_data: b"",
        process_type: "",
        number: 1,
        serial: &serial,
        counter: 1,
        time: started.time,
    };
    verify(started.signature.as_ref().unwrap(), &expected);
    expected.operation = Operation::Finish;
    expected.process_type = "Kassenbeleg-V1";
    expected.process_data = b"Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar";
    expected.counter = 2;
    expected.time = finished.time;
    verify(&finished.signature, &expected);
    assert_eq!(finished.start_time, started.time);
    assert_eq!(started.time, Ticks(640_659_828_300_000_000), "whole seconds");
}

#[tokio::test]
async fn numbers_rise_from_one_and_every_step_uses_one_signature_counter() {
    let tse = tse().await;
    for number in 1..=3_u64 {
        let started = tse.start_transaction(start(number.into())).await.unwrap();
        assert_eq!(started.transaction_number, number);
        assert_eq!(started.signature.unwrap().counter, (number - 1) * 3 + 1);
        let updated = tse
            .update_transaction(update(number.into(), number))
            .await
            .unwrap();
        assert_eq!(updated.signature.unwrap().counter, (number - 1) * 3 + 2);
        assert_eq!(
            tse.tse_info().await.unwrap().current_started_transaction_numbers,
            Some(vec![number])
        );
        let finished = tse
            .finish_transaction(finish(number.into(), number))
            .await
            .unwrap();
        assert_eq!(finished.signature.counter, number * 3);
    }
    let info = tse.tse_info().await.unwrap();
    assert_eq!(info.current_started_transaction_numbers, Some(vec![]));
    assert_eq!(info.current_number_of_signatures, 9);
}

#[tokio::test]
async fn the_same_step_asked_again_gives_the_same_signature_and_other_content_is_rejected() {
    let tse = tse().await;
    let started = tse.start_transaction(start(1)).await.unwrap();
    assert_eq!(tse.start_transaction(start(1)).await.unwrap(), started);
    let finished = tse.finish_transaction(finish(1, 1)).await.unwrap();
    let again = FinishTransaction {
        is_retry: true,
        ..finish(1, 1)
    };
    assert_eq!(tse.finish_transaction(again).await.unwrap(), finished);
    let other = FinishTransaction {
        process_type: "Bestellung-V1".to_owned(),
        ..finish(1, 1)
    };
    assert!(matches!(
        tse.finish_transaction(other).await,
        Err(ScuError::Rejected { .. })
    ));
    assert_eq!(tse.tse_info().await.unwrap().current_number_of_signatures, 2);
    let trace = tse.trace(identity(1)).await.unwrap();
    assert_eq!(
        (trace.started, trace.updated, trace.finished),
        (Some(started), None, Some(finished))
    );
    assert_eq!(tse.trace(identity(2)).await.unwrap(), TransactionTrace::default());
}

#[tokio::test]
async fn the_rules_of_the_acceptance_suite_hold() {
    let tse = simulators(None).open(
        SCU,
        Traits {
            born_as: TseState::Uninitialized,
            delay: None,
        },
    );
    let state = "Expected state to be Initialized but instead the TSE state was Uninitialized.";
    assert_eq!(message(tse.start_transaction(start(1)).await), state);
    assert_eq!(message(tse.register_client(CLIENT).await), state);
    for _ in 0..2 {
        assert_eq!(
            tse.set_tse_state(TseState::Initialized).await.unwrap(),
            TseState::Initialized
        );
    }
    assert_eq!(
        tse.set_tse_state(TseState::Uninitialized).await.unwrap(),
        TseState::Initialized
    );
    assert_eq!(
        message(tse.start_transaction(start(1)).await),
        "The client with the id KASSE-1 is not registered."
    );
    for _ in 0..2 {
        assert_eq!(tse.register_client(CLIENT).await.unwrap(), [CLIENT]);
    }
    assert_eq!(
        message(tse.finish_transaction(finish(1, 1)).await),
        "The transaction with the number 1 is either not started or has been finished already."
    );
    assert_eq!(tse.unregister_client(CLIENT).await.unwrap(), [] as [&str; 0]);
    for _ in 0..2 {
        assert_eq!(
            tse.set_tse_state(TseState::Terminated).await.unwrap(),
            TseState::Terminated
        );
    }
    let terminated = "Expected state to be Initialized but instead the TSE state was Terminated.";
    assert_eq!(
        message(tse.set_tse_state(TseState::Initialized).await),
        terminated
    );
    assert_eq!(message(tse.start_transaction(start(1)).await), terminated);
}

#[tokio::test]
async fn two_pods_share_one_tse_and_the_second_answers_for_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let one = simulators(Some(directory.path())).open(SCU, Traits::default());
    let other = simulators(Some(directory.path())).open(SCU, Traits::default());
    one.register_client(CLIENT).await.unwrap();
    let started = one.start_transaction(start(1)).await.unwrap();
    assert_eq!(other.start_transaction(start(1)).await.unwrap(), started);
    let finished = other.finish_transaction(finish(1, 1)).await.unwrap();
    assert_eq!(one.trace(identity(1)).await.unwrap().finished, Some(finished));
    assert_eq!(
        one.start_transaction(start(2)).await.unwrap().transaction_number,
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_through_several_pods_get_every_number_once() {
    let directory = tempfile::tempdir().unwrap();
    let pods: Vec<_> = (0..4)
        .map(|_| Arc::new(simulators(Some(directory.path())).open(SCU, Traits::default())))
        .collect();
    pods[0].register_client(CLIENT).await.unwrap();
    let starts = (0..100_u64).map(|number| {
        let pod = Arc::clone(&pods[usize::try_from(number % 4).unwrap()]);
        tokio::spawn(async move {
            pod.start_transaction(start(number.into()))
                .await
                .unwrap()
                .transaction_number
        })
    });
    let mut numbers = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        numbers.push(start.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_killed_writers_half_line_is_as_if_it_never_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("{SCU}.tselog"));
    let open = || simulators(Some(directory.path())).open(SCU, Traits::default());
    let tse = open();
    tse.register_client(CLIENT).await.unwrap();
    tse.start_transaction(start(1)).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    tse.finish_transaction(finish(1, 1)).await.unwrap();
    let longer = std::fs::read(&path).unwrap();
    for length in [whole.len() + 1, longer.len() - 1] {
        std::fs::write(&path, &longer[..length]).unwrap();
        let next = open();
        assert_eq!(next.trace(identity(1)).await.unwrap().finished, None);
        let finished = next.finish_transaction(finish(1, 1)).await.unwrap();
        assert_eq!(finished.signature.counter, 2);
    }
}

#[tokio::test]
async fn the_tses_time_does_not_go_back_with_the_machines() {
    let clock = Arc::new(ScriptedClock::at(NOW));
    let tse = Simulators::new(Config::default(), Arc::clone(&clock) as _)
        .unwrap()
        .open(SCU, Traits::default());
    tse.register_client(CLIENT).await.unwrap();
    let first = tse.start_transaction(start(1)).await.unwrap();
    clock.set(Ticks(NOW.0 - 36_000_000_000));
    let second = tse.start_transaction(start(2)).await.unwrap();
    assert_eq!(second.time, first.time);
}

#[tokio::test]
async fn a_log_changed_by_others_is_refused_with_its_fault() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("{SCU}.tselog"));
    for (content, fault) in [
        ("garbage\n", "cannot be read"),
        ("{\"erased\":{\"through_counter\":1,\"at\":1}}\n", "creation"),
    ] {
        std::fs::write(&path, content).unwrap();
        let tse = simulators(Some(directory.path())).open(SCU, Traits::default());
        let error = message(tse.tse_info().await);
        assert!(
            error.starts_with("The TSE is not available.") && error.contains(fault),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_script_can_lose_the_answer_of_a_step_that_was_signed() {
    let simulators = simulators(None);
    let tse = simulators.open(SCU, Traits::default());
    tse.register_client(CLIENT).await.unwrap();
    simulators.script(SCU).push(Rule {
        operation: OperationKind::Start,
        effect: Effect::SignAndLoseAnswer,
        delay_ms: 0,
        times: Some(1),
    });
    assert!(
        tse.start_transaction(start(1))
            .await
            .unwrap_err()
            .may_have_signed()
    );
    let traced = tse.trace(identity(1)).await.unwrap().started.unwrap();
    assert_eq!(tse.start_transaction(start(1)).await.unwrap(), traced);
}

#[tokio::test]
async fn what_a_script_refuses_or_cuts_off_is_not_signed() {
    let simulators = simulators(None);
    let tse = simulators.open(SCU, Traits::default());
    tse.register_client(CLIENT).await.unwrap();
    for effect in [Effect::Reject, Effect::Unreachable] {
        let rule = Rule {
            operation: OperationKind::Any,
            effect,
            delay_ms: 0,
            times: Some(1),
        };
        simulators.script(SCU).push(rule);
        assert!(
            !tse.start_transaction(start(1))
                .await
                .unwrap_err()
                .may_have_signed()
        );
    }
    assert_eq!(tse.trace(identity(1)).await.unwrap(), TransactionTrace::default());
}

/// Reads an export to its end in small parts.
async fn fetch(tse: &Simulator, scope: ExportScope) -> (String, Vec<u8>) {
    let session = tse.start_export(scope).await.unwrap();
    let mut tar = Vec::new();
    loop {
        let chunk = tse.export_data(&session.token, 700).await.unwrap();
        tar.extend(chunk.bytes);
        if chunk.end_of_file {
            assert_eq!(chunk.total_bytes, Some(tar.len() as u64));
            return (session.token, tar);
        }
    }
}

/// Names of the files in a TAR, as the system's own `tar` reads them.
fn names(tar: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.tar");
    std::fs::write(&path, tar).unwrap();
    let listed = std::process::Command::new("tar")
        .arg("-tf")
        .arg(path)
        .output()
        .unwrap();
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn everything() -> ExportScope {
    ExportScope::All {
        client_id: String::new(),
        erase: true,
    }
}

#[tokio::test]
async fn an_export_holds_every_log_message_until_it_was_erased() {
    let tse = tse().await;
    tse.start_transaction(start(1)).await.unwrap();
    tse.finish_transaction(finish(1, 1)).await.unwrap();
    let (token, tar) = fetch(&tse, everything()).await;
    assert_eq!(
        names(&tar),
        [
            "info.csv",
            "Unixt_1930386030_Sig-1_Log-Tra_No-1_Start_Client-KASSE-1.log",
            "Unixt_1930386030_Sig-2_Log-Tra_No-1_Finish_Client-KASSE-1.log",
        ]
    );
    // Signed while the export was under way: it is not in it, so it stays.
    tse.start_transaction(start(2)).await.unwrap();
    tse.finish_transaction(finish(2, 2)).await.unwrap();
    let checksum = BASE64.encode(Sha256::digest(&tar));
    let ended = tse.end_export(&token, &checksum, true).await.unwrap();
    assert_eq!((ended.is_valid, ended.is_erased), (true, true));
    let (_, rest) = fetch(&tse, everything()).await;
    assert_eq!(names(&rest).len(), 3);
    assert!(names(&rest)[1].contains("Sig-3"));
    // What was erased is still known by its identity.
    assert!(tse.trace(identity(1)).await.unwrap().finished.is_some());
}

#[tokio::test]
async fn nothing_is_erased_by_a_wrong_checksum_or_while_a_transaction_is_open() {
    let tse = tse().await;
    tse.start_transaction(start(1)).await.unwrap();
    let (token, tar) = fetch(&tse, everything()).await;
    let wrong = tse.end_export(&token, "wrong", true).await.unwrap();
    assert_eq!((wrong.is_valid, wrong.is_erased), (false, false));
    assert!(
        tse.end_export(&token, "wrong", true).await.is_err(),
        "it has ended"
    );
    let (token, again) = fetch(&tse, everything()).await;
    assert_eq!(again, tar);
    let open = tse
        .end_export(&token, &BASE64.encode(Sha256::digest(&again)), true)
        .await
        .unwrap();
    assert_eq!((open.is_valid, open.is_erased), (true, false));
}

#[tokio::test]
async fn an_export_of_a_range_holds_that_range_and_erases_nothing() {
    let tse = tse().await;
    for number in 1..=3_u64 {
        tse.start_transaction(start(number.into())).await.unwrap();
        tse.finish_transaction(finish(number.into(), number))
            .await
            .unwrap();
    }
    let scope = ExportScope::Transactions {
        client_id: CLIENT.to_owned(),
        from: 2,
        to: 2,
    };
    let (token, tar) = fetch(&tse, scope).await;
    let names = names(&tar);
    assert!(
        names.len() == 3 && names[1..].iter().all(|name| name.contains("No-2")),
        "{names:?}"
    );
    let ended = tse
        .end_export(&token, &BASE64.encode(Sha256::digest(&tar)), true)
        .await
        .unwrap();
    assert_eq!((ended.is_valid, ended.is_erased), (true, false));
}
