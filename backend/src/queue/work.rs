//! One receipt being worked on: what it reads, and what it will change.
//!
//! Cases get this and nothing else. Nothing in it is written anywhere before the whole receipt is decided; what
//! the TSE has really done stays recorded even when the receipt ends as an error.

use std::sync::Arc;

use shared::api::receipt_request::ReceiptRequest;
use shared::api::signature_item::SignatureItem;
use shared::clock::{Clock, Ticks};
use shared::identity::ScuId;
use thiserror::Error;
use uuid::Uuid;

use super::engine::QueueOptions;
use super::notes::Note;
use super::overlay::{Changed, Overlay};
use super::process_data::ProcessData;
use super::receipt_case::{IMPLICIT, ReceiptCase, TRAINING};
use super::site::Site;
use super::state::QueueState;
use crate::journal::entry::{
    ActionJournalRow, Change, FailedFinishRow, FailedStartRow, MasterDataJson, OpenTransactionRow,
    QueueDeRow, QueueItemRow, ScuRow,
};
use crate::scu::types::TseInfo;
use crate::scu::{Scu, ScuError};

/// `ftState` when all is well (3.8).
pub const READY: i64 = super::receipt_case::GERMANY;
/// `ftState` of a queue not activated, or deactivated.
pub const NOT_ACTIVE: i64 = READY | 0x1;
/// `ftState` when the TSE is not reached.
pub const TSE_FAILED: i64 = READY | 0x2;
/// `ftState` of a late entry.
pub const LATE: i64 = READY | 0x8;
/// `ftState` while the SCU is being switched.
pub const SCU_SWITCHING: i64 = READY | 0x100;

/// How a case ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `ftState`.
    pub state: i64,
    /// The TSE's number of the receipt's own transaction.
    pub transaction: Option<u64>,
    /// `ftSignatures`.
    pub signatures: Vec<SignatureItem>,
    /// `ftStateData`.
    pub state_data: Option<String>,
}

impl Verdict {
    /// Ready, with the receipt's own transaction.
    #[must_use]
    pub fn signed(transaction: u64, signatures: Vec<SignatureItem>) -> Self {
        Self {
            state: READY,
            transaction: Some(transaction),
            signatures,
            state_data: None,
        }
    }

    /// Accepted without the TSE.
    #[must_use]
    pub fn unsigned(state: i64, signatures: Vec<SignatureItem>) -> Self {
        Self {
            state,
            transaction: None,
            signatures,
            state_data: None,
        }
    }
}

