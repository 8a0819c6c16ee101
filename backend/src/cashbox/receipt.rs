//! One receipt, from request to answer.
//!
//! ```text
//! receive → (asked for an earlier one?) → begin → process with the TSE → append → adopt → answer
//!                                           └ the operation id is used: its stored answer, or 409
//! ```
//!
//! Settling an interrupted request (`settle.rs`) is the second half of the same path, fed from the journal.

use std::sync::Arc;

use shared::api::receipt_request::ReceiptRequest;
use shared::api::refusal::Refusal;
use shared::sabotage;
use shared::trace::current;
use tokio::time::Instant;

use super::actor::Actor;
use super::command::{Answer, Made, Sign, Signed};
use super::error::CashboxError;
use super::guarded::Guarded;
use super::site::PodSite;
use super::trouble::Trouble;
use super::write::Begun;
use crate::evidence;
use crate::journal::entry::{Entry, Intent, Outcome, StoredOperation};
use crate::queue::cases::migration;
use crate::queue::earlier::Earlier;
use crate::queue::work::Edges;
use crate::queue::{answer, intake};
use crate::scu::Scu;
use crate::scu::confirmed::Confirmed;
use crate::scu::standing::Standing;

/// How many receipts of one reference are looked at when a POS asks for an earlier one.
const CANDIDATES_MAX: u32 = 200;

impl Actor {
    /// Signs a receipt, or finds the answer that its operation has already.
    pub(super) async fn sign(&mut self, sign: &Sign) -> Result<Signed, Trouble> {
        self.timed("wait", "mailbox", sign.posted);
        let clock = self.parts.clock.clone();
        let refused = |error: intake::PreQueueError| {
            Trouble::Answer(CashboxError::Rejected {
                message: error.to_string(),
            })
        };
        let mut request = sign.request.clone();
        let mut item = self.engine.receive(&request, &*clock).map_err(refused)?;
        if self.engine.wants_earlier_receipt(&request) {
            match self.earlier(&request).await? {
                Earlier::Answered { response, .. } => {
                    return Ok(existing(response.map(|found| Arc::new(*found))));
                }
                Earlier::SignNow { request: plain, .. } => {
                    request = Arc::from(plain);
                    item = self.engine.receive(&request, &*clock).map_err(refused)?;
                }
            }
        }
        let intent = Intent {
            item,
            operation: sign.operation,
            content_hash: sign.content_hash,
        };
        let began = Instant::now();
        match self.begin(&intent).await? {
            Begun::Durable => {}
            Begun::UsedBefore(stored) => return repeated(&intent, &stored).map(existing),
        }
        evidence::intent(&self.tenure, &intent);
        sabotage::point("after-intent", self.shared.cashbox).await;
        self.timed("begin", "intent", began);
        let answer = self.finish(&intent, &request, Some(began)).await?;
        Ok(Signed {
            answer,
            made: Made::Now,
        })
    }

    /// From the durable intent to the durable answer. The database checked the epoch after `committed`; none for an
    /// intent of an earlier tenure.
    pub(super) async fn finish(
        &mut self,
        intent: &Intent,
        request: &ReceiptRequest,
        committed: Option<Instant>,
    ) -> Result<Answer, Trouble> {
        let open = OpenIntent::new(&self.parts.metrics.open_intents);
        self.engine.begun(intent);
        let began = Instant::now();
        let standing = Standing::new(self.parts.journal.clone(), self.tenure.clone(), committed);
        let standing = Arc::new(standing);
        let unit: Arc<dyn Scu> = Arc::new(self.scu.under(standing.clone()));
        let guarded = (!self.books.compared).then(|| Arc::new(Guarded::new(unit.clone(), self.ledger())));
        let unit = guarded.clone().map_or(unit, |guarded| guarded as Arc<dyn Scu>);
        let scu = Arc::new(Confirmed::new(unit, standing.clone()));
        let site = PodSite::new(self, standing.clone());
        let edges = Edges {
            scu: scu.clone(),
            clock: &*self.parts.clock,
            site: &site,
        };
        let processing = self.engine.process(intent, request, edges);
        let mut processed = current::step("process", processing).await;
        if let Some(refusal) = standing.take_refusal() {
            return Err(unsure(&refusal));
        }
        if let Some(guarded) = guarded {
            self.note_guarded(&guarded)
                .await
                .map_err(Trouble::with_an_open_intent)?;
        }
        let other_unanswered = site.check_others()?;
        if scu.is_unanswered() || other_unanswered {
            self.suspect(intent.item.item);
        }
        if processed.starts_migration {
            self.record_migration(&mut processed.entry).await?;
        }
        self.observe("process", began);
        let signed = Instant::now();
        self.append(&processed.entry).await?;
        evidence::commit(&self.tenure, &processed.entry, self.cashbox_time_stamp);
        sabotage::point("after-commit", self.shared.cashbox).await;
        self.timed("append", "commit", signed);
        self.engine.adopt(&processed.entry);
        self.follow_a_switch();
        drop(open);
        told(processed.answer).map_err(Trouble::Answer)
    }

