//! What every ownership store promises.

use harness::redis::RedisServer;

#[tokio::test]
async fn a_started_redis_answers_and_is_empty() {
    let server = RedisServer::start().await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, 0);
}
