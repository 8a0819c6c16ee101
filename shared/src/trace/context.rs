//! W3C trace context, level 1: `traceparent` and `tracestate`, read strictly.
//!
//! What breaks a rule is dropped and never an error: a request is served whether or not its trace can be followed. A
//! second `traceparent` makes both worthless; several `tracestate` fields are one list (section 3.3.1).

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

use http::HeaderMap;

/// Where a request belongs.
pub const TRACE_PARENT: &str = "traceparent";
/// What the systems on the way remember of it.
pub const TRACE_STATE: &str = "tracestate";

/// The longest list that is passed on, in bytes (section 3.3.1.5 asks for this many at least).
const STATE_BYTES_MAX: usize = 512;
/// The most members of the list (section 3.3.1.1).
const STATE_MEMBERS_MAX: usize = 32;
const SAMPLED: u8 = 1;

/// Which trace: 128 bits, never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(NonZeroU128);

/// Which span of it: 64 bits, never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(NonZeroU64);

impl TraceId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        loop {
            if let Some(bits) = NonZeroU128::new(rand::random()) {
                return Self(bits);
            }
        }
    }

    /// Its 128 bits.
    #[must_use]
    pub fn bits(self) -> u128 {
        self.0.get()
    }
}

impl SpanId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        loop {
            if let Some(bits) = NonZeroU64::new(rand::random()) {
                return Self(bits);
            }
        }
    }

    /// Its 64 bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a trace is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// The value of `traceparent`: which trace, which span of it asks, and the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// Which trace.
    pub trace: TraceId,
    /// The span that asks.
    pub span: SpanId,
    flags: u8,
}

impl TraceParent {
    /// A parent in our own words.
    #[must_use]
    pub fn new(trace: TraceId, span: SpanId, sampled: Sampled) -> Self {
        let flags = match sampled {
            Sampled::Yes => SAMPLED,
            Sampled::No => 0,
        };
        Self { trace, span, flags }
    }

    /// The same trace and flags, with another span asking.
    #[must_use]
    pub fn from_span(self, span: SpanId) -> Self {
        Self { span, ..self }
    }

    /// Whether the caller records the trace.
    #[must_use]
    pub fn sampled(self) -> Sampled {
        if self.flags & SAMPLED == SAMPLED {
            Sampled::Yes
        } else {
            Sampled::No
        }
    }

    /// Reads a header's value: `00-<32 hex digits>-<16>-<2>` (section 3.2.2). Of a later version only what this one
    /// knows is read, and passed on as this one.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (known, rest) = value.split_at_checked(55)?;
        let version = hex(&known[..2])?;
        let goes_on = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
        if !goes_on || !dashes {
            return None;
        }
        let flags = u8::try_from(hex(&known[53..])?).expect("two digits fit into a byte");
        Some(Self {
            trace: TraceId(NonZeroU128::new(hex(&known[3..35])?)?),
            span: SpanId(NonZeroU64::new(u64::try_from(hex(&known[36..52])?).ok()?)?),
            flags: if version == 0 { flags } else { flags & SAMPLED },
        })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// A number in lower-case hexadecimal digits; upper case is not allowed (section 3.2.2.2).
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number: u128, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

/// Where a piece of work belongs in a trace, as it is told to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// Which trace, and which span of it asks.
    pub parent: TraceParent,
    /// What other systems remember of it: a list as it came, if one came.
    pub state: Option<Box<str>>,
}

/// What a request's headers say, field by field. Kept from one request to the next, so that no memory is asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Incoming {
    parent: Seen,
    state: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Seen {
    #[default]
    Nothing,
    One(TraceParent),
    /// Broken, or more than one.
    Worthless,
}

