//! What concerns Redis alone: ways in, and ways in which it goes away.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use harness::eventually::eventually;
use harness::ports::free_port;
use harness::process::Process;
use harness::reaper::temporary_folder;
use harness::redis::RedisServer;
use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::{OwnershipEvent, OwnershipStore, StoreError};

use super::place::{LONG, SOON, client, live_pod, pod};

fn redis(address: &str) -> Arc<dyn OwnershipStore> {
    client(&[("Redis__ConnectionString", address)])
}

/// Renews until the store answers.
async fn answers(store: &Arc<dyn OwnershipStore>) {
    let pod = pod("a");
    let renewed = async || store.renew(&pod, LONG).await.ok();
    eventually("the store answers", SOON, renewed).await;
}

#[tokio::test]
async fn a_store_starts_without_its_redis_and_finds_it_later() {
    let port = free_port();
    let store = redis(&format!("127.0.0.1:{port}"));
    let error = store.pods().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    let mut events = store.events();
    let _server = launch(&["--port", &port.to_string()], &temporary_folder("redis-late"));
    answers(&store).await;
    let told = tokio::time::timeout(SOON, events.recv()).await.unwrap().unwrap();
    assert_eq!(told, OwnershipEvent::Gap, "whoever follows reads anew");
}

#[tokio::test]
async fn a_redis_that_hangs_is_unreachable_in_bounded_time_and_comes_back() {
    let server = RedisServer::start().await;
    let store = redis(&format!(
        "{},asyncTimeout=300,connectTimeout=300",
        server.stack_exchange()
    ));
    answers(&store).await;
    server.pause();
    let answer = tokio::time::timeout(SOON, store.owner(CashBoxId::random())).await;
    let error = answer.expect("every call is bounded").unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    server.resume();
    answers(&store).await;
}

#[tokio::test]
async fn a_thousand_calls_to_a_redis_that_is_away_are_refused_together() {
    let store = redis(&format!("127.0.0.1:{}", free_port()));
    let calls = (0..1000).map(|_| store.owner(CashBoxId::random()));
    let calls = tokio::time::timeout(SOON, futures::future::join_all(calls)).await;
    assert!(calls.expect("they do not queue").iter().all(Result::is_err));
}

#[tokio::test]
async fn two_channels_in_one_redis_know_nothing_of_each_other() {
    let server = RedisServer::start().await;
    let on = |channel: &str| {
        client(&[
            ("Redis__ConnectionString", &server.stack_exchange()),
            ("Redis__Channel", channel),
        ])
    };
    let (north, south) = (on("north"), on("south"));
    let a = live_pod(&north, "a", LONG).await;
    let cashbox = CashBoxId::random();
    north.confirm(cashbox, a.id.incarnation, Epoch(3)).await.unwrap();
    assert!(south.pods().await.unwrap().is_empty());
    assert_eq!(south.owner(cashbox).await.unwrap(), None);
}

