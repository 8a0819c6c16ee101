//! Where spans begin, and whether they are recorded.
//!
//! | the request's context | spans are exported | what it gets |
//! |---|---|---|
//! | none | no | an empty span |
//! | none | yes | the first span of a new trace, if the ratio wills it; else a context that says "not recorded" |
//! | given | no, or the caller does not record | the caller's context, passed on unchanged |
//! | given, recorded by the caller | yes | a span under the caller's |

use std::sync::Arc;

use super::context::{Sampled, SpanId, TraceContext, TraceId, TraceParent};
use super::record::{Kind, Parent, SpanSink};
use super::span::{Place, Span};

/// The figure of what [`Tracer::dropped`] says, in pods and proxies.
pub const DROPPED_SPANS: &str = "byodc_otlp_dropped_spans_total";
/// What it means.
pub const DROPPED_SPANS_MEANING: &str = "Spans that were made and did not reach the collector";

/// Which part of the traces that begin here is recorded, from none (0) to all (1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRatio(f64);

/// A number that is no ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 0 to 1")]
pub struct NoRatio;

impl SampleRatio {
    /// All of them.
    pub const ALL: Self = Self(1.0);

    /// Whether a trace is recorded: decided by its id alone, so that everybody with this ratio decides alike.
    #[must_use]
    pub fn wills(self, trace: TraceId) -> Sampled {
        #[expect(
            clippy::cast_precision_loss,
            reason = "the lowest bits of 2^56 decide nothing that anybody could notice"
        )]
        let share = (trace.bits() & ((1 << 56) - 1)) as f64 / (1_u64 << 56) as f64;
        if share < self.0 { Sampled::Yes } else { Sampled::No }
    }
}

impl std::str::FromStr for SampleRatio {
    type Err = NoRatio;

    fn from_str(text: &str) -> Result<Self, NoRatio> {
        match text.parse() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(Self(ratio)),
            _ => Err(NoRatio),
        }
    }
}

/// Begins spans. The default exports nothing.
#[derive(Debug, Clone, Default)]
pub struct Tracer(Option<Exporting>);

#[derive(Debug, Clone)]
struct Exporting {
    sink: Arc<dyn SpanSink>,
    ratio: SampleRatio,
}

impl Tracer {
    /// A tracer whose spans go to `sink`.
    #[must_use]
    pub fn to(sink: Arc<dyn SpanSink>, ratio: SampleRatio) -> Self {
        Self(Some(Exporting { sink, ratio }))
    }

    /// How many spans were lost on their way to the collector.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.as_ref().map_or(0, |exporting| exporting.sink.dropped())
    }

    /// The first span of a request in this process; it begins a trace if the caller did not.
    #[must_use]
    pub fn serve(&self, name: &'static str, caller: Option<TraceContext>) -> Span {
        match (caller, &self.0) {
            (None, None) => Span::default(),
            (None, Some(exporting)) => exporting.begin(name),
            (caller, _) => self.follow(name, caller),
        }
    }

    /// The same for what is worth no trace of its own: without a caller's trace the span is empty.
    #[must_use]
    pub fn follow(&self, name: &'static str, caller: Option<TraceContext>) -> Span {
        match (caller, &self.0) {
            (None, _) => Span::default(),
            (Some(caller), Some(exporting)) if caller.parent.sampled() == Sampled::Yes => {
                let parent = Parent::Remote(caller.parent.span);
                Span::begin(name, Kind::Server, caller, parent, &exporting.sink)
            }
            (Some(caller), _) => Span::unrecorded(Place::at(caller, None)),
        }
    }
}

