//! What concerns databases alone.

use shared::ownership::store::StoreError;

use super::place::{self, LONG, Place, execute, live_pod};

async fn a_newer_schema_is_refused_in_words(place: Place) {
    let Place::Database(url) = &place else {
        panic!("a database is expected");
    };
    live_pod(&place.client(), "a", LONG).await;
    execute(url, "UPDATE byodc_ownership_schema SET version = 99".to_owned()).await;
    let error = place.client().pods().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[tokio::test]
async fn a_newer_schema_in_sqlite_is_refused_in_words() {
    a_newer_schema_is_refused_in_words(place::sqlite().await).await;
}

#[tokio::test]
async fn a_newer_schema_in_maria_db_is_refused_in_words() {
    a_newer_schema_is_refused_in_words(place::maria_db().await).await;
}

#[tokio::test]
async fn a_newer_schema_in_postgres_is_refused_in_words() {
    a_newer_schema_is_refused_in_words(place::postgres().await).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_unreachable_and_shows_no_password() {
    let url = format!(
        "postgres://u:hunter2hunter2@127.0.0.1:{}/d",
        harness::ports::free_port()
    );
    let store = place::client(&[("Byodc__Ownership__Url", &url)]);
    let error = store.pods().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
