use shared::ownership::store::OwnershipEvent;

use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Client, Stage, dead_pod, receipt};

#[tokio::test]
async fn the_owner_is_asked_and_its_answer_reaches_the_pos_without_internal_fields() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    stage.store.owns(BOX, pod.owner(3));
    let pos = stage.receipt("{}");
    let received = pod.receive().await;
    assert_eq!(received.line, "POST /v0/sign HTTP/1.1");
    assert_eq!(received.body, "{}");
    assert_eq!(received.field("accesstoken"), "secret");
    let operation = received.field("x-operation-id").to_owned();
    let left_ms: u64 = received.field("x-byodc-deadline-ms").parse().unwrap();
    assert!((800_000..=900_000).contains(&left_ms), "{left_ms}");
    received.answer(3, "signed").await;
    let answered = pos.await.unwrap();
    assert_eq!((answered.status, answered.body.as_str()), (200, "signed"));
    assert_eq!(answered.field("x-operation-id"), operation);
    assert!(!answered.head.contains("x-byodc"), "{}", answered.head);
}

#[tokio::test]
async fn connections_are_kept_on_both_sides_and_the_store_is_asked_once() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    stage.store.owns(BOX, pod.owner(3));
    let mut pos = stage.client().await;
    pos.send(&receipt(BOX, "1")).await;
    let mut received = pod.receive().await.answer(3, "one").await;
    assert_eq!(pos.answer().await.body, "one");
    for _ in 0..3 {
        pos.send(&receipt(BOX, "2")).await;
        received = received.next().await.answer(3, "two").await;
        assert_eq!(pos.answer().await.body, "two");
    }
    assert_eq!(stage.store.questions(), 1);
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_order() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send(&format!("{}{}", receipt(BOX, "a"), receipt(BOX, "b")))
        .await;
    let received = pod.receive().await;
    assert_eq!(received.body, "a");
    let received = received.answer(1, "A").await.next().await;
    assert_eq!(received.body, "b");
    received.answer(1, "B").await;
    assert_eq!(pos.answer().await.body, "A");
    assert_eq!(pos.answer().await.body, "B");
}

#[tokio::test]
async fn a_redirect_is_followed_and_learned() {
    let (one, other) = (Pod::named("byodc-0").await, Pod::named("byodc-1").await);
    let stage = Stage::with(&[&one, &other]).await;
    stage.store.owns(BOX, one.owner(3));
    let pos = stage.receipt("{}");
    let received = one.receive().await;
    let operation = received.field("x-operation-id").to_owned();
    received.redirect(&other.record, 4).await;
    let received = other.receive().await;
    assert_eq!(received.field("x-operation-id"), operation);
    received.answer(4, "signed").await;
    assert_eq!(pos.await.unwrap().body, "signed");
    let known = stage.admin(&format!("/admin/v1/route/{BOX}")).await.body;
    assert!(
        known.contains("\"table\"") && known.contains("byodc-1"),
        "{known}"
    );
    assert!(known.contains("\"epoch\":4"), "{known}");
}

#[tokio::test]
async fn when_the_owner_refuses_connections_a_candidate_gets_the_same_operation_and_the_suspect() {
    let dead = dead_pod("byodc-0").await;
    let alive = Pod::named("byodc-1").await;
    let stage = Stage::with(&[&alive]).await;
    stage.store.owns(
        BOX,
        shared::ownership::store::Owner {
            pod: dead.clone(),
            epoch: shared::identity::Epoch(3),
        },
    );
    let pos = stage.receipt("{}");
    let received = alive.receive().await;
    assert_eq!(received.field("x-byodc-suspect"), dead.id.incarnation.to_string());
    let operation = received.field("x-operation-id").to_owned();
    let received = received.refuse("owner-silent").await.next().await;
    assert_eq!(received.field("x-operation-id"), operation);
    received.answer(4, "taken over").await;
    assert_eq!(pos.await.unwrap().body, "taken over");
}

#[tokio::test]
async fn a_pod_that_closes_before_its_answer_gets_the_same_operation_again() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    stage.store.owns(BOX, pod.owner(3));
    let pos = stage.receipt("{}");
    let received = pod.receive().await;
    let operation = received.field("x-operation-id").to_owned();
    drop(received);
    let received = pod.receive().await;
    assert_eq!(received.field("x-operation-id"), operation);
    assert_eq!(received.body, "{}");
    received.answer(3, "signed").await;
    assert_eq!(pos.await.unwrap().body, "signed");
    stage
        .until_metric("byodc_proxy_resends_total{reason=\"lost\"} 1")
        .await;
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_without_the_pos_noticing() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    stage.store.owns(BOX, pod.owner(3));
    let mut pos = stage.client().await;
    pos.send(&receipt(BOX, "1")).await;
    drop(pod.receive().await.answer(3, "one").await);
    assert_eq!(pos.answer().await.body, "one");
    pos.send(&receipt(BOX, "2")).await;
    pod.receive().await.answer(3, "two").await;
    assert_eq!(pos.answer().await.body, "two");
}

#[tokio::test]
async fn a_refusal_that_passes_is_waited_out_and_news_of_the_owner_end_the_wait() {
    let (one, other) = (Pod::named("byodc-0").await, Pod::named("byodc-1").await);
    let stage = Stage::with(&[&one, &other]).await;
    stage.store.owns(BOX, one.owner(3));
    let pos = stage.receipt("{}");
    let received = one.receive().await;
    stage.store.owns(BOX, other.owner(4));
    received.refuse("moving").await;
    stage.store.tell(OwnershipEvent::Owned {
        cashbox: BOX,
        owner: other.owner(4),
    });
    other.receive().await.answer(4, "there").await;
    assert_eq!(pos.await.unwrap().body, "there");
}

