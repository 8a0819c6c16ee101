//! How a cashbox starts: the only way to a claim.
//!
//! ```text
//! acquire → configuration, TSE → claim → confirm → open → compare, settle what was interrupted → Ready
//!    │            │                │        └───────┴──────────┴── failure: release
//!    │            └────────────────┴── failure: give the reservation back
//!    └── another owns it: say who
//! ```
//!
//! So many starts at a time ask the ownership store and the journal, in order of arrival. While a start waits for the
//! configuration service, which has a queue and bounds of its own, or for its TSE, which no other cashbox has, it
//! keeps no place: a slow service or TSE holds up nobody else.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use shared::api::refusal::Refusal;
use shared::clock::Ticks;
use shared::identity::{CashBoxId, Epoch, Incarnation, QueueId};
use shared::sabotage;
use shared::trace::current;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::actor::Actor;
use super::books::Books;
use super::error::CashboxError;
use super::handle::Shared;
use super::lifecycle::Event;
use super::mailbox::Mailbox;
use super::options;
use super::parts::{Parts, shown};
use super::prepared::Prepared;
use super::registry::Visit;
use super::rest::Rest;
use super::status::Status;
use super::token::{Accepted, TokenDigest};
use super::trouble::Trouble;
use super::units::Units;
use crate::cashbox::configuration::CashboxConfiguration;
use crate::evidence;
use crate::journal::JournalError;
use crate::journal::history::{ChangeKind, ClaimReason, Claimed, OwnershipChange};
use crate::ownership::acquire::{Acquired, Confirmed};
use crate::ownership::tenure::Tenure;
use crate::queue::engine::QueueEngine;

/// How long the ownership store is asked for the way to a new owner. Without an answer the proxy asks itself.
const WHEREABOUTS_TIMEOUT: Duration = Duration::from_secs(1);
/// How far the clocks of two pods may differ without a word: synchronised ones are closer.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(1);

/// How many starts may be at the same step at a time; further ones wait in order of arrival. Their number is bounded
/// by that of the hosted cashboxes, their time by the bounds of those before them.
#[derive(Debug)]
pub(super) struct Places {
    /// Asking who owns the cashbox.
    asking: Semaphore,
    /// Claiming in the journal and reading from it.
    claiming: Semaphore,
}

impl Places {
    /// So many places at each step.
    pub(super) fn new(starts_max: usize) -> Self {
        Self {
            asking: Semaphore::new(starts_max),
            claiming: Semaphore::new(starts_max),
        }
    }
}

/// What a start begins with.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) cashbox: CashBoxId,
    /// Of the token that is accepted once it runs.
    pub(super) accepted: TokenDigest,
    pub(super) origin: Origin,
}

/// Why a cashbox starts here.
#[derive(Debug)]
pub(super) enum Origin {
    /// A request came.
    Request {
        /// Shown to the configuration service.
        token: SecretString,
        /// An owner whose address refused the proxy's connection.
        suspect: Option<Incarnation>,
    },
    /// Its owner handed it over.
    Handover {
        /// The owner, which serves it no more.
        from: Incarnation,
        /// The epoch that ended.
        epoch: Epoch,
        /// What the owner ran with.
        prepared: Prepared,
    },
}

impl Beginning {
    /// For a request.
    pub(super) fn of(visit: &Visit) -> Self {
        Self {
            cashbox: visit.cashbox,
            accepted: visit.caller.digest,
            origin: Origin::Request {
                token: visit.caller.token.clone(),
                suspect: visit.suspect,
            },
        }
    }

    /// Its place at a step. A cashbox that was handed over waits for none: nobody serves it meanwhile, and the pod
    /// that hands over keeps the number small.
    async fn place<'a>(&self, step: &'a Semaphore) -> Option<SemaphorePermit<'a>> {
        match self.origin {
            Origin::Request { .. } => Some(step.acquire().await.expect("the semaphore is never closed")),
            Origin::Handover { .. } => None,
        }
    }
}

