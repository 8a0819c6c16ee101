use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Stage};

/// Sends a request with these fields and gives what comes back until the connection ends.
async fn refused(stage: &Stage, line: &str, fields: &str) -> String {
    let mut pos = stage.client().await;
    pos.send(&format!("{line}\r\n{fields}\r\n\r\n")).await;
    pos.rest().await
}

#[tokio::test]
async fn tricks_with_fields_are_refused_and_the_connection_is_closed() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let other = "00000000-0000-0000-0000-000000000001";
    for fields in [
        format!("host: pos\r\ncashboxid: {BOX}\r\ncashboxid: {BOX}"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nCASHBOXID: {other}"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nx-cashbox-id: {other}"),
        format!("host: pos\r\ncashboxid: {BOX}\r\naccesstoken: a\r\naccesstoken: a"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nx-operation-id: 42"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nConnection: cashboxid"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nConnection: keep-alive, X-Byodc-Suspect"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nConnection: x-operation-id"),
        format!("host: pos\r\ncashboxid: {BOX}\r\ncontent-length: 1\r\ntransfer-encoding: chunked"),
        format!("host: pos\r\ncashboxid: {BOX}\r\ntransfer-encoding: xchunked"),
        format!("host: pos\r\ncashboxid: {BOX}\r\nupgrade: h2c\r\nconnection: upgrade"),
        format!("host: pos\r\ncashboxid : {BOX}"),
        format!("host: pos\r\ncashboxid: {BOX}\r\n folded"),
        format!("cashboxid: {BOX}"),
        "host: pos\r\ncashboxid: not-a-guid".to_owned(),
        "host: pos\r\ncashboxid:".to_owned(),
    ] {
        let answered = refused(&stage, "POST /v0/sign HTTP/1.1", &fields).await;
        assert!(
            answered.starts_with("HTTP/1.1 400 "),
            "{fields:?} got {answered:?}"
        );
        assert!(answered.contains("connection: close"), "{answered}");
    }
    let old = refused(&stage, "POST /v0/sign HTTP/1.0", &format!("cashboxid: {BOX}")).await;
    assert!(old.starts_with("HTTP/1.1 400 "), "{old}");
    let garbage = refused(&stage, "\u{1}\u{2}\u{3}", "x").await;
    assert!(garbage.starts_with("HTTP/1.1 400 "), "{garbage}");
}

#[tokio::test]
async fn a_client_cannot_speak_to_pods_in_our_name() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&format!(
        "GET /v0/journal HTTP/1.1\r\nhost: pos\r\nX-Cashbox-Id: {{{BOX}}}\r\nx-byodc-suspect: {BOX}\r\n\
         X-BYODC-Deadline-Ms: 1\r\nconnection: x-mine\r\nx-mine: 1\r\nkeep-alive: 5\r\nte: trailers\r\n\r\n"
    ))
    .await;
    let received = pod.receive().await;
    assert_eq!(received.field("x-byodc-suspect"), "");
    assert_ne!(received.field("x-byodc-deadline-ms"), "1");
    for gone in ["connection", "x-mine", "keep-alive", "te", "content-length"] {
        assert_eq!(received.field(gone), "", "{gone}");
    }
    assert_eq!(received.field("x-cashbox-id"), format!("{{{BOX}}}"));
}

#[tokio::test]
async fn an_operation_id_of_the_pos_is_kept_in_one_spelling() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&format!(
        "GET /v0/journal HTTP/1.1\r\nhost: pos\r\ncashboxid: {BOX}\r\n\
         X-Operation-Id: {{6F9619FF-8B86-4011-B42D-00C04FC964FF}}\r\n\r\n"
    ))
    .await;
    let received = pod.receive().await;
    assert_eq!(
        received.field("x-operation-id"),
        "6f9619ff-8b86-4011-b42d-00c04fc964ff"
    );
    received.answer(1, "").await;
    assert_eq!(
        pos.answer().await.field("x-operation-id"),
        "6f9619ff-8b86-4011-b42d-00c04fc964ff"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_withheld() {
    for wire in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ] {
        let pod = Pod::named("byodc-0").await;
        let stage = Stage::with(&[&pod]).await;
        let pos = stage.receipt("{}");
        pod.receive().await.say(wire).await;
        assert_eq!(pos.await.unwrap().status, 502, "{wire}");
    }
}

#[tokio::test]
async fn a_client_may_be_old_and_may_still_keep_its_connection() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&format!(
        "GET /v0/journal HTTP/1.0\r\nconnection: keep-alive\r\ncashboxid: {BOX}\r\n\r\n"
    ))
    .await;
    let received = pod.receive().await.answer(1, "one").await;
    assert_eq!(pos.answer().await.field("connection"), "keep-alive");
    pos.send(&format!("GET /v0/journal HTTP/1.0\r\ncashboxid: {BOX}\r\n\r\n"))
        .await;
    received.next().await.answer(1, "two").await;
    assert!(pos.rest().await.ends_with("\r\n\r\ntwo"));
}
