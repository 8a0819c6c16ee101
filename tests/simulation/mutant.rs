//! Mistakes built in on purpose: the witness must see each of them, or it proves nothing.

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The journal writes under any epoch.
    ChecksNoEpoch,
    /// The journal takes an operation id a second time.
    ForgetsOperations,
    /// An outcome is acknowledged that was not written, now and then.
    AnswersBeforeCommit,
    /// The journal confirms claims that were superseded.
    ConfirmsAnything,
    /// What was interrupted is not settled at the next start.
    SettlesNothing,
    /// A cashbox that a live pod holds is given to whoever asks.
    TakesOverWithoutEvidence,
    /// A TSE signs one step twice when it is asked twice.
    TseForgetsIdentities,
}