/// Starts a cashbox.
///
/// # Errors
/// Why it does not run here. Nothing of it is left then: neither reservation nor ownership.
pub(super) async fn start(
    parts: Arc<Parts>,
    places: Arc<Places>,
    beginning: Beginning,
    status: Arc<Status>,
) -> Result<Box<Actor>, CashboxError> {
    let (cashbox, began) = (beginning.cashbox, Instant::now());
    let asking = beginning.place(&places.asking).await;
    let acquiring = current::step("acquire", acquire(&parts, &beginning));
    let acquired = status.progress().watch(acquiring).await;
    drop(asking);
    let reason = acquired.inspect_err(|_| status.on(Event::Refused))?;
    let claimed = match prepare(&parts, &places, &beginning, &status, reason).await {
        Ok(claimed) => claimed,
        Err(error) => {
            status.on(Event::Refused);
            parts.ownership.release_reservation(cashbox).await;
            return Err(error);
        }
    };
    let tenure = claimed.tenure.clone();
    status.claimed(&tenure);
    let recovery = async {
        sabotage::point("in-start", cashbox).await;
        recover(&parts, beginning.accepted, &status, claimed).await
    };
    match status.progress().watch(current::step("recover", recovery)).await {
        Ok(actor) => {
            if !actor.is_stale() {
                status.on(Event::Settled);
                observe_takeover(&parts, reason, began);
            }
            Ok(actor)
        }
        Err(trouble) => Err(give_up(&parts, &tenure, &status, trouble).await),
    }
}

fn observe_takeover(parts: &Parts, reason: ClaimReason, began: Instant) {
    if reason == ClaimReason::Takeover {
        parts
            .metrics
            .takeover_seconds
            .observe(began.elapsed().as_secs_f64());
    }
}

/// Whether this pod may try; answers why.
async fn acquire(parts: &Parts, beginning: &Beginning) -> Result<ClaimReason, CashboxError> {
    let (ownership, cashbox) = (&parts.ownership, beginning.cashbox);
    let (acquired, otherwise) = match &beginning.origin {
        Origin::Request { suspect, .. } => match ownership.acquire(cashbox, *suspect).await {
            // The request came by the record before the owner's word did.
            reserved @ Acquired::Reserved if parts.prepared.expects(cashbox) => {
                (reserved, Some(ClaimReason::Handover))
            }
            acquired => (acquired, None),
        },
        Origin::Handover { from, epoch, .. } => {
            let received = ownership.receive(cashbox, *from, *epoch).await;
            (received, Some(ClaimReason::Handover))
        }
    };
    match acquired {
        Acquired::TakenOver => Ok(otherwise.unwrap_or(ClaimReason::Takeover)),
        Acquired::Reserved => Ok(otherwise.unwrap_or(ClaimReason::Reserved)),
        Acquired::Direct => Ok(otherwise.unwrap_or(ClaimReason::Direct)),
        Acquired::HeldBy(owner) => Err(CashboxError::HeldByOther(Box::new(owner))),
        Acquired::OwnerSilent(owner) => {
            tracing::info!(cashbox.id = %cashbox, owner.id = %owner.pod.id, "the owner is silent");
            Err(Refusal::OwnerSilent.into())
        }
        Acquired::Draining => Err(Refusal::Draining.into()),
        Acquired::Unavailable(error) => {
            tracing::warn!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error,
                "nobody could say who owns a cashbox");
            Err(Refusal::OwnershipUnavailable.into())
        }
    }
}

/// What is known of a cashbox once it is claimed, and its place among those that read the journal.
struct Mine<'a> {
    configuration: Arc<CashboxConfiguration>,
    units: Units,
    tenure: Tenure,
    /// None for what was handed over.
    place: Option<SemaphorePermit<'a>>,
}