impl Exporting {
    fn begin(&self, name: &'static str) -> Span {
        let trace = TraceId::random();
        let sampled = self.ratio.wills(trace);
        let context = TraceContext {
            parent: TraceParent::new(trace, SpanId::random(), sampled),
            state: None,
        };
        match sampled {
            Sampled::Yes => Span::begin(name, Kind::Server, context, Parent::None, &self.sink),
            Sampled::No => Span::unrecorded(Place::at(context, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::record::{InMemory, Record, Value};
    use super::*;

    const RECORDED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const UNRECORDED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn given(parent: &str) -> Option<TraceContext> {
        let parent = TraceParent::parse(parent.as_bytes()).unwrap();
        let state = Some("a=1".into());
        Some(TraceContext { parent, state })
    }

    fn exporting(ratio: &str) -> (Tracer, Arc<InMemory>) {
        let sink = Arc::new(InMemory::default());
        (Tracer::to(sink.clone(), ratio.parse().unwrap()), sink)
    }

    fn named<'a>(taken: &'a [Record], name: &str) -> &'a Record {
        taken.iter().find(|record| record.name == name).unwrap()
    }

    #[test]
    fn without_export_a_context_is_passed_on_unchanged_and_nothing_else_is_made() {
        let tracer = Tracer::default();
        assert_eq!(tracer.serve("sign", None).place().context(), None);
        let span = tracer.serve("sign", given(RECORDED));
        let attempt = span.place().child("attempt", Kind::Client);
        assert_eq!(attempt.place().context(), given(RECORDED).as_ref());
        assert!(!span.is_recorded() && !attempt.is_recorded());
    }

    #[test]
    fn a_recorded_trace_grows_under_the_callers_span() {
        let (tracer, sink) = exporting("0");
        let mut span = tracer.serve("sign", given(RECORDED));
        span.note("epoch", 7_u64);
        let attempt = span.place().child("attempt", Kind::Client);
        attempt.place().past("wait", Duration::from_secs(5));
        drop((attempt, span));
        let taken = sink.taken();
        let (sign, attempt, wait) = (
            named(&taken, "sign"),
            named(&taken, "attempt"),
            named(&taken, "wait"),
        );
        let caller = given(RECORDED).unwrap().parent;
        assert_eq!(sign.parent, Parent::Remote(caller.span));
        assert_eq!(attempt.parent, Parent::Here(sign.span));
        assert_eq!(wait.parent, Parent::Here(attempt.span));
        assert!(taken.iter().all(|record| record.trace == caller.trace));
        assert_eq!(sign.facts, [("epoch", Value::Number(7))]);
        let lasted = wait.ended.duration_since(wait.began).unwrap();
        assert!(lasted >= Duration::from_secs(5), "{lasted:?}");
    }

    #[test]
    fn what_the_caller_does_not_record_is_not_recorded_here() {
        let (tracer, sink) = exporting("1");
        let span = tracer.serve("sign", given(UNRECORDED));
        assert_eq!(span.place().context(), given(UNRECORDED).as_ref());
        drop(span.place().child("attempt", Kind::Client));
        drop(span);
        assert_eq!(sink.taken(), []);
    }

    #[test]
    fn a_trace_that_begins_here_is_recorded_by_ratio_and_those_behind_are_told() {
        for (ratio, sampled) in [("0", Sampled::No), ("1", Sampled::Yes)] {
            let (tracer, sink) = exporting(ratio);
            let span = tracer.serve("sign", None);
            assert_eq!(span.place().context().unwrap().parent.sampled(), sampled);
            drop(span);
            assert_eq!(sink.taken().len(), usize::from(sampled == Sampled::Yes));
        }
    }

    #[test]
    fn half_of_the_traces_is_about_half() {
        let half: SampleRatio = "0.5".parse().unwrap();
        // The ids are fixed, so the count is always the same.
        let ids =
            (1..=1000_u128).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let recorded = ids
            .map(|bits| TraceParent::parse(format!("00-{bits:032x}-00f067aa0ba902b7-01").as_bytes()).unwrap())
            .filter(|parent| half.wills(parent.trace) == Sampled::Yes)
            .count();
        assert!((450..=550).contains(&recorded), "{recorded}");
        for text in ["-0.1", "1.1", "NaN", "all", ""] {
            assert_eq!(text.parse::<SampleRatio>(), Err(NoRatio), "{text}");
        }
    }
}
