//! The client against a service that answers as the test says: slowly, wrongly, not at all.

use std::collections::VecDeque;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderMap;
use shared::clock::ScriptedClock;
use shared::env::Origin;
use shared::figures::Figures;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::*;
use crate::cashbox::configuration::example::{self, CASHBOX};
use crate::cashbox::configuration::fault::ConfigurationFault;
use crate::journal::in_memory::InMemoryJournal;

/// What the service answers once.
#[derive(Clone)]
struct Scripted(u16, String);

/// A configuration service under the test's hand. Its last answer is repeated.
#[derive(Clone)]
struct Service {
    answers: Arc<Mutex<VecDeque<Scripted>>>,
    seen: Arc<Mutex<Vec<(String, HeaderMap, String)>>>,
    /// An answer takes one; the test gives them.
    permits: Arc<Semaphore>,
    address: std::net::SocketAddr,
    task: tokio::task::AbortHandle,
}

impl Service {
    async fn answering(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, seen) = (
            Arc::new(Mutex::new(answers.into_iter().collect())),
            Arc::default(),
        );
        let permits = Arc::new(Semaphore::new(1000));
        let parts = (Arc::clone(&answers), Arc::clone(&seen), Arc::clone(&permits));
        let router = Router::new().fallback(answer).with_state(parts);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let task = task.abort_handle();
        Self {
            answers,
            seen,
            permits,
            address,
            task,
        }
    }

    fn now_answers(&self, answer: Scripted) {
        *self.answers.lock().unwrap() = VecDeque::from([answer]);
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

type Parts = (
    Arc<Mutex<VecDeque<Scripted>>>,
    Arc<Mutex<Vec<(String, HeaderMap, String)>>>,
    Arc<Semaphore>,
);

async fn answer(State((answers, seen, permits)): State<Parts>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4096).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    seen.lock()
        .unwrap()
        .push((head.uri.to_string(), head.headers, body));
    permits.acquire().await.unwrap().forget();
    let mut answers = answers.lock().unwrap();
    let Scripted(status, body) = match answers.len() {
        1 => answers[0].clone(),
        _ => answers.pop_front().unwrap(),
    };
    Response::builder().status(status).body(Body::from(body)).unwrap()
}

fn good() -> Scripted {
    Scripted(200, example::document().to_string())
}

fn status(status: u16) -> Scripted {
    Scripted(status, "no".to_owned())
}

fn token(text: &str) -> SecretString {
    text.into()
}

