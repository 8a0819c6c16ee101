//! What every journal store promises.

use harness::database::Server;
use sqlx::{Connection, Executor, MySqlConnection, PgConnection};

#[tokio::test]
async fn fresh_databases_of_one_server_share_no_tables() {
    for _ in 0..2 {
        let url = Server::MariaDb.fresh_database().await;
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        connection
            .execute("CREATE TABLE same_name (a INT)")
            .await
            .unwrap();
        let url = Server::Postgres.fresh_database().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection
            .execute("CREATE TABLE same_name (a INT)")
            .await
            .unwrap();
    }
}
