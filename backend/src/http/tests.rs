//! The whole front of a pod, asked as clients ask.

mod access;
mod bad_input;
mod v2;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::time::Duration;
use tower::ServiceExt as _;

use super::path::Endpoint;
use super::*;
use crate::cashbox::registry::drain::pace::Pace;
use crate::cashbox::tests::world::{CASHBOX, TOKEN, World};

/// Journals.
mod journals;

const BODY_BYTES_MAX: usize = 2048;
const POS_RECEIPT: i64 = 0x4445_0001_0000_0001;

async fn pod(world: &World) -> Arc<Pod> {
    let mut faults = Faults::default();
    let mut config = Config::read(&Settings::default(), &mut faults);
    config.body_bytes_max = BODY_BYTES_MAX;
    config.admin_keys = AdminKeys::Open;
    let pod = world.front("a", config);
    pod.ownership.introduce(Duration::from_secs(5)).await;
    pod
}

#[tokio::test]
async fn a_pod_that_was_never_on_record_waits_and_says_for_what() {
    let world = World::new().await;
    let config = Config::read(&Settings::default(), &mut Faults::default());
    let pod = world.front("a", config);
    let waiting = ask(&pod, Method::GET, "/health/ready", &[], "").await;
    assert_eq!(waiting.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told = text(waiting).await;
    assert!(
        told.contains(r#""status":"waiting""#) && told.contains("ownership store"),
        "{told}"
    );
    pod.ownership.introduce(Duration::from_secs(5)).await;
    let ready = ask(&pod, Method::GET, "/health/ready", &[], "").await;
    assert_eq!(ready.status(), StatusCode::OK);
}

async fn ask(pod: &Arc<Pod>, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    router::main(pod).oneshot(request).await.unwrap()
}

async fn post(pod: &Arc<Pod>, path: &str, body: &str) -> Response {
    let id = CASHBOX.to_string();
    ask(
        pod,
        Method::POST,
        path,
        &[("cashboxid", &id), ("accesstoken", TOKEN)],
        body,
    )
    .await
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn receipt(reference: &str) -> String {
    receipt_of(POS_RECEIPT, reference)
}

fn receipt_of(case: i64, reference: &str) -> String {
    serde_json::json!({
        "ftCashBoxID": CASHBOX, "cbTerminalID": "T-1", "cbReceiptReference": reference,
        "cbReceiptMoment": "2031-03-04T10:20:30Z", "cbChargeItems": [], "cbPayItems": [],
        "ftReceiptCase": case,
    })
    .to_string()
}

#[tokio::test]
async fn every_spelling_reaches_its_endpoint_and_the_wrong_method_is_told() {
    let world = World::new().await;
    let pod = pod(&world).await;
    for endpoint in Endpoint::ALL {
        for path in [endpoint.route().to_owned(), endpoint.route().to_uppercase() + "/"] {
            let expected = match endpoint {
                // The header is what is missing, not the path.
                Endpoint::Sign | Endpoint::Echo | Endpoint::EchoV0 | Endpoint::Journal => 400,
                Endpoint::SignV2 | Endpoint::EchoV2 | Endpoint::JournalV2 => 400,
                Endpoint::Version | Endpoint::Live | Endpoint::Ready => 405,
            };
            let response = ask(&pod, Method::POST, &path, &[], "").await;
            assert_eq!(response.status(), expected, "{path}");
            let response = ask(&pod, Method::DELETE, &path, &[], "").await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
    assert_eq!(
        ask(&pod, Method::GET, "/nothing", &[], "").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_receipt_is_signed_and_its_repetition_answered_word_for_word() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let operation = "11111111-0000-4000-8000-000000000001";
    let id = CASHBOX.to_string();
    let headers = [
        ("CashBoxId", id.as_str()),
        ("AccessToken", TOKEN),
        ("x-operation-id", operation),
    ];
    let first = ask(&pod, Method::POST, "/json/v1/Sign", &headers, &receipt("R-1")).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[shared::header::ANSWERED_CASHBOX], id.as_str());
    assert_eq!(first.headers()[shared::header::OPERATION_ID], operation);
    assert_eq!(first.headers()[shared::header::EPOCH], "1");
    let first = text(first).await;
    let again = ask(&pod, Method::POST, "/api/sign/", &headers, &receipt("R-1")).await;
    assert_eq!(text(again).await, first);
    let other = ask(&pod, Method::POST, "/api/sign", &headers, &receipt("R-2")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn echo_answers_in_the_shape_of_its_path() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let message = text(post(&pod, "/api/Echo", r#"{"Message":"ping"}"#).await).await;
    assert_eq!(message, r#"{"message":"ping"}"#);
    assert_eq!(
        text(post(&pod, "/v0/json/echo", r#""ping""#).await).await,
        r#""ping""#
    );
    assert_eq!(text(post(&pod, "/json/v0/Echo", "null").await).await, r#""""#);
    assert_eq!(
        post(&pod, "/json/v0/Echo", "{}").await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_rule_and_never_repeated() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let broken = post(&pod, "/api/sign", r#"{"ftReceiptCase": "hunter2"#).await;
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    assert!(!text(broken).await.contains("hunter2"));
    let large = post(&pod, "/api/sign", &" ".repeat(BODY_BYTES_MAX + 1)).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let query = post(&pod, "/api/journal?type=x", "").await;
    assert_eq!(query.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_the_same_words_as_an_unknown_cashbox() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let id = CASHBOX.to_string();
    let wrong = [("cashboxid", id.as_str()), ("accesstoken", "wrong")];
    let unknown = [
        ("cashboxid", "99999999-0000-4000-8000-000000000009"),
        ("accesstoken", "wrong"),
    ];
    post(&pod, "/api/sign", &receipt("R-1")).await;
    let mut answers = Vec::new();
    for headers in [&wrong, &unknown] {
        let response = ask(&pod, Method::POST, "/api/sign", headers, &receipt("R-1")).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(!response.headers().contains_key(shared::header::EPOCH));
        answers.push(text(response).await);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_journal_longer_than_a_page_is_one_array() {
    let world = World::new().await;
    let pod = pod(&world).await;
    for at in 0..230 {
        let signed = post(&pod, "/api/sign", &receipt(&format!("R-{at}"))).await;
        assert_eq!(signed.status(), StatusCode::OK);
    }
    for (query, numbers) in [
        ("type=2", 1..=230),
        ("type=2&to=-150", 1..=150),
        ("type=2&to=-1", 1..=1),
    ] {
        let journal = text(post(&pod, &format!("/api/journal?{query}"), "").await).await;
        let rows: Vec<Value> = serde_json::from_str(&journal).unwrap();
        let read: Vec<_> = rows
            .iter()
            .map(|row| row["ftReceiptNumber"].as_i64().unwrap())
            .collect();
        assert_eq!(read, numbers.collect::<Vec<_>>(), "{query}");
    }
}

#[tokio::test]
async fn a_draining_pod_says_so_on_every_answer() {
    let world = World::new().await;
    let pod = pod(&world).await;
    pod.draining.cancel();
    let response = ask(&pod, Method::GET, "/health/ready", &[], "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["connection"], "close");
    assert!(response.headers().contains_key(shared::header::DRAINING));
    assert_eq!(
        ask(&pod, Method::GET, "/health/live", &[], "").await.status(),
        StatusCode::OK
    );
}

async fn ask_admin(pod: &Arc<Pod>, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router::admin(pod).oneshot(request).await.unwrap();
    let status = response.status();
    (status, serde_json::from_str(&text(response).await).unwrap())
}

#[tokio::test]
async fn the_history_of_a_cashbox_is_read_part_by_part_from_new_to_old() {
    let world = World::new().await;
    let pod = pod(&world).await;
    assert_eq!(
        post(&pod, "/api/sign", &receipt("R-1")).await.status(),
        StatusCode::OK
    );
    pod.registry.drain(&Pace::unhurried(1)).await;
    let path = format!("/admin/v1/cashboxes/{CASHBOX}/history");
    let (status, first) = ask_admin(&pod, &format!("{path}?limit=1")).await;
    assert_eq!(status, StatusCode::OK);
    let released = &first["history"][0];
    assert_eq!(
        (&released["kind"], &released["reason"], &released["epoch"]),
        (&"release".into(), &"draining".into(), &1.into())
    );
    assert_eq!(
        (&released["from"], &released["to"]),
        (&pod.id.to_string().into(), &Value::Null)
    );
    let (_, second) = ask_admin(&pod, &format!("{path}?limit=1&after={}", first["next"])).await;
    let claimed = &second["history"][0];
    assert_eq!(
        (&claimed["kind"], &claimed["reason"]),
        (&"claim".into(), &"reserved".into())
    );
    assert_eq!(
        (&claimed["from"], &claimed["to"]),
        (&Value::Null, &pod.id.to_string().into())
    );
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn a_history_that_is_asked_for_wrongly_is_refused_with_the_rule() {
    let world = World::new().await;
    let pod = pod(&world).await;
    for query in [
        format!("{CASHBOX}/history?limit=0"),
        format!("{CASHBOX}/history?limit=1001"),
        format!("{CASHBOX}/history?after=yesterday"),
        "box/history".to_owned(),
    ] {
        let (status, problem) = ask_admin(&pod, &format!("/admin/v1/cashboxes/{query}")).await;
        assert_eq!(
            (status, &problem["title"]),
            (StatusCode::BAD_REQUEST, &"Bad query".into()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_port_for_scrapers_tells_figures_and_health_and_nothing_of_a_cashbox() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let scraped = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router::scraped(&pod).oneshot(request).await.unwrap().status()
    };
    for path in ["/metrics", "/health/live", "/health/ready"] {
        assert_eq!(scraped(path).await, StatusCode::OK, "{path}");
    }
    for path in [
        "/admin/v1/cashboxes",
        "/admin/v1/pod",
        "/peer/v1/identity",
        "/api/version",
    ] {
        assert_eq!(scraped(path).await, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_pod_says_what_its_removal_would_cost() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let cost = async || ask_admin(&pod, "/admin/v1/pod").await.1["deletionCost"].clone();
    assert_eq!(cost().await, 0);
    assert_eq!(
        post(&pod, "/api/sign", &receipt("R-1")).await.status(),
        StatusCode::OK
    );
    assert_eq!(cost().await, 1);
    pod.registry.drain(&Pace::unhurried(1)).await;
    assert_eq!(cost().await, 0);
}

async fn post_admin(pod: &Arc<Pod>, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router::admin(pod).oneshot(request).await.unwrap();
    let status = response.status();
    (status, serde_json::from_str(&text(response).await).unwrap())
}

#[tokio::test]
async fn a_move_says_what_became_of_it() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let path = format!("/admin/v1/cashboxes/{CASHBOX}/move");
    let (status, told) = post_admin(&pod, &path, &serde_json::json!({})).await;
    assert_eq!(
        (status, &told["outcome"]),
        (StatusCode::NOT_FOUND, &"not-here".into())
    );
    assert_eq!(
        post(&pod, "/api/sign", &receipt("R-1")).await.status(),
        StatusCode::OK
    );
    let (status, told) = post_admin(&pod, &path, &serde_json::json!({ "reason": "more room" })).await;
    assert_eq!(
        (status, &told["outcome"]),
        (StatusCode::CONFLICT, &"no-successor".into())
    );
    for (path, body) in [
        ("/admin/v1/cashboxes/box/move", serde_json::json!({})),
        (path.as_str(), serde_json::json!({ "to": "No Pod" })),
    ] {
        assert_eq!(post_admin(&pod, path, &body).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn without_a_seal_a_pod_only_expects_a_cashbox_and_takes_none() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let offer = serde_json::json!({ "from": pod.id.to_string(), "epoch": 3, "sealed": null });
    for (step, answer) in [("prepare", "expecting"), ("take", "unprepared")] {
        let path = format!("/peer/v1/cashboxes/{CASHBOX}/{step}");
        let (status, told) = post_admin(&pod, &path, &offer).await;
        assert_eq!((status, &told["answer"]), (StatusCode::OK, &answer.into()));
        assert_eq!(told["pod"], pod.id.to_string());
    }
    assert!(pod.registry.is_empty());
}
