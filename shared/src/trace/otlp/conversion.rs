//! A span of ours as one of OpenTelemetry's.

use std::str::FromStr as _;

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, SpanId, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::trace::export::Source;
use crate::trace::record::{Kind, Parent, Record, Value};

/// Who the spans are of, in the words of OpenTelemetry's conventions.
pub(super) fn resource(service_name: Option<&str>, source: &Source) -> Resource {
    let service_name = service_name.map_or_else(|| format!("byodc-{}", source.role), str::to_owned);
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.namespace", "byodc"),
            KeyValue::new("service.name", service_name),
            KeyValue::new("service.version", source.version),
            KeyValue::new("service.instance.id", source.instance.clone()),
            KeyValue::new("k8s.pod.name", source.name.clone()),
            KeyValue::new("byodc.role", source.role),
        ])
        .build()
}

/// Spans of ours as those that an exporter takes.
pub(super) fn spans(records: Vec<Record>) -> Vec<SpanData> {
    let scope = InstrumentationScope::builder("byodc").build();
    records
        .into_iter()
        .map(|record| span(record, scope.clone()))
        .collect()
}

fn span(record: Record, scope: InstrumentationScope) -> SpanData {
    let (parent_span_id, parent_span_is_remote) = match record.parent {
        Parent::None => (SpanId::INVALID, false),
        Parent::Here(span) => (SpanId::from_bytes(span.bits().to_be_bytes()), false),
        Parent::Remote(span) => (SpanId::from_bytes(span.bits().to_be_bytes()), true),
    };
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(record.trace.bits().to_be_bytes()),
            SpanId::from_bytes(record.span.bits().to_be_bytes()),
            TraceFlags::SAMPLED,
            false,
            TraceState::from_str("").unwrap_or_default(),
        ),
        parent_span_id,
        parent_span_is_remote,
        span_kind: match record.kind {
            Kind::Server => SpanKind::Server,
            Kind::Client => SpanKind::Client,
            Kind::Internal => SpanKind::Internal,
        },
        name: record.name.into(),
        start_time: record.began,
        end_time: record.ended,
        attributes: record.facts.into_iter().map(fact).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: match record.failure {
            Some(why) => Status::error(why),
            None => Status::Unset,
        },
        instrumentation_scope: scope,
    }
}

fn fact((name, value): (&'static str, Value)) -> KeyValue {
    match value {
        Value::Text(text) => KeyValue::new(name, text),
        Value::Number(number) => KeyValue::new(name, number),
    }
}
