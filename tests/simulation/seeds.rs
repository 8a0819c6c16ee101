//! Many seeds, kept seeds, one seed twice, and mistakes that must be seen.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::mutant::Mutant;
use crate::run::{Report, Tracing, run};

/// How many seeds run with all other tests; `simulate.sh` runs more.
const SEEDS: u64 = 300;
/// How many lines of a failing seed's trace are shown.
const LINES_SHOWN: usize = 120;
/// Seeds that failed once.
const REGRESSIONS: &str = include_str!("regressions.txt");

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
    )
}

/// Each seed has a thread of its own, so that nothing is left of the one before.
fn run_alone(seed: u64, tracing: Tracing, mutant: Option<Mutant>) -> Report {
    let thread = std::thread::spawn(move || run(seed, tracing, mutant));
    thread.join().unwrap_or_else(|_| panic!("seed {seed} panicked"))
}

/// What many seeds came to.
#[derive(Default)]
struct Outcome {
    ran: u64,
    counts: BTreeMap<&'static str, u64>,
    failed: Vec<(u64, Report)>,
}

impl Outcome {
    fn add(&mut self, seed: u64, report: Report) {
        self.ran += 1;
        for (what, count) in &report.counts {
            *self.counts.entry(*what).or_default() += count;
        }
        if !report.violations.is_empty() {
            self.failed.push((seed, report));
        }
    }
}

/// Runs seeds on two threads.
fn run_many(seeds: impl Iterator<Item = u64> + Send) -> Outcome {
    let (seeds, outcome) = (Mutex::new(seeds), Mutex::new(Outcome::default()));
    let next = || seeds.lock().expect("drawing a seed does not panic").next();
    let work = || {
        while let Some(seed) = next() {
            let report = run_alone(seed, Tracing::Off, None);
            outcome.lock().expect("adding does not panic").add(seed, report);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    outcome.into_inner().expect("adding does not panic")
}

fn assert_none_failed(mut failed: Vec<(u64, Report)>) {
    failed.sort_by_key(|(seed, _)| *seed);
    let Some((seed, _)) = failed.first() else { return };
    let traced = run_alone(*seed, Tracing::On, None);
    let from = traced.trace.len().saturating_sub(LINES_SHOWN);
    println!(
        "seed {seed}, the end of its trace:\n{}",
        traced.trace[from..].join("\n")
    );
    let list: Vec<_> = failed
        .iter()
        .map(|(seed, report)| format!("seed {seed}: {}", report.violations.join("; ")))
        .collect();
    panic!("{} seeds failed:\n{}", failed.len(), list.join("\n"));
}

#[test]
fn no_schedule_breaks_a_promise() {
    if let Some(seed) = setting("BYODC_SIMULATION_SEED") {
        let report = run_alone(seed, Tracing::On, None);
        println!("{}\n{:#?}", report.trace.join("\n"), report.counts);
        assert_eq!(report.violations, [] as [String; 0], "seed {seed}");
        return;
    }
    let from = setting("BYODC_SIMULATION_FROM").unwrap_or(0);
    let seeds = setting("BYODC_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let seconds = setting("BYODC_SIMULATION_SECONDS").unwrap_or(u64::MAX);
    let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
    let outcome = run_many((from..from + seeds).take_while(move |_| began.elapsed() < limit));
    println!(
        "{} seeds from {from} in {:.1} s: {:#?}",
        outcome.ran,
        began.elapsed().as_secs_f64(),
        outcome.counts
    );
    assert!(outcome.ran > 0, "no seed ran");
    assert_none_failed(outcome.failed);
}

#[test]
fn seeds_that_failed_once_hold() {
    let seeds = REGRESSIONS
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let seeds = seeds.filter(|word| !word.starts_with('#'));
    let seeds: Vec<u64> = seeds
        .map(|word| word.parse().expect("a seed is a number"))
        .collect();
    assert_none_failed(run_many(seeds.into_iter()).failed);
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in 0..12 {
        let (first, again) = (
            run_alone(seed, Tracing::On, None),
            run_alone(seed, Tracing::On, None),
        );
        assert!(first.trace.len() > 30, "seed {seed} does next to nothing");
        for (line, (one, other)) in first.trace.iter().zip(&again.trace).enumerate() {
            assert_eq!(one, other, "seed {seed}, line {line}");
        }
        assert_eq!(first, again, "seed {seed}");
    }
}

/// A mistake must be seen by one of the first so many seeds.
fn is_seen(mutant: Mutant, seeds: u64, words: &str) {
    let seen = (0..seeds).find(|seed| {
        let report = run_alone(*seed, Tracing::Off, Some(mutant));
        report
            .violations
            .iter()
            .any(|violation| violation.contains(words))
    });
    println!("{mutant:?} is seen by seed {seen:?}");
    assert!(seen.is_some(), "{mutant:?} is not seen by {seeds} seeds");
}

#[test]
fn a_journal_that_checks_no_epoch_is_seen() {
    is_seen(Mutant::ChecksNoEpoch, 1000, "the newest is");
}

#[test]
fn a_journal_that_forgets_operations_is_seen() {
    is_seen(Mutant::ForgetsOperations, 50, "of one operation");
}

#[test]
fn an_answer_before_its_commit_is_seen() {
    is_seen(Mutant::AnswersBeforeCommit, 50, "is not on record");
}

#[test]
fn a_claim_that_is_confirmed_blindly_is_seen() {
    is_seen(Mutant::ConfirmsAnything, 400, "asks the TSE");
}

#[test]
fn interrupted_receipts_that_nobody_settles_are_seen() {
    is_seen(Mutant::SettlesNothing, 100, "without an");
}

#[test]
fn a_takeover_without_evidence_is_seen() {
    is_seen(Mutant::TakesOverWithoutEvidence, 100, "though nothing went wrong");
}

#[test]
fn a_step_that_is_signed_twice_is_seen() {
    is_seen(Mutant::TseForgetsIdentities, 100, "are of one step");
}
