//! The one line per request, at its end, and its figures.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{HeaderName, Response};
use axum::middleware::Next;
use shared::header;
use tracing::Level;

use super::Pod;
use super::path::Endpoint;
use super::reply::{Served, Severity};
use crate::metrics::NO_ENDPOINT;

/// Answers a request, then says so.
pub async fn record(State(pod): State<Arc<Pod>>, request: Request, next: Next) -> Response<Body> {
    let began = Instant::now();
    let endpoint = request
        .extensions()
        .get::<Endpoint>()
        .map_or(NO_ENDPOINT, |endpoint| endpoint.name());
    let in_flight = InFlight::of(&pod);
    let mut response = next.run(request).await;
    drop(in_flight);
    if pod.draining.is_cancelled() {
        say_goodbye(&mut response);
    }
    count(&pod, endpoint, &response, began);
    write(&pod, endpoint, &response, began);
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

fn count(pod: &Pod, endpoint: &'static str, response: &Response<Body>, began: Instant) {
    let class = match response.status().as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    let metrics = &pod.metrics.http;
    metrics.requests.of([endpoint, class]).inc();
    metrics
        .seconds
        .of([endpoint])
        .observe(began.elapsed().as_secs_f64());
}

fn write(pod: &Pod, endpoint: &str, response: &Response<Body>, began: Instant) {
    let severity = response.extensions().get::<Severity>().copied();
    let level = match (severity, endpoint) {
        (Some(severity), _) => severity.level,
        // Probes and pages come every few seconds and say nothing new.
        (None, "health" | "other") => Level::TRACE,
        (None, _) => Level::INFO,
    };
    let served = response.extensions().get::<Served>();
    let status = response.status().as_u16();
    let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
    let refusal = severity
        .and_then(|severity| severity.refusal)
        .map(|refusal| refusal.word());
    let cashbox = served.map(|served| tracing::field::display(served.cashbox));
    let operation = served.map(|served| tracing::field::display(served.operation));
    let epoch = served.and_then(|served| served.epoch).map(|epoch| epoch.0);
    let pod = tracing::field::display(&pod.id.name);
    // A level is part of a call site, so each has its own.
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                endpoint,
                status,
                duration_ms,
                refusal,
                cashbox.id = cashbox,
                operation.id = operation,
                epoch,
                pod.id = pod,
                "request"
            )
        };
    }
    match level {
        Level::ERROR => line!(error),
        Level::WARN => line!(warn),
        Level::INFO => line!(info),
        Level::DEBUG => line!(debug),
        Level::TRACE => line!(trace),
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
