//! What became of an interrupted receipt that a start settled.

use super::answer::Answer;
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

    /// How an answer settled a receipt for which the TSE had made `signed_before` signatures, `orphans` of which no
    /// receipt shows.
    #[must_use]
    pub fn of(answer: &Answer, signed_before: usize, orphans: usize) -> Self {
        match answer {
            _ if orphans > 0 => Self::Orphan,
            _ if signed_before > 0 => Self::Adopted,
            Answer::Failed { .. } => Self::Refused,
            Answer::Response(response) if response.state == TSE_FAILED => Self::Unsigned,
            Answer::Response(_) => Self::Finished,
        }
    }
}
