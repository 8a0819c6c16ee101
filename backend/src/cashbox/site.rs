//! What a receipt gets from this pod, besides the TSE in use and the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::ScuId;

use super::actor::Actor;
use super::export::{self, Exporting};
use super::guarded::Guarded;
use super::ledger::Ledger;
use super::parts::Parts;
use super::trouble::Trouble;
use super::units::Units;
use crate::journal::JournalError;
use crate::journal::account::Account;
use crate::journal::entry::{ActionJournalRow, JournalKind, JournalQuery, JournalRange, JournalRows};
use crate::ownership::tenure::Tenure;
use crate::queue::site::{ExportError, ExportOrder, Exported, Site};
use crate::scu::Scu;
use crate::scu::confirmed::Confirmed;
use crate::scu::standing::Standing;

/// Rows of the action journal that are read at once.
const ACTIONS_OF_A_PAGE: u32 = 500;

/// This pod, as one receipt sees it. What it writes and asks, it does under the tenure that the receipt is worked on
/// under.
#[derive(Debug)]
pub(super) struct PodSite {
    parts: Arc<Parts>,
    tenure: Tenure,
    units: Units,
    ledger: Ledger,
    account: Account,
    standing: Arc<Standing>,
    others: Mutex<Vec<OtherUnit>>,
}

/// A unit that the receipt turned to: confirmed and compared as the one in use is.
#[derive(Debug)]
struct OtherUnit {
    guarded: Arc<Guarded>,
    confirmed: Arc<Confirmed>,
}

impl PodSite {
    /// For a receipt that is worked on while the claim stands.
    pub(super) fn new(actor: &Actor, standing: Arc<Standing>) -> Self {
        Self {
            parts: actor.parts.clone(),
            tenure: actor.tenure.clone(),
            units: actor.units.clone(),
            ledger: actor.ledger(),
            account: actor.books.account.clone(),
            standing,
            others: Mutex::default(),
        }
    }

    /// Whether a call to another unit may have been signed although no answer came. Has to be asked before anything is
    /// made of the receipt.
    pub(super) fn check_others(&self) -> Result<bool, Trouble> {
        let mut unanswered = false;
        for other in self.others().iter() {
            let compared = other.guarded.take();
            let compared = compared.map_err(|error| Trouble::of_read(&error).with_an_open_intent())?;
            let unknown = compared.and_then(|compared| compared.findings.unknown.into_iter().next());
            if let Some(step) = unknown {
                return Err(Trouble::Stale(format!(
                    "the TSE that the queue is switched to signed transaction {} (signature {}) for a request that the \
                     journal does not hold",
                    step.transaction_number, step.counter
                )));
            }
            unanswered |= other.confirmed.is_unanswered();
        }
        Ok(unanswered)
    }

    fn others(&self) -> MutexGuard<'_, Vec<OtherUnit>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Site for PodSite {
    async fn export(&self, tse: &dyn Scu, order: ExportOrder) -> Result<Exported, ExportError> {
        let exporting = Exporting {
            config: self.parts.config.exports,
            places: &self.parts.packing,
            journal: &*self.parts.journal,
            tenure: &self.tenure,
            tse,
        };
        export::keep(&exporting, order).await
    }

    fn unit(&self, scu: ScuId) -> Arc<dyn Scu> {
        let ledger = Ledger {
            reported_through: self.account.reported_through(Some(scu)),
            ..self.ledger.clone()
        };
        let unit: Arc<dyn Scu> = Arc::new(self.units.of(Some(scu)).under(self.standing.clone()));
        let guarded = Arc::new(Guarded::new(unit, ledger));
        let confirmed = Arc::new(Confirmed::new(guarded.clone(), self.standing.clone()));
        self.others().push(OtherUnit {
            guarded,
            confirmed: confirmed.clone(),
        });
        confirmed
    }

    /// Reads the whole action journal, page by page: an SCU is switched once in years, and no receipt should pay for
    /// an index.
    async fn newest_action(&self, kinds: &[&str]) -> Result<Option<ActionJournalRow>, JournalError> {
        let mut query = JournalQuery {
            kind: JournalKind::Action,
            range: JournalRange::From(Ticks(0)),
            after: None,
            limit: ACTIONS_OF_A_PAGE,
        };
        let mut newest = None;
        loop {
            let page = self.parts.journal.read(self.tenure.queue(), &query).await?;
            let JournalRows::Action(rows) = page.rows else {
                unreachable!("a page of the action journal has rows of the action journal");
            };
            newest = rows
                .into_iter()
                .rfind(|row| kinds.contains(&&*row.kind))
                .or(newest);
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(newest),
            }
        }
    }
}
