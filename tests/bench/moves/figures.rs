//! Percentiles, and how they are printed.

use std::time::Duration;

/// Durations in order.
pub struct Sorted(Vec<Duration>);

impl Sorted {
    /// Puts them in order.
    pub fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<_> = durations.into_iter().collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// So many percent of them are not longer; none of none.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let at = (self.0.len() * percent / 100).min(self.0.len().checked_sub(1)?);
        self.0.get(at).copied()
    }

    /// `p50 12 ms, p99 34 ms`.
    pub fn p50_p99(&self) -> String {
        format!(
            "p50 {}, p99 {}",
            shown(self.percentile(50)),
            shown(self.percentile(99))
        )
    }
}

/// Milliseconds as text, with a decimal where that says something.
pub fn shown(duration: Option<Duration>) -> String {
    match duration.map(|duration| duration.as_secs_f64() * 1000.0) {
        None => "none".to_owned(),
        Some(ms) if ms < 10.0 => format!("{ms:.1} ms"),
        Some(ms) => format!("{ms:.0} ms"),
    }
}

/// Prints a row of the table.
pub fn row(figure: &str, measured: &str, goal: &str) {
    println!("| {figure} | {measured} | {goal} |");
}
