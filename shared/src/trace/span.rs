//! A piece of work in this process, and the place in its trace where further work begins.
//!
//! ```text
//! Span ── owned by who does the work; ends when it is dropped
//!   └ Place ── cheap to clone, travels with commands and tasks; children begin there, outgoing calls carry it
//! ```

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::context::{SpanId, TraceContext, TraceId};
use super::record::{Kind, Parent, Record, SpanSink, Value};

/// A place in a trace. The empty one belongs to no trace.
#[derive(Debug, Clone, Default)]
pub struct Place(Option<Arc<Inside>>);

#[derive(Debug)]
struct Inside {
    context: TraceContext,
    /// None where children are not recorded.
    sink: Option<Arc<dyn SpanSink>>,
}

impl Place {
    /// A place that outgoing calls name as their parent; children are recorded if there is a sink.
    pub(super) fn at(context: TraceContext, sink: Option<Arc<dyn SpanSink>>) -> Self {
        Self(Some(Arc::new(Inside { context, sink })))
    }

    /// What outgoing calls carry.
    #[must_use]
    pub fn context(&self) -> Option<&TraceContext> {
        self.0.as_deref().map(|inside| &inside.context)
    }

    /// The trace that this is a place in.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.context().map(|context| context.parent.trace)
    }

    /// Begins a piece of work that belongs here; an empty span where nothing is recorded.
    #[must_use]
    pub fn child(&self, name: &'static str, kind: Kind) -> Span {
        let Some(Inside {
            context,
            sink: Some(sink),
        }) = self.0.as_deref()
        else {
            return Span {
                place: self.clone(),
                open: None,
            };
        };
        Span::begin(
            name,
            kind,
            context.clone(),
            Parent::Here(context.parent.span),
            sink,
        )
    }

    /// Records a piece of work that ends now and was not known to begin.
    pub fn past(&self, name: &'static str, lasted: Duration) {
        let mut span = self.child(name, Kind::Internal);
        if let Some(open) = &mut span.open {
            open.lasted_before = lasted;
            open.record.began -= lasted;
        }
    }
}

/// A piece of work. It ends when it is dropped.
#[derive(Debug, Default)]
pub struct Span {
    place: Place,
    /// None where nothing is recorded.
    open: Option<Box<Open>>,
}

#[derive(Debug)]
struct Open {
    record: Record,
    since: Instant,
    /// What had passed when the span was made.
    lasted_before: Duration,
    sink: Arc<dyn SpanSink>,
}

impl Span {
    /// Nothing is recorded, and the place is the caller's.
    pub(super) fn unrecorded(place: Place) -> Self {
        Self { place, open: None }
    }

    /// Begins now. `context` is the parent's; the span's own id takes its parent's place in it.
    pub(super) fn begin(
        name: &'static str,
        kind: Kind,
        mut context: TraceContext,
        parent: Parent,
        sink: &Arc<dyn SpanSink>,
    ) -> Self {
        let (span, now) = (SpanId::random(), SystemTime::now());
        context.parent = context.parent.from_span(span);
        let record = Record {
            name,
            kind,
            trace: context.parent.trace,
            span,
            parent,
            began: now,
            ended: now,
            facts: Vec::new(),
            failure: None,
        };
        Self {
            place: Place::at(context, Some(Arc::clone(sink))),
            open: Some(Box::new(Open {
                record,
                since: Instant::now(),
                lasted_before: Duration::ZERO,
                sink: Arc::clone(sink),
            })),
        }
    }

    /// Where further work for this one begins.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether facts are kept: asked before one is made that costs something.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.open.is_some()
    }

    /// Notes a fact.
    pub fn note(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(open) = &mut self.open {
            open.record.facts.push((name, value.into()));
        }
    }

    /// Notes a fact that is written out only if it is kept.
    pub fn note_shown(&mut self, name: &'static str, value: impl std::fmt::Display) {
        if self.is_recorded() {
            self.note(name, value.to_string());
        }
    }

    /// Notes that it failed, and why in a word.
    pub fn fail(&mut self, why: impl Into<Cow<'static, str>>) {
        if let Some(open) = &mut self.open {
            open.record.failure = Some(why.into());
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            let mut record = open.record;
            record.ended = record.began + open.lasted_before + open.since.elapsed();
            open.sink.take(record);
        }
    }
}
