//! An operator's way out of a stale journal, when the right database cannot be put back.
//!
//! The chain goes on where the stored one ends: receipt numbers rise by one without a gap, because an auditor must be
//! able to verify what is there. Numbers of lost receipts are therefore given again; the TSE's transaction numbers,
//! which it never repeats, tell the two apart. Every signature that the TSE shows for a lost receipt is journaled as
//! an orphan, and the decision itself with its reason. Then the cashbox starts anew, under an epoch above every other.

use super::actor::Actor;
use super::books::shown;
use super::error::CashboxError;
use super::ledger::Unread;
use super::trouble::Trouble;
use crate::journal::account::{Account, AccountUpdate};
use crate::ownership::acquire::Confirmed;
use crate::queue::account;
use crate::scu::Scu as _;
use crate::scu::types::SignedStep;

/// How many of the TSE's newest signatures are looked through for lost receipts.
const STEPS_MAX: usize = 256;

/// What was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// What had spoken against the journal.
    pub evidence: String,
    /// Signatures that were journaled as orphans.
    pub orphans: usize,
}

impl Actor {
    /// Accepts a stale journal as it is. The cashbox ends afterwards: its next start finds nothing against it, unless
    /// its TSE, silent now, shows more than was looked through here.
    pub(super) async fn accept_journal(&mut self, reason: &str) -> Result<Acceptance, Trouble> {
        let Some(stale) = self.books.account.stale.clone() else {
            return Err(Trouble::Answer(CashboxError::NotStale));
        };
        let steps = self.newest_steps().await;
        let findings = self.ledger().judge(&steps).await;
        let findings = findings.map_err(|error| Trouble::of_read(&error))?;
        let through = self.ledger().reported_through;
        let mut lost = [findings.unknown, findings.orphans].concat();
        lost.retain(|step| step.counter > through);
        lost.sort_by_key(|step| step.counter);
        let update = self.acceptance(&stale.evidence, reason, &steps, &lost).await;
        let account = update.account.clone();
        let written = self.parts.journal.put_account(&self.tenure, update).await;
        written.map_err(|error| Trouble::of_write(&error))?;
        self.books.account = account;
        self.tell_of(&lost);
        tracing::warn!(cashbox.id = %self.shared.cashbox, epoch = self.shared.epoch.0, evidence = stale.evidence,
            reason, orphans = lost.len(), "an operator accepted a stale journal");
        Ok(Acceptance {
            evidence: stale.evidence,
            orphans: lost.len(),
        })
    }

    async fn newest_steps(&self) -> Vec<SignedStep> {
        let client_id = self.ledger().client_id;
        let steps = async {
            let steps = self.scu.last_steps(&client_id, STEPS_MAX).await;
            steps.map_err(Unread::Tse)
        };
        // A TSE that is gone for good must not keep its cashbox from being accepted.
        shown(steps).await.unwrap_or_default()
    }

    async fn acceptance(
        &self,
        evidence: &str,
        reason: &str,
        steps: &[SignedStep],
        lost: &[SignedStep],
    ) -> AccountUpdate {
        let state = self.engine.state();
        let (now, scu) = (state.now(&*self.parts.clock), state.queue_de.scu);
        let newest = steps.iter().map(|step| step.counter).max().unwrap_or_default();
        let note = account::accepted(evidence, reason, lost.len());
        let mut actions = vec![note.at(shared::identity::QueueItemId::from_u128(0), now)];
        actions.extend(
            lost.iter()
                .map(|step| account::orphan(step).at(step.identity.item, now)),
        );
        let recorded = self
            .parts
            .ownership
            .confirm(self.shared.cashbox, self.shared.epoch)
            .await;
        AccountUpdate {
            account: Account {
                scu,
                reported_through: self.books.account.reported_through(scu).max(newest),
                stale: None,
                accepted_at: Some(now),
            },
            actions,
            raise_epoch_to: match recorded {
                Confirmed::Superseded(remembered) => Some(remembered),
                Confirmed::Recorded | Confirmed::Later => None,
            },
        }
    }
}
