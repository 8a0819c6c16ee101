//! What goes wrong on demand, by rules that are asked in the order in which they were given.

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Effect {
    /// It is not done; this is answered instead.
    Answer {
        /// The status.
        status: u16,
        /// The vendor's code.
        code: &'static str,
        /// In seconds; the header is left out where there is none.
        retry_after: Option<u64>,
    },
    /// It is done, and this status is answered, as by a gateway that gave up.
    DoThenFail(u16),
    /// It is done, and the answer breaks off.
    LoseAnswer,
    /// It is done, and nothing is answered as long as anybody waits.
    Silence,
    /// It is not done, and nothing is answered as long as anybody waits.
    Swallow,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Fault {
    method: &'static str,
    part: String,
    effect: Effect,
    left: u32,
}

impl Fault {
    /// Every request of this method whose path and query contain `part`.
    #[must_use]
    pub fn on(method: &'static str, part: impl Into<String>, effect: Effect) -> Self {
        Self {
            method,
            part: part.into(),
            effect,
            left: u32::MAX,
        }
    }

    /// Only so often.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { left: times, ..self }
    }
}

impl Effect {
    /// An answer without advice when to come back.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer {
            status,
            code: "E_TEST",
            retry_after: None,
        }
    }
}

/// The rules.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn play(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// What happens to this request; nothing if no rule is about it.
    pub(super) fn on(&mut self, method: &str, path: &str) -> Option<Effect> {
        let is_meant =
            |fault: &&mut Fault| fault.left > 0 && fault.method == method && path.contains(&fault.part);
        let fault = self.0.iter_mut().find(is_meant)?;
        fault.left -= 1;
        Some(fault.effect.clone())
    }
}
