use shared::identity::Incarnation;
use shared::placement::pod::PodState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const BOX: CashBoxId = CashBoxId::from_u128(7);

fn peers() -> HttpPeers {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    HttpPeers::new(PeerKeys::default()).unwrap()
}

async fn pod_at(listener: &TcpListener) -> PodRecord {
    let admin_address = listener.local_addr().unwrap();
    PodRecord {
        id: PodId {
            name: "other".parse().unwrap(),
            incarnation: Incarnation::random(),
        },
        address: admin_address,
        admin_address,
        version: "1".into(),
        generation: "g".into(),
        started_at_ms: 1,
        state: PodState::Ready,
        load: 0,
    }
}

#[tokio::test]
async fn the_key_goes_with_the_question() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pod = pod_at(&listener).await;
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let keys: PeerKeys = "first-first-first-first-first-first-,second-second-second-second-second-"
        .parse()
        .unwrap();
    assert_eq!(HttpPeers::new(keys).unwrap().ask(&pod, BOX).await, Answer::Silent);
    let head = asked.await.unwrap().to_lowercase();
    assert!(
        head.contains("authorization: bearer first-first-first-first-first-first-\r\n"),
        "{head}"
    );
}

/// Answers one request with a status and a body, and returns its first line.
fn answer_once(listener: TcpListener, status: &str, body: String) -> tokio::task::JoinHandle<String> {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        let head = String::from_utf8_lossy(&head[..length]).into_owned();
        head.lines().next().unwrap().to_owned()
    })
}

fn says(pod: &PodId, holds: bool, epoch: u64) -> String {
    let answer = PeerCashbox {
        pod: pod.clone(),
        holds,
        epoch: Epoch(epoch),
        recorded_in: holds.then_some(Era(3)),
    };
    serde_json::to_string(&answer).unwrap()
}

async fn ask(status: &str, body: impl FnOnce(&PodRecord) -> String) -> (Answer, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pod = pod_at(&listener).await;
    let served = answer_once(listener, status, body(&pod));
    let answer = peers().ask(&pod, BOX).await;
    (answer, served.await.unwrap())
}

#[tokio::test]
async fn a_pod_answers_whether_it_holds_the_cashbox() {
    let (answer, asked) = ask("200 OK", |pod| says(&pod.id, true, 9)).await;
    assert_eq!(
        answer,
        Answer::Same {
            holds: Some(Epoch(9)),
            recorded_in: Some(Era(3)),
        }
    );
    assert_eq!(
        asked,
        "GET /peer/v1/cashboxes/00000000-0000-0000-0000-000000000007 HTTP/1.1"
    );
    let (answer, _) = ask("200 OK", |pod| says(&pod.id, false, 0)).await;
    let nothing = Answer::Same {
        holds: None,
        recorded_in: None,
    };
    assert_eq!(answer, nothing);
}

#[tokio::test]
async fn another_start_of_the_pod_is_another_incarnation() {
    let (answer, _) = ask("200 OK", |pod| {
        let id = PodId {
            incarnation: Incarnation::random(),
            ..pod.id.clone()
        };
        says(&id, true, 9)
    })
    .await;
    assert_eq!(answer, Answer::OtherIncarnation);
}

#[tokio::test]
async fn an_address_that_nobody_listens_on_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pod = pod_at(&listener).await;
    drop(listener);
    assert_eq!(peers().ask(&pod, BOX).await, Answer::Refused);
}

#[tokio::test]
async fn what_is_no_answer_of_ours_is_no_evidence() {
    for (status, body) in [
        ("200 OK", "{}"),
        ("404 Not Found", ""),
        ("401 Unauthorized", "{\"title\":\"Not admitted\"}"),
        ("403 Forbidden", ""),
        ("500 Oops", "{\"pod\":1}"),
    ] {
        let (answer, _) = ask(status, |_| body.to_owned()).await;
        assert_eq!(answer, Answer::Silent, "{status} {body}");
    }
    let (answer, _) = ask("200 OK", |_| "x".repeat(ANSWER_BYTES_MAX * 4)).await;
    assert_eq!(answer, Answer::Silent);
}

#[tokio::test]
async fn a_pod_that_does_not_know_our_key_is_unwilling_and_never_evidence() {
    let refusal = |pod: PodId| {
        let refusal = PeerRefusal {
            pod,
            recorded_in: Some(Era(3)),
            detail: "no".to_owned(),
        };
        serde_json::to_string(&refusal).unwrap()
    };
    let (answer, _) = ask("401 Unauthorized", |pod| refusal(pod.id.clone())).await;
    let recorded_in = Some(Era(3));
    assert_eq!(answer, Answer::Unwilling { recorded_in });
    // Another process at its address would be evidence, if it could be believed.
    let (answer, _) = ask("401 Unauthorized", |pod| {
        refusal(PodId {
            incarnation: Incarnation::random(),
            ..pod.id.clone()
        })
    })
    .await;
    assert_eq!(answer, Answer::Silent);
}

#[tokio::test]
async fn a_pod_that_accepts_and_says_nothing_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pod = pod_at(&listener).await;
    assert_eq!(peers().ask(&pod, BOX).await, Answer::Silent);
}

#[tokio::test]
async fn a_connection_that_is_closed_without_an_answer_is_no_refusal() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pod = pod_at(&listener).await;
    let closing = tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
    assert_eq!(peers().ask(&pod, BOX).await, Answer::Silent);
    closing.await.unwrap();
}
