//! The one line per request, at its end, its figures, and its part of the trace.
//!
//! The line stands under the target `request`, as the proxy's does. Who is gone before the answer gets a line, too:
//! without a status, with what its headers said.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{HeaderMap, HeaderName, Response};
use axum::middleware::Next;
use shared::header;
use shared::identity::{CashBoxId, OperationId};
use shared::trace::context::Incoming;
use shared::trace::current;
use shared::trace::span::Span;
use tracing::Level;

use super::Pod;
use super::metrics::NO_ENDPOINT;
use super::path::Endpoint;
use super::reply::{Served, Severity};

/// Answers a request, then says so.
pub async fn record(State(pod): State<Arc<Pod>>, request: Request, next: Next) -> Response<Body> {
    let endpoint = request.extensions().get::<Endpoint>().copied();
    let mut open = OpenRequest::begin(&pod, endpoint, request.headers());
    let place = open.span.place().clone();
    let mut response = current::within(place, next.run(request)).await;
    if pod.draining.is_cancelled() {
        say_goodbye(&mut response);
    }
    open.ended = Some(End::of(&response));
    response
}

/// Tells proxies and clients to come back elsewhere.
fn say_goodbye(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(
        HeaderName::from_static(header::DRAINING),
        HeaderValue::from_static("1"),
    );
}

/// A request that is being answered. Its line is written when it goes, however that is.
struct OpenRequest<'a> {
    pod: &'a Pod,
    endpoint: &'static str,
    began: Instant,
    /// What the headers said, for a request that nobody waits for any more.
    asked: Asked,
    span: Span,
    ended: Option<End>,
    _in_flight: InFlight,
}

/// Cheap copies of what the headers said.
struct Asked {
    cashbox: Option<HeaderValue>,
    operation: Option<HeaderValue>,
}

/// How a request was answered.
struct End {
    status: u16,
    severity: Option<Severity>,
    served: Option<Served>,
}

impl End {
    fn of(response: &Response<Body>) -> Self {
        Self {
            status: response.status().as_u16(),
            severity: response.extensions().get().copied(),
            served: response.extensions().get().cloned(),
        }
    }
}

impl Asked {
    fn of(headers: &HeaderMap) -> Self {
        let cashbox = headers.get(header::CASHBOX_ID);
        Self {
            cashbox: cashbox.or_else(|| headers.get(header::CASHBOX_ID_V2)).cloned(),
            operation: headers.get(header::OPERATION_ID).cloned(),
        }
    }
}

/// An id as a header says it, if it is one.
fn parsed<T: std::str::FromStr>(value: Option<&HeaderValue>) -> Option<T> {
    value?.to_str().ok()?.trim().parse().ok()
}

/// The request's part of a trace. Probes and questions of peers begin none.
fn span(pod: &Pod, endpoint: Option<Endpoint>, headers: &HeaderMap) -> Span {
    let caller = Incoming::of(headers).context();
    match endpoint {
        Some(Endpoint::Live | Endpoint::Ready) => Span::default(),
        Some(endpoint) => pod.tracer.serve(endpoint.name(), caller),
        None => pod.tracer.follow(NO_ENDPOINT, caller),
    }
}

impl<'a> OpenRequest<'a> {
    fn begin(pod: &'a Pod, endpoint: Option<Endpoint>, headers: &HeaderMap) -> Self {
        Self {
            pod,
            endpoint: endpoint.map_or(NO_ENDPOINT, Endpoint::name),
            began: Instant::now(),
            asked: Asked::of(headers),
            span: span(pod, endpoint, headers),
            ended: None,
            _in_flight: InFlight::of(pod),
        }
    }

    fn count(&self, status: u16) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        let metrics = &self.pod.metrics.http;
        metrics.requests.of([self.endpoint, class]).inc();
        metrics
            .seconds
            .of([self.endpoint])
            .observe(self.began.elapsed().as_secs_f64());
    }

    fn level(&self) -> Level {
        let severity = self.ended.as_ref().and_then(|end| end.severity);
        match (severity, self.endpoint) {
            (Some(severity), _) => severity.level,
            // Probes and pages come every few seconds and say nothing new.
            (None, "health" | NO_ENDPOINT) => Level::TRACE,
            (None, _) => Level::INFO,
        }
    }

    fn cashbox(&self) -> Option<CashBoxId> {
        match self.served() {
            Some(served) => Some(served.cashbox),
            None => parsed(self.asked.cashbox.as_ref()),
        }
    }

    fn operation(&self) -> Option<OperationId> {
        match self.served() {
            Some(served) => Some(served.operation),
            None => parsed(self.asked.operation.as_ref()),
        }
    }

    fn served(&self) -> Option<&Served> {
        self.ended.as_ref()?.served.as_ref()
    }

    fn epoch(&self) -> Option<u64> {
        Some(self.served()?.epoch?.0)
    }

    /// The word for why it was refused.
    fn refusal(&self) -> Option<&'static str> {
        Some(self.ended.as_ref()?.severity?.refusal?.word())
    }

    fn write(&self) {
        let status = self.ended.as_ref().map(|end| end.status);
        // A level is part of a call site, so each has its own.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "request",
                    endpoint = self.endpoint,
                    status,
                    duration_ms = self.began.elapsed().as_secs_f64() * 1000.0,
                    refusal = self.refusal(),
                    broke_off = self.ended.is_none(),
                    cashbox.id = self.cashbox().map(tracing::field::display),
                    operation.id = self.operation().map(tracing::field::display),
                    epoch = self.epoch(),
                    pod.id = %self.pod.id,
                    trace.id = self.span.place().trace_id().map(tracing::field::display),
                    "request"
                )
            };
        }
        match self.level() {
            Level::ERROR => line!(error),
            Level::WARN => line!(warn),
            Level::INFO => line!(info),
            Level::DEBUG => line!(debug),
            Level::TRACE => line!(trace),
        }
    }

    /// Ends the span with what the line says.
    fn tell_of(&mut self) {
        let mut span = std::mem::take(&mut self.span);
        if !span.is_recorded() {
            return;
        }
        if let Some(cashbox) = self.cashbox() {
            span.note_shown("cashbox.id", cashbox);
        }
        if let Some(operation) = self.operation() {
            span.note_shown("operation.id", operation);
        }
        if let Some(epoch) = self.epoch() {
            span.note("epoch", epoch);
        }
        span.note_shown("pod.id", &self.pod.id);
        match &self.ended {
            None => span.fail("broke_off"),
            Some(end) => {
                span.note("http.response.status_code", end.status);
                if end.status >= 500 {
                    span.fail(self.refusal().unwrap_or("failed"));
                }
            }
        }
    }
}

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        if let Some(end) = &self.ended {
            self.count(end.status);
        }
        self.write();
        self.tell_of();
    }
}

/// Counts a request while it is being answered, also when the client goes away.
struct InFlight(prometheus::IntGauge);

impl InFlight {
    fn of(pod: &Pod) -> Self {
        pod.metrics.http.in_flight.inc();
        Self(pod.metrics.http.in_flight.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
