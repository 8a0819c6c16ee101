//! A queue of the original's MySQL package: its database is opened in place, whichever pod serves it.

use std::process::Command;

use harness::binary::byodc;
use harness::cashbox::Cashbox;
use harness::cluster::Cluster;
use harness::database::Server;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::json;

/// The server of a URL, as a queue's configuration names it.
fn connection_string(url: &str) -> String {
    let (login, place) = url.trim_start_matches("mysql://").split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let (host, port) = place.split('/').next().unwrap().split_once(':').unwrap();
    format!("raw:Server={host};Port={port};Uid={user};Pwd={password};")
}

#[tokio::test]
async fn a_queue_goes_on_in_its_own_mysql_database_whichever_pod_serves_it() {
    let server = connection_string(&Server::MariaDb.fresh_database().await);
    let mut cluster = Cluster::of_pods(2).start().await;
    let cashbox = kept_by_itself(&cluster, &server);
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    let owner = cluster.owner(&cashbox).await.pod;
    cluster.pod(&owner).kill();
    let sold = pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    assert_eq!(
        (&sold["ftQueueRow"], &sold["ftReceiptIdentification"]),
        (&json!(3), &json!("ft2#IT3"))
    );
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.receipts.len(), 3);
    SimulatedTse::of(&cluster, &cashbox).assert_accounted_for(&journals);

    let queue = cashbox.queue.to_string();
    let (status, told) = verified(&server, &queue);
    assert!(
        told.contains("3 receipts") && told.contains("the chain is unbroken"),
        "{told}"
    );
    assert_eq!(status, Some(0));
    let (status, told) = verified(&cluster.journal_url(), &queue);
    assert!(told.contains("nothing is stored of this queue"), "{told}");
    assert_eq!(status, Some(1));
}

/// As the original's values install it: nobody has named a database for the pods.
#[tokio::test]
async fn pods_without_a_journal_serve_queues_with_a_database_of_their_own_and_no_others() {
    let server = connection_string(&Server::MariaDb.fresh_database().await);
    let pods = Cluster::of_pods(2).with("Byodc__Journal__Url", "none");
    let mut cluster = pods.start().await;
    let cashbox = kept_by_itself(&cluster, &server);
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let owner = cluster.owner(&cashbox).await.pod;
    cluster.pod(&owner).kill();
    let sold = pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_eq!(sold["ftReceiptIdentification"], json!("ft1#IT2"));
    let (status, told) = verified(&server, &cashbox.queue.to_string());
    assert_eq!(status, Some(0), "{told}");

    let homeless = cluster.new_cashbox();
    let sale = receipt::sale(&homeless, "R-1");
    let refused = cluster.pos(&homeless).sign(&sale).await;
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("Byodc__Journal__Url"),
        "{} {detail}",
        refused.status
    );
}

/// A cashbox whose queue has a database of its own on this server.
fn kept_by_itself(cluster: &Cluster, server: &str) -> Cashbox {
    let cashbox = Cashbox::new();
    let mut document = cashbox.document();
    document["ftQueues"][0]["Package"] = json!("fiskaltrust.Middleware.Queue.MySQL");
    document["ftQueues"][0]["Configuration"]["connectionstring"] = json!(server);
    cashbox.publish_document(cluster.config_service.cashboxes(), &document.to_string());
    cashbox
}

/// What `byodc ctl chain verify` says of a queue.
fn verified(journal: &str, queue: &str) -> (Option<i32>, String) {
    let output = Command::new(byodc())
        .args(["ctl", "chain", "verify", "--journal", journal, "--queue", queue])
        .output()
        .unwrap();
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), told)
}