/// How a case ended badly.
#[derive(Debug, Error)]
pub enum CaseError {
    /// The request is not acceptable; the text is for the POS.
    #[error("{0}")]
    Refused(String),
    /// The TSE did not do its part. Most cases go on without it (4.9), the others are errors.
    #[error(transparent)]
    Tse(#[from] ScuError),
    /// The TSE answers and the receipt is not for it: it goes on as if the TSE had not (4.8 b).
    #[error("{0}")]
    WithoutTse(String),
}

impl CaseError {
    /// Whether the request itself is acceptable.
    #[must_use]
    pub fn is_no_refusal(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// What is put into operation or out of it, when the receipt is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LifeChange {
    /// The queue starts its life at this moment.
    pub started: Option<Ticks>,
    /// The queue ends its life at this moment.
    pub stopped: Option<Ticks>,
}

/// What a receipt is worked on with.
#[derive(Debug, Clone)]
pub struct Edges<'a> {
    /// The TSE.
    pub scu: Arc<dyn Scu>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The pod.
    pub site: &'a dyn Site,
}

/// One receipt being worked on.
#[derive(Debug)]
pub struct Work<'a> {
    /// The queue as of the last committed write.
    pub state: &'a QueueState,
    /// What the configuration says.
    pub options: &'a QueueOptions,
    /// The stored request.
    pub item: &'a QueueItemRow,
    /// The request.
    pub request: &'a ReceiptRequest,
    /// Its case.
    pub case: ReceiptCase,
    /// What it signs.
    pub process_data: ProcessData,
    /// When work on it began.
    pub began: Ticks,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The TSE. Called through [`super::transaction`], where interrupted calls are settled.
    pub(super) scu: Arc<dyn Scu>,
    /// The pod.
    pub(super) site: &'a dyn Site,
    /// How many TSE transactions the receipt has begun: each has its own step.
    pub(super) steps: u32,
    /// The German part, as it will be when the receipt is accepted.
    pub queue_de: QueueDeRow,
    /// The queue's life, as it will be when the receipt is accepted.
    pub life_change: LifeChange,
    /// Open transactions, as they will be.
    pub open_transactions: Overlay<'a, OpenTransactionRow>,
    /// Failed starts, as they will be.
    pub failed_starts: Overlay<'a, FailedStartRow>,
    /// Failed finishes, as they will be.
    pub failed_finishes: Overlay<'a, FailedFinishRow>,
    /// The SCU's row, if it changes.
    pub scu_row: Option<ScuRow>,
    /// The master data, if it changes.
    pub master_data: Option<MasterDataJson>,
    /// Whether the queue takes no further request once this one is accepted (4.11).
    pub starts_migration: bool,
    /// What the TSE said of itself during this receipt.
    pub(super) tse_info: Option<TseInfo>,
    /// How many exports the receipt has asked for.
    pub(super) exports: u32,
    /// Exports that were kept and are not wanted after all: id and time stamp.
    pub(super) dropped_exports: Vec<(Uuid, Ticks)>,
    notes: Vec<ActionJournalRow>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        state: &'a QueueState,
        options: &'a QueueOptions,
        item: &'a QueueItemRow,
        request: &'a ReceiptRequest,
        edges: Edges<'a>,
    ) -> Self {
        let Edges { scu, clock, site } = edges;
        Self {
            state,
            options,
            item,
            request,
            case: ReceiptCase(request.receipt_case),
            process_data: ProcessData {
                process_type: "",
                text: String::new(),
            },
            began: state.now(clock),
            clock,
            scu,
            site,
            steps: 0,
            queue_de: state.queue_de.clone(),
            life_change: LifeChange::default(),
            open_transactions: Overlay::over(&state.open_transactions),
            failed_starts: Overlay::over(&state.failed_starts),
            failed_finishes: Overlay::over(&state.failed_finishes),
            scu_row: None,
            master_data: None,
            starts_migration: false,
            tse_info: None,
            exports: 0,
            dropped_exports: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The time, as the queue counts it.
    #[must_use]
    pub fn now(&self) -> Ticks {
        self.state.now(self.clock)
    }

    /// The receipt's reference, the key of its open transaction.
    #[must_use]
    pub fn reference(&self) -> &'a str {
        &self.request.receipt_reference
    }

    /// The TSE client id.
    #[must_use]
    pub fn client_id(&self) -> &'a str {
        &self.state.queue_de.cash_box_identification
    }

    /// Turns to another SCU: from here on its TSE is asked, and it is the queue's once the receipt is accepted.
    pub fn turn_to(&mut self, scu: ScuId) {
        if self.state.queue_de.scu != Some(scu) {
            self.scu = self.site.unit(scu);
        }
        self.queue_de.scu = Some(scu);
    }

    /// The row of the SCU in use, as it will be.
    #[must_use]
    pub fn scu_in_use(&self) -> Option<&ScuRow> {
        let scu = self.queue_de.scu?;
        let changed = self.scu_row.as_ref().filter(|row| row.scu == scu);
        changed.or_else(|| self.state.scus.iter().find(|row| row.scu == scu))
    }

    /// Notes something for the action journal, once the receipt is decided.
    pub fn note(&mut self, note: Note) {
        let row = note.at(self.item.item, self.now());
        self.notes.push(row);
    }

    /// Refuses a receipt that does not start and finish in one request. `name` is the interface's.
    ///
    /// # Errors
    /// When the implicit flag is missing.
    pub fn require_implicit(&self, name: &str) -> Result<(), CaseError> {
        if self.case.has(IMPLICIT) {
            return Ok(());
        }
        let case = self.case;
        Err(CaseError::Refused(format!(
            "ReceiptCase {case} ({name}) must use implicit-flow flag."
        )))
    }

    /// Refuses a receipt that starts and finishes in one request. `name` is the interface's.
    ///
    /// # Errors
    /// When the implicit flag is set.
    pub fn forbid_implicit(&self, name: &str) -> Result<(), CaseError> {
        if !self.case.has(IMPLICIT) {
            return Ok(());
        }
        let case = self.case;
        Err(CaseError::Refused(format!(
            "ReceiptCase {case} ({name}) can not use implicit-flow flag."
        )))
    }

    /// Refuses practice.
    ///
    /// # Errors
    /// When the training flag is set.
    pub fn forbid_training(&self) -> Result<(), CaseError> {
        if !self.case.has(TRAINING) {
            return Ok(());
        }
        let case = self.case;
        Err(CaseError::Refused(format!(
            "ReceiptCase {case} can not use 'TrainingMode' flag."
        )))
    }

    /// What has to be written besides queue, item and chain, in order.
    pub(super) fn into_changes(self) -> Vec<Change> {
        let open = self.open_transactions.into_changes().map(|change| match change {
            Changed::Put(row) => Change::PutOpenTransaction(row),
            Changed::Removed(receipt_reference) => Change::RemoveOpenTransaction { receipt_reference },
        });
        let starts = self.failed_starts.into_changes().map(|change| match change {
            Changed::Put(row) => Change::PutFailedStart(row),
            Changed::Removed(receipt_reference) => Change::RemoveFailedStart { receipt_reference },
        });
        let finishes = self.failed_finishes.into_changes().map(|change| match change {
            Changed::Put(row) => Change::PutFailedFinish(row),
            Changed::Removed(receipt_reference) => Change::RemoveFailedFinish { receipt_reference },
        });
        let scu = self.scu_row.into_iter().map(Change::PutScu);
        let exports = self.dropped_exports.into_iter();
        let exports = exports.map(|(id, time_stamp)| Change::RemoveJournalDe { id, time_stamp });
        let master_data = self.master_data.into_iter().map(Change::PutMasterData);
        let notes = self.notes.into_iter().map(Change::AddActionJournal);
        open.chain(starts)
            .chain(finishes)
            .chain(scu)
            .chain(exports)
            .chain(master_data)
            .chain(notes)
            .collect()
    }
}