#[tokio::test]
async fn a_password_opens_in_both_spellings_and_a_wrong_one_is_not_shown() {
    let server = RedisServer::with_password("pass-word=1").await;
    answers(&redis(&server.stack_exchange())).await;
    answers(&redis(&format!(
        "redis://:pass-word%3D1@127.0.0.1:{}/2",
        server.port()
    )))
    .await;
    let wrong = redis(&format!("127.0.0.1:{},password=hunter2hunter2", server.port()));
    let error = wrong.pods().await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_user_of_the_access_list_is_enough_with_the_rights_on_our_keys() {
    let server = RedisServer::start().await;
    let admin = redis_client(&server.url());
    let mut admin = admin.get_multiplexed_async_connection().await.unwrap();
    let rights = "SETUSER byodc on >secret ~{byodc}* &{byodc} +@all -@admin -@dangerous";
    let mut command = redis::cmd("ACL");
    rights.split(' ').for_each(|word| {
        command.arg(word);
    });
    let () = command.query_async(&mut admin).await.unwrap();
    let address = format!(
        "{},user=byodc,password=secret,defaultDatabase=0",
        server.stack_exchange()
    );
    answers(&redis(&address)).await;
}

fn redis_client(url: &str) -> redis::Client {
    redis::Client::open(url).unwrap()
}

#[tokio::test]
async fn of_several_servers_the_one_that_takes_writes_is_used() {
    let primary = RedisServer::start().await;
    let (port, folder) = (free_port(), temporary_folder("redis-replica"));
    let replica_of = format!("127.0.0.1 {}", primary.port());
    let _replica = launch(
        &["--port", &port.to_string(), "--replicaof", &replica_of],
        &folder,
    );
    let store = redis(&format!("127.0.0.1:{port},127.0.0.1:{}", primary.port()));
    answers(&store).await;
}

#[tokio::test]
async fn sentinels_name_the_primary_and_its_successor() {
    let folder = temporary_folder("redis-sentinel");
    let [first, second, sentinel] = [free_port(), free_port(), free_port()];
    let mut primary = launch(&["--port", &first.to_string()], &folder);
    let replica_of = format!("127.0.0.1 {first}");
    let _replica = launch(
        &["--port", &second.to_string(), "--replicaof", &replica_of],
        &folder,
    );
    let configuration = folder.join("sentinel.conf");
    let lines = format!(
        "port {sentinel}\nsentinel monitor mine 127.0.0.1 {first} 1\n\
         sentinel down-after-milliseconds mine 1000\nsentinel failover-timeout mine 3000\n"
    );
    std::fs::write(&configuration, lines).unwrap();
    let file = configuration.to_str().unwrap().to_owned();
    let _sentinel = launch(&[&file, "--sentinel"], &folder);
    let store = redis(&format!("127.0.0.1:{sentinel},serviceName=mine"));
    answers(&store).await;
    replica_is_known(sentinel).await;
    primary.kill();
    let pod = pod("b");
    let renewed = async || store.renew(&pod, LONG).await.ok();
    eventually("the successor takes writes", SOON, renewed).await;
}

/// A Sentinel can only promote a replica it has heard of.
async fn replica_is_known(sentinel: u16) {
    let client = redis_client(&format!("redis://127.0.0.1:{sentinel}"));
    let known = async || {
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let mut command = redis::cmd("SENTINEL");
        let replicas: Vec<redis::Value> = command
            .arg("replicas")
            .arg("mine")
            .query_async(&mut connection)
            .await
            .ok()?;
        let healthy =
            format!("{replicas:?}").contains("slave-priority") && format!("{replicas:?}").contains("ok");
        healthy.then_some(())
    };
    eventually("the sentinel knows the replica", SOON, known).await;
}

fn launch(arguments: &[&str], folder: &Path) -> Process {
    let mut command = Command::new("redis-server");
    // A configuration file, if there is one, comes first.
    command
        .args(arguments)
        .args(["--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(folder);
    Process::start("redis-server", &mut command, &folder.join("redis.log"))
}

/// The authority is trusted through the environment, as on a real machine, so this happens in a process of its own.
#[tokio::test]
async fn tls_is_spoken_when_the_authority_is_trusted() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = RedisServer::with_tls(Some("secret")).await;
    let distrusted = redis(&server.stack_exchange());
    assert!(
        distrusted.pods().await.is_err(),
        "an unknown authority is not trusted"
    );
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ownership::redis_alone::child_speaks_tls", "--ignored"])
        .env("SSL_CERT_FILE", server.authority().unwrap())
        .env("ADDRESS_OF_THE_TEST", server.stack_exchange())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "run by tls_is_spoken_when_the_authority_is_trusted, with its environment"]
async fn child_speaks_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = redis(&std::env::var("ADDRESS_OF_THE_TEST").unwrap());
    live_pod(&store, "a", LONG).await;
}
