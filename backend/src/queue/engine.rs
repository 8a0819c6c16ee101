//! The queue of one cashbox: receive, process, adopt.
//!
//! Nothing here changes the state but [`QueueEngine::begun`] and [`QueueEngine::adopt`], which the caller calls
//! after the journal has committed. A result that is never adopted has never been.
//!
//! [`QueueEngine::begun`]: crate::queue::engine::QueueEngine::begun
//! [`QueueEngine::adopt`]: crate::queue::engine::QueueEngine::adopt

use shared::api::receipt_request::ReceiptRequest;
use shared::clock::Clock;
use shared::identity::CashBoxId;

use super::answer::Answer;
use super::earlier::{self, Earlier};
use super::export::KeepExports;
use super::intake::{self, PreQueueError};
use super::signatures::OptionalMark;
use super::signatures::culture::Culture;
use super::state::QueueState;
use super::work::{CaseError, Edges, Work};
use super::{conclusion, dispatch};
use crate::journal::entry::{Entry, Intent, MasterDataJson, OpenQueue, QueueItemRow, StoredItem};

/// What the configuration says of a queue beyond what its journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueOptions {
    /// The hosted cashbox: requests for another are refused.
    pub cashbox: CashBoxId,
    /// `sandbox`: every answer is marked.
    pub is_sandbox: bool,
    /// `FlagOptionalSignatures`.
    pub optional_mark: OptionalMark,
    /// `receiptrequestmode`: what happens when the receipt asked for is not found.
    pub when_not_found: WhenNotFound,
    /// `TarFileExportMode`: which exports of the TSE are kept.
    pub keep_exports: KeepExports,
    /// `init_masterData`: what a closing may take over.
    pub master_data: Option<MasterDataJson>,
    /// `CloseOpenTSETransactionsOnDailyClosing`.
    pub daily_closing: DailyClosing,
    /// Whether a migration receipt is the last one; not with `launcherenvironment` `cloud`.
    pub after_migration: AfterMigration,
    /// `captionculture`: how captions print moments.
    pub culture: Culture,
    /// `ProcessingVersion`, stored with each request.
    pub processing_version: String,
}

/// What a receipt request does when there is no earlier receipt (`receiptrequestmode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenNotFound {
    /// 0: the answer is nothing.
    #[default]
    AnswerNothing,
    /// 1: the receipt is signed now.
    SignNow,
}

/// What a daily closing does with transactions that are open on the TSE and not on record here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DailyClosing {
    /// It closes them if its case says so.
    #[default]
    AsAsked,
    /// It always closes them.
    ClosesAll,
}

/// What a queue does after its migration receipt (4.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterMigration {
    /// It refuses every receipt.
    #[default]
    Refuse,
    /// It goes on.
    GoOn,
}

/// What came of a request: what has to be written, and what the POS is told once that is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed {
    /// Everything that the receipt changes.
    pub entry: Entry,
    /// What the POS is told.
    pub answer: Answer,
    /// Whether the receipt started a migration: then the caller counts the journals and adds the record of it
    /// ([`migration::record`]) before the entry is written.
    ///
    /// [`migration::record`]: crate::queue::cases::migration::record
    pub starts_migration: bool,
}

/// The queue of one cashbox.
#[derive(Debug)]
pub struct QueueEngine {
    state: QueueState,
    options: QueueOptions,
}

impl QueueEngine {
    /// The queue as it was loaded. Interrupted intents are the caller's to settle, by [`Self::process`], before
    /// anything else is received.
    #[must_use]
    pub fn new(opened: OpenQueue, options: QueueOptions) -> Self {
        Self {
            state: opened.into(),
            options,
        }
    }

    /// The state as of the last committed write.
    #[must_use]
    pub fn state(&self) -> &QueueState {
        &self.state
    }

    /// What the configuration says.
    #[must_use]
    pub fn options(&self) -> &QueueOptions {
        &self.options
    }

    /// Whether the request asks for an earlier receipt: then the journal's items of its reference go to
    /// [`Self::match_earlier`] before anything else.
    #[must_use]
    pub fn wants_earlier_receipt(&self, request: &ReceiptRequest) -> bool {
        earlier::is_wanted(request)
    }

    /// Looks for the receipt asked for among the finished items of the same reference (and terminal, if the request
    /// names one), newest first. The returned note goes to the action journal.
    #[must_use]
    pub fn match_earlier(
        &self,
        candidates: &[StoredItem],
        request: &ReceiptRequest,
        clock: &dyn Clock,
    ) -> Earlier {
        earlier::find(&self.state, &self.options, candidates, request, clock)
    }

    /// Checks a request and makes the queue item that has to be durable (as part of an [`Intent`]) before
    /// [`Self::process`].
    ///
    /// # Errors
    /// When the request is refused with nothing stored.
    pub fn receive(
        &self,
        request: &ReceiptRequest,
        clock: &dyn Clock,
    ) -> Result<QueueItemRow, PreQueueError> {
        intake::receive(&self.state, &self.options, request, clock)
    }

    /// The intent is durable.
    pub fn begun(&mut self, intent: &Intent) {
        self.state.begun(intent);
    }

    /// Decides a request and has it signed. The same call settles an interrupted intent, with the request read by
    /// [`intake::stored_request`]. The state does not change.
    pub async fn process(&self, intent: &Intent, request: &ReceiptRequest, edges: Edges<'_>) -> Processed {
        let mut work = Work::new(&self.state, &self.options, &intent.item, request, edges);
        let decided = async {
            let sums = conclusion::sums(&work)?;
            let verdict = dispatch::decide(&mut work).await?;
            Ok::<_, CaseError>((verdict, sums))
        }
        .await;
        match decided {
            Ok((verdict, sums)) => conclusion::accept(work, intent, verdict, sums),
            Err(error) => conclusion::refuse(work, intent, &error),
        }
    }

    /// The entry is durable: it is the state now.
    pub fn adopt(&mut self, entry: &Entry) {
        self.state.adopt(entry);
    }
}
