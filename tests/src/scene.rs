//! A cluster under observation: tills with activated cashboxes, a record of faults, and the judge at the end.
//!
//! ```no_run
//! # async fn example() {
//! use harness::cluster::Cluster;
//! use harness::scene::Scene;
//! use harness::verdict::run::Terms;
//! let mut scene = Scene::of(Cluster::of_pods(3).and_proxies(2), 4).await;
//! let load = scene.load();
//! scene.begun("F01 pod killed");
//! scene.cluster.pods[0].kill();
//! load.signs_more(100).await;
//! load.stop().await;
//! scene.assert_sound(Terms::unnoticed()).await;
//! # }
//! ```

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::identity::OperationId;

use crate::cashbox::Cashbox;
use crate::client::Pos;
use crate::cluster::{Cluster, Description, Owner};
use crate::deployment::endpoints::Endpoints;
use crate::eventually::eventually;
use crate::faults::FaultLog;
use crate::load::Load;
use crate::receipt;
use crate::sabotage::Sabotage;
use crate::simulator::SimulatedTse;
use crate::verdict::gather::{Resets, gather};
use crate::verdict::run::Terms;
use crate::verdict::{Report, judge_run};

/// Between two receipts of a POS in a load that a scenario runs.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a cashbox may take to sign its first receipt.
const ACTIVATED_WITHIN: Duration = Duration::from_secs(90);
/// How long a cashbox may take to change hands.
const HELD_WITHIN: Duration = Duration::from_secs(30);
/// How long a rule may take to fire.
const FIRES_WITHIN: Duration = Duration::from_secs(60);

/// A running cluster whose every part bears witness.
#[derive(Debug)]
pub struct Scene {
    /// The cluster.
    pub cluster: Cluster,
    /// What goes wrong inside its processes.
    pub sabotage: Sabotage,
    /// Which faults were planned and happened.
    pub faults: FaultLog,
    /// The cashboxes, each with its POS.
    pub tills: Vec<(Pos, Cashbox)>,
    /// The resets that were answered well.
    pub resets: Resets,
    rules: Vec<Value>,
}

impl Scene {
    /// Starts a cluster and activates this many cashboxes, spread over its proxies.
    pub async fn of(cluster: Description, cashboxes: usize) -> Self {
        let sabotage = Sabotage::new();
        let cluster = sabotage.witnessed(cluster).start().await;
        let tills = join_all((0..cashboxes).map(async |at| {
            let cashbox = cluster.new_cashbox();
            let door = &cluster.proxies[at % cluster.proxies.len()];
            let pos = cluster.pos(&cashbox).at(&door.url());
            activate(&pos, &cashbox).await;
            (pos, cashbox)
        }))
        .await;
        Self {
            cluster,
            sabotage,
            faults: FaultLog::default(),
            tills,
            resets: Resets::default(),
            rules: Vec::new(),
        }
    }

    /// The proxies as they are now.
    #[must_use]
    pub fn doors(&self) -> Endpoints {
        Endpoints::fixed(self.cluster.proxies.iter().map(|proxy| proxy.url()))
    }

    /// A load on every cashbox through every proxy.
    #[must_use]
    pub fn load(&self) -> Load {
        Load::on(&self.tills, &self.doors(), PAUSE)
    }

    /// The POS of a cashbox, at the proxy of this number.
    #[must_use]
    pub fn pos(&self, cashbox: usize, proxy: usize) -> Pos {
        self.tills[cashbox].0.at(&self.cluster.proxies[proxy].url())
    }

    /// The TSE of a cashbox.
    #[must_use]
    pub fn tse(&self, cashbox: usize) -> SimulatedTse {
        SimulatedTse::of(&self.cluster, &self.tills[cashbox].1)
    }

    /// Which pod holds a cashbox, once one alone says that it does: one that is changing hands is held by none.
    pub async fn owner(&self, cashbox: usize) -> Owner {
        let cashbox = &self.tills[cashbox].1;
        eventually("one pod holds the cashbox", HELD_WITHIN, async || {
            let mut owners = self.cluster.owners(cashbox).await;
            owners.pop().filter(|_| owners.is_empty())
        })
        .await
    }

    /// Which pod holds each cashbox.
    pub async fn owners(&self) -> Vec<Owner> {
        join_all((0..self.tills.len()).map(|cashbox| self.owner(cashbox))).await
    }

    /// Notes that a fault was caused just now.
    pub fn begun(&self, fault: &str) {
        self.faults.plan(fault).begun();
    }

    /// Adds a rule for the points inside processes; the run is worth nothing unless it fires. Answers the rule's id.
    pub fn sabotage(&mut self, fault: &str, mut rule: Value) -> String {
        let id = format!("rule-{}", self.rules.len());
        rule["id"] = json!(id);
        self.faults.plan_rule(fault, &self.sabotage, &id);
        self.rules.push(rule);
        self.sabotage.play(&self.rules);
        id
    }

    /// Waits until a rule has fired.
    pub async fn fired(&self, rule: &str) {
        eventually("the sabotage happens", FIRES_WITHIN, async || {
            (self.sabotage.firings(rule) > 0).then_some(())
        })
        .await;
    }

    /// Whether every rule has fired.
    #[must_use]
    pub fn has_fired_every_rule(&self) -> bool {
        let ids = self
            .rules
            .iter()
            .map(|rule| rule["id"].as_str().expect("we gave it one"));
        ids.map(|id| self.sabotage.firings(id)).all(|firings| firings > 0)
    }

    /// Asks every witness and judges the whole run. Everything must have been healed before.
    pub async fn judged(&self, terms: Terms) -> Report {
        // A POS speaks to a proxy that is there now; the one it began with may have been rolled away.
        let door = self.cluster.proxies[0].url();
        let tills: Vec<(Pos, Cashbox)> = self
            .tills
            .iter()
            .map(|(pos, cashbox)| (pos.at(&door), cashbox.clone()))
            .collect();
        judge_run(&gather(&self.cluster, &tills, terms, &self.faults, &self.resets).await)
    }

    /// The same, and fails the test with everything that was broken.
    pub async fn assert_sound(&self, terms: Terms) -> Report {
        let report = self.judged(terms).await;
        report.assert_sound();
        report
    }
}

/// Signs the first receipt. On a machine that has just started a cluster a database may be late, and says so.
async fn activate(pos: &Pos, cashbox: &Cashbox) {
    let (operation, initial) = (OperationId::random(), receipt::initial_operation(cashbox));
    eventually("the cashbox is activated", ACTIVATED_WITHIN, async || {
        let answer = pos.sign_as(operation, &initial).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
