//! Where a request belongs in a distributed trace, in the order in which a trace grows.
//!
//! ```text
//! headers → context → Tracer::serve → Span (this process's part) ─ child spans, outgoing calls
//!                                       └ when it ends → SpanSink (OTLP, or memory in tests)
//! ```
//!
//! A request that says where it belongs is followed whether spans are exported or not: its trace id stands in the line
//! at its end, and what it causes carries its context on. Spans are recorded only where they are exported and the trace
//! is sampled; everywhere else a [`Span`](crate::trace::span::Span) is empty and costs nothing.
//!
//! In a span may stand what may stand in a log: ids, outcomes, durations. Never a token, never a receipt's content.

/// What travels between processes: W3C trace context, read strictly.
pub mod context;
/// A piece of work in this process, and the place of its children.
pub mod span;
/// Where spans begin, and whether they are recorded.
pub mod tracer;
/// What is known of a span that has ended, and who takes it.
pub mod record;
/// Whom the running task works for: the place in a trace, and the cashbox.
pub mod current;
/// What is exported, and where to.
pub mod config;
/// From a configuration to a tracer, and the last spans at the end.
pub mod export;
/// Spans on their way to a collector.
#[cfg(feature = "otlp")]
mod otlp;
