//! Beginning anew under the same tenure: configuration, engine and way to the TSE.
//!
//! Everything that can fail without harm comes first. Until the journal has taken the new configuration the old
//! instance stays as it was and goes on serving, and the caller is told.

use super::actor::Actor;
use super::command::Reset;
use super::error::CashboxError;
use super::lifecycle::Event;
use super::options;
use super::trouble::Trouble;
use crate::evidence;
use crate::queue::engine::QueueEngine;

impl Actor {
    /// Fetches the configuration anew, as the caller, and begins again with it.
    pub(super) async fn reset(&mut self, reset: &Reset) -> Result<(), Trouble> {
        self.shared.status.on(Event::ReloadBegun);
        let outcome = self.reload(reset).await;
        let result = if outcome.is_ok() { "ok" } else { "failed" };
        self.parts.metrics.resets.of([result]).inc();
        match &outcome {
            Ok(()) => {
                tracing::info!(cashbox.id = %self.shared.cashbox, epoch = self.shared.epoch.0, "cashbox reset")
            }
            Err(trouble) => {
                tracing::warn!(cashbox.id = %self.shared.cashbox, epoch = self.shared.epoch.0, ?trouble,
                    "a reset failed");
            }
        }
        outcome
    }

    async fn reload(&mut self, reset: &Reset) -> Result<(), Trouble> {
        let parts = self.parts.clone();
        let fetched = parts
            .configurations
            .fetch_anew(self.shared.cashbox, &reset.caller.token)
            .await;
        let configuration = fetched
            .map_err(|error| Trouble::Answer(CashboxError::from(&error)))?
            .configuration;
        let units = parts.usable(&configuration).map_err(Trouble::Answer)?;
        self.shared.accepted.replace(reset.caller.digest);
        self.configured_queue = configuration.queue;
        if configuration.queue != self.tenure.queue() {
            return Ok(());
        }
        let opened = parts
            .journal
            .open(&self.tenure, &configuration.seed, parts.clock.now())
            .await;
        let mut opened = opened.map_err(|error| Trouble::of_write(&error))?;
        let interrupted = std::mem::take(&mut opened.interrupted);
        self.engine = QueueEngine::new(opened, options::of(&configuration));
        self.units = units;
        self.in_use = self.engine.state().queue_de.scu;
        self.scu = self.units.of(self.in_use);
        self.shared
            .status
            .progress()
            .allow(configuration.patience().one_try * 2);
        self.cashbox_time_stamp = configuration.seed.cashbox_time_stamp;
        self.shared.put_in_force(configuration.fingerprint);
        evidence::config(&self.tenure, self.cashbox_time_stamp);
        self.books.call_takes = configuration.patience().longest();
        self.settle_all(interrupted, &[]).await
    }
}
