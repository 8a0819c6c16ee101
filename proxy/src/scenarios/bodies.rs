use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Stage};

fn head(fields: &str) -> String {
    format!("POST /v0/sign HTTP/1.1\r\nhost: pos\r\ncashboxid: {BOX}\r\n{fields}\r\n\r\n")
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_whichever_way_it_is_sent() {
    let stage = Stage::set(&[], &[("Byodc__Proxy__BodyBytesMax", "1024")]).await;
    let mut pos = stage.client().await;
    pos.send(&head("content-length: 1025")).await;
    assert_eq!(pos.answer().await.status, 413);

    let mut pos = stage.client().await;
    pos.send(&head("transfer-encoding: chunked")).await;
    pos.send(&format!("401\r\n{}\r\n0\r\n\r\n", "x".repeat(1025)))
        .await;
    assert_eq!(pos.answer().await.status, 413);
    assert_eq!(pos.rest().await, "", "the connection ends");
}

#[tokio::test]
async fn a_chunked_body_reaches_the_pod_with_its_length() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&head("transfer-encoding: chunked")).await;
    for part in ["3\r", "\nabc\r\n2;x=y\r\nde", "\r\n0\r\nx-trailer: 1\r\n\r", "\n"] {
        pos.send(part).await;
    }
    let received = pod.receive().await;
    assert_eq!(received.body, "abcde");
    assert_eq!(received.field("transfer-encoding"), "");
    received.answer(1, "ok").await;
    assert_eq!(pos.answer().await.body, "ok");
}

#[tokio::test]
async fn a_long_body_is_sent_whole_and_again_when_need_be() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let body = "receipt ".repeat(60_000);
    let pos = stage.receipt(&body);
    assert_eq!(pod.receive().await.body, body);
    let received = pod.receive().await;
    assert_eq!(received.body, body);
    received.answer(1, "ok").await;
    assert_eq!(pos.await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_client_that_waits_for_it_is_told_to_send_its_body() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&head("expect: 100-continue\r\ncontent-length: 4")).await;
    assert_eq!(pos.answer().await.status, 100);
    pos.send("body").await;
    let received = pod.receive().await;
    assert_eq!((received.body.as_str(), received.field("expect")), ("body", ""));
    received.answer(1, "ok").await;
    assert_eq!(pos.answer().await.body, "ok");
}

#[tokio::test]
async fn a_long_answer_streams_before_it_is_complete() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&head("content-length: 0")).await;
    let mut received = pod.receive().await;
    let marks = received.marks(1);
    received
        .say(&format!(
            "HTTP/1.1 200 OK\r\n{marks}transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n"
        ))
        .await;
    pos.until(b"5\r\nfirst\r\n").await;
    received.say("6\r\nsecond\r\n0\r\n\r\n").await;
    pos.until(b"6\r\nsecond\r\n0\r\n\r\n").await;
    pos.send(&head("content-length: 0")).await;
    received.next().await; // the connection to the pod is still good
}

#[tokio::test]
async fn an_answer_that_breaks_off_closes_the_connection_of_the_pos() {
    for framing in [
        "content-length: 100\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let pod = Pod::named("byodc-0").await;
        let stage = Stage::with(&[&pod]).await;
        let mut pos = stage.client().await;
        pos.send(&head("content-length: 0")).await;
        let mut received = pod.receive().await;
        let marks = received.marks(1);
        received
            .say(&format!("HTTP/1.1 200 OK\r\n{marks}{framing}"))
            .await;
        drop(received);
        let rest = pos.rest().await;
        assert!(rest.contains("half") && !rest.ends_with("0\r\n\r\n"), "{rest}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_chunked_for_the_pos() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&head("content-length: 0")).await;
    let mut received = pod.receive().await;
    let marks = received.marks(1);
    received
        .say(&format!("HTTP/1.1 200 OK\r\n{marks}\r\nall of it"))
        .await;
    drop(received);
    pos.until(b"9\r\nall of it\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn the_answer_to_head_has_a_length_and_no_body() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&format!(
        "HEAD /v0/journal HTTP/1.1\r\nhost: pos\r\ncashboxid: {BOX}\r\n\r\n"
    ))
    .await;
    let mut received = pod.receive().await;
    let marks = received.marks(1);
    received
        .say(&format!("HTTP/1.1 200 OK\r\n{marks}content-length: 7\r\n\r\n"))
        .await;
    let end = pos.until(b"\r\n\r\n").await;
    assert!(pos.come_so_far()[..end].contains("content-length: 7"));
    assert_eq!(pos.come_so_far().len(), end);
}
