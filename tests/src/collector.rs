//! A collector of spans: takes OTLP over HTTP as a real one does, and keeps what it got.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio_util::task::AbortOnDropHandle;

/// A running collector; it ends when this is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    _serving: AbortOnDropHandle<()>,
}

/// A span as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who sent it: the resource's attributes.
    pub resource: BTreeMap<String, String>,
    /// What was done.
    pub name: String,
    /// Which trace, in hexadecimal.
    pub trace: String,
    /// Its id, in hexadecimal.
    pub span: String,
    /// Its parent's id, in hexadecimal; empty for the first of a trace.
    pub parent: String,
    /// What is known about it.
    pub facts: BTreeMap<String, String>,
    /// When it began and ended, in nanoseconds of the Unix epoch.
    pub lasted: (u64, u64),
}

impl Collector {
    /// A collector on a free port that asks for this header.
    pub async fn start(header: (&'static str, &'static str)) -> Self {
        let taken = Arc::<Mutex<Vec<Taken>>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/v1/traces", post(take))
            .with_state((Arc::clone(&taken), header));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            taken,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// Its base address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans of a trace that have arrived so far.
    #[must_use]
    pub fn spans_of(&self, trace: &str) -> Vec<Taken> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.iter().filter(|span| span.trace == trace).cloned().collect()
    }
}

type Inside = (Arc<Mutex<Vec<Taken>>>, (&'static str, &'static str));

async fn take(
    State((taken, (name, value))): State<Inside>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Vec<u8>) {
    if headers.get(name).is_none_or(|given| given != value) {
        return (StatusCode::UNAUTHORIZED, Vec::new());
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return (StatusCode::BAD_REQUEST, Vec::new());
    };
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    for of_resource in request.resource_spans {
        let resource = facts(of_resource.resource.unwrap_or_default().attributes);
        let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        taken.extend(spans.map(|span| as_taken(span, &resource)));
    }
    (
        StatusCode::OK,
        ExportTraceServiceResponse::default().encode_to_vec(),
    )
}

fn as_taken(span: Span, resource: &BTreeMap<String, String>) -> Taken {
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Taken {
        resource: resource.clone(),
        name: span.name,
        trace: digits(&span.trace_id),
        span: digits(&span.span_id),
        parent: digits(&span.parent_span_id),
        facts: facts(span.attributes),
        lasted: (span.start_time_unix_nano, span.end_time_unix_nano),
    }
}

fn facts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes
        .into_iter()
        .map(|fact| (fact.key, text(fact.value)))
        .collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
