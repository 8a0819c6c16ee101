//! The books of a cashbox against its TSE: compared at the start, kept straight afterwards.
//!
//! ```text
//! start ─ marked stale, or older than what others remember ──────────────▶ stale
//!       ├ TSE answers ─ it signed for items that are not there ──────────▶ stale
//!       │             └ it signed what no receipt shows ─▶ orphan, journaled and counted
//!       └ TSE is away ─▶ serve; compared before the TSE is changed for the first time (guarded.rs)
//! a call of which nobody knows whether it will be signed yet ─▶ looked for once it cannot be under way any more
//! ```

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use shared::identity::{Epoch, QueueItemId};
use tokio::time::Instant;

use super::actor::Actor;
use super::ledger::{Compared, Ledger, Unread};
use super::lifecycle::Event;
use super::trouble::Trouble;
use crate::evidence;
use crate::journal::account::{Account, AccountUpdate, Staleness};
use crate::journal::history::{ChangeKind, OwnershipChange};
use crate::queue::{account, failed_mode};
use crate::scu::Scu as _;
use crate::scu::ScuError;
use crate::scu::types::{SignedStep, TransactionIdentity};

/// How long a TSE may take to show its signatures while nobody waits for it in particular. One that takes longer is
/// compared at its first contact instead, with the patience that its configuration grants.
pub(super) const SHOWN_WITHIN: Duration = Duration::from_secs(3);
/// How many receipts are remembered whose TSE call may still take effect. Each stands for a call without an answer,
/// and after the first one the cashbox is in failed mode.
const SUSPECTS_MAX: usize = 64;
/// The most transactions of one receipt that are looked for.
const STEPS_OF_A_RECEIPT: u32 = 16;

/// What is known of the books.
#[derive(Debug)]
pub(super) struct Books {
    /// As stored.
    pub(super) account: Account,
    /// Whether the journal was compared with the TSE under this tenure.
    pub(super) compared: bool,
    /// How long a call that an owner has sent may be under way.
    pub(super) call_takes: Duration,
    /// Counters of the orphans reported under this tenure.
    reported: BTreeSet<u64>,
    suspects: Vec<Suspect>,
}

/// A receipt whose TSE call had no answer: it may be signed late.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    item: QueueItemId,
    /// From when on its call cannot be under way any more.
    due: Instant,
}

impl Books {
    pub(super) fn new(account: Account, call_takes: Duration) -> Self {
        Self {
            account,
            compared: false,
            call_takes,
            reported: BTreeSet::new(),
            suspects: Vec::new(),
        }
    }
}

impl Actor {
    /// Whether the journal was found to be older than what was signed or acknowledged.
    pub(super) fn is_stale(&self) -> bool {
        self.books.account.stale.is_some()
    }

    /// What speaks against the journal without asking the TSE. `remembered` is a higher epoch in the ownership store
    /// than the one that the journal has just granted as its newest.
    pub(super) fn contradiction(&self, remembered: Option<Epoch>) -> Option<String> {
        let stored = &self.engine.state().queue;
        // A queue that has no rows yet continues nothing; the cashbox was given another queue.
        let remembered = remembered.filter(|_| stored.queued_row > 0).map(|epoch| {
            let granted = self.tenure.epoch();
            format!(
                "the ownership store remembers epoch {epoch}, and the journal granted {granted} as its newest"
            )
        });
        let marked = self.books.account.stale.as_ref();
        let accepted_at = self.books.account.accepted_at;
        marked
            .map(|stale| stale.evidence.clone())
            .or(remembered)
            .or_else(|| self.parts.acknowledged.contradiction(stored, accepted_at))
    }

    /// What the TSE can be compared with now.
    pub(super) fn ledger(&self) -> Ledger {
        let state = self.engine.state();
        let open = state.open_transactions.values();
        Ledger {
            journal: self.parts.journal.clone(),
            queue: self.shared.queue,
            client_id: state.queue_de.cash_box_identification.clone(),
            open: open.map(|row| row.transaction_number).collect(),
            reported_through: self.books.account.reported_through(state.queue_de.scu),
        }
    }

    /// Compares before anything is served. Answers the TSE's newest signatures; none when it does not answer soon.
    pub(super) async fn compare(&mut self) -> Result<Vec<SignedStep>, Trouble> {
        match shown(self.ledger().compare(&*self.scu)).await {
            Ok(compared) => self.note_compared(compared).await,
            Err(Unread::Journal(error)) => Err(Trouble::of_read(&error)),
            Err(Unread::Tse(error)) => {
                tracing::info!(cashbox.id = %self.shared.cashbox, %error,
                    "the TSE does not answer; the journal is compared with it at the first contact");
                Ok(Vec::new())
            }
        }
    }

    /// Draws the conclusions of a comparison; answers the TSE's newest signatures.
    pub(super) async fn note_compared(&mut self, compared: Compared) -> Result<Vec<SignedStep>, Trouble> {
        let Compared { steps, findings } = compared;
        if let Some(newest) = findings.unknown.first() {
            let ends = self.engine.state().queue.receipt_numerator;
            return Err(Trouble::Stale(format!(
                "the TSE signed transaction {} (signature {}) for a request that the journal does not hold; \
                 the journal ends with receipt {ends}",
                newest.transaction_number, newest.counter
            )));
        }
        self.books.compared = true;
        self.report(findings.orphans).await?;
        Ok(steps)
    }

