//! What became of an interrupted receipt that a start settled.

use super::answer;
use super::work::TSE_FAILED;

/// What became of an interrupted receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The TSE had signed for it before; the receipt shows those signatures.
    Adopted,
    /// Nothing had been signed; it was worked on from its beginning.
    Finished,
    /// The TSE does not answer: it was accepted in failed mode (`fiscal-spec.md` 4.9).
    Unsigned,
    /// It ended as a stored error.
    Refused,
    /// The TSE had signed for it before, and its answer does not show that: an orphan was journaled.
    Orphan,
}

impl Settlement {
    /// Every settlement, in the order above.
    pub const ALL: [Self; 5] = [
        Self::Adopted,
        Self::Finished,
        Self::Unsigned,
        Self::Refused,
        Self::Orphan,
    ];

    /// The settlement in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Finished => "finished",
            Self::Unsigned => "unsigned",
            Self::Refused => "refused",
            Self::Orphan => "orphan",
        }
    }

    /// How an answer in this `ftState` settled a receipt for which the TSE had made `signed_before` signatures,
    /// `orphans` of which no receipt shows.
    #[must_use]
    pub fn of(state: i64, signed_before: usize, orphans: usize) -> Self {
        match state {
            _ if orphans > 0 => Self::Orphan,
            _ if signed_before > 0 => Self::Adopted,
            TSE_FAILED => Self::Unsigned,
            state if answer::is_error(state) => Self::Refused,
            _ => Self::Finished,
        }
    }

    /// Whether a call of the pod that began the receipt may still be signed: nothing was adopted or signed under its
    /// identity, so the TSE would not recognise it.
    #[must_use]
    pub fn leaves_the_tse_open(self) -> bool {
        matches!(self, Self::Unsigned | Self::Refused | Self::Orphan)
    }
}