#[tokio::test]
async fn a_refusal_that_does_not_pass_is_passed_on_with_its_time_to_ask_again() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let pos = stage.receipt("{}");
    pod.receive().await.refuse("mailbox-full").await;
    let answered = pos.await.unwrap();
    assert_eq!((answered.status, answered.field("retry-after")), (503, "1"));
    assert!(!answered.head.contains("refusal"));
}

#[tokio::test]
async fn a_request_that_waits_at_a_pod_follows_the_cashbox_when_it_moves() {
    let (stuck, other) = (Pod::named("byodc-0").await, Pod::named("byodc-1").await);
    let stage = Stage::with(&[&stuck, &other]).await;
    stage.store.owns(BOX, stuck.owner(3));
    let pos = stage.receipt("{}");
    let never_answered = stuck.receive().await;
    stage.store.tell(OwnershipEvent::Owned {
        cashbox: BOX,
        owner: other.owner(4),
    });
    let received = other.receive().await;
    assert_eq!(
        received.field("x-operation-id"),
        never_answered.field("x-operation-id")
    );
    received.answer(4, "there").await;
    assert_eq!(pos.await.unwrap().body, "there");
}

#[tokio::test]
async fn the_waiting_room_is_bounded_and_says_so() {
    let stage = Stage::set(&[], &[("Byodc__Proxy__WaitingPerCashbox", "2")]).await;
    let waiting = [stage.receipt("1"), stage.receipt("2")];
    stage.until_metric("byodc_proxy_inflight_requests 2").await;
    stage.until_metric("byodc_proxy_waiting_requests 2").await;
    let answered = stage.receipt("3").await.unwrap();
    assert_eq!(answered.status, 503);
    assert!(
        answered.body.contains("too many of its requests wait"),
        "{}",
        answered.body
    );
    assert_eq!(answered.field("retry-after"), "1");
    drop(waiting);
}

#[tokio::test]
async fn past_the_deadline_the_pos_learns_whether_anything_may_have_happened() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::set(&[&pod], &[("Byodc__Proxy__DeadlineMs", "150")]).await;
    let pos = stage.receipt("{}");
    let received = pod.receive().await;
    let answered = pos.await.unwrap();
    assert_eq!(answered.status, 504);
    assert_eq!(answered.field("x-operation-id"), received.field("x-operation-id"));

    let nobody = Stage::set(&[], &[("Byodc__Proxy__DeadlineMs", "150")]).await;
    let answered = nobody.receipt("{}").await.unwrap();
    assert_eq!(answered.status, 503, "{}", answered.body);
    assert!(answered.body.contains("nothing was signed"), "{}", answered.body);
}

#[tokio::test]
async fn an_answer_for_another_request_is_withheld_and_the_connection_closed() {
    for crossed in ["x-byodc-cashbox", "x-operation-id"] {
        let pod = Pod::named("byodc-0").await;
        let stage = Stage::with(&[&pod]).await;
        let mut pos = stage.client().await;
        pos.send(&receipt(BOX, "{}")).await;
        let mut received = pod.receive().await;
        received.fields.insert(
            crossed.to_owned(),
            "00000000-0000-4000-8000-000000000001".to_owned(),
        );
        let wire = format!(
            "HTTP/1.1 200 OK\r\nx-byodc-cashbox: {}\r\nx-operation-id: {}\r\ncontent-length: 6\r\n\r\nsecret",
            received.fields.get("x-byodc-cashbox").unwrap_or(&BOX.to_string()),
            received.field("x-operation-id"),
        );
        received.say(&wire).await;
        let answered = pos.answer().await;
        assert_eq!(answered.status, 502, "{crossed}");
        assert!(!answered.body.contains("secret"));
        assert_eq!(pos.rest().await, "", "the connection ends");
    }
}

#[tokio::test]
async fn requests_without_a_cashbox_go_to_any_ready_pod_or_nowhere() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send("GET /api/version HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    let mut received = pod.receive().await;
    received
        .say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nv1")
        .await;
    assert_eq!(pos.answer().await.body, "v1");

    pos.send("GET /v0/journal HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    let answered = pos.answer().await;
    assert_eq!(answered.status, 400);
    assert!(answered.body.contains("cashboxid"), "{}", answered.body);

    pos.send("GET /health/ready HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    assert_eq!(pos.answer().await.body, "ready", "the connection is still good");
}

#[tokio::test]
async fn a_request_without_a_cashbox_is_not_sent_again_once_a_pod_may_have_it() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    pos.send("GET /swagger HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    pod.hang_up().await;
    assert_eq!(pos.answer().await.status, 502);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_disturb_the_next_one() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut gone = Client::connect(stage.address).await;
    gone.send(&receipt(BOX, "1")).await;
    let received = pod.receive().await;
    drop(gone);
    let received = received.answer(1, "one").await;
    let pos = stage.receipt("2");
    let received = tokio::select! {
        again = pod.receive() => again,
        again = received.next() => again,
    };
    assert_eq!(received.body, "2");
    received.answer(1, "two").await;
    assert_eq!(pos.await.unwrap().body, "two");
}
