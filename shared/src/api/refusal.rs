//! Why a pod did not serve a request, in one word that the proxy can act on.

/// A pod's reason for not serving a request. Its word travels in [`crate::header::REFUSAL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// 421: another live pod owns the cashbox; the answer names it.
    HeldByOther,
    /// 503: the recorded owner is silent, and its lease has not run out yet.
    OwnerSilent,
    /// 503: the cashbox is changing hands; ask again in a moment.
    Moving,
    /// 503: this pod is shutting down and takes no cashbox any more.
    Draining,
    /// 503: too many requests wait for this cashbox.
    MailboxFull,
    /// 503: the pod hosts as many cashboxes as it may.
    PodFull,
    /// 503: the journal database does not answer; nothing was signed.
    JournalUnavailable,
    /// 503: neither the ownership store nor the database could say who owns the cashbox.
    OwnershipUnavailable,
    /// 503: the configuration service does not answer and no earlier configuration is kept.
    ConfigurationUnavailable,
    /// 503: too many unknown cashboxes were asked for in a short time.
    RateLimited,
    /// 503: the journal is older than what the TSE or a pod remembers of it; an operator must look.
    StaleJournal,
    /// 503: the cashbox broke down several times in a short while; its next start has to wait.
    RestartPaused,
    /// 503: the pod streams as many journals as it may.
    ExportsFull,
}

impl Refusal {
    /// Every refusal, in the order above.
    pub const ALL: [Self; 13] = [
        Self::HeldByOther,
        Self::OwnerSilent,
        Self::Moving,
        Self::Draining,
        Self::MailboxFull,
        Self::PodFull,
        Self::JournalUnavailable,
        Self::OwnershipUnavailable,
        Self::ConfigurationUnavailable,
        Self::RateLimited,
        Self::StaleJournal,
        Self::RestartPaused,
        Self::ExportsFull,
    ];

    /// The word that travels.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::HeldByOther => "held-by-other",
            Self::OwnerSilent => "owner-silent",
            Self::Moving => "moving",
            Self::Draining => "draining",
            Self::MailboxFull => "mailbox-full",
            Self::PodFull => "pod-full",
            Self::JournalUnavailable => "journal-unavailable",
            Self::OwnershipUnavailable => "ownership-unavailable",
            Self::ConfigurationUnavailable => "configuration-unavailable",
            Self::RateLimited => "rate-limited",
            Self::StaleJournal => "stale-journal",
            Self::RestartPaused => "restart-paused",
            Self::ExportsFull => "exports-full",
        }
    }

    /// The refusal that a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.word() == word)
    }

    /// Whether another pod, or the same one a moment later, can be expected to serve the same request: the
    /// proxy then keeps the POS waiting instead of passing the refusal on.
    #[must_use]
    pub fn passes_by_itself(self) -> bool {
        match self {
            Self::HeldByOther | Self::OwnerSilent | Self::Moving | Self::Draining => true,
            Self::MailboxFull
            | Self::PodFull
            | Self::JournalUnavailable
            | Self::OwnershipUnavailable
            | Self::ConfigurationUnavailable
            | Self::RateLimited
            | Self::StaleJournal
            | Self::RestartPaused
            | Self::ExportsFull => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_refusal() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_word(refusal.word()), Some(refusal));
        }
        assert_eq!(Refusal::from_word("no such word"), None);
    }
}
