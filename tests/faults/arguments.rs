//! What the command line asks for.

use std::time::Duration;

/// How long faults are injected in a round.
const ROUND: Duration = Duration::from_secs(60);
/// The same with `--quick`, and when `cargo test` runs one round.
pub const QUICK_ROUND: Duration = Duration::from_secs(25);

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The seed of the first round; each further one has the next.
    pub seed: u64,
    /// How many rounds at the most.
    pub rounds: u64,
    /// No round begins when this much time has passed.
    pub lasts: Duration,
    /// How long faults are injected in each round.
    pub length: Duration,
}

impl Arguments {
    /// Reads them. None when `cargo test` was asked for tests of another name, or for a list of them.
    ///
    /// # Panics
    /// When an argument is not understood.
    pub fn read(given: impl Iterator<Item = String>) -> Option<Self> {
        let mut read = Self {
            seed: 1,
            rounds: 1,
            lasts: Duration::MAX,
            length: QUICK_ROUND,
        };
        let mut given = given.peekable();
        let is_ours = given
            .peek()
            .is_some_and(|first| ["--seed", "--minutes", "--rounds", "--quick"].contains(&first.as_str()));
        if !is_ours {
            let mut filters = given.filter(|word| !word.starts_with("--"));
            return filters.all(|word| "faults".contains(&word)).then_some(read);
        }
        read.length = ROUND;
        while let Some(name) = given.next() {
            if name == "--quick" {
                read.length = QUICK_ROUND;
                continue;
            }
            let value: u64 = given
                .next()
                .and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("{name} takes a number"));
            match name.as_str() {
                "--seed" => read.seed = value,
                "--rounds" => read.rounds = value,
                "--minutes" => {
                    read.lasts = Duration::from_secs(60 * value);
                    read.rounds = u64::MAX;
                }
                _ => panic!("{name} is none of --minutes, --seed, --rounds, --quick"),
            }
        }
        Some(read)
    }
}
