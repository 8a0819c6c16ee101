//! The runs, each with the fault that would expose what is missing.
//!
//! One cashbox, two pods: its owner, which the fault meets, and another.

use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::client::Pos;
use harness::cluster::{Cluster, Journal};
use harness::eventually::eventually;
use harness::faults::FaultLog;
use harness::receipt;
use harness::sabotage::{Sabotage, mutated};
use harness::simulator::SimulatedTse;
use harness::verdict::gather::{Resets, gather};
use harness::verdict::run::Terms;
use harness::verdict::{Report, judge_run};
use serde_json::{Value, json};
use shared::identity::OperationId;
use shared::sabotage::Mutant;

/// Longer than anything here takes on a busy machine: only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster with one cashbox that has signed its first receipt.
struct Stage {
    cluster: Cluster,
    sabotage: Sabotage,
    faults: FaultLog,
    cashbox: Cashbox,
    pos: Pos,
    owner: String,
}

impl Stage {
    async fn set(mutant: Option<Mutant>) -> Self {
        Self::set_in(Journal::Sqlite, mutant).await
    }

    async fn set_in(journal: Journal, mutant: Option<Mutant>) -> Self {
        let sabotage = Sabotage::new();
        let described = Cluster::of_pods(2)
            .journaled_in(journal)
            .with("Byodc__Lease__Seconds", "3")
            .with("Byodc__Lease__RenewSeconds", "1");
        let described = sabotage.witnessed(described);
        let described = match mutant {
            Some(mutant) => mutated(described, mutant),
            None => described,
        };
        let cluster = described.start().await;
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox);
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        Self {
            owner: cluster.owner(&cashbox).await.pod,
            cluster,
            sabotage,
            faults: FaultLog::default(),
            cashbox,
            pos,
        }
    }

    /// The POS, speaking to the cashbox's owner, and to the other pod, without a proxy between.
    fn at_owner_and_other(&mut self) -> (Pos, Pos) {
        let owner = self.pos.at(&self.cluster.pod(&self.owner).url());
        let other = self.pos.at(&self.cluster.another_pod(&self.owner).url());
        (owner, other)
    }

    fn rule(&self, id: &str, point: &str, action: &Value) -> Value {
        let mut rule = json!({ "id": id, "point": point, "cashbox": self.cashbox.id });
        for (name, value) in action.as_object().unwrap() {
            rule[name] = value.clone();
        }
        rule
    }

    async fn fired(&self, rule: &str) {
        eventually(&format!("{rule} fires"), PATIENCE, async || {
            (self.sabotage.firings(rule) > 0).then_some(())
        })
        .await;
    }

    async fn judge(self, terms: Terms) -> Report {
        let cashboxes = [(self.pos, self.cashbox)];
        judge_run(&gather(&self.cluster, &cashboxes, terms, &self.faults, &Resets::new()).await)
    }
}

/// F06: the owner is paused between taking a request and its intent. Another pod takes over and only reads, so that
/// nothing but the epoch tells the owner, when it wakes up, that it is superseded.
pub async fn paused_and_superseded(mutant: Option<Mutant>) -> Report {
    let mut stage = Stage::set(mutant).await;
    let (at_owner, _) = stage.at_owner_and_other();
    let paused = stage.faults.plan("F06 owner paused and superseded");
    stage
        .faults
        .plan_rule("request held before its intent", &stage.sabotage, "hold");
    let hold = json!({ "action": "delay", "delay_ms": 1500 });
    stage.sabotage.play(&[stage.rule("hold", "in-cashbox", &hold)]);
    let sale = receipt::sale(&stage.cashbox, "R-1");
    let asked = tokio::spawn(async move { at_owner.try_sign(OperationId::random(), &sale).await });
    stage.fired("hold").await;
    let owner = stage.owner.clone();
    stage.cluster.pod(&owner).process().pause();
    paused.begun();
    stage.pos.journal(2).await;
    stage.cluster.pod(&owner).process().resume();
    paused.ended();
    // Whatever it answers: the judge asks again for what stays unknown.
    let _ = asked.await.unwrap();
    stage
        .judge(Terms {
            also_published: vec![421],
            stale_tse_window: Duration::ZERO,
            ..Terms::noticed()
        })
        .await
}

/// F03: the owner dies after its commit, before the answer. The proxy sends the request again.
pub async fn killed_after_commit(journal: Journal, mutant: Option<Mutant>) -> Report {
    let stage = Stage::set_in(journal, mutant).await;
    stage
        .faults
        .plan_rule("F03 killed after the commit", &stage.sabotage, "dies");
    stage
        .sabotage
        .play(&[stage.rule("dies", "after-commit", &json!({ "action": "exit" }))]);
    stage.pos.sign(&receipt::sale(&stage.cashbox, "R-1")).await;
    stage.judge(Terms::unnoticed()).await
}

/// The owner dies a moment before its commit. Whoever was told of the receipt by then was told too early.
pub async fn killed_before_commit(mutant: Option<Mutant>) -> Report {
    let stage = Stage::set(mutant).await;
    stage
        .faults
        .plan_rule("killed before the commit", &stage.sabotage, "dies");
    // Long enough for an early answer to arrive.
    let waits = stage.rule(
        "waits",
        "before-commit",
        &json!({ "action": "delay", "delay_ms": 1000 }),
    );
    let dies = stage.rule("dies", "before-commit", &json!({ "action": "exit" }));
    stage.sabotage.play(&[waits, dies]);
    stage.pos.sign(&receipt::sale(&stage.cashbox, "R-1")).await;
    stage.fired("dies").await;
    stage.judge(Terms::unnoticed()).await
}

/// F11 with one cashbox: the owner is told to stop while its TSE takes three seconds, and another pod is asked.
pub async fn stopped_during_a_receipt(mutant: Option<Mutant>) -> Report {
    let mut stage = Stage::set(mutant).await;
    let (_, at_other) = stage.at_owner_and_other();
    let tse = SimulatedTse::of(&stage.cluster, &stage.cashbox);
    let signed_before = tse.signatures().len();
    tse.play(&json!([{ "operation": "start", "effect": "delay-answer", "delay_ms": 3_000, "times": 1 }]));
    let (pos, sale) = (stage.pos.clone(), receipt::sale(&stage.cashbox, "R-1"));
    let asked = tokio::spawn(async move { pos.sign(&sale).await });
    eventually("the TSE has signed", PATIENCE, async || {
        (tse.signatures().len() > signed_before).then_some(())
    })
    .await;
    let told = stage.faults.plan("F11 owner told to stop during a receipt");
    let owner = stage.owner.clone();
    stage.cluster.pod(&owner).process().terminate();
    told.begun();
    let (operation, next) = (OperationId::random(), receipt::sale(&stage.cashbox, "R-2"));
    eventually("the other pod serves", PATIENCE, async || {
        let answer = at_other.try_sign(operation, &next).await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
    asked.await.unwrap().receipt();
    stage.cluster.pod(&owner).stop().await;
    told.ended();
    stage
        .judge(Terms {
            also_published: vec![421],
            // Those of the pod that was asked directly; nobody waits for it in a proxy.
            refusals_max: usize::MAX,
            ..Terms::planned()
        })
        .await
}