/// Everything that can be refused, then the claim.
async fn prepare<'a>(
    parts: &Parts,
    places: &'a Places,
    beginning: &Beginning,
    status: &Status,
    reason: ClaimReason,
) -> Result<Mine<'a>, CashboxError> {
    let cashbox = beginning.cashbox;
    let (configuration, units) = match &beginning.origin {
        Origin::Request { token, .. } => {
            // Not under watch: waiting for a turn there may take long and ends by itself.
            let fetching = parts.configurations.fetch(cashbox, token);
            let fetched = current::step("configuration", fetching).await;
            let configuration = fetched.map_err(|error| CashboxError::from(&error))?.configuration;
            let units = parts.usable(&configuration)?;
            (configuration, units)
        }
        Origin::Handover { prepared, .. } => (prepared.configuration.clone(), prepared.units.clone()),
    };
    status.progress().allow(configuration.patience().one_try * 2);
    let place = beginning.place(&places.claiming).await;
    let claim = claim(parts, cashbox, configuration.queue, reason);
    let tenure = status.progress().watch(current::step("claim", claim)).await?;
    Ok(Mine {
        configuration,
        units,
        tenure,
        place,
    })
}

async fn claim(
    parts: &Parts,
    cashbox: CashBoxId,
    queue: QueueId,
    reason: ClaimReason,
) -> Result<Tenure, CashboxError> {
    let pod = parts.ownership.pod().record().id;
    let claim = parts
        .journal
        .claim(queue, cashbox, &pod, reason, parts.clock.now())
        .await;
    let Claimed { tenure, from } = claim.map_err(|error| unclaimed(cashbox, &error))?;
    evidence::claim(&tenure, reason.word());
    parts.metrics.claims.of([reason.word()]).inc();
    tracing::info!(cashbox.id = %cashbox, from = %shown(from.as_ref()), to = %pod, epoch = tenure.epoch().0, %reason,
        "cashbox claimed");
    Ok(tenure)
}

fn unclaimed(cashbox: CashBoxId, error: &JournalError) -> CashboxError {
    tracing::warn!(cashbox.id = %cashbox, error = error as &dyn std::error::Error, "a cashbox was not claimed");
    match error {
        JournalError::Fenced { .. } => Refusal::Moving.into(),
        JournalError::Unavailable { .. } | JournalError::OutcomeUnknown { .. } => {
            Refusal::JournalUnavailable.into()
        }
        JournalError::OperationExists | JournalError::ChainBroken { .. } | JournalError::Unusable { .. } => {
            CashboxError::Broken
        }
    }
}

/// From the claim to a cashbox that serves.
async fn recover(
    parts: &Arc<Parts>,
    accepted: TokenDigest,
    status: &Arc<Status>,
    mine: Mine<'_>,
) -> Result<Box<Actor>, Trouble> {
    let Mine {
        configuration,
        units,
        tenure,
        place,
    } = mine;
    let recorded = parts.ownership.confirm(tenure.cashbox(), tenure.epoch()).await;
    let remembered = match recorded {
        Confirmed::Superseded(epoch) => {
            let confirmed = parts.journal.confirm(&tenure).await;
            confirmed.map_err(|error| Trouble::of_write(&error))?;
            Some(epoch)
        }
        Confirmed::Recorded | Confirmed::Later => None,
    };
    let now = parts.clock.now();
    let opened = parts.journal.open(&tenure, &configuration.seed, now).await;
    drop(place);
    let mut opened = opened.map_err(|error| unopened(parts, &tenure, &error))?;
    warn_of_a_clock_behind(&tenure, now, opened.latest);
    let account = parts.journal.account(tenure.queue()).await;
    let account = account.map_err(|error| Trouble::of_read(&error))?;
    let interrupted = std::mem::take(&mut opened.interrupted);
    evidence::config(&tenure, configuration.seed.cashbox_time_stamp);
    let in_use = opened.queue_de.scu;
    let scu = units.of(in_use);
    let mut actor = Box::new(Actor {
        shared: Arc::new(Shared {
            cashbox: tenure.cashbox(),
            queue: tenure.queue(),
            epoch: tenure.epoch(),
            mailbox: Mailbox::new(parts.config.mailbox_depth),
            status: status.clone(),
            rest: Rest::new(),
            accepted: Accepted::new(accepted),
            configuration: Mutex::new(configuration.fingerprint),
            ended: tokio_util::sync::CancellationToken::new(),
            task: std::sync::OnceLock::new(),
        }),
        parts: parts.clone(),
        cashbox_time_stamp: configuration.seed.cashbox_time_stamp,
        configured_queue: configuration.queue,
        engine: QueueEngine::new(opened, options::of(&configuration)),
        scu,
        units,
        in_use,
        books: Books::new(account, configuration.patience().longest()),
        tenure,
    });
    actor.take_up(remembered, interrupted).await?;
    Ok(actor)
}

