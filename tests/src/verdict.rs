//! Whether a whole run kept the invariants I1 to I11 (README, "Promises").
//!
//! ```text
//! clients' records ─┐
//! pods' evidence ───┤
//! TSEs' own logs ───┼─▶ gather ─▶ Run ─▶ judge_run ─▶ Report: violations, counts
//! fault driver ─────┤
//! database, export ─┘
//! ```
//!
//! The judge is pure: it sees a [`Run`] and nothing else, so a forged run shows that it can see. What nobody knows
//! ("the connection broke") is a "maybe" and never a failure by itself.
//!
//! [`Run`]: crate::verdict::run::Run

/// What witnesses tell of a run.
pub mod run;
/// The pods' own lines.
pub mod evidence;
/// The journal database, read without the code under test.
pub mod dump;
/// Asks the witnesses when a run is over.
pub mod gather;
/// I1: no forked chain.
mod chains;
/// I2, I3, I8, I11: what was acknowledged.
pub mod acknowledged;
/// I4: one writer for each epoch, epochs in order.
mod epochs;
/// I5: every signature accounted for.
mod signatures;
/// I6: outcomes from the published list, in time.
mod outcomes;
/// I7: an unknown outcome is resolved once.
mod unknown;
/// I9: alive after the last fault; and the faults themselves.
mod healed;
/// I10: a reset is visible.
mod resets;

use std::collections::BTreeMap;
use std::fmt;

use shared::identity::CashBoxId;

use run::Run;

/// A statement that every run must keep (`reliability.md`, invariants).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// No forked chain.
    I1,
    /// No acknowledged receipt lost.
    I2,
    /// No duplicate.
    I3,
    /// One unfenced writer.
    I4,
    /// The TSE accounted for.
    I5,
    /// Every request answered or clearly refused.
    I6,
    /// An unknown outcome resolved once.
    I7,
    /// Real-time order.
    I8,
    /// Liveness after heal.
    I9,
    /// A reset is visible.
    I10,
    /// No cross-wiring.
    I11,
    /// Every planned fault happened, and every witness was there.
    Proof,
}

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Whose; none when it is not one cashbox's.
    pub cashbox: Option<CashBoxId>,
    /// What was seen.
    pub what: String,
}

impl Violation {
    fn of(invariant: Invariant, cashbox: CashBoxId, what: impl Into<String>) -> Self {
        Self {
            invariant,
            cashbox: Some(cashbox),
            what: what.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: ", self.invariant)?;
        if let Some(cashbox) = self.cashbox {
            write!(f, "cashbox {cashbox}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// What a run amounted to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations that clients asked for.
    pub operations: usize,
    /// Requests, repetitions included.
    pub requests: usize,
    /// Receipts in the database at the end.
    pub receipts: usize,
    /// How often each planned fault happened.
    pub fired: BTreeMap<String, usize>,
    /// Answers other than a receipt, by status and title.
    pub refused: BTreeMap<String, usize>,
    /// Operations whose outcome their client did not know, by how they were resolved.
    pub unknown: BTreeMap<String, usize>,
    /// Writes and confirmations that the journal refused because a newer claim existed.
    pub fenced: usize,
    /// Signatures journaled as belonging to no receipt.
    pub orphans: usize,
    /// TSE calls begun under an epoch after a newer claim.
    pub stale_tse_starts: usize,
    /// Claims.
    pub claims: usize,
    /// Receipts without a line of evidence: their pod died before it wrote one.
    pub unwitnessed: usize,
}

/// What the judge says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Everything that must not be.
    pub violations: Vec<Violation>,
    /// What there was.
    pub counts: Counts,
}

impl Report {
    /// Whether an invariant was broken.
    #[must_use]
    pub fn breaks(&self, invariant: Invariant) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.invariant == invariant)
    }

    /// Fails the test with everything that must not be.
    pub fn assert_sound(&self) {
        assert!(self.violations.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} broken invariant(s):", self.violations.len())?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        write!(f, "{:#?}", self.counts)
    }
}

/// Judges a run.
#[must_use]
pub fn judge_run(run: &Run) -> Report {
    let mut report = Report::default();
    report.counts.fired = run.faults.firings();
    report.violations.extend(healed::judge_faults(&run.faults));
    report.violations.extend(healed::judge_waiting(&run.waiting));
    for cashbox in &run.cashboxes {
        let counts = &mut report.counts;
        let mut found = chains::judge(cashbox);
        found.extend(acknowledged::judge(
            &cashbox.everything_asked(),
            &cashbox.after.journals(),
        ));
        found.extend(acknowledged::judge_stored(cashbox));
        found.extend(acknowledged::judge_moments(cashbox));
        found.extend(epochs::judge(cashbox, counts));
        found.extend(signatures::judge(cashbox, &run.terms, counts));
        found.extend(outcomes::judge(cashbox, &run.terms, counts));
        found.extend(unknown::judge(cashbox, counts));
        found.extend(healed::judge(cashbox, &run.terms));
        found.extend(resets::judge(cashbox));
        report.violations.extend(found);
    }
    report
        .violations
        .extend(outcomes::judge_totals(&run.terms, &report.counts));
    report
        .violations
        .extend(signatures::judge_totals(&run.terms, &report.counts));
    report
        .violations
        .extend(epochs::judge_totals(&run.terms, &report.counts));
    report
}

#[cfg(test)]
mod tests;
