//! Pods that know one key hand cashboxes over; one that knows another is given nothing and told nothing, and what it
//! is not told it does not take for a sign that the owner is gone.

use harness::client::Answer;
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use serde_json::{Value, json};
use shared::header;

use crate::handover::relocate;

const KEY: &str = "the-key-that-the-pods-of-this-test-share";
const OTHER_KEY: &str = "a-key-that-was-mistyped-in-one-of-the-pods";

#[tokio::test]
async fn pods_of_one_key_hand_over_and_one_with_another_key_takes_nothing() {
    let mut cluster = Cluster::of_pods(2)
        .with("Byodc__Peer__Key", KEY)
        .with_in("pod-2", "Byodc__Peer__Key", OTHER_KEY)
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox).at(&cluster.pods[0].url());
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let (status, moved) = relocate(&cluster, "pod-0", &cashbox, json!({ "to": "pod-1" })).await;
    assert_eq!((status, &moved["outcome"]), (200, &json!("moved")), "{moved}");
    let owner = cluster.owner(&cashbox).await;
    assert_eq!(owner.pod, "pod-1");

    cluster.add_pod().await;
    let (status, refused) = relocate(&cluster, "pod-1", &cashbox, json!({ "to": "pod-2" })).await;
    assert_eq!(
        (status, &refused["outcome"]),
        (409, &json!("no-successor")),
        "{refused}"
    );
    // A proxy that could not reach the owner sends the request to another pod, which looks for itself.
    let answer = asked_as_if_the_owner_were_gone(&cluster, &cashbox).await;
    assert_eq!(
        (answer.status, answer.header(header::REFUSAL)),
        (503, "owner-silent"),
        "{answer:?}"
    );
    assert_eq!(cluster.owner(&cashbox).await, owner, "nothing was taken");
    let pos = pos.at(&cluster.proxies[0].url());
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_sound(&pos).await;
    // That it says nothing keeps nobody from what it does not hold.
    let other = cluster.new_cashbox();
    let elsewhere = cluster.pos(&other).at(&cluster.pods[0].url());
    elsewhere
        .sign(&receipt::initial_operation(&other))
        .await
        .receipt();

    for (pod, told) in [
        (1, "a pod does not know our key"),
        (2, "a pod does not know our key"),
        (1, "asks as a pod would"),
    ] {
        let log = cluster.pods[pod].log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(told)).collect();
        assert!(
            lines.len() == 1 && lines[0].contains("Byodc__Peer__Key"),
            "pod-{pod}: {lines:?}"
        );
        assert!(
            !log.contains(KEY) && !log.contains(OTHER_KEY),
            "pod-{pod} shows a key"
        );
    }
}

/// Sends a receipt to pod-2, with the word of a proxy that pod-1 cannot be reached.
async fn asked_as_if_the_owner_were_gone(cluster: &Cluster, cashbox: &harness::cashbox::Cashbox) -> Answer {
    let http = harness::client::http();
    let identity = format!("{}/peer/v1/identity", cluster.pods[1].admin_url());
    let identity = http.get(identity).bearer_auth(KEY).send().await.unwrap();
    let identity: Value = identity.json().await.unwrap();
    let (_, incarnation) = identity["pod"].as_str().unwrap().split_once('/').unwrap();
    let asked = http
        .post(format!("{}/api/Sign", cluster.pods[2].url()))
        .header(header::CASHBOX_ID, cashbox.id.to_string())
        .header(header::ACCESS_TOKEN, &cashbox.token)
        .header(header::SUSPECT, incarnation)
        .json(&receipt::sale(cashbox, "R-0"));
    Answer::read(asked.send().await.unwrap()).await.unwrap()
}
