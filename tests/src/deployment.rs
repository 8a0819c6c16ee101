//! A supervisor that imitates a Kubernetes Deployment: it keeps so many replicas, rolls them with surge, stops them
//! with SIGTERM, a grace period and SIGKILL, and starts again what died.
//!
//! ```text
//! starting → ready → told to stop (SIGTERM) → gone
//!    ▲         │            └── grace is over → killed → gone
//!    └─ died ──┘
//! ```
//!
//! Nothing runs in the background: [`Deployment::reconcile`] looks once and does what is due, so that a test decides
//! what else happens between two looks. Readiness gates progress. What stands behind a Service hears of a change
//! late: [`Endpoints`].
//!
//! [`Deployment::reconcile`]: crate::deployment::Deployment::reconcile
//! [`Endpoints`]: crate::deployment::endpoints::Endpoints

/// The addresses that clients know, late.
pub mod endpoints;
/// What a Deployment has replicas of.
pub mod replica;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::client;
use crate::eventually::eventually;
use crate::pod::Template;
use endpoints::Endpoints;
use replica::Replica;

/// How long a change may take until it is complete.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);

/// How a Deployment changes its replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strategy {
    /// How many more than wanted may exist while it rolls.
    pub surge: usize,
    /// How many fewer than wanted may be ready while it rolls.
    pub unavailable: usize,
    /// How long one must have been ready before it counts (`minReadySeconds`): others hear of it in the meantime.
    pub min_ready: Duration,
    /// How long one that was told to stop may take before it is killed.
    pub grace: Duration,
    /// How much later than it happened clients hear that one is going.
    pub lag: Duration,
}

impl Default for Strategy {
    /// One more, none fewer, the grace that pods count on unless they are told (`Byodc__Drain__GraceSeconds`), and an
    /// endpoint view a second old.
    fn default() -> Self {
        Self {
            surge: 1,
            unavailable: 0,
            min_ready: Duration::from_secs(3),
            grace: Duration::from_secs(130),
            lag: Duration::from_secs(1),
        }
    }
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The wanted replicas of the newest generation run and are ready, and no others exist.
    Settled,
    /// Something is still to come.
    UnderWay,
}

/// What it did, to be read after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deeds {
    /// Replicas started.
    pub started: usize,
    /// Replicas told to stop.
    pub stopped: usize,
    /// Replicas killed because their grace was over.
    pub killed: usize,
    /// Replicas started again after they had died by themselves.
    pub revived: usize,
    /// How many available ones were left, when fewest were, by telling another to stop. One that dies or says nothing
    /// for a moment is none of the supervisor's deeds.
    pub fewest_left: usize,
}

/// The supervisor of a cluster's pods or proxies.
#[derive(Debug)]
pub struct Deployment {
    replicas: usize,
    generation: u64,
    strategy: Strategy,
    template: Template,
    generations: BTreeMap<String, u64>,
    told_to_stop: BTreeMap<String, Instant>,
    /// When each ready one counts.
    available_from: BTreeMap<String, Instant>,
    endpoints: Endpoints,
    deeds: Deeds,
    http: reqwest::Client,
}

impl Deployment {
    /// Takes over running replicas, as many as there are, as its first generation. They have been ready for long.
    #[must_use]
    pub fn of<R: Replica>(replicas: &[R], template: Template, strategy: Strategy) -> Self {
        let names = || replicas.iter().map(|replica| replica.name().to_owned());
        Self {
            replicas: replicas.len(),
            generation: 0,
            strategy,
            template,
            generations: names().map(|name| (name, 0)).collect(),
            told_to_stop: BTreeMap::new(),
            available_from: names().map(|name| (name, Instant::now())).collect(),
            endpoints: Endpoints::of(replicas.iter().map(Replica::url), strategy.lag),
            deeds: Deeds {
                started: 0,
                stopped: 0,
                killed: 0,
                revived: 0,
                fewest_left: replicas.len(),
            },
            http: client::http(),
        }
    }

    /// From now on a new generation is wanted: `kubectl rollout restart`.
    pub fn roll(&mut self) {
        self.generation += 1;
    }

    /// From now on this many are wanted.
    pub fn scale(&mut self, replicas: usize) {
        self.replicas = replicas;
    }

    /// From now on every replica that is started has this setting.
    pub fn set(&mut self, setting: &str, value: &str) {
        self.template
            .settings
            .insert(setting.to_owned(), value.to_owned());
    }

