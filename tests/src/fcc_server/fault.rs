//! What goes wrong with an FCC, and with which call.

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is done, and it is said so.
    Refuse {
        /// The answer's status.
        status: u16,
        /// Its `ErrorType`.
        word: &'static str,
    },
    /// Nothing is done, and nothing is said.
    Silence,
    /// It is done, and nothing is said.
    DoAndLoseAnswer,
    /// It is done, and a failure is said.
    DoAndFail {
        /// The answer's status.
        status: u16,
    },
}

/// A rule: this becomes of calls that begin like this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Such as `PUT transaction`; empty for every call.
    pub calls: &'static str,
    /// What becomes of them.
    pub effect: Effect,
    /// How often; then all is well again.
    pub times: usize,
}

/// What becomes of a call now. A rule that was played out is removed.
pub(super) fn next(faults: &mut Vec<Fault>, call: &str) -> Option<Effect> {
    let at = faults.iter().position(|fault| call.starts_with(fault.calls))?;
    let fault = &mut faults[at];
    let effect = fault.effect;
    fault.times -= 1;
    if fault.times == 0 {
        faults.remove(at);
    }
    Some(effect)
}
