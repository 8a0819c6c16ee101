//! Writing with certainty: an unknown outcome is read again before anybody is told anything.
//!
//! Each try is bounded, and so is their number. What cannot be resolved gives the cashbox up: the next start reads
//! what is stored and settles it.

use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::sabotage;

use super::actor::Actor;
use super::trouble::Trouble;
use crate::evidence;
use crate::journal::JournalError;
use crate::journal::entry::{Entry, Intent, StoredOperation};

/// How often a write is tried or its outcome read …
const TRIES_MAX: u32 = 6;
/// … and the pause after the first of these, doubled up to 3.2 s: nine seconds in all.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What became of an intent.
#[derive(Debug)]
pub(super) enum Begun {
    /// It is durable.
    Durable,
    /// Its operation id was used before.
    UsedBefore(Box<StoredOperation>),
}

impl Actor {
    /// Makes an intent durable. As long as it certainly is not, the cashbox goes on as if it had never been asked.
    pub(super) async fn begin(&self, intent: &Intent) -> Result<Begun, Trouble> {
        let error = match self.parts.journal.begin(&self.tenure, intent.clone()).await {
            Ok(()) => return Ok(Begun::Durable),
            Err(error) => error,
        };
        match error {
            JournalError::OperationExists | JournalError::OutcomeUnknown { .. } => {}
            other => {
                self.log("begin", &other);
                return Err(Trouble::of_write(&other));
            }
        }
        self.resolve_intent(intent, error).await
    }

    async fn resolve_intent(&self, intent: &Intent, mut error: JournalError) -> Result<Begun, Trouble> {
        for pause in pauses() {
            let journal = &self.parts.journal;
            error = match journal.find_operation(self.shared.queue, intent.operation).await {
                Ok(Some(stored)) if stored.item.item == intent.item.item => return Ok(Begun::Durable),
                Ok(Some(stored)) => return Ok(Begun::UsedBefore(Box::new(stored))),
                Ok(None) => match journal.begin(&self.tenure, intent.clone()).await {
                    Ok(()) => return Ok(Begun::Durable),
                    // The first try may have arrived late: only a fresh start knows.
                    Err(fenced @ JournalError::Fenced { .. }) => {
                        self.log("begin", &fenced);
                        return Err(Trouble::Fenced);
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            tokio::time::sleep(pause).await;
        }
        self.log("begin", &error);
        Err(Trouble::GiveUp(Refusal::JournalUnavailable.into()))
    }

    /// Makes an outcome durable. The TSE may have signed, so it is tried again where it certainly was not written,
    /// and read where that is unknown.
    pub(super) async fn append(&self, entry: &Entry) -> Result<(), Trouble> {
        #[cfg(feature = "sabotage")]
        if sabotage::mutant(sabotage::Mutant::AcknowledgedBeforeCommit) {
            self.append_later(entry.clone());
            return Ok(());
        }
        sabotage::point("before-commit", self.shared.cashbox).await;
        let mut error = match self.parts.journal.append(&self.tenure, entry.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        for pause in pauses() {
            match &error {
                JournalError::Unavailable { .. } | JournalError::OutcomeUnknown { .. } => {}
                other => {
                    self.log("append", other);
                    return Err(Trouble::of_write(other));
                }
            }
            tokio::time::sleep(pause).await;
            error = match self.is_appended(entry).await {
                Ok(true) => return Ok(()),
                Ok(false) => match self.parts.journal.append(&self.tenure, entry.clone()).await {
                    Ok(()) => return Ok(()),
                    // The first try may have arrived late: then it is there now.
                    Err(fenced @ JournalError::Fenced { .. }) => match self.is_appended(entry).await {
                        Ok(true) => return Ok(()),
                        _ => fenced,
                    },
                    Err(error) => error,
                },
                Err(error) => error,
            };
        }
        self.log("append", &error);
        Err(Trouble::GiveUp(Refusal::JournalUnavailable.into()))
    }

    /// The mutant's way: the caller goes on while the entry is still to be written.
    #[cfg(feature = "sabotage")]
    fn append_later(&self, entry: Entry) {
        let (journal, tenure, cashbox) = (
            self.parts.journal.clone(),
            self.tenure.clone(),
            self.shared.cashbox,
        );
        tokio::spawn(async move {
            sabotage::point("before-commit", cashbox).await;
            let appended = journal.append(&tenure, entry).await;
            tracing::warn!(cashbox.id = %cashbox, ?appended, "appended after the answer");
        });
    }

    async fn is_appended(&self, entry: &Entry) -> Result<bool, JournalError> {
        let stored = self
            .parts
            .journal
            .find_operation(self.shared.queue, entry.operation)
            .await?;
        Ok(stored.is_some_and(|stored| {
            stored.outcome.is_some() && stored.item.response_hash == entry.item.response_hash
        }))
    }

    fn log(&self, doing: &'static str, error: &JournalError) {
        if let JournalError::Fenced { .. } = error {
            evidence::fenced(&self.tenure, doing);
        }
        tracing::warn!(cashbox.id = %self.shared.cashbox, epoch = self.shared.epoch.0, doing,
            error = error as &dyn std::error::Error, "the journal was not written");
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    (0..TRIES_MAX).map(|times| FIRST_PAUSE * 2_u32.pow(times.min(4)))
}