    /// After a receipt that switched the queue to another SCU, or to none: that one's TSE is asked from now on, and
    /// nothing is known of it yet.
    fn follow_a_switch(&mut self) {
        let scu = self.engine.state().queue_de.scu;
        if scu == self.in_use {
            return;
        }
        tracing::info!(cashbox.id = %self.shared.cashbox, epoch = self.shared.epoch.0, from = ?self.in_use, to = ?scu,
            "the queue was switched to another SCU");
        self.scu = self.units.of(scu);
        self.in_use = scu;
        self.books.compared = false;
    }

    /// What a comparison at the first contact with the TSE came to, before anything is made of the answer.
    async fn note_guarded(&mut self, guarded: &Guarded) -> Result<(), Trouble> {
        let compared = guarded.take().map_err(|error| Trouble::of_read(&error))?;
        match compared {
            Some(compared) => self.note_compared(compared).await.map(drop),
            None => Ok(()),
        }
    }

    /// What a migration receipt says of the journals (4.11). Until they could be counted its intent stays open.
    async fn record_migration(&self, entry: &mut Entry) -> Result<(), Trouble> {
        let counted = self.parts.journal.count(self.shared.queue).await;
        let counted = counted.map_err(|error| Trouble::of_read(&error).with_an_open_intent())?;
        migration::record(entry, counted, self.engine.state().now(&*self.parts.clock));
        Ok(())
    }

    /// The receipt that a POS asks for again (3.10), and its note in the action journal.
    async fn earlier(&self, request: &ReceiptRequest) -> Result<Earlier, Trouble> {
        let terminal = Some(request.terminal_id.as_str()).filter(|terminal| !terminal.is_empty());
        let (journal, queue) = (&self.parts.journal, self.shared.queue);
        let found = journal
            .find_by_reference(queue, &request.receipt_reference, terminal, CANDIDATES_MAX)
            .await;
        let candidates = found.map_err(|error| Trouble::of_read(&error))?;
        let earlier = self
            .engine
            .match_earlier(&candidates, request, &*self.parts.clock);
        let (Earlier::Answered { notes, .. } | Earlier::SignNow { notes, .. }) = &earlier;
        if !notes.is_empty() {
            journal
                .append_actions(&self.tenure, notes.clone())
                .await
                .map_err(|error| Trouble::of_read(&error))?;
        }
        Ok(earlier)
    }

    /// A stage of the receipt has ended: told as a figure and as a step of its trace.
    fn timed(&self, stage: &'static str, step: &'static str, since: Instant) {
        self.observe(stage, since);
        current::place().past(step, since.elapsed());
    }

    fn observe(&self, stage: &'static str, since: Instant) {
        let seconds = since.elapsed().as_secs_f64();
        self.parts.metrics.sign_seconds.of([stage]).observe(seconds);
    }
}

/// After an intent whose claim could not be confirmed: the TSE was not called, and the next start settles the
/// intent.
fn unsure(error: &crate::journal::JournalError) -> Trouble {
    Trouble::of_read(error).with_an_open_intent()
}

fn existing(answer: Answer) -> Signed {
    Signed {
        answer,
        made: Made::Before,
    }
}

/// The answer of an operation that was used before: the same for the same content.
fn repeated(intent: &Intent, stored: &StoredOperation) -> Result<Answer, Trouble> {
    if stored.content_hash != intent.content_hash {
        return Err(Trouble::Answer(CashboxError::OtherContent));
    }
    match stored.outcome {
        Some(Outcome::Answered) => stored_answer(stored),
        Some(Outcome::Abandoned) => Err(Trouble::Answer(CashboxError::Rejected {
            message: "This operation was interrupted and never signed; use a new operation id.".to_owned(),
        })),
        // Begun under this tenure and not ended: only the next start can settle it.
        None => Err(Trouble::GiveUp(Refusal::Moving.into())),
    }
}

fn stored_answer(stored: &StoredOperation) -> Result<Answer, Trouble> {
    match answer::Answer::stored(&stored.item) {
        Ok(Some(answer)) => told(answer).map_err(Trouble::Answer),
        unreadable => {
            tracing::error!(queue_item.id = %stored.item.item, ?unreadable, "a stored answer cannot be read");
            Err(Trouble::Answer(CashboxError::Broken))
        }
    }
}

fn told(answer: answer::Answer) -> Result<Answer, CashboxError> {
    match answer {
        answer::Answer::Response(response) => Ok(Some(Arc::new(*response))),
        answer::Answer::Failed { message } => Err(CashboxError::Rejected { message }),
    }
}

/// Counts an intent until it has its outcome, or this pod has nothing to do with it any more.
pub(super) struct OpenIntent(prometheus::IntGauge);

impl OpenIntent {
    pub(super) fn new(gauge: &prometheus::IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for OpenIntent {
    fn drop(&mut self) {
        self.0.dec();
    }
}
