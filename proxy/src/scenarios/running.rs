use shared::identity::CashBoxId;

use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Client, Stage, receipt};
use crate::testing::store::ScriptedStore;

#[tokio::test]
async fn a_running_request_ends_well_when_the_proxy_is_asked_to_stop() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let (mut idle, mut pos) = (stage.client().await, stage.client().await);
    idle.send("GET /health/live HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    assert_eq!(idle.answer().await.body, "live");
    pos.send(&receipt(BOX, "{}")).await;
    let received = pod.receive().await;
    stage.shutdown.drain.cancel();
    assert_eq!(idle.rest().await, "", "an idle connection is closed");
    received.answer(1, "signed").await;
    let answered = pos.answer().await;
    assert_eq!(
        (answered.body.as_str(), answered.field("connection")),
        ("signed", "close")
    );
    stage.ended.await.unwrap();
}

#[tokio::test]
async fn while_it_is_a_lame_duck_who_comes_is_served_and_sent_away() {
    let stage = Stage::set(&[], &[("Byodc__Proxy__LameDuckMs", "600000")]).await;
    let mut idle = stage.client().await;
    idle.send("GET /health/live HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    assert_eq!(idle.answer().await.body, "live");
    stage.shutdown.drain.cancel();
    for client in [&mut idle, &mut stage.client().await] {
        client
            .send("GET /health/ready HTTP/1.1\r\nhost: pos\r\n\r\n")
            .await;
        let answered = client.answer().await;
        assert_eq!(
            (answered.body.as_str(), answered.field("connection")),
            ("draining", "close")
        );
        assert_eq!(client.rest().await, "");
    }
    assert_eq!(stage.admin("/health/ready").await.status, 503);
    stage.shutdown.hurry.cancel();
    stage.ended.await.unwrap();
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::set(&[&pod], &[("Byodc__Proxy__DrainMs", "3600000")]).await;
    let pos = stage.receipt("{}");
    let _never_answered = pod.receive().await;
    stage.shutdown.drain.cancel();
    stage.shutdown.hurry.cancel();
    stage.ended.await.unwrap();
    pos.abort();
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_at_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = shared::env::Settings::default().with(
        shared::env::Origin::Environment,
        [("Byodc__Proxy__Listen", taken.local_addr().unwrap().to_string())],
    );
    let mut faults = shared::env::Faults::default();
    let lease = shared::ownership::config::OwnershipConfig::read(&settings, &mut faults).lease;
    let config = crate::config::Config::read(&settings, lease, &mut faults);
    let (tracer, shutdown) = (
        shared::trace::tracer::Tracer::default(),
        shared::shutdown::Shutdown::new(),
    );
    let error = crate::start(config, ScriptedStore::new(), tracer, shutdown)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot listen on 127.0.0.1:"),
        "{error}"
    );
}

#[tokio::test]
async fn without_the_store_known_routes_stay_and_named_pods_are_asked() {
    let (one, other) = (Pod::named("byodc-0").await, Pod::named("byodc-1").await);
    let store = ScriptedStore::new();
    let named = format!("byodc-1={}/1", other.address());
    let settings = [
        ("Byodc__Proxy__Pods", named.as_str()),
        ("Byodc__Proxy__LookupMs", "20"),
    ];
    store.owns(BOX, one.owner(3));
    let stage = Stage::over(store, &settings).await;
    let pos = stage.receipt("1");
    let received = one.receive().await.answer(3, "one").await;
    assert_eq!(pos.await.unwrap().body, "one");

    stage.store.hold();
    stage.until_metric("byodc_proxy_ring_members 1").await;
    let pos = stage.receipt("2");
    received.next().await.answer(3, "still").await;
    assert_eq!(pos.await.unwrap().body, "still");

    let mut unknown = stage.client().await;
    unknown.send(&receipt(CashBoxId::from_u128(9), "3")).await;
    other.receive().await.answer(7, "named").await;
    assert_eq!(unknown.answer().await.body, "named");
}

#[tokio::test]
async fn the_admin_port_tells_where_a_cashbox_lives_and_why() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let path = format!("/admin/v1/route/{BOX}");
    assert!(stage.admin(&path).await.body.contains("\"candidate\""));
    stage.store.owns(BOX, pod.owner(5));
    let told = stage.admin(&path).await.body;
    assert!(
        told.contains("\"store\"") && told.contains("\"epoch\":5"),
        "{told}"
    );
    assert!(stage.admin(&path).await.body.contains("\"table\""));
    assert_eq!(stage.admin("/admin/v1/route/42").await.status, 400);
    assert_eq!(stage.admin("/health/ready").await.body, "ready");
    assert!(stage.admin("/admin/v1/pods").await.body.contains("byodc-0"));
}

#[tokio::test]
async fn the_port_for_scrapers_tells_figures_and_health_and_no_cashbox() {
    let stage = Stage::with(&[]).await;
    for path in ["/metrics", "/health/live", "/health/ready"] {
        assert_eq!(stage.scraped(path).await.status, 200, "{path}");
    }
    for path in [format!("/admin/v1/route/{BOX}"), "/admin/v1/pods".to_owned()] {
        assert_eq!(stage.scraped(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn where_cashboxes_live_is_told_to_holders_of_a_key_alone() {
    let digest = shared::access::bearer::KeyDigest::of("look");
    let keys = format!("eyes:read:{digest}");
    let stage = Stage::set(&[], &[("Byodc__Admin__Keys", &keys)]).await;
    for path in [format!("/admin/v1/route/{BOX}"), "/admin/v1/pods".to_owned()] {
        let refused = stage.admin(&path).await;
        assert_eq!(
            (refused.status, refused.field("www-authenticate")),
            (401, "Bearer")
        );
        let mut operator = Client::connect(stage.admin_address).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nauthorization: Bearer look\r\n\r\n");
        operator.send(&request).await;
        assert_eq!(operator.answer().await.status, 200, "{path}");
    }
    assert_eq!(stage.admin("/metrics").await.status, 200);
}

#[tokio::test]
async fn one_client_too_many_is_closed_and_the_others_are_served() {
    let stage = Stage::set(&[], &[("Byodc__Proxy__ConnectionsMax", "1")]).await;
    let mut first = stage.client().await;
    first.send("GET /health/live HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    assert_eq!(first.answer().await.status, 200);
    let mut second = Client::connect(stage.address).await;
    assert_eq!(second.rest().await, "");
    first.send("GET /health/live HTTP/1.1\r\nhost: pos\r\n\r\n").await;
    assert_eq!(first.answer().await.status, 200);
}

#[tokio::test]
async fn a_client_that_is_idle_or_slow_is_let_go() {
    let settings = [("Byodc__Proxy__IdleMs", "100"), ("Byodc__Proxy__StallMs", "100")];
    let stage = Stage::set(&[], &settings).await;
    assert_eq!(stage.client().await.rest().await, "");
    let mut slow = stage.client().await;
    slow.send("POST /v0/sign HTTP/1.1\r\nhost: pos\r\n").await;
    assert!(slow.rest().await.starts_with("HTTP/1.1 400 "));
    let mut slow = stage.client().await;
    slow.send(receipt(BOX, "{}").trim_end_matches('}')).await;
    assert!(slow.rest().await.starts_with("HTTP/1.1 408 "));
}
