//! A cashbox that panics or hangs harms only itself, and its receipt is signed nevertheless.

use harness::cashbox::Cashbox;
use harness::client::{self, Pos};
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use harness::sabotage::Sabotage;
use serde_json::json;

/// How long a try of the TSE may take: the watchdog allows at least twice as much.
const SCU_TIMEOUT_MS: u64 = 1000;

/// F09.
#[tokio::test]
async fn a_panic_in_one_cashbox_restarts_only_that_one() {
    let stage = Stage::set().await;
    for point in ["in-cashbox", "after-intent", "in-start"] {
        stage.survives(point, "panic").await;
    }
    assert_eq!(stage.counted("byodc_cashbox_panics_total").await, 4.0);
    assert_sound(&stage.cluster.pos(&stage.good)).await;
}

/// F10.
#[tokio::test]
async fn a_cashbox_that_hangs_is_freed_and_its_receipt_signed_once() {
    let stage = Stage::set().await;
    for point in ["in-cashbox", "after-intent"] {
        stage.survives(point, "hang").await;
    }
    assert_eq!(stage.counted("byodc_cashboxes_freed_total").await, 2.0);
    assert_sound(&stage.cluster.pos(&stage.good)).await;
}

/// A cashbox that stays well while others break down.
struct Stage {
    cluster: Cluster,
    sabotage: Sabotage,
    good: Cashbox,
}

impl Stage {
    async fn set() -> Self {
        let sabotage = Sabotage::new();
        let description = Cluster::of_pods(2).with("Byodc__Cashbox__StuckSeconds", "2");
        let cluster = sabotage.witnessed(description).start().await;
        let good = activated(&cluster).await;
        Self {
            cluster,
            sabotage,
            good,
        }
    }

    /// A new cashbox breaks down at this point while it signs: its receipt comes all the same, under a later epoch,
    /// and the good one stays where it is. A start breaks down after a receipt did.
    async fn survives(&self, point: &str, action: &str) {
        let bad = activated(&self.cluster).await;
        let (pos, good) = (self.cluster.pos(&bad), self.cluster.pos(&self.good));
        let (before, goods) = (
            self.cluster.owner(&bad).await,
            self.cluster.owner(&self.good).await,
        );
        let rule = |id: String, point: &str| json!({ "id": id, "point": point, "action": action, "cashbox": bad.id });
        let id = format!("{action}-{point}");
        let mut rules = vec![rule(id.clone(), point)];
        if point == "in-start" {
            rules.push(rule("before-it".to_owned(), "after-intent"));
        }
        self.sabotage.play(&rules);
        let sale = receipt::sale(&bad, &id);
        let (signed, others) = tokio::join!(pos.sign(&sale), several(&good, &self.good, &id));
        signed.receipt();
        for answer in others {
            answer.receipt();
        }
        assert_eq!(self.sabotage.firings(&id), 1);
        assert!(self.cluster.owner(&bad).await.epoch > before.epoch);
        assert_eq!(self.cluster.owner(&self.good).await, goods);
        assert_eq!(assert_sound(&pos).await.signed(&id).len(), 1);
    }

    /// A counter, over all pods and labels.
    async fn counted(&self, name: &str) -> f64 {
        let mut sum = 0.0;
        for pod in &self.cluster.pods {
            let url = format!("{}/metrics", pod.admin_url());
            let text = client::http()
                .get(url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            let lines = text.lines().filter(|line| line.starts_with(name));
            sum += lines
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum::<f64>();
        }
        sum
    }
}

/// A cashbox in operation, whose TSE is not given much time.
async fn activated(cluster: &Cluster) -> Cashbox {
    let cashbox = cluster.new_cashbox();
    let mut document = cashbox.document();
    document["ftQueues"][0]["Configuration"]["scu-timeout-ms"] = SCU_TIMEOUT_MS.into();
    let folder = cluster.config_service.cashboxes();
    cashbox.publish_document(folder, &document.to_string());
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    cashbox
}

async fn several(pos: &Pos, cashbox: &Cashbox, prefix: &str) -> Vec<client::Answer> {
    let mut answers = Vec::new();
    for at in 0..10 {
        answers.push(pos.sign(&receipt::sale(cashbox, &format!("{prefix}-{at}"))).await);
    }
    answers
}
