//! One instance, from its start to the end of its release.
//!
//! ```text
//! start ─▶ live ─▶ see_off ─▶ the slot is free, then who waited is told
//!   └ failed, panicked, stuck ─▶ everything given back ─▶ the slot is free
//! ```

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use shared::trace::current;
use tokio::time::Instant;

use super::Registry;
use super::slot::{Flight, Slot};
use crate::cashbox::actor::{Actor, Farewell};
use crate::cashbox::error::CashboxError;
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::setbacks::Cause;
use crate::cashbox::start::{self, Beginning};

impl Registry {
    pub(super) async fn start(self, beginning: Beginning, flight: Arc<Flight>) {
        let began = Instant::now();
        let cashbox = beginning.cashbox;
        let started = self.try_start(beginning, &flight).await;
        let metrics = &self.inner.parts.metrics;
        match started {
            Ok(actor) => {
                metrics.loads.of(["ok"]).inc();
                metrics.load_seconds.observe(began.elapsed().as_secs_f64());
                self.go_live(cashbox, actor, &flight);
            }
            Err(error) => {
                metrics.loads.of([word(&error)]).inc();
                self.remove(cashbox, &flight.status);
                flight.landed.keep(Err(error));
            }
        }
    }

    /// Starts in a task of its own, so that neither a panic nor a wedge takes those along who wait for it. They are
    /// told to ask again, after everything that the start had was given back.
    async fn try_start(&self, beginning: Beginning, flight: &Flight) -> Result<Box<Actor>, CashboxError> {
        let cashbox = beginning.cashbox;
        let (parts, places) = (self.inner.parts.clone(), self.inner.places.clone());
        let starting = start::start(parts, places, beginning, flight.status.clone());
        let mut task = tokio::spawn(current::carried(current::step("start", starting)));
        let cause = tokio::select! {
            biased;
            ended = &mut task => match ended {
                Ok(started) => return started,
                Err(_) => Cause::Panicked,
            },
            () = flight.stuck.cancelled() => Cause::Stuck,
        };
        task.abort();
        self.broke_down(cashbox, cause, "starting");
        let tenure = flight.status.abandon().and_then(|abandoned| abandoned.tenure);
        self.give_back(cashbox, tenure.as_ref()).await;
        Err(Refusal::Moving.into())
    }

    fn go_live(&self, cashbox: CashBoxId, actor: Box<Actor>, flight: &Flight) {
        let handle = actor.handle();
        self.slots().insert(cashbox, Slot::Live(handle.clone()));
        flight.landed.keep(Ok(handle.clone()));
        let registry = self.clone();
        // About its cashbox, and for none of those who ask: each receipt brings its own place along.
        let life = current::about(cashbox, registry.see_off(handle.clone(), actor));
        let life = tokio::spawn(life);
        handle.runs_as(life.abort_handle());
    }

    /// Lets a cashbox live, and clears its slot when it has ended.
    async fn see_off(self, handle: CashboxHandle, actor: Box<Actor>) {
        let cashbox = handle.cashbox();
        let farewell = match AssertUnwindSafe(actor.live()).catch_unwind().await {
            Ok(farewell) => farewell,
            Err(_) => self.panicked_leaving(&handle).await,
        };
        if farewell.panicked() {
            self.broke_down(cashbox, Cause::Panicked, "serving");
        }
        self.note_departure(cashbox, farewell.new_owner());
        self.remove(cashbox, handle.status());
        farewell.tell();
    }

    /// After a panic in the release itself: what is left is given back as that of an instance that hangs.
    async fn panicked_leaving(&self, handle: &CashboxHandle) -> Farewell {
        // Not the handle's: that would end this very task.
        let tenure = handle.status().abandon().and_then(|abandoned| abandoned.tenure);
        self.give_back(handle.cashbox(), tenure.as_ref()).await;
        handle.farewell(Refusal::Moving.into()).after_panic()
    }

    /// Counts a panic or a wedge, says so once, and lets the next start of the cashbox wait if it was not the first.
    pub(super) fn broke_down(&self, cashbox: CashBoxId, cause: Cause, doing: &'static str) {
        let metrics = &self.inner.parts.metrics;
        match cause {
            Cause::Panicked => metrics.panics.inc(),
            Cause::Stuck => metrics.freed.of([doing]).inc(),
        }
        let pause = self.inner.setbacks.note(cashbox, cause, Instant::now());
        tracing::error!(cashbox.id = %cashbox, ?cause, doing, pause_ms = pause.as_secs_f64() * 1000.0,
            "a cashbox broke down: it is given up and starts anew");
    }
}

/// How a start ended, in one word for the metrics.
fn word(error: &CashboxError) -> &'static str {
    match error {
        CashboxError::Unauthorized => "unauthorized",
        CashboxError::Configuration { .. } => "configuration",
        CashboxError::NotStale
        | CashboxError::OtherContent
        | CashboxError::Rejected { .. }
        | CashboxError::Broken => "broken",
        CashboxError::HeldByOther(_) | CashboxError::Refused(_) => {
            error.refusal().map_or("refused", Refusal::word)
        }
    }
}
