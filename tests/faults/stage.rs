//! Causes faults in a running cluster, and ends them.

use std::time::Duration;

use harness::cluster::links::Target;
use harness::cluster::{Journal, Ownership};
use harness::deployment::{Deployment, Progress, Strategy};
use harness::fault_proxy::{Line, Link};
use harness::scene::Scene;
use harness::verdict::run::Reset;
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::plan::{Episode, Plan};

/// Steps at which a pod can die.
const STEPS: [&str; 5] = [
    "after-intent",
    "before-tse",
    "after-tse",
    "before-commit",
    "after-commit",
];
/// How many TSEs a fault befalls.
const TSES: usize = 5;
/// How many cashboxes an operator resets.
const RESETS: usize = 5;

/// A cluster whose pods and proxies are supervised.
pub struct Stage {
    /// The cluster under observation.
    pub scene: Scene,
    /// The supervisor of its pods.
    pub pods: Deployment,
    /// The supervisor of its proxies.
    pub proxies: Deployment,
    plan: Plan,
}

/// What ends a fault.
pub enum Undo {
    /// It ends by itself, or the supervisor ends it.
    Nothing,
    /// A paused pod continues, if it is still there.
    PodContinues(String),
    /// Redis is started again, empty.
    RedisStarts,
    /// Redis continues.
    RedisContinues,
    /// The database is started again.
    DatabaseStarts,
    /// The database continues.
    DatabaseContinues,
    /// The configuration service is started again.
    ConfigServiceStarts,
    /// Fair weather on these ways.
    WaysHeal(Vec<Link>),
    /// These TSEs behave.
    TsesBehave(Vec<usize>),
}

impl Stage {
    /// A cluster as planned, with its cashboxes activated.
    pub fn new(scene: Scene, plan: &Plan) -> Self {
        let strategy = Strategy {
            grace: Duration::from_secs(15),
            min_ready: Duration::from_secs(2),
            ..Strategy::default()
        };
        let template = scene.cluster.template();
        Self {
            pods: Deployment::of(&scene.cluster.pods, template.clone(), strategy),
            proxies: Deployment::of(&scene.cluster.proxies, template, strategy),
            scene,
            plan: plan.clone(),
        }
    }

    /// Lets both supervisors look once.
    pub async fn reconcile(&mut self) -> Progress {
        let pods = self.pods.reconcile(&mut self.scene.cluster.pods).await;
        let proxies = self.proxies.reconcile(&mut self.scene.cluster.proxies).await;
        match (pods, proxies) {
            (Progress::Settled, Progress::Settled) => Progress::Settled,
            _ => Progress::UnderWay,
        }
    }

    /// Causes a fault.
    pub async fn begin(&mut self, episode: &Episode) -> Undo {
        let pick = usize::try_from(episode.pick >> 1).unwrap();
        // A rule counts when it fires, which the judge asks for itself.
        match episode.kind {
            Kind::DiesAtAStep => {
                let step = STEPS[pick % STEPS.len()];
                self.scene
                    .sabotage("DiesAtAStep", json!({ "point": step, "action": "exit" }));
                return Undo::Nothing;
            }
            Kind::PanicsInACashbox => {
                let rule = json!({ "point": "in-cashbox", "action": "panic" });
                self.scene.sabotage("PanicsInACashbox", rule);
                return Undo::Nothing;
            }
            _ => self.scene.begun(&episode.kind.to_string()),
        }
        match episode.kind {
            Kind::WayCut | Kind::OneDirectionLost | Kind::WaysReset | Kind::WaysSlow => {
                Undo::WaysHeal(self.spoil_ways(episode.kind, pick))
            }
            Kind::TseSlow | Kind::TseDown | Kind::TseAnswersLost => {
                Undo::TsesBehave(self.spoil_tses(episode.kind, pick))
            }
            Kind::CashboxesReset => {
                self.reset_cashboxes(pick).await;
                Undo::Nothing
            }
            kind => self.spoil_process(kind, pick),
        }
    }

    fn spoil_process(&mut self, kind: Kind, pick: usize) -> Undo {
        let cluster = &mut self.scene.cluster;
        let (pods, proxies) = (cluster.pods.len(), cluster.proxies.len());
        let pod = &mut cluster.pods[pick % pods];
        match kind {
            Kind::PodKilled => pod.kill(),
            Kind::PodPaused if pod.process().is_running() => {
                pod.process().pause();
                return Undo::PodContinues(pod.name().to_owned());
            }
            Kind::PodToldToStop if pod.process().is_running() => pod.process().terminate(),
            Kind::PodsRolled => self.pods.roll(),
            Kind::ProxyKilled => cluster.proxies[pick % proxies].kill(),
            Kind::ProxiesRolled => self.proxies.roll(),
            Kind::RedisEmptied => {
                cluster.redis.as_mut().unwrap().kill();
                return Undo::RedisStarts;
            }
            Kind::RedisStalled => {
                cluster.redis.as_ref().unwrap().pause();
                return Undo::RedisContinues;
            }
            Kind::DatabaseStopped => {
                cluster.database.as_mut().unwrap().kill();
                return Undo::DatabaseStarts;
            }
            Kind::DatabaseStalled => {
                cluster.database.as_ref().unwrap().pause();
                return Undo::DatabaseContinues;
            }
            Kind::ConfigServiceAway => {
                cluster.config_service.kill();
                return Undo::ConfigServiceStarts;
            }
            // A pod that has just died can neither be paused nor be told to stop: it is a dead pod already.
            _ => {}
        }
        Undo::Nothing
    }