/// A pod's client of the service at `address`, with a journal and further settings.
fn client(
    address: impl std::fmt::Display,
    journal: &InMemoryJournal,
    settings: &[(&'static str, &str)],
) -> ConfigurationService {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let own = [
        (client::BASE_URL.name, format!("http://{address}/base/")),
        (seal::KEY.name, hex::encode([7; 32])),
    ];
    let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let settings = Settings::default()
        .with(Origin::Environment, own)
        .with(Origin::Flag, settings);
    let mut faults = Faults::default();
    let config = Config::read(&settings, &mut faults);
    assert_eq!(faults.lines(), &[] as &[String]);
    let clock = Arc::new(ScriptedClock::at(Ticks(640_659_828_306_000_000)));
    ConfigurationService::new(
        config,
        Arc::new(journal.clone()),
        clock,
        Metrics::register(&Figures::default()),
    )
    .unwrap()
}

async fn fetch_from(answers: impl IntoIterator<Item = Scripted>) -> (Result<Fetched, FetchError>, usize) {
    let service = Service::answering(answers).await;
    let client = client(service.address, &InMemoryJournal::default(), &[]);
    let fetched = client.fetch(CASHBOX, &token("secret")).await;
    (fetched, service.requests())
}

#[tokio::test]
async fn id_and_token_travel_as_headers_to_the_address_below_the_base() {
    let service = Service::answering([good()]).await;
    let client = client(service.address, &InMemoryJournal::default(), &[]);
    let fetched = client.fetch(CASHBOX, &token("secret")).await.unwrap();
    assert_eq!(
        (fetched.configuration.cashbox, fetched.source),
        (CASHBOX, Source::Service)
    );
    let (path, headers, body) = service.seen.lock().unwrap()[0].clone();
    assert_eq!((path.as_str(), body.as_str()), ("/base/api/configuration", ""));
    assert_eq!(headers["cashboxid"], CASHBOX.to_string());
    assert_eq!(headers["accesstoken"], "secret");
}

#[tokio::test]
async fn the_launchers_form_has_the_id_in_the_path_and_a_public_key_in_the_body() {
    let service = Service::answering([good()]).await;
    let settings = [(client::SHAPE.name, "Launcher")];
    let client = client(service.address, &InMemoryJournal::default(), &settings);
    client.fetch(CASHBOX, &token("secret")).await.unwrap();
    let (path, headers, body) = service.seen.lock().unwrap()[0].clone();
    assert_eq!(path, format!("/base/api/configuration/{CASHBOX}"));
    assert_eq!(headers["accesstoken"], "secret");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    // The head of every SubjectPublicKeyInfo of an uncompressed P-256 key.
    let key = body["publicKeyX509"].as_str().unwrap();
    assert!(key.starts_with("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"), "{key}");
}

#[tokio::test]
async fn a_passing_trouble_is_tried_again() {
    for trouble in [500, 503, 408, 429] {
        let (fetched, requests) = fetch_from([status(trouble), good()]).await;
        assert!(fetched.is_ok(), "{trouble}: {fetched:?}");
        assert_eq!(requests, 2);
    }
}

#[tokio::test]
async fn refusals_are_not_tried_again_and_do_not_say_what_was_wrong() {
    for refusal in [401, 403, 404] {
        let (fetched, requests) = fetch_from([status(refusal)]).await;
        assert_eq!((fetched.unwrap_err(), requests), (FetchError::Refused, 1));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_configuration_is_a_fault_and_not_tried_again() {
    let mut other = example::document();
    other["ftCashBoxId"] = serde_json::json!(CashBoxId::from_u128(2));
    let mut two_queues = example::document();
    two_queues["ftQueues"] = serde_json::json!([two_queues["ftQueues"][0], two_queues["ftQueues"][0]]);
    let found = CashBoxId::from_u128(2);
    let path = "ftQueues".to_owned();
    for (answer, fault) in [
        (Scripted(200, " \n".to_owned()), AnswerFault::Empty),
        (
            Scripted(200, "x".repeat(5_000_000)),
            AnswerFault::TooLarge { bytes_max: 4_194_304 },
        ),
        (
            Scripted(200, "<html>".to_owned()),
            ConfigurationFault::NoJson { line: 1, column: 1 }.into(),
        ),
        (
            Scripted(200, other.to_string()),
            ConfigurationFault::OtherCashbox {
                asked: CASHBOX,
                found,
            }
            .into(),
        ),
        (
            Scripted(200, two_queues.to_string()),
            ConfigurationFault::NotExactlyOne { path, found: 2 }.into(),
        ),
        (status(302), AnswerFault::Status(302)),
        (status(400), AnswerFault::Status(400)),
    ] {
        let (fetched, requests) = fetch_from([answer]).await;
        assert_eq!((fetched.unwrap_err(), requests), (FetchError::Invalid(fault), 1));
    }
}

#[tokio::test]
async fn many_at_once_share_one_flight_and_another_token_has_its_own() {
    let service = Service::answering([good()]).await;
    service.permits.forget_permits(1000);
    let client = client(service.address, &InMemoryJournal::default(), &[]);
    let ask = |text: &'static str| {
        let client = client.clone();
        tokio::spawn(async move { client.fetch(CASHBOX, &token(text)).await })
    };
    let asked: Vec<_> = (0..20).map(|_| ask("one")).chain([ask("other")]).collect();
    until(|| service.requests() == 2).await;
    service.permits.add_permits(2);
    for fetched in asked {
        assert!(fetched.await.unwrap().is_ok());
    }
    assert_eq!(service.requests(), 2);
    assert_eq!(
        client.parts.flights().len(),
        0,
        "flights that have landed are forgotten"
    );
}

#[tokio::test]
async fn a_reset_never_joins_an_earlier_flight_and_never_takes_the_kept_copy() {
    let service = Service::answering([good()]).await;
    let client = client(service.address, &InMemoryJournal::default(), &[]);
    for _ in 0..3 {
        client.fetch_anew(CASHBOX, &token("secret")).await.unwrap();
    }
    assert_eq!(service.requests(), 3);
    service.now_answers(status(500));
    let failed = client.fetch_anew(CASHBOX, &token("secret")).await.unwrap_err();
    assert!(matches!(failed, FetchError::Unreachable { .. }), "{failed}");
}

#[tokio::test]
async fn the_kept_copy_stands_in_for_the_same_token_only_when_the_service_is_away() {
    let service = Service::answering([good()]).await;
    let journal = InMemoryJournal::default();
    client(service.address, &journal, &[])
        .fetch(CASHBOX, &token("secret"))
        .await
        .unwrap();
    service.task.abort();

    let restarted = client(service.address, &journal, &[(client::RETRIES.name, "0")]);
    let fetched = restarted.fetch(CASHBOX, &token("secret")).await.unwrap();
    assert_eq!(fetched.configuration.cashbox, CASHBOX);
    let fetched_at = Ticks(640_659_828_306_000_000);
    assert_eq!(fetched.source, Source::KeptCopy { fetched_at });
    let other = restarted.fetch(CASHBOX, &token("other")).await.unwrap_err();
    assert!(matches!(other, FetchError::Unreachable { .. }), "{other}");
    let other_key = client(
        service.address,
        &journal,
        &[
            (client::RETRIES.name, "0"),
            (
                seal::KEY.name,
                "0101010101010101010101010101010101010101010101010101010101010101",
            ),
        ],
    );
    assert!(other_key.fetch(CASHBOX, &token("secret")).await.is_err());
}

#[tokio::test]
async fn while_the_service_is_known_to_be_away_kept_copies_are_taken_without_asking_it() {
    let service = Service::answering([good()]).await;
    let client = client(
        service.address,
        &InMemoryJournal::default(),
        &[(client::RETRIES.name, "0")],
    );
    client.fetch(CASHBOX, &token("secret")).await.unwrap();
    service.now_answers(status(503));
    for _ in 0..5 {
        let fetched = client.fetch(CASHBOX, &token("secret")).await.unwrap();
        assert!(matches!(fetched.source, Source::KeptCopy { .. }));
    }
    assert_eq!(service.requests(), 2);
}

#[tokio::test]
async fn a_withdrawn_token_opens_nothing_during_a_later_outage() {
    let service = Service::answering([good()]).await;
    let journal = InMemoryJournal::default();
    let settings = [
        (client::RETRIES.name, "0"),
        (admission::REFUSED_SECONDS.name, "0"),
    ];
    let client = client(service.address, &journal, &settings);
    client.fetch(CASHBOX, &token("secret")).await.unwrap();
    service.now_answers(status(401));
    assert_eq!(
        client.fetch(CASHBOX, &token("secret")).await.unwrap_err(),
        FetchError::Refused
    );
    service.now_answers(status(503));
    let away = client.fetch(CASHBOX, &token("secret")).await.unwrap_err();
    assert!(matches!(away, FetchError::Unreachable { .. }), "{away}");
}

#[tokio::test]
async fn a_refused_pair_and_a_flood_of_unknown_ones_do_not_reach_the_service() {
    let service = Service::answering([status(401)]).await;
    let settings = [
        (admission::UNKNOWN_BURST.name, "3"),
        (admission::UNKNOWN_PER_SECOND.name, "1"),
    ];
    let client = client(service.address, &InMemoryJournal::default(), &settings);
    for _ in 0..10 {
        assert_eq!(
            client.fetch(CASHBOX, &token("wrong")).await.unwrap_err(),
            FetchError::Refused
        );
    }
    assert_eq!(service.requests(), 1);
    let mut limited = 0;
    for number in 0..50 {
        let unknown = CashBoxId::from_u128(1000 + number);
        let refused = client.fetch(unknown, &token("wrong")).await.unwrap_err();
        limited += usize::from(refused == FetchError::RateLimited);
    }
    assert!(
        limited > 0 && service.requests() + limited == 51,
        "{limited} of {}",
        service.requests()
    );
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up_in_time() {
    let service = Service::answering([good()]).await;
    service.permits.forget_permits(1000);
    let settings = [(client::TIMEOUT_SECONDS.name, "1")];
    let client = client(service.address, &InMemoryJournal::default(), &settings);
    let late = client.fetch(CASHBOX, &token("secret")).await.unwrap_err();
    assert!(
        matches!(&late, FetchError::Unreachable { reason } if reason.contains("within 1s")),
        "{late}"
    );
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_refused_without_asking() {
    let service = Service::answering([good()]).await;
    let client = client(service.address, &InMemoryJournal::default(), &[]);
    let refused = client.fetch(CASHBOX, &token("line\nfeed")).await.unwrap_err();
    assert_eq!((refused, service.requests()), (FetchError::Refused, 0));
}

#[tokio::test]
async fn the_outgoing_proxy_is_used_except_for_the_hosts_that_need_none() {
    let proxy = Service::answering([good()]).await;
    let address = format!("address=http://{}", proxy.address);
    let asked = "configuration.invalid:81";
    let journal = InMemoryJournal::default();
    let through = client(asked, &journal, &[(outgoing_proxy::PROXY.name, &address)]);
    through.fetch(CASHBOX, &token("secret")).await.unwrap();
    assert_eq!(
        proxy.seen.lock().unwrap()[0].0,
        "http://configuration.invalid:81/base/api/configuration"
    );
    let direct = client(
        asked,
        &InMemoryJournal::default(),
        &[
            (outgoing_proxy::PROXY.name, &address),
            (outgoing_proxy::NO_PROXY.name, ".invalid"),
            (client::RETRIES.name, "0"),
        ],
    );
    assert!(direct.fetch(CASHBOX, &token("secret")).await.is_err());
    assert_eq!(proxy.requests(), 1);
}

#[test]
fn a_base_address_that_cannot_be_asked_is_a_fault() {
    for wrong in [
        "helipad",
        "ftp://helipad",
        "http://",
        "https://u:p@helipad",
        "https://helipad?x=1",
    ] {
        let mut faults = Faults::default();
        let settings = Settings::default().with(Origin::Environment, [(client::BASE_URL.name, wrong)]);
        let _ = Config::read(&settings, &mut faults);
        assert_eq!(faults.lines().len(), 1, "{wrong}: {faults}");
        assert!(faults.lines()[0].starts_with("Helipad__BaseUrl"));
    }
}

/// Waits for a condition; a test that waits for ever fails by its runner's limit.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
