//! Credentials are nowhere to be seen: not in errors, not in debug forms, not where a setting is wrong.

use backend::scu::ScuError;
use harness::fiskaly_server::{ADMIN_PIN, API_KEY, API_SECRET, FiskalyServer, TOKEN};
use serde_json::json;

use super::stand::{CLIENT, Stand, package, start};

fn assert_says_nothing(text: &str) {
    for secret in [ADMIN_PIN, API_KEY, API_SECRET, TOKEN, "wrong-one"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_without_repeating_them() {
    for wrong in [
        json!({ "ApiSecret": "wrong-one" }),
        json!({ "ApiKey": "wrong-one" }),
    ] {
        let stand = Stand::empty(wrong).await;
        let error = stand.unit.start_transaction(start(1)).await.unwrap_err();
        assert!(matches!(error, ScuError::Rejected { .. }), "{error}");
        assert!(error.to_string().contains("ApiKey and ApiSecret"), "{error}");
        assert_says_nothing(&format!("{error} {error:?}"));
    }
    let stand = Stand::empty(json!({ "AdminPin": "wrong-one" })).await;
    let error = stand.unit.register_client(CLIENT).await.unwrap_err();
    assert!(error.to_string().contains("AdminPin"), "{error}");
    assert_says_nothing(&format!("{error} {error:?}"));
    let stand = Stand::empty(json!({ "AdminPin": "" })).await;
    let error = stand.unit.register_client(CLIENT).await.unwrap_err().to_string();
    assert!(error.contains("has no AdminPin"), "{error}");
}

#[tokio::test]
async fn a_unit_in_use_shows_no_credential() {
    let stand = Stand::new().await;
    stand.unit.start_transaction(start(1)).await.unwrap();
    assert_says_nothing(&format!("{:?}", stand.unit));
    assert_says_nothing(&format!("{:?}", package(&stand.server, &json!({}))));
}

#[tokio::test]
async fn a_wrong_setting_is_named_with_its_rule_and_without_its_value() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = FiskalyServer::start().await;
    let stand = Stand::empty(json!({})).await;
    for (key, value) in [
        ("TssId", json!("wrong-one")),
        ("ApiKey", json!("")),
        ("ApiSecret", json!(null)),
        ("ApiEndpoint", json!("wrong-one")),
        ("FiskalyClientTimeout", json!("wrong-one")),
        ("RetriesOn5xxError", json!(-1)),
        ("EnableTarFileExport", json!("wrong-one")),
        ("ProxyServer", json!("ftp://wrong-one")),
    ] {
        let refused = stand.connector.connect(&package(&server, &json!({ key: value })));
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(key), "{refused}");
        assert_says_nothing(&refused);
    }
}
