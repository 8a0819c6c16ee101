//! A TSE that takes seconds to hand over its log, within a receipt: nobody else notices, and whatever happens to the
//! pod meanwhile, each export is kept once and nothing of the log is missing.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::client::Pos;
use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::load::Load;
use harness::receipt;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use serde_json::{Value, json};
use shared::identity::OperationId;

/// Rows of `ftJournalDE`.
const EXPORTS: i64 = 17477;
/// How long a receipt may take until its transaction is signed.
const SIGNED_WITHIN: Duration = Duration::from_secs(30);

/// The TSE collects its log for so long before it gives anything.
fn collects_for(ms: u64) -> Value {
    json!([{ "operation": "collect", "effect": "delay", "delay_ms": ms, "times": 1 }])
}

/// A zero receipt with an export, on its way under an operation id.
struct Exporting {
    operation: OperationId,
    receipt: Value,
    pos: Pos,
    answer: tokio::task::JoinHandle<harness::client::Answer>,
}

impl Exporting {
    /// Sends it, and waits until the TSE has signed it: from then on it exports.
    async fn begin(scene: &Scene, reference: &str) -> Self {
        let (operation, pos) = (OperationId::random(), scene.pos(0, 0));
        let receipt = receipt::zero_with_export(&scene.tills[0].1, reference);
        let signed_before = scene.tse(0).signatures().len();
        let answer = tokio::spawn({
            let (pos, receipt) = (pos.clone(), receipt.clone());
            async move { pos.sign_as(operation, &receipt).await }
        });
        eventually("its transaction is signed", SIGNED_WITHIN, async || {
            (scene.tse(0).signatures().len() >= signed_before + 2).then_some(())
        })
        .await;
        Self {
            operation,
            receipt,
            pos,
            answer,
        }
    }

    /// The answer, and the same for the same operation again.
    async fn answered(self) {
        let answer = self.answer.await.unwrap();
        answer.receipt();
        let again = self.pos.sign_as(self.operation, &self.receipt).await;
        assert_eq!(again.body, answer.body);
    }
}

#[tokio::test]
async fn a_long_export_holds_up_nobody_and_a_drain_waits_for_it() {
    let cluster = Cluster::of_pods(2)
        .with("Byodc__Lease__Seconds", "4")
        .with("Byodc__Lease__RenewSeconds", "1");
    let mut scene = Scene::of(cluster, 6).await;
    let before = scene.owners().await;
    scene.tse(0).play(&collects_for(5000));
    scene.begun("F42 slow export");
    let exporting = Exporting::begin(&scene, "X-1").await;
    let twin = tokio::spawn({
        let (pos, receipt, operation) = (scene.pos(0, 0), exporting.receipt.clone(), exporting.operation);
        async move { pos.sign_as(operation, &receipt).await }
    });
    let load = Load::on(&scene.tills[1..], &scene.doors(), Duration::from_millis(20));
    load.signs_more(50).await;
    assert!(
        !exporting.answer.is_finished(),
        "the others waited for the export"
    );
    assert_eq!(scene.owners().await, before, "a lease ran out");
    // The pod is told to stop: it gives the others away, and this one when the export is done.
    scene.cluster.pod(&before[0].pod).stop().await;
    let joined = twin.await.unwrap();
    assert_eq!(
        joined.receipt(),
        exporting.answer.await.unwrap().receipt(),
        "one receipt for both"
    );
    load.signs_more(20).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty(), "{told:?}");
    scene.tse(0).behave();
    assert_eq!(
        scene.owner(0).await.epoch,
        before[0].epoch + 1,
        "handed over once"
    );
    assert_eq!(exports(&scene).await.len(), 1);
    scene.cluster.pod(&before[0].pod).restart().await;
    scene.assert_sound(Terms::unnoticed()).await;
}

#[tokio::test]
async fn an_export_that_is_cut_off_is_repeated_or_found_and_nothing_of_the_log_is_missing() {
    let cluster = Cluster::of_pods(2)
        .and_proxies(1)
        .with("Byodc__Drain__Seconds", "2");
    let mut scene = Scene::of(cluster, 1).await;
    scene.tse(0).play(&collects_for(1500));

    scene.begun("F02 killed while it exports");
    let exporting = Exporting::begin(&scene, "killed").await;
    let owner = scene.owner(0).await.pod;
    scene.cluster.pod(&owner).kill();
    exporting.answered().await;
    assert_eq!(exports(&scene).await.len(), 1, "repeated by the successor");
    scene.cluster.pod(&owner).restart().await;

    let rule = json!({ "point": "export-kept", "action": "exit" });
    let rule = scene.sabotage("F02 killed between the row and the erasure", rule);
    let owner = scene.owner(0).await.pod;
    Exporting::begin(&scene, "kept").await.answered().await;
    assert_eq!(scene.sabotage.firings(&rule), 1);
    assert_eq!(exports(&scene).await.len(), 2, "found by the successor");
    scene.cluster.pod(&owner).restart().await;

    scene.begun("F11 told to stop, and the export takes longer than that may");
    scene.tse(0).play(&collects_for(9000));
    let owner = scene.owner(0).await.pod;
    let exporting = Exporting::begin(&scene, "drained").await;
    scene.cluster.pod(&owner).stop().await;
    exporting.answered().await;
    assert_eq!(exports(&scene).await.len(), 3);
    scene.cluster.pod(&owner).restart().await;

    scene.tse(0).behave();
    let kept = exports(&scene).await;
    let counters: BTreeSet<usize> = kept.iter().flat_map(counters_in).collect();
    let last = *counters.last().unwrap();
    assert_eq!(
        counters,
        (1..=last).collect(),
        "a part of the log is in no export"
    );
    // The last export holds its own receipt.
    assert_eq!(last, scene.tse(0).signatures().len());
    scene.assert_sound(Terms::unnoticed()).await;
}

async fn exports(scene: &Scene) -> Vec<Value> {
    let pos = scene.pos(0, 0);
    pos.journal(EXPORTS).await
}

/// The signature counters in the TAR of an export: `Unixt_…_Sig-5_Log-Tra_….log`.
fn counters_in(row: &Value) -> Vec<usize> {
    let zip = BASE64.decode(row["FileContentBase64"].as_str().unwrap()).unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut tar = Vec::new();
    zip.by_index(0).unwrap().read_to_end(&mut tar).unwrap();
    let mut archive = tar::Archive::new(&tar[..]);
    let entries = archive.entries().unwrap();
    let names = entries.map(|entry| entry.unwrap().path().unwrap().display().to_string());
    names
        .filter_map(|name| name.split("_Sig-").nth(1)?.split('_').next()?.parse().ok())
        .collect()
}
