//! The one line about a request, at its end.
//!
//! Served requests are told at debug level, refused ones as loudly as their refusal says, under the target `request`,
//! as in the pods: `Logging__LogLevel__request=Debug` shows all of them. Never in it: tokens, bodies, queries.

use shared::identity::{CashBoxId, OperationId};
use shared::trace::current::Errand;
use shared::trace::span::Span;
use tokio::time::Instant;
use tracing::Level;

use crate::cashbox_id::Identity;
use crate::gateway::Shared;
use crate::message::request::RequestHead;
use crate::metrics::Metrics;
use crate::reply::Refused;
use crate::retry::Attempts;
use crate::route::peer::Peer;

/// What is known about a request while it is served.
#[derive(Debug)]
pub struct RequestRecord {
    began: Instant,
    cashbox: Option<CashBoxId>,
    operation: Option<OperationId>,
    pod: Option<Box<str>>,
    resends: u32,
    redirects: u32,
    refused: Option<Refused>,
    broke_off: bool,
    /// This process's part of the trace; empty where there is none.
    pub span: Span,
}

impl RequestRecord {
    /// Begins when the head has been read.
    #[must_use]
    pub fn begin(shared: &Shared, head: &RequestHead) -> Self {
        shared.metrics.began();
        Self {
            began: Instant::now(),
            cashbox: None,
            operation: None,
            pod: None,
            resends: 0,
            redirects: 0,
            refused: None,
            broke_off: false,
            span: shared.tracer.serve("proxy", head.trace.context()),
        }
    }

    /// When it began.
    #[must_use]
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Notes whose request it is.
    pub fn concerns(&mut self, cashbox: CashBoxId, operation: OperationId) {
        self.cashbox = Some(cashbox);
        self.operation = Some(operation);
    }

    /// For whom a line before the last one is written. Asked for when there is one: serving needs none.
    #[must_use]
    pub fn errand(&self) -> Errand {
        Errand {
            place: self.span.place().clone(),
            cashbox: self.cashbox,
        }
    }

    /// The request's identity across its tries.
    #[must_use]
    pub fn operation(&mut self) -> OperationId {
        *self
            .operation
            .get_or_insert_with(|| Identity::default().operation())
    }

    /// The operation, if the request concerns a cashbox.
    #[must_use]
    pub fn concerned_operation(&self) -> Option<OperationId> {
        self.cashbox.and(self.operation)
    }

    /// Notes a try.
    pub fn tried(&mut self, attempts: &Attempts, peer: Option<&Peer>) {
        self.resends = attempts.resends;
        self.redirects = attempts.redirects;
        if tracing::enabled!(Level::DEBUG) || attempts.resends > 0 {
            self.pod = peer.map(|peer| peer.written.clone());
        }
    }

    /// Notes that the proxy answers itself, and why.
    pub fn refused(&mut self, refused: Refused) {
        self.refused = Some(refused);
    }

    /// Notes that the answer's body broke off.
    pub fn broke_off(&mut self) {
        self.broke_off = true;
    }

    /// Counts the request and writes its line.
    pub fn end(mut self, head: &RequestHead, answered: u16, metrics: &Metrics) {
        let took = self.began.elapsed();
        let status = self.refused.map_or(answered, |refused| refused.face().status);
        metrics.ended(status, self.cashbox.is_some(), took);
        let level = match self.refused {
            Some(refused) => refused.face().level,
            None if self.broke_off => Level::WARN,
            None => Level::DEBUG,
        };
        // The level of a line must be known when the program is built, so each has its own.
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    target: "request",
                    $level,
                    cashbox.id = self.cashbox.map(tracing::field::display),
                    operation.id = self.operation.map(tracing::field::display),
                    pod.id = self.pod.as_deref(),
                    method = head.method(),
                    path = head.path(),
                    status,
                    duration_ms = took.as_secs_f64() * 1000.0,
                    resends = self.resends,
                    redirects = self.redirects,
                    refusal = self.refused.map(Refused::word),
                    broke_off = self.broke_off,
                    trace.id = self.span.place().trace_id().map(tracing::field::display),
                    "request"
                )
            };
        }
        match level {
            Level::ERROR => line!(Level::ERROR),
            Level::WARN => line!(Level::WARN),
            Level::INFO => line!(Level::INFO),
            _ => line!(Level::DEBUG),
        }
        self.tell_of(head, status);
    }

    /// Ends the span with what the line says.
    fn tell_of(&mut self, head: &RequestHead, status: u16) {
        if !self.span.is_recorded() {
            return;
        }
        let span = &mut self.span;
        span.note("http.request.method", head.method().to_owned());
        span.note("url.path", head.path().to_owned());
        span.note("http.response.status_code", status);
        span.note("resends", self.resends);
        span.note("redirects", self.redirects);
        if let Some(cashbox) = self.cashbox {
            span.note_shown("cashbox.id", cashbox);
        }
        if let Some(operation) = self.operation {
            span.note_shown("operation.id", operation);
        }
        match self.refused {
            Some(refused) => span.fail(refused.word()),
            None if self.broke_off => span.fail("broke_off"),
            None => {}
        }
    }
}
