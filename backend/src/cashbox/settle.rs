//! Before a cashbox serves: may its journal be continued, and what became of its interrupted receipts.
//!
//! An interrupted receipt runs through the same engine again. What the TSE has signed for it already is adopted, because the
//! TSE knows it by its item; what is missing is finished; without an answer of the TSE it is accepted in failed mode
//! (`fiscal-spec.md` 4.9.1), after the patience that the SCU's configuration grants and never later. So a start ends
//! in any case, and running it again after a crash changes nothing that was settled.

use shared::identity::Epoch;

use super::actor::Actor;
use super::error::CashboxError;
use super::receipt::OpenIntent;
use super::trouble::Trouble;
use crate::journal::entry::{Intent, InterruptedIntent};
use crate::queue::answer;
use crate::queue::intake;
use crate::queue::settlement::Settlement;
use crate::scu::types::SignedStep;

impl Actor {
    /// Takes up a journal that was just opened. `remembered` is as in [`Actor::contradiction`].
    pub(super) async fn take_up(
        &mut self,
        remembered: Option<Epoch>,
        interrupted: Vec<InterruptedIntent>,
    ) -> Result<(), Trouble> {
        match self.try_to_take_up(remembered, interrupted).await {
            Err(Trouble::Stale(evidence)) => self.stop_as_stale(evidence).await,
            other => other,
        }
    }

    async fn try_to_take_up(
        &mut self,
        remembered: Option<Epoch>,
        interrupted: Vec<InterruptedIntent>,
    ) -> Result<(), Trouble> {
        if let Some(evidence) = self.contradiction(remembered) {
            return Err(Trouble::Stale(evidence));
        }
        let steps = self.compare().await?;
        self.settle_all(interrupted, &steps).await
    }

    /// Settles interrupted receipts in order of row. `steps` are the TSE's newest signatures.
    pub(super) async fn settle_all(
        &mut self,
        interrupted: Vec<InterruptedIntent>,
        steps: &[SignedStep],
    ) -> Result<(), Trouble> {
        let gauge = &self.parts.metrics.open_intents;
        let open: Vec<_> = interrupted.iter().map(|_| OpenIntent::new(gauge)).collect();
        for (intent, open) in interrupted.into_iter().zip(open) {
            // From here on it is counted by whoever finishes it.
            drop(open);
            self.settle(intent, steps).await?;
        }
        Ok(())
    }

    /// Ends a request that was begun under an earlier tenure.
    async fn settle(&mut self, interrupted: InterruptedIntent, steps: &[SignedStep]) -> Result<(), Trouble> {
        let request = intake::stored_request(&interrupted.item).map_err(|error| {
            tracing::error!(cashbox.id = %self.shared.cashbox, row = interrupted.item.row, %error,
                "an interrupted request cannot be read; the cashbox cannot be served");
            Trouble::GiveUp(CashboxError::Broken)
        })?;
        let recalled = self.recall(&interrupted.item).await?;
        let InterruptedIntent {
            item,
            operation,
            content_hash,
        } = interrupted;
        let (item_id, row) = (item.item, item.row);
        let intent = Intent {
            item,
            operation,
            content_hash,
        };
        let state = match self.finish(&intent, &request, None).await {
            Ok(response) => response.map_or(0, |response| response.state),
            // An answer that says no is an answer too.
            Err(Trouble::Answer(CashboxError::Rejected { .. })) => answer::error_state(0),
            Err(trouble) => return Err(trouble),
        };
        let signed_before = steps.iter().filter(|step| step.identity.item == item_id);
        let signed_before: Vec<_> = signed_before.cloned().chain(recalled).collect();
        let orphans = self.orphans_among(&signed_before).await?;
        let settlement = Settlement::of(state, signed_before.len(), orphans);
        if settlement.leaves_the_tse_open() {
            self.suspect(item_id);
        }
        let outcome = settlement.word();
        self.parts.metrics.settled_intents.of([outcome]).inc();
        tracing::info!(cashbox.id = %self.shared.cashbox, operation.id = %operation, epoch = self.shared.epoch.0, row,
            outcome, "settled an interrupted receipt");
        Ok(())
    }

    /// Reports those signatures of a settled receipt that its answer does not show; answers how many.
    async fn orphans_among(&mut self, steps: &[SignedStep]) -> Result<usize, Trouble> {
        let findings = self.ledger().judge(steps).await;
        let findings = findings.map_err(|error| Trouble::of_read(&error))?;
        self.report(findings.orphans).await
    }
}