    /// Journals and counts signatures that no receipt shows; each once.
    pub(super) async fn report(&mut self, mut orphans: Vec<SignedStep>) -> Result<usize, Trouble> {
        orphans.retain(|step| !self.books.reported.contains(&step.counter));
        let Some(newest) = orphans.iter().map(|step| step.counter).max() else {
            return Ok(0);
        };
        orphans.sort_by_key(|step| step.counter);
        let scu = self.engine.state().queue_de.scu;
        let account = Account {
            scu,
            reported_through: self.books.account.reported_through(scu).max(newest),
            ..self.books.account.clone()
        };
        self.account(account, &orphans).await?;
        Ok(orphans.len())
    }

    async fn account(&mut self, account: Account, orphans: &[SignedStep]) -> Result<(), Trouble> {
        let now = self.engine.state().now(&*self.parts.clock);
        let row = |step: &SignedStep| account::orphan(step).at(step.identity.item, now);
        let update = AccountUpdate {
            account: account.clone(),
            actions: orphans.iter().map(row).collect(),
            raise_epoch_to: None,
        };
        let written = self.parts.journal.put_account(&self.tenure, update).await;
        written.map_err(|error| Trouble::of_write(&error))?;
        self.books.account = account;
        self.tell_of(orphans);
        Ok(())
    }

    /// Counts orphans that are journaled, and says so.
    pub(super) fn tell_of(&mut self, orphans: &[SignedStep]) {
        self.parts.metrics.orphan_signatures.inc_by(orphans.len() as u64);
        for step in orphans {
            self.books.reported.insert(step.counter);
            evidence::orphan(&self.tenure, step);
            tracing::warn!(cashbox.id = %self.shared.cashbox, queue_item.id = %step.identity.item,
                step = step.kind.word(), transaction = step.transaction_number, signature = step.counter,
                "the TSE signed what no receipt shows; it is journaled as an orphan");
        }
    }

    /// Stops serving: marks the journal, so that every later start stops too, and raises the alarm.
    pub(super) async fn stop_as_stale(&mut self, evidence: String) -> Result<(), Trouble> {
        let found_at = self.parts.clock.now();
        if !self.is_stale() {
            let evidence = evidence.clone();
            let account = Account {
                stale: Some(Staleness { found_at, evidence }),
                ..self.books.account.clone()
            };
            self.account(account, &[]).await?;
        }
        // Said at every start: a row of the history, and an error in the log that carries the evidence.
        let change = OwnershipChange::ending(&self.tenure, ChangeKind::Stale, "", found_at);
        self.parts.note(OwnershipChange {
            reason: evidence.into(),
            ..change
        });
        self.shared.status.on(Event::FoundStale);
        Ok(())
    }
}

impl Actor {
    /// A receipt's TSE call had no answer, here or in the pod that began it.
    pub(super) fn suspect(&mut self, item: QueueItemId) {
        if self.books.suspects.len() >= SUSPECTS_MAX {
            tracing::error!(cashbox.id = %self.shared.cashbox, queue_item.id = %item,
                "too many TSE calls without an answer: a late signature of this one is found at the next start only");
            return;
        }
        let due = Instant::now() + self.books.call_takes;
        self.books.suspects.push(Suspect { item, due });
    }

    /// When to look for late signatures. In failed mode the TSE is left alone (4.9.2); its zero receipt ends that.
    pub(super) fn look_again_at(&self) -> Option<Instant> {
        if self.is_stale() || failed_mode::is_on(self.engine.state()) {
            return None;
        }
        self.books.suspects.iter().map(|suspect| suspect.due).min()
    }

    /// Looks for signatures of calls that cannot be under way any more.
    pub(super) async fn look_for_late_signatures(&mut self) -> Result<(), Trouble> {
        let now = Instant::now();
        let suspects = std::mem::take(&mut self.books.suspects);
        let (due, later): (Vec<_>, Vec<_>) = suspects.into_iter().partition(|suspect| suspect.due <= now);
        self.books.suspects = later;
        let (mut steps, mut is_silent) = (Vec::new(), false);
        for suspect in due {
            // A TSE that is silent now is asked again later, and not once for each receipt.
            let signed = match is_silent {
                false => shown(self.steps_of(suspect.item)).await.ok(),
                true => None,
            };
            is_silent = signed.is_none();
            match signed {
                Some(signed) => steps.extend(signed),
                None => self.suspect(suspect.item),
            }
        }
        let findings = self.ledger().judge(&steps).await;
        let findings = findings.map_err(|error| Trouble::of_read(&error))?;
        self.report(findings.orphans).await.map(drop)
    }

    /// Everything that the TSE has signed for a receipt. Its transactions are numbered without a gap, because each is
    /// asked for after the one before was answered.
    async fn steps_of(&self, item: QueueItemId) -> Result<Vec<SignedStep>, Unread> {
        let mut steps = Vec::new();
        for step in 0..STEPS_OF_A_RECEIPT {
            let identity = TransactionIdentity { item, step };
            let trace = self.scu.trace(identity).await.map_err(Unread::Tse)?;
            let signed = trace.signed_steps(identity);
            if signed.is_empty() {
                break;
            }
            steps.extend(signed);
        }
        Ok(steps)
    }
}

/// What a TSE shows soon, or that it does not.
pub(super) async fn shown<T>(question: impl Future<Output = Result<T, Unread>>) -> Result<T, Unread> {
    let answer = tokio::time::timeout(SHOWN_WITHIN, question).await;
    answer.unwrap_or_else(|_| {
        Err(Unread::Tse(ScuError::Unreachable {
            message: format!("the TSE did not show its signatures within {SHOWN_WITHIN:?}"),
        }))
    })
}
