//! The configuration service over HTTP.

use std::path::Path;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::process::{client, output, text};
use crate::service::Service;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "22222222-2222-4333-8444-555555555555";
const TOKEN: &str = "BGxpdHRsZS1zZWNyZXQ=";

/// A document of the fiscal specification's chapter 2.6, cut to what is needed.
fn document(id: &str) -> Value {
    let (queue, scu) = (
        "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
        "77777777-0000-4000-8000-000000000001",
    );
    json!({
        "ftCashBoxId": id, "TimeStamp": 640_600_000_000_000_004_i64, "helpers": [],
        "ftSignaturCreationDevices": [{ "Id": scu, "Package": "Byodc.SCU.DE.Simulator", "Version": "latest",
            "Configuration": {}, "Url": [] }],
        "ftQueues": [{ "Id": queue, "Package": "Byodc.Queue", "Version": "latest", "Url": [], "Configuration": {
            "init_ftQueue": [{ "ftQueueId": queue, "ftCashBoxId": id, "CountryCode": "DE" }],
            "init_ftQueueDE": [{ "ftQueueDEId": queue, "ftSignaturCreationUnitDEId": scu, "CashBoxIdentification": "K1" }],
            "init_ftSignaturCreationUnitDE": [{ "ftSignaturCreationUnitDEId": scu, "Url": "" }],
        }}],
    })
}

/// A service that knows the cashbox `ID`.
async fn started() -> Service {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), ID, &document(ID).to_string());
    Service::start(directory).await
}

impl Service {
    fn ask(&self, id: &str, token: &str) -> RequestBuilder {
        client()
            .get(self.url("/api/configuration"))
            .header("cashboxid", id)
            .header("accesstoken", token)
    }

    async fn answer(&self, id: &str, token: &str) -> Response {
        self.ask(id, token).send().await.unwrap()
    }
}

fn put(directory: &Path, id: &str, document: &str) {
    std::fs::write(directory.join(format!("{id}.json")), document).unwrap();
    std::fs::write(directory.join(format!("{id}.token")), format!("{TOKEN}\n")).unwrap();
}

#[tokio::test]
async fn both_shapes_of_the_request_give_the_file_as_it_is() {
    let service = started().await;
    let by_header = service
        .answer("{11111111-2222-4333-8444-555555555555}", TOKEN)
        .await;
    let by_path = client()
        .get(service.url(&format!("/api/configuration/{ID}")))
        .header("accesstoken", TOKEN);
    let by_path = by_path
        .json(&json!({ "publicKeyX509": "x" }))
        .send()
        .await
        .unwrap();
    for answer in [by_header, by_path] {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            answer.headers()["content-type"],
            "application/json; charset=utf-8"
        );
        assert_eq!(answer.text().await.unwrap(), document(ID).to_string());
    }
}

#[tokio::test]
async fn an_unknown_cashbox_and_a_wrong_token_are_told_in_the_same_words() {
    let service = started().await;
    put(service.directory.path(), OTHER, "broken");
    let mut told = Vec::new();
    for (id, token) in [
        (ID, "wrong"),
        (OTHER, "wrong"),
        ("33333333-2222-4333-8444-555555555555", TOKEN),
    ] {
        let answer = service.answer(id, token).await;
        told.push((
            answer.status(),
            answer.headers().len(),
            answer.text().await.unwrap(),
        ));
    }
    assert_eq!(told[0].0, StatusCode::UNAUTHORIZED);
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}

#[tokio::test]
async fn what_is_missing_or_malformed_is_named() {
    let service = started().await;
    let no_token = client()
        .get(service.url("/api/configuration"))
        .header("cashboxid", ID);
    let cases = [
        (no_token, "accesstoken"),
        (
            client()
                .get(service.url("/api/configuration"))
                .header("accesstoken", TOKEN),
            "cashboxid",
        ),
        (service.ask("no-guid", TOKEN), "cashboxid: not a GUID"),
        (
            service.ask(ID, TOKEN).header("cashboxid", OTHER),
            "cashboxid must be given, once",
        ),
    ];
    for (request, named) in cases {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let text = answer.text().await.unwrap();
        assert!(text.contains(named), "{text}");
    }
}

#[tokio::test]
async fn an_unchanged_document_is_not_sent_again_and_a_changed_one_is_at_once() {
    let service = started().await;
    let first = service.answer(ID, TOKEN).await;
    let tag = first.headers()["etag"].clone();
    let again = service
        .ask(ID, TOKEN)
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());

    let changed = document(ID).to_string().replace("K1", "K2");
    put(service.directory.path(), ID, &changed);
    let after = service
        .ask(ID, TOKEN)
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(after.status(), StatusCode::OK);
    assert_ne!(after.headers()["etag"], tag);
    assert_eq!(after.text().await.unwrap(), changed);
}

#[tokio::test]
async fn a_wrong_token_learns_nothing_from_a_known_tag() {
    let service = started().await;
    let answer = service
        .ask(ID, "wrong")
        .header("if-none-match", "*")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_broken_file_is_told_with_file_path_and_rule_while_the_others_are_served() {
    let service = started().await;
    let broken = document(OTHER).to_string().replace("\"DE\"", "\"AT\"");
    put(service.directory.path(), OTHER, &broken);
    let answer = service.answer(OTHER, TOKEN).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let text = answer.text().await.unwrap();
    let expected =
        format!("{OTHER}.json: $.ftQueues[0].Configuration.init_ftQueue[0].CountryCode: must be \"DE\"");
    assert_eq!(text, expected);
    assert_eq!(service.answer(ID, TOKEN).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn all_faults_of_all_files_are_logged_at_start() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), ID, "{");
    put(directory.path(), OTHER, &document(ID).to_string());
    std::fs::write(directory.path().join("Cash.json"), "{}").unwrap();
    std::fs::remove_file(directory.path().join(format!("{OTHER}.token"))).unwrap();
    // With its input closed from the start, it starts and ends.
    let told = output(
        &["config-service", "--end-with-stdin"],
        &[
            (
                "Byodc__ConfigService__Directory",
                directory.path().to_str().unwrap(),
            ),
            ("Byodc__ConfigService__Listen", "127.0.0.1:0"),
        ],
    );
    let told = text(&told);
    for fault in [
        format!("{ID}.json: not JSON"),
        format!("{OTHER}.json: $.ftCashBoxId: must be {OTHER}, as the file is named"),
        format!("there is no {OTHER}.token"),
        "Cash.json: the name must be".to_owned(),
    ] {
        assert!(told.contains(&fault), "{fault} is missing in {told}");
    }
}
