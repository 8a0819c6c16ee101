//! Many seeds, kept seeds, one seed twice, and mistakes that must be seen.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Runs seeds on two threads; answers what was counted, and those that failed.
fn run_many(
    seeds: impl Iterator<Item = u64> + Send,
) -> (u64, BTreeMap<&'static str, u64>, Vec<(u64, Report)>) {
    let (seeds, total, failed) = (
        Mutex::new(seeds),
        Mutex::new(BTreeMap::new()),
        Mutex::new(Vec::new()),
    );
    let ran = AtomicU64::new(0);
    let work = || {
        loop {
            let Some(seed) = seeds.lock().unwrap().next() else {
                return;
            };
            let report = run_alone(seed, Tracing::Off, None);
            ran.fetch_add(1, Ordering::Relaxed);
            let mut total = total.lock().unwrap();
            for (what, count) in &report.counts {
                *total.entry(*what).or_insert(0) += count;
            }
            drop(total);
            if !report.violations.is_empty() {
                failed.lock().unwrap().push((seed, report));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    (
        ran.into_inner(),
        total.into_inner().unwrap(),
        failed.into_inner().unwrap(),
    )
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
    let (ran, counts, failed) = run_many((from..from + seeds).take_while(move |_| began.elapsed() < limit));
    println!(
        "{ran} seeds from {from} in {:.1} s: {counts:#?}",
        began.elapsed().as_secs_f64()
    );
    assert_none_failed(failed);
    assert!(ran > 0, "no seed ran");
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
    let (_, _, failed) = run_many(seeds.into_iter());
    assert_none_failed(failed);
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
    is_seen(Mutant::ChecksNoEpoch, 100, "the newest is");
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