    fn spoil_ways(&self, kind: Kind, pick: usize) -> Vec<Link> {
        match kind {
            Kind::WaysSlow => {
                let ways = self.every_way();
                let delay = Line::Wavering(Duration::ZERO, Duration::from_millis(150));
                for way in &ways {
                    way.there(delay);
                    way.back(delay);
                }
                ways
            }
            Kind::WaysReset => {
                for way in self.every_way() {
                    way.reset();
                }
                Vec::new()
            }
            _ => {
                let way = self.one_way(pick);
                match (kind, pick / 64 % 2) {
                    (Kind::WayCut, _) => way.cut(),
                    (_, 0) => way.there(Line::Lost),
                    _ => way.back(Line::Lost),
                }
                vec![way]
            }
        }
    }

    /// The way from one process to one it depends on.
    fn one_way(&self, pick: usize) -> Link {
        let cluster = &self.scene.cluster;
        let pod = cluster.pods[pick % cluster.pods.len()].name();
        let other = cluster.pods[(pick / 7) % cluster.pods.len()].name();
        let proxy = cluster.proxies[(pick / 3) % cluster.proxies.len()].name();
        let mut ways = vec![(proxy, Target::Pod(pod)), (pod, Target::Peer(other))];
        if self.plan.ownership == Ownership::Redis {
            ways.extend([(pod, Target::Redis), (proxy, Target::Redis)]);
        }
        if self.plan.journal != Journal::Sqlite {
            ways.push((pod, Target::Database));
        }
        let (from, to) = ways[(pick / 11) % ways.len()];
        cluster.link(from, to)
    }

    /// Every way, for all who take it.
    fn every_way(&self) -> Vec<Link> {
        let cluster = &self.scene.cluster;
        let mut targets = vec![Target::ConfigService];
        if self.plan.ownership == Ownership::Redis {
            targets.push(Target::Redis);
        }
        if self.plan.journal != Journal::Sqlite {
            targets.push(Target::Database);
        }
        for pod in &cluster.pods {
            targets.extend([Target::Pod(pod.name()), Target::Peer(pod.name())]);
        }
        let ways = targets.into_iter().map(|target| cluster.way(target));
        ways.map(|way| Link::clone(way)).collect()
    }

    fn spoil_tses(&self, kind: Kind, pick: usize) -> Vec<usize> {
        let rules: Value = match kind {
            Kind::TseSlow => json!([{ "operation": "any", "effect": "delay", "delay_ms": 1_500 }]),
            Kind::TseDown => json!([{ "operation": "any", "effect": "unreachable" }]),
            _ => json!([{ "operation": "finish", "effect": "sign-and-lose-answer", "times": 1 }]),
        };
        let tills = self.scene.tills.len();
        let chosen: Vec<usize> = (0..TSES).map(|at| (pick + at) % tills).collect();
        for at in &chosen {
            self.scene.tse(*at).play(&rules);
        }
        chosen
    }

    /// Resets cashboxes with newer configurations; whoever is told that it went well holds us to it (I10).
    async fn reset_cashboxes(&mut self, pick: usize) {
        let (tills, proxies) = (self.scene.tills.len(), self.scene.cluster.proxies.len());
        for at in (0..RESETS).map(|at| (pick + at) % tills) {
            let (pos, cashbox) = self.scene.tills[at].clone();
            let published = self.scene.resets.entry(cashbox.id).or_default();
            let (document, version) = cashbox.document_of_version(published.len() as i64 + 1);
            let folder = self.scene.cluster.config_service.cashboxes();
            cashbox.publish_document(folder, &document.to_string());
            let door = self.scene.cluster.proxies[pick % proxies].url();
            // One that is refused or lost may have happened or not, and promises nothing.
            let answer = pos
                .at(&door)
                .post("/api/Echo", None, json!({ "message": "" }).to_string())
                .await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                published.push(Reset {
                    version,
                    answered_at: std::time::Instant::now(),
                });
            }
        }
    }

    /// Ends a fault.
    pub async fn end(&mut self, undo: Undo) {
        let cluster = &mut self.scene.cluster;
        match undo {
            Undo::Nothing => {}
            Undo::PodContinues(name) => {
                let pod = cluster.pods.iter_mut().find(|pod| pod.name() == name);
                if let Some(pod) = pod
                    && pod.process().is_running()
                {
                    pod.process().resume();
                }
            }
            Undo::RedisStarts => cluster.redis.as_mut().unwrap().restart_empty().await,
            // One that another fault has ended meanwhile is started by that fault's own end.
            Undo::RedisContinues => {
                let redis = cluster.redis.as_mut().unwrap();
                if redis.is_running() {
                    redis.resume();
                }
            }
            Undo::DatabaseStarts => cluster.database.as_mut().unwrap().restart().await,
            Undo::DatabaseContinues => {
                let database = cluster.database.as_mut().unwrap();
                if database.is_running() {
                    database.resume();
                }
            }
            Undo::ConfigServiceStarts => cluster.config_service.restart().await,
            Undo::WaysHeal(ways) => ways.iter().for_each(Link::heal),
            Undo::TsesBehave(chosen) => {
                for at in chosen {
                    self.scene.tse(at).behave();
                }
            }
        }
    }
}