impl Incoming {
    /// What these headers say.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut incoming = Self::default();
        for parent in headers.get_all(TRACE_PARENT) {
            incoming.parent(parent.as_bytes());
        }
        for state in headers.get_all(TRACE_STATE) {
            incoming.state(state.as_bytes());
        }
        incoming
    }

    /// Takes a `traceparent`.
    pub fn parent(&mut self, value: &[u8]) {
        self.parent = match (self.parent, TraceParent::parse(value)) {
            (Seen::Nothing, Some(parent)) => Seen::One(parent),
            _ => Seen::Worthless,
        };
    }

    /// Takes a `tracestate`.
    pub fn state(&mut self, value: &[u8]) {
        if !self.state.is_empty() {
            self.state.push(b',');
        }
        // One byte more than allowed is enough to know that it is too long.
        let room = (STATE_BYTES_MAX + 1).saturating_sub(self.state.len());
        self.state.extend_from_slice(&value[..value.len().min(room)]);
    }

    /// Forgets the request that was served.
    pub fn forget(&mut self) {
        self.parent = Seen::Nothing;
        self.state.clear();
    }

    /// Where the request belongs, if it says so understandably.
    #[must_use]
    pub fn context(&self) -> Option<TraceContext> {
        match self.parent {
            Seen::One(parent) => Some(TraceContext {
                parent,
                state: list(&self.state).map(Box::from),
            }),
            Seen::Nothing | Seen::Worthless => None,
        }
    }
}

/// A list of `tracestate` that keeps the rules of section 3.3.1; anything else is dropped whole.
fn list(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    let members = || {
        text.split(',')
            .map(|member| member.trim_matches([' ', '\t']))
            .filter(|member| !member.is_empty())
    };
    let sound = text.len() <= STATE_BYTES_MAX
        && (1..=STATE_MEMBERS_MAX).contains(&members().count())
        && members().all(is_member);
    sound.then_some(text)
}

fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else {
        return false;
    };
    let in_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let in_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
    (1..=256).contains(&key.len())
        && key.bytes().all(in_key)
        && (1..=256).contains(&value.len())
        && value.bytes().all(in_value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(parents: &[&str], states: &[&str]) -> Option<TraceContext> {
        let mut incoming = Incoming::default();
        parents.iter().for_each(|value| incoming.parent(value.as_bytes()));
        states.iter().for_each(|value| incoming.state(value.as_bytes()));
        incoming.context()
    }

    #[test]
    fn what_is_read_is_written_as_it_came() {
        let parent = TraceParent::parse(GIVEN.as_bytes()).unwrap();
        assert_eq!(parent.to_string(), GIVEN);
        assert_eq!(parent.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parent.sampled(), Sampled::Yes);
    }

    #[test]
    fn every_broken_parent_is_dropped() {
        let broken = [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
        ];
        for value in broken {
            assert_eq!(TraceParent::parse(value.as_bytes()), None, "{value}");
            assert_eq!(read(&[value], &["a=1"]), None, "{value}");
        }
    }

    #[test]
    fn of_a_later_version_is_kept_what_this_one_knows() {
        let later = "7f-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-more";
        assert_eq!(TraceParent::parse(later.as_bytes()).unwrap().to_string(), GIVEN);
    }

    #[test]
    fn two_parents_are_none_and_several_states_are_one_list() {
        assert_eq!(read(&[GIVEN, GIVEN], &[]), None);
        let state = read(&[GIVEN], &["a=1", "b@c=2 3"]).unwrap().state.unwrap();
        assert_eq!(&*state, "a=1,b@c=2 3");
    }

    #[test]
    fn a_broken_state_is_dropped_and_the_parent_stays() {
        let many = "a=1,".repeat(STATE_MEMBERS_MAX) + "a=1";
        let long = format!("a={}", "x".repeat(600));
        for state in ["", "a", "A=1", "a=", "=1", "a=1=2", "a=\u{e4}", &many, &long] {
            assert_eq!(read(&[GIVEN], &[state]).unwrap().state, None, "{state}");
        }
    }

    proptest! {
        #[test]
        fn no_value_panics_the_reader(
            value in prop::collection::vec(any::<u8>(), 0..80), state in prop::collection::vec(any::<u8>(), 0..900)
        ) {
            let mut incoming = Incoming::default();
            incoming.parent(&value);
            incoming.state(&state);
            let _ = incoming.context();
        }

        #[test]
        fn what_is_read_is_one_of_what_can_be_written(value in "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}") {
            if let Some(parent) = TraceParent::parse(value.as_bytes()) {
                let written = parent.to_string();
                prop_assert_eq!(TraceParent::parse(written.as_bytes()), Some(parent));
                prop_assert_eq!(&written[3..52], &value[3..52]);
            }
        }
    }
}