/// What stops a start whose queue cannot be opened. Where a person has to look, the log says at what.
fn unopened(parts: &Parts, tenure: &Tenure, error: &JournalError) -> Trouble {
    let (cashbox, queue, epoch) = (tenure.cashbox(), tenure.queue(), tenure.epoch().0);
    match error {
        JournalError::ChainBroken { .. } => {
            parts.metrics.chain_check_failures.inc();
            tracing::error!(cashbox.id = %cashbox, queue.id = %queue, epoch, %error,
                "a cashbox is refused: nothing may be chained to the end of its stored receipts");
        }
        JournalError::Unusable { .. } => {
            tracing::error!(cashbox.id = %cashbox, queue.id = %queue, epoch, %error, "a queue cannot be opened");
        }
        _ => {}
    }
    Trouble::of_write(error)
}

/// Says, once for each start, that the clock is behind what other pods have written. Receipts then go on from there.
fn warn_of_a_clock_behind(tenure: &Tenure, now: Ticks, latest: Ticks) {
    let behind = latest.since(now);
    if behind > CLOCKS_DIFFER_MAX {
        tracing::warn!(cashbox.id = %tenure.cashbox(), epoch = tenure.epoch().0, behind_seconds = behind.as_secs(),
            "the wall clock is behind the newest row of the queue: its moments stand still until the clock has caught up");
    }
}

/// Leaves nothing behind after a claim that came to nothing.
async fn give_up(parts: &Parts, tenure: &Tenure, status: &Status, trouble: Trouble) -> CashboxError {
    let (cashbox, epoch) = (tenure.cashbox(), tenure.epoch());
    match trouble {
        Trouble::Fenced => {
            status.on(Event::Fenced);
            evidence::fenced(tenure, "start");
            parts.metrics.fenced.inc();
            parts.ownership.lost(cashbox, epoch);
            lost(parts, tenure, "fenced start").await
        }
        Trouble::Answer(_) | Trouble::GiveUp(_) | Trouble::Stale(_) => {
            let error = trouble.told();
            status.on(Event::Broke);
            tracing::warn!(cashbox.id = %cashbox, epoch = epoch.0, %error, "a cashbox could not be started");
            evidence::release(tenure, "failed start");
            parts.note(OwnershipChange::ending(
                tenure,
                ChangeKind::Release,
                "failed start",
                parts.clock.now(),
            ));
            parts.ownership.release(cashbox, epoch).await;
            error
        }
    }
}

/// Says that a cashbox was lost to a newer claim; answers where it is now.
pub(super) async fn lost(parts: &Parts, tenure: &Tenure, reason: &'static str) -> CashboxError {
    let at = parts.clock.now();
    let whereabouts = whereabouts(parts, tenure.cashbox()).await;
    let change = OwnershipChange::ending(tenure, ChangeKind::Fence, reason, at);
    parts.note(match &whereabouts {
        CashboxError::HeldByOther(owner) => change.to(owner.pod.id.clone()),
        _ => change,
    });
    whereabouts
}

/// Where a lost cashbox is now, as an answer: the new owner if the store names one, else "moving".
pub(super) async fn whereabouts(parts: &Parts, cashbox: CashBoxId) -> CashboxError {
    let asked = tokio::time::timeout(WHEREABOUTS_TIMEOUT, parts.owners.owner(cashbox)).await;
    match asked {
        Ok(Ok(Some(owner))) if owner.pod.id.incarnation != parts.ownership.pod().incarnation() => {
            CashboxError::HeldByOther(Box::new(owner))
        }
        _ => Refusal::Moving.into(),
    }
}
