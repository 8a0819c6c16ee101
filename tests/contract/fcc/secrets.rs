//! Tokens, passwords, and that none of them is shown.

use backend::scu::ScuError;
use harness::fcc_server::fault::{Effect, Fault};
use harness::fcc_server::{ACTIVATION_TOKEN, ERS_CODE, FccServer};
use serde_json::json;

use super::stand::{CLIENT, DATA, package, sign, start, unit};

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_its_time_is_nearly_over() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    for item in 0..5 {
        sign(&*unit, item).await;
    }
    assert_eq!(fcc.times_asked("POST oauth/token"), 1);
    let short = FccServer::start(&[CLIENT]).await;
    short.tokens_live(0);
    sign(&*super::stand::unit(&short), 1).await;
    assert!(short.times_asked("POST oauth/token") > 1);
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_replaced_and_nothing_is_signed_twice() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    sign(&*unit, 1).await;
    fcc.forget_tokens();
    sign(&*unit, 2).await;
    assert_eq!(fcc.signed().len(), 4);
    assert_eq!(fcc.times_asked("POST oauth/token"), 2);
}

#[tokio::test]
async fn a_client_that_is_not_registered_gets_no_token_and_signs_nothing() {
    let fcc = FccServer::start(&[]).await;
    let refused = unit(&fcc).start_transaction(start(1)).await.unwrap_err();
    assert!(matches!(refused, ScuError::Rejected { .. }), "{refused}");
    assert_eq!(fcc.signed(), []);
}

#[tokio::test]
async fn no_error_and_no_debug_form_shows_a_credential() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    sign(&*unit, 1).await;
    let mut shown = vec![format!("{unit:?}"), format!("{:?}", package(&fcc.settings()))];
    for status in [400, 401, 403, 500] {
        fcc.play(Fault {
            calls: "",
            effect: Effect::Refuse { status, word: "E" },
            times: 100,
        });
        shown.push(unit.start_transaction(start(2)).await.unwrap_err().to_string());
        shown.push(unit.register_client("KASSE-2").await.unwrap_err().to_string());
        shown.push(unit.tse_info().await.unwrap_err().to_string());
        fcc.behave();
    }
    drop(fcc);
    shown.push(unit.tse_info().await.unwrap_err().to_string());
    for text in shown {
        for secret in [ERS_CODE, ACTIVATION_TOKEN, "token-1", "Basic ", "Bearer ", DATA] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn a_registration_needs_the_activation_token() {
    let fcc = FccServer::start(&[]).await;
    let mut settings = fcc.settings();
    settings["ActivationToken"] = json!(null);
    let without = super::stand::unit_with(&settings);
    let refused = without.register_client(CLIENT).await.unwrap_err();
    assert!(
        matches!(&refused, ScuError::Rejected { message } if message.contains("ActivationToken")),
        "{refused}"
    );
    assert_eq!(fcc.times_asked("POST registration"), 0);
}
