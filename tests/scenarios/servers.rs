//! The ground the scenarios stand on: servers that can be stopped, paused and restarted on purpose.

use std::time::Duration;

use harness::redis::RedisServer;

async fn answers(url: &str) -> bool {
    let client = redis::Client::open(url).unwrap();
    let asked = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await
    };
    matches!(
        tokio::time::timeout(Duration::from_millis(500), asked).await,
        Ok(Ok(_))
    )
}

#[tokio::test]
async fn redis_can_be_killed_and_comes_back_empty_under_the_same_address() {
    let mut server = RedisServer::start().await;
    let url = server.url();
    assert!(answers(&url).await);
    server.kill();
    assert!(!answers(&url).await);
    server.restart_empty().await;
    assert!(answers(&url).await);
}

#[tokio::test]
async fn a_paused_redis_is_silent_until_it_is_continued() {
    let server = RedisServer::start().await;
    server.pause();
    assert!(!answers(&server.url()).await);
    server.resume();
    assert!(answers(&server.url()).await);
}

#[tokio::test]
async fn a_redis_with_a_password_refuses_those_without() {
    let server = RedisServer::with_password("secret-of-redis").await;
    assert!(answers(&server.url()).await);
    assert!(!answers(&server.url().replace(":secret-of-redis@", "")).await);
}
