//! A slow TSE: only its own cashbox notices.

use harness::cluster::Cluster;
use harness::load::Load;
use harness::receipt;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use serde_json::json;
use std::time::Duration;

/// F42: one of ten takes ten seconds; the others sign hundreds of receipts in the meantime.
#[tokio::test]
async fn a_slow_tse_holds_up_nobody_else() {
    let cluster = Cluster::of_pods(2)
        .with("Byodc__Lease__Seconds", "4")
        .with("Byodc__Lease__RenewSeconds", "1");
    let scene = Scene::of(cluster, 10).await;
    let before = scene.owners().await;
    let slow = json!([{ "operation": "any", "effect": "delay", "delay_ms": 10_000, "times": 1 }]);
    scene.tse(0).play(&slow);
    scene.begun("F42 slow TSE");
    let waiting = tokio::spawn({
        let (pos, sale) = (scene.pos(0, 0), receipt::sale(&scene.tills[0].1, "R-slow"));
        async move { pos.sign(&sale).await }
    });
    let load = Load::on(&scene.tills[1..], &scene.doors(), Duration::from_millis(20));
    load.signs_more(200).await;
    assert!(!waiting.is_finished(), "the others waited for the slow one");
    waiting.await.unwrap().receipt();
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    assert_eq!(scene.owners().await, before, "a lease ran out");
    scene.tse(0).behave();
    scene.assert_sound(Terms::unnoticed()).await;
}