    /// Where clients believe the replicas to be.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints.clone()
    }

    /// What it has done so far.
    #[must_use]
    pub fn deeds(&self) -> Deeds {
        self.deeds
    }

    /// Reconciles until everything is as wanted.
    pub async fn settle<R: Replica>(&mut self, replicas: &mut Vec<R>) {
        eventually("the deployment settles", SETTLED_WITHIN, async || {
            (self.reconcile(replicas).await == Progress::Settled).then_some(())
        })
        .await;
    }

    /// Looks once and does what is due.
    pub async fn reconcile<R: Replica>(&mut self, replicas: &mut Vec<R>) -> Progress {
        self.bury(replicas);
        self.revive(replicas);
        let ready = self.ready_of(replicas).await;
        self.endpoints.see(&ready.urls);
        let available = self.available(&ready.names);
        self.start_missing(replicas).await;
        self.stop_superfluous(replicas, &available);
        let newest = replicas.iter().filter(|replica| self.is_newest(replica.name()));
        let is_settled = self.told_to_stop.is_empty()
            && replicas.len() == self.replicas
            && newest.count() == self.replicas
            && available.len() == self.replicas;
        match is_settled {
            true => Progress::Settled,
            false => Progress::UnderWay,
        }
    }

    /// Those that have been ready for long enough.
    fn available(&mut self, ready: &[String]) -> Vec<String> {
        self.available_from.retain(|name, _| ready.contains(name));
        let now = Instant::now();
        for name in ready {
            let from = self.available_from.entry(name.clone());
            from.or_insert(now + self.strategy.min_ready);
        }
        let available = |name: &&String| self.available_from[*name] <= now;
        ready.iter().filter(available).cloned().collect()
    }

    /// Forgets those that have ended as told, and kills those whose grace is over.
    fn bury<R: Replica>(&mut self, replicas: &mut Vec<R>) {
        replicas.retain_mut(|replica| {
            let Some(told) = self.told_to_stop.get(replica.name()) else {
                return true;
            };
            let gone = !replica.process().is_running();
            let overdue = told.elapsed() > self.strategy.grace;
            if !gone && overdue {
                replica.process().kill();
                self.deeds.killed += 1;
            }
            if gone || overdue {
                self.told_to_stop.remove(replica.name());
                self.generations.remove(replica.name());
            }
            !gone && !overdue
        });
    }

    /// Starts again, under its name, what ended without having been told.
    fn revive<R: Replica>(&mut self, replicas: &mut [R]) {
        for replica in replicas {
            if !self.told_to_stop.contains_key(replica.name()) && !replica.process().is_running() {
                replica.relaunch();
                self.deeds.revived += 1;
            }
        }
    }

    async fn start_missing<R: Replica>(&mut self, replicas: &mut Vec<R>) {
        let wanted = |replica: &&R| !self.told_to_stop.contains_key(replica.name());
        let mut existing = replicas.iter().filter(wanted).count();
        let newest = |replica: &&R| wanted(replica) && self.is_newest(replica.name());
        let mut newest = replicas.iter().filter(newest).count();
        while newest < self.replicas && existing < self.replicas + self.strategy.surge {
            let name = format!("{}-{}-{}", R::KIND, self.generation, self.deeds.started);
            let generation = format!("generation-{}", self.generation);
            replicas.push(R::start(&self.template, &name, &generation).await);
            self.generations.insert(name, self.generation);
            self.deeds.started += 1;
            newest += 1;
            existing += 1;
        }
    }

    /// Tells older generations to stop, and of the newest those above the wanted number, as long as enough are
    /// available.
    fn stop_superfluous<R: Replica>(&mut self, replicas: &mut [R], available: &[String]) {
        let needed = self.replicas.saturating_sub(self.strategy.unavailable);
        let mut spare_unavailable = self.spare_unavailable(replicas, available, needed);
        let (mut left, mut newest) = (available.len(), 0);
        for replica in replicas {
            if self.told_to_stop.contains_key(replica.name()) {
                continue;
            }
            newest += usize::from(self.is_newest(replica.name()));
            if self.is_newest(replica.name()) && newest <= self.replicas {
                continue;
            }
            match available.iter().any(|name| name == replica.name()) {
                true if left > needed => {
                    left -= 1;
                    self.deeds.fewest_left = self.deeds.fewest_left.min(left);
                    self.tell_to_stop(replica);
                }
                false if spare_unavailable > 0 => {
                    spare_unavailable -= 1;
                    self.tell_to_stop(replica);
                }
                _ => {}
            }
        }
    }

    /// How many that are not available may go: those beyond what is needed and beyond the newest that are still to
    /// come. A rollout whose new replicas do not come up leaves the old ones alone.
    fn spare_unavailable<R: Replica>(&self, replicas: &[R], available: &[String], needed: usize) -> usize {
        let staying = |replica: &&R| !self.told_to_stop.contains_key(replica.name());
        let is_to_come = |replica: &&R| {
            self.is_newest(replica.name()) && !available.iter().any(|name| name == replica.name())
        };
        let existing = replicas.iter().filter(staying).count();
        let to_come = replicas.iter().filter(staying).filter(is_to_come).count();
        existing.saturating_sub(needed + to_come)
    }

    fn tell_to_stop<R: Replica>(&mut self, replica: &mut R) {
        self.endpoints.leaves(&replica.url());
        replica.process().terminate();
        self.told_to_stop
            .insert(replica.name().to_owned(), Instant::now());
        self.deeds.stopped += 1;
    }

    async fn ready_of<R: Replica>(&self, replicas: &[R]) -> Ready {
        let staying = replicas
            .iter()
            .filter(|replica| !self.told_to_stop.contains_key(replica.name()));
        let looked = staying.map(async |replica| (replica, replica.is_ready(&self.http).await));
        let looked = join_all(looked).await;
        let ready = looked.iter().filter(|(_, is_ready)| *is_ready);
        Ready {
            names: ready
                .clone()
                .map(|(replica, _)| replica.name().to_owned())
                .collect(),
            urls: ready.map(|(replica, _)| replica.url()).collect(),
        }
    }

    fn is_newest(&self, name: &str) -> bool {
        self.generations.get(name) == Some(&self.generation)
    }
}

/// The replicas that are ready and not told to stop.
struct Ready {
    names: Vec<String>,
    urls: Vec<String>,
}
