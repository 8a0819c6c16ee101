//! A small model of the proxy: it knows routes that may be wrong, follows what pods say, and sends a request again,
//! under the same operation id, until somebody answers it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use backend::cashbox::command::Caller;
use backend::cashbox::error::CashboxError;
use backend::cashbox::mailbox::Posting;
use backend::cashbox::registry::Visit;
use shared::api::receipt_response::ReceiptResponse;
use shared::api::refusal::Refusal;
use shared::identity::{CashBoxId, Epoch, Incarnation, OperationId};
use shared::ownership::store::{OwnershipEvent, OwnershipStore};
use shared::placement::pod::PodRecord;
use shared::placement::ring::Ring;
use tokio::time::{Instant, sleep, sleep_until};

use crate::cashbox::{Receipt, TOKEN};
use crate::edges::owners::OwnersEdge;
use crate::pod::Pod;
use crate::wire::{Lost, Place, Post, Run, Wire};

const WAIT_FIRST: Duration = Duration::from_millis(5);
const WAIT_MAX: Duration = Duration::from_millis(250);
/// How many redirects are followed in a row.
const HOPS_MAX: u32 = 4;
/// How often it is looked whether a request waits in the wrong place.
const SUPERSEDED_EVERY: Duration = Duration::from_millis(100);
const PODS_EVERY: Duration = Duration::from_secs(1);

/// What a client wants.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A receipt.
    Sign(OperationId, Receipt),
    /// The cashbox to begin anew.
    Reset,
    /// To know where the queue stands.
    Describe,
}

/// What a pod has to say.
#[derive(Debug, Clone)]
pub enum Told {
    /// A receipt.
    Receipt(Arc<ReceiptResponse>),
    /// It was done.
    Done,
}

/// What a request came to.
#[derive(Debug, Clone)]
pub enum Said {
    /// A pod's answer.
    Told(Told),
    /// A pod's refusal that does not pass by itself.
    Refused(CashboxError),
    /// The time was up.
    TooLate,
}

struct Answer {
    incarnation: Incarnation,
    epoch: Option<Epoch>,
    outcome: Result<Told, CashboxError>,
}

