//! A configuration service that is slow, or answers what is not asked; and cold starts in a crowd.

use std::time::Duration;

use futures::future::join_all;
use harness::cluster::Cluster;
use harness::cluster::links::Target;
use harness::fault_proxy::Line;
use harness::receipt;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use serde_json::{Value, json};

/// How many cashboxes start at once, and how many requests each of them gets meanwhile.
const COLD: usize = 40;
const IMPATIENT: usize = 5;

/// F39 and F52 in small: everybody comes at once to a slow service; each configuration is fetched once, by the pod
/// that has reserved the cashbox.
#[tokio::test]
async fn a_slow_configuration_service_is_asked_once_for_each_cashbox() {
    let cluster = Cluster::of_pods(2)
        .and_proxies(2)
        .with("Byodc__ConfigurationService__Concurrency", "8")
        .with("Byodc__Cashbox__StartsMax", "16")
        .with_relays();
    let mut scene = Scene::of(cluster, 0).await;
    let way = scene.cluster.way(Target::ConfigService);
    way.back(Line::Slow(Duration::from_secs(1)));
    scene.begun("F39 slow configuration service");
    scene.begun("F52 cold start of many cashboxes");
    for at in 0..COLD {
        let cashbox = scene.cluster.new_cashbox();
        let pos = scene
            .cluster
            .pos(&cashbox)
            .at(&scene.cluster.proxies[at % 2].url());
        scene.tills.push((pos, cashbox));
    }
    let asked = scene.tills.iter().flat_map(|(pos, cashbox)| {
        (0..IMPATIENT).map(move |at| async move {
            let sale = receipt::sale(cashbox, &format!("R-{at}"));
            pos.sign(&sale).await.receipt()
        })
    });
    join_all(asked).await;
    way.heal();
    let log = scene.cluster.config_service.log();
    for (_, cashbox) in &scene.tills {
        let id = cashbox.id.to_string();
        let served = log
            .lines()
            .filter(|line| line.contains(&id) && line.contains("configuration asked for"))
            .count();
        assert_eq!(served, 1, "{id}");
    }
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F40.
#[tokio::test]
async fn a_configuration_of_another_cashbox_or_with_two_queues_is_refused_and_the_old_one_stays() {
    let scene = Scene::of(Cluster::of_pods(2), 2).await;
    let (pos, cashbox) = &scene.tills[0];
    let another = scene.tills[1].1.document();
    let mut two_queues = cashbox.document();
    let second = another["ftQueues"][0].clone();
    two_queues["ftQueues"].as_array_mut().unwrap().push(second);
    let mut no_scu = cashbox.document();
    no_scu["ftSignaturCreationDevices"] = json!([]);
    scene.begun("F40 wrong configuration");
    for (at, document) in [another, two_queues, no_scu].iter().enumerate() {
        publish(&scene, document);
        let told = pos.echo("").await;
        assert!(told.status >= 400, "the caller must be told: {told:?}");
        let sale = receipt::sale(cashbox, &format!("R-{at}"));
        pos.sign(&sale).await.receipt();
    }
    publish(&scene, &cashbox.document());
    pos.reset().await;
    scene.assert_sound(Terms::unnoticed()).await;
}

/// Serves this document for the first cashbox.
fn publish(scene: &Scene, document: &Value) {
    let folder = scene.cluster.config_service.cashboxes();
    scene.tills[0].1.publish_document(folder, &document.to_string());
}
