//! A round before it is played: which cluster, which faults when. The same seed gives the same plan.

use std::fmt;
use std::time::Duration;

use harness::cluster::{Journal, Ownership};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::kind::{Kind, Part};

/// How long a fault lasts, in milliseconds: from a hiccup to longer than a lease.
const LASTS_MS: std::ops::Range<u64> = 500..7_000;
/// Between the end of one and the beginning of the next, in milliseconds.
const REST_MS: std::ops::Range<u64> = 500..3_000;

/// A round.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where it comes from.
    pub seed: u64,
    /// How many pods.
    pub pods: usize,
    /// Where ownership is recorded.
    pub ownership: Ownership,
    /// Where receipts are made permanent.
    pub journal: Journal,
    /// The faults, in the order in which they begin.
    pub episodes: Vec<Episode>,
    /// When the last one has ended, from the beginning of the load.
    pub lasts: Duration,
}

/// One fault.
#[derive(Debug, Clone, Copy)]
pub struct Episode {
    /// When it begins, from the beginning of the load.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub kind: Kind,
    /// Chooses whom it befalls among those who are there by then.
    pub pick: u64,
}

impl Plan {
    /// The plan of a seed, with faults for at least this long.
    pub fn of(seed: u64, length: Duration) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let pods = rng.random_range(3..=5);
        let ownership = *[
            Ownership::Redis,
            Ownership::Redis,
            Ownership::Redis,
            Ownership::Sql,
        ]
        .choose(&mut rng)
        .unwrap();
        let journal = *[Journal::Sqlite, Journal::MariaDb, Journal::Postgres]
            .choose(&mut rng)
            .unwrap();
        let possible: Vec<Kind> = Kind::ALL
            .into_iter()
            .filter(|kind| is_possible(*kind, ownership, journal))
            .collect();
        let mut plan = Self {
            seed,
            pods,
            ownership,
            journal,
            episodes: Vec::new(),
            lasts: Duration::ZERO,
        };
        while plan.lasts < length {
            plan.lasts += Duration::from_millis(rng.random_range(REST_MS));
            plan.add(&mut rng, &possible);
        }
        plan
    }

    /// Adds one fault, or two at once.
    fn add(&mut self, rng: &mut StdRng, possible: &[Kind]) {
        let first = *possible.choose(rng).unwrap();
        let second = *possible.choose(rng).unwrap();
        let named = *Kind::NAMED_PAIRS.choose(rng).unwrap();
        let is_named_possible = possible.contains(&named.0) && possible.contains(&named.1);
        let kinds = match rng.random_range(0..3) {
            0 if is_named_possible => vec![named.0, named.1],
            1 if first.part() != second.part() => vec![first, second],
            _ => vec![first],
        };
        let begins = self.lasts;
        for kind in kinds {
            let episode = Episode {
                at: begins + Duration::from_millis(rng.random_range(0..500)),
                lasts: Duration::from_millis(rng.random_range(LASTS_MS)),
                kind,
                pick: rng.random(),
            };
            self.lasts = self.lasts.max(episode.at + episode.lasts);
            self.episodes.push(episode);
        }
    }
}

fn is_possible(kind: Kind, ownership: Ownership, journal: Journal) -> bool {
    match kind.part() {
        Part::Redis => ownership == Ownership::Redis,
        Part::Database => journal != Journal::Sqlite,
        _ => true,
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {} pods, ownership in {:?}, journal in {:?}",
            self.seed, self.pods, self.ownership, self.journal
        )?;
        for episode in &self.episodes {
            writeln!(
                f,
                "  {:6.1} s  {} for {:.1} s",
                episode.at.as_secs_f64(),
                episode.kind,
                episode.lasts.as_secs_f64()
            )?;
        }
        Ok(())
    }
}