enum Tried {
    Answered(Answer),
    Lost(Lost),
    Superseded,
    TooLate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Route {
    incarnation: Incarnation,
    address: SocketAddr,
    epoch: Epoch,
}

/// One proxy.
#[derive(Debug)]
pub struct Proxy {
    wire: Wire,
    owners: Arc<OwnersEdge>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    routes: BTreeMap<CashBoxId, Route>,
    /// As last read; none before the first reading.
    pods: Option<Vec<PodRecord>>,
}

impl Proxy {
    /// A proxy that knows nothing yet. To be built within its runtime.
    pub fn start(wire: Wire, owners: Arc<OwnersEdge>) -> Arc<Self> {
        let proxy = Arc::new(Self {
            wire,
            owners,
            known: Mutex::default(),
        });
        tokio::spawn(proxy.clone().follow_events());
        tokio::spawn(proxy.clone().follow_pods());
        proxy
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    async fn follow_events(self: Arc<Self>) {
        let mut events = self.owners.events();
        while let Ok(event) = events.recv().await {
            match event {
                OwnershipEvent::Owned { cashbox, owner } => {
                    self.learn(cashbox, owner.pod.id.incarnation, owner.pod.address, owner.epoch);
                }
                OwnershipEvent::Released { cashbox, epoch } => {
                    let mut known = self.known();
                    if known
                        .routes
                        .get(&cashbox)
                        .is_some_and(|route| route.epoch <= epoch)
                    {
                        known.routes.remove(&cashbox);
                    }
                }
                OwnershipEvent::PodsChanged | OwnershipEvent::Gap => {}
            }
        }
    }

    async fn follow_pods(self: Arc<Self>) {
        loop {
            if let Ok(pods) = self.owners.pods().await {
                self.known().pods = Some(pods);
            }
            sleep(PODS_EVERY).await;
        }
    }

    fn learn(&self, cashbox: CashBoxId, incarnation: Incarnation, address: SocketAddr, epoch: Epoch) {
        let mut known = self.known();
        let route = Route {
            incarnation,
            address,
            epoch,
        };
        let before = known.routes.entry(cashbox).or_insert(route);
        if before.epoch <= epoch {
            *before = route;
        }
    }

    fn forget(&self, cashbox: CashBoxId, incarnation: Option<Incarnation>) {
        let mut known = self.known();
        let concerned = |route: &Route| Some(route.incarnation) == incarnation;
        if known.routes.get(&cashbox).is_some_and(concerned) {
            known.routes.remove(&cashbox);
        }
    }

    /// Asks pods until one answers for good, or the time is up. Where the request goes `astray`, any pod is asked
    /// first, as by a proxy with an old view.
    pub async fn exchange(
        &self,
        cashbox: CashBoxId,
        wish: &Wish,
        patience: Duration,
        astray: Option<usize>,
    ) -> Said {
        let deadline = Instant::now() + patience;
        let (mut suspect, mut hops, mut wait) = (None, 0, WAIT_FIRST);
        let mut named = astray.and_then(|number| self.any(number));
        while Instant::now() < deadline {
            let target = match named.take() {
                Some(target) => Some(target),
                None => self.find(cashbox, suspect).await,
            };
            let again_at_once = match &target {
                None => {
                    suspect = None;
                    false
                }
                Some(target) => match self.ask(target, cashbox, wish, suspect, deadline).await {
                    Tried::TooLate => return Said::TooLate,
                    Tried::Superseded => {
                        self.forget(cashbox, Some(target.incarnation));
                        true
                    }
                    Tried::Lost(Lost::Refused) => {
                        self.forget(cashbox, Some(target.incarnation));
                        suspect = Some(target.incarnation);
                        hops += 1;
                        hops <= HOPS_MAX
                    }
                    Tried::Lost(Lost::Silent) => {
                        hops += 1;
                        hops <= HOPS_MAX
                    }
                    Tried::Answered(answer) => match answer.outcome {
                        Ok(told) => {
                            if let Some(epoch) = answer.epoch {
                                self.learn(cashbox, answer.incarnation, target.address, epoch);
                            }
                            return Said::Told(told);
                        }
                        Err(CashboxError::HeldByOther(owner)) => {
                            self.forget(cashbox, Some(target.incarnation));
                            let (incarnation, address) = (owner.pod.id.incarnation, owner.pod.address);
                            self.learn(cashbox, incarnation, address, owner.epoch);
                            hops += 1;
                            let followed = hops <= HOPS_MAX;
                            if followed {
                                named = Some(Route {
                                    incarnation,
                                    address,
                                    epoch: owner.epoch,
                                });
                            } else {
                                hops = 0;
                            }
                            followed
                        }
                        Err(CashboxError::Refused(refusal)) if refusal.passes_by_itself() => {
                            if matches!(refusal, Refusal::Draining | Refusal::Moving) {
                                self.forget(cashbox, Some(target.incarnation));
                            }
                            false
                        }
                        Err(error) => return Said::Refused(error),
                    },
                },
            };
            if !again_at_once {
                sleep_until((Instant::now() + wait).min(deadline)).await;
                wait = (wait * 2).min(WAIT_MAX);
            }
        }
        Said::TooLate
    }

    /// Whom to ask: the known owner, the owner on record, or who is proposed.
    async fn find(&self, cashbox: CashBoxId, suspect: Option<Incarnation>) -> Option<Route> {
        let usable = |incarnation: Incarnation| suspect != Some(incarnation);
        let known = self.known().routes.get(&cashbox).copied();
        if let Some(route) =
            known.filter(|route| usable(route.incarnation) && !self.is_gone(route.incarnation))
        {
            return Some(route);
        }
        if let Ok(Some(owner)) = self.owners.owner(cashbox).await {
            let (incarnation, address) = (owner.pod.id.incarnation, owner.pod.address);
            if usable(incarnation) {
                self.learn(cashbox, incarnation, address, owner.epoch);
                return Some(Route {
                    incarnation,
                    address,
                    epoch: owner.epoch,
                });
            }
        }
        let pods = self.known().pods.clone().unwrap_or_default();
        let excluded: Vec<_> = suspect.into_iter().collect();
        let proposed = Ring::of(&pods).candidates(cashbox, &excluded).next().cloned();
        proposed.map(|pod| Route {
            incarnation: pod.id.incarnation,
            address: pod.address,
            epoch: Epoch(0),
        })
    }

    fn any(&self, number: usize) -> Option<Route> {
        let pods = self.known().pods.clone().filter(|pods| !pods.is_empty())?;
        let pod = &pods[number % pods.len()];
        Some(Route {
            incarnation: pod.id.incarnation,
            address: pod.address,
            epoch: Epoch(0),
        })
    }

    fn is_gone(&self, incarnation: Incarnation) -> bool {
        let known = self.known();
        let lives = |pods: &Vec<PodRecord>| pods.iter().any(|pod| pod.id.incarnation == incarnation);
        known.pods.as_ref().is_some_and(|pods| !lives(pods))
    }

    async fn ask(
        &self,
        target: &Route,
        cashbox: CashBoxId,
        wish: &Wish,
        suspect: Option<Incarnation>,
        deadline: Instant,
    ) -> Tried {
        let (address, wish) = (target.address, wish.clone());
        let question = |post: Post<Answer>| -> Run {
            Box::new(move |simulation, from| {
                simulation.visit(from, address, post, move |pod| {
                    answer(pod, cashbox, wish, suspect)
                })
            })
        };
        let asked = self.wire.bring(Place::Pod, "request", question);
        tokio::select! {
            biased;
            answer = asked => answer.map_or_else(Tried::Lost, Tried::Answered),
            () = self.superseded(target, cashbox) => Tried::Superseded,
            () = sleep_until(deadline) => Tried::TooLate,
        }
    }

    /// Waits until the cashbox is known to live elsewhere than where the request is.
    async fn superseded(&self, target: &Route, cashbox: CashBoxId) {
        loop {
            sleep(SUPERSEDED_EVERY).await;
            let known = self.known().routes.get(&cashbox).copied();
            let elsewhere = known.is_some_and(|route| route.incarnation != target.incarnation);
            if elsewhere || self.is_gone(target.incarnation) {
                return;
            }
        }
    }
}

/// What a pod's listener does with a request.
async fn answer(pod: Arc<Pod>, cashbox: CashBoxId, wish: Wish, suspect: Option<Incarnation>) -> Answer {
    let visit = Visit {
        cashbox,
        caller: Caller::with_token(TOKEN.into()),
        suspect,
    };
    let (epoch, outcome) = match wish {
        Wish::Sign(operation, receipt) => {
            let posting = Posting {
                operation,
                content_hash: receipt.content_hash,
                request: receipt.request,
            };
            let asked = pod.registry.sign(&visit, posting).await;
            let told = asked
                .outcome
                .map(|signed| signed.answer.map_or(Told::Done, Told::Receipt));
            (asked.epoch, told)
        }
        Wish::Reset => {
            let asked = pod.registry.reset(&visit).await;
            (asked.epoch, asked.outcome.map(|()| Told::Done))
        }
        Wish::Describe => {
            let asked = pod.registry.describe(&visit).await;
            (asked.epoch, asked.outcome.map(|_| Told::Done))
        }
    };
    Answer {
        incarnation: pod.record().id.incarnation,
        epoch,
        outcome,
    }
}
