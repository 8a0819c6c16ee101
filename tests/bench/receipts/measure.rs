//! What a round is boiled down to: medians over rounds.

use std::time::Duration;

/// What one round gave.
#[derive(Debug, Clone)]
pub struct Round {
    /// Of every receipt.
    pub latencies: Vec<Duration>,
    /// How long the round really was.
    pub elapsed: Duration,
    /// How many transactions all pods committed.
    pub commits: f64,
    /// CPU time of all pods.
    pub pods_us: f64,
    /// CPU time of the proxy.
    pub proxy_us: f64,
}

/// The medians of several rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Signed receipts.
    pub receipts_per_second: f64,
    /// Half of the receipts took no longer.
    pub p50_ms: f64,
    /// All but one percent took no longer.
    pub p99_ms: f64,
    /// Two without grouping: intent and outcome.
    pub commits_per_receipt: f64,
    /// CPU time of all pods per receipt.
    pub pods_us: f64,
    /// CPU time of the proxy per receipt.
    pub proxy_us: f64,
}

/// Boils rounds down.
pub fn summary(mut rounds: Vec<Round>) -> Summary {
    for round in &mut rounds {
        round.latencies.sort_unstable();
    }
    let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    #[expect(clippy::cast_precision_loss, reason = "a count of receipts is far below 2^52")]
    let receipts = |round: &Round| round.latencies.len() as f64;
    Summary {
        receipts_per_second: of(&|round| receipts(round) / round.elapsed.as_secs_f64()),
        p50_ms: of(&|round| percentile_ms(&round.latencies, 50)),
        p99_ms: of(&|round| percentile_ms(&round.latencies, 99)),
        commits_per_receipt: of(&|round| round.commits / receipts(round)),
        pods_us: of(&|round| round.pods_us / receipts(round)),
        proxy_us: of(&|round| round.proxy_us / receipts(round)),
    }
}

fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(at)
        .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
