//! What all rounds came to, as Markdown.

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::Plan;
use crate::round::Played;

/// Sums over rounds.
#[derive(Debug, Default)]
pub struct Tally {
    seeds: Vec<u64>,
    numbers: BTreeMap<&'static str, u64>,
    fired: BTreeMap<String, usize>,
    refused: BTreeMap<String, usize>,
    unknown: BTreeMap<String, usize>,
}

impl Tally {
    /// Adds a sound round.
    pub fn add(&mut self, plan: &Plan, played: &Played) {
        self.seeds.push(plan.seed);
        let (counts, told) = (&played.report.counts, &played.told);
        for (what, count) in [
            ("operations", counts.operations as u64),
            ("requests", counts.requests as u64),
            ("receipts in the databases", counts.receipts as u64),
            ("operations sent again by their clients", told.resent),
            (
                "operations open when the load ended, then asked again",
                told.left_open,
            ),
            ("claims", counts.claims as u64),
            ("writes refused by the fence", counts.fenced as u64),
            ("orphan signatures, journaled", counts.orphans as u64),
            (
                "TSE calls begun after a newer claim",
                counts.stale_tse_starts as u64,
            ),
            (
                "receipts whose pod died before it wrote its evidence",
                counts.unwitnessed as u64,
            ),
        ] {
            *self.numbers.entry(what).or_default() += count;
        }
        for (sum, of_round) in [
            (&mut self.fired, &counts.fired),
            (&mut self.refused, &counts.refused),
            (&mut self.unknown, &counts.unknown),
        ] {
            for (what, count) in of_round {
                *sum.entry(what.clone()).or_default() += count;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sound rounds: {} (seeds {:?})\n", self.seeds.len(), self.seeds)?;
        writeln!(f, "| what | count |\n|---|---|")?;
        for (what, count) in &self.numbers {
            writeln!(f, "| {what} | {count} |")?;
        }
        for (title, counts) in [
            ("fault", &self.fired),
            ("answer other than a receipt", &self.refused),
            ("unknown outcome, resolved as", &self.unknown),
        ] {
            writeln!(f, "\n| {title} | times |\n|---|---|")?;
            for (what, count) in counts {
                writeln!(f, "| {what} | {count} |")?;
            }
        }
        Ok(())
    }
}
