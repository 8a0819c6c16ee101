//! Completes a line with what its author did not have at hand: whose cashbox the work is about, and its trace.
//!
//! Both are known to the running task ([`current`]), so no line has to be given them, and a line that is not written
//! costs nothing. What a line says of itself stands: a request's own line, or one about another cashbox than that of
//! the task.
//!
//! [`current`]: crate::trace::current

use std::fmt::{self, Write as _};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::Format;
use crate::identity::CashBoxId;
use crate::trace::context::TraceId;
use crate::trace::current::Errand;

const CASHBOX: &str = "cashbox.id";
const TRACE: &str = "trace.id";

/// Writes lines as `inner` does, and completes them.
#[derive(Debug)]
pub(super) struct Completed<F> {
    pub(super) inner: F,
    pub(super) format: Format,
}

/// What a line lacks and the task knows.
struct Lacking {
    cashbox: Option<CashBoxId>,
    trace: Option<TraceId>,
}

impl Lacking {
    fn of(event: &Event<'_>) -> Option<Self> {
        let says = |name| event.metadata().fields().field(name).is_some();
        let errand = Errand::now();
        let lacking = Self {
            cashbox: errand.cashbox.filter(|_| !says(CASHBOX)),
            trace: errand.place.trace_id().filter(|_| !says(TRACE)),
        };
        (lacking.cashbox.is_some() || lacking.trace.is_some()).then_some(lacking)
    }

    /// Adds the fields to a whole line, in front of its end. Both ids are letters and digits in every format.
    fn add_to(&self, line: &mut String, format: Format) -> fmt::Result {
        let (end, before, between, after) = match format {
            Format::Text => ("\n", " ", "=", ""),
            Format::Json => ("}\n", ",\"", "\":\"", "\""),
        };
        let open = line.strip_suffix(end).ok_or(fmt::Error)?.len();
        line.truncate(open);
        if let Some(cashbox) = self.cashbox {
            write!(line, "{before}{CASHBOX}{between}{cashbox}{after}")?;
        }
        if let Some(trace) = self.trace {
            write!(line, "{before}{TRACE}{between}{trace}{after}")?;
        }
        line.push_str(end);
        Ok(())
    }
}

impl<S, N, F> FormatEvent<S, N> for Completed<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(lacking) = Lacking::of(event) else {
            return self.inner.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        lacking.add_to(&mut line, self.format)?;
        writer.write_str(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::context::TraceParent;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn completed(line: &str, format: Format) -> Result<String, fmt::Error> {
        let lacking = Lacking {
            cashbox: Some(CashBoxId::from_u128(7)),
            trace: TraceParent::parse(PARENT.as_bytes()).map(|parent| parent.trace),
        };
        let mut line = line.to_owned();
        lacking.add_to(&mut line, format).map(|()| line)
    }

    #[test]
    fn a_line_is_completed_in_its_own_format() {
        assert_eq!(
            completed("INFO queue: said row=1\n", Format::Text).unwrap(),
            "INFO queue: said row=1 cashbox.id=00000000-0000-0000-0000-000000000007 \
             trace.id=4bf92f3577b34da6a3ce929d0e0e4736\n"
        );
        let line = completed("{\"message\":\"said\"}\n", Format::Json).unwrap();
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["cashbox.id"], "00000000-0000-0000-0000-000000000007");
        assert_eq!(read["trace.id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn what_does_not_end_like_a_line_is_not_added_to() {
        assert!(completed("half a li", Format::Json).is_err());
    }
}
