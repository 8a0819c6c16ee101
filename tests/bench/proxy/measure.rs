//! The role `measure`: rounds, medians, tables.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::contender::{Contender, Process, refuse_taken, wait_for};
use crate::work::{CASHBOXES, POD_PORTS};

const MANY_CASHBOXES: u128 = 1_000_000;
/// How long each contender works in a round.
const ROUND_MS: u64 = 2_000;

/// What one contender did in one round.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    cpu_us_per_request: f64,
    busy: f64,
    requests_per_s: f64,
    p50_us: f64,
    p99_us: f64,
}

/// Measures everything and prints the tables.
pub fn run(rounds: usize) -> anyhow::Result<()> {
    ensure!(rounds > 0, "at least one round");
    let folder = tempfile::tempdir()?;
    for port in POD_PORTS {
        refuse_taken(port)?;
    }
    let program = std::env::current_exe()?;
    let program = program.to_str().context("the program's path is not Unicode")?;
    let _pods = Process::start(1, program, &["pods"])?;
    POD_PORTS.into_iter().try_for_each(wait_for)?;
    let contenders = [
        Contender::haproxy(folder.path(), 28_101)?,
        Contender::nginx(folder.path(), 28_102)?,
        Contender::ours(28_103, CASHBOXES)?,
        Contender::ours(28_104, MANY_CASHBOXES)?,
        Contender::direct(),
    ];
    for contender in &contenders {
        round(contender, program, 64, 1_000)?; // warm
    }
    println!("{}", machine());
    println!("\n64 connections, {rounds} rounds of {ROUND_MS} ms each, interleaved, medians:\n");
    table(&contenders, &rounds_of(&contenders, program, 64, rounds)?);
    println!("\n8 connections:\n");
    table(
        &contenders,
        &rounds_of(&contenders, program, 8, rounds.div_ceil(2))?,
    );
    println!("\n1000 connections:\n");
    memory(&contenders, program)?;
    let said = Command::new(program)
        .args(["table", &MANY_CASHBOXES.to_string()])
        .output()?;
    let bytes = String::from_utf8(said.stdout)?;
    println!(
        "\nRoute table with {MANY_CASHBOXES} known cashboxes: {} bytes each.",
        bytes.trim()
    );
    Ok(())
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} cores of {}, load {} before",
        std::thread::available_parallelism().map_or(0, usize::from),
        model.unwrap_or("an unknown kind"),
        load.split(' ').next().unwrap_or("unknown")
    )
}

fn rounds_of(
    contenders: &[Contender],
    program: &str,
    connections: usize,
    rounds: usize,
) -> anyhow::Result<Vec<Vec<Round>>> {
    let mut all = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (contender, measured) in contenders.iter().zip(&mut all) {
            measured.push(round(contender, program, connections, ROUND_MS)?);
        }
    }
    Ok(all)
}

fn round(contender: &Contender, program: &str, connections: usize, millis: u64) -> anyhow::Result<Round> {
    let cpu = || {
        contender
            .process
            .as_ref()
            .map_or(Ok(Duration::ZERO), Process::cpu)
    };
    let before = cpu()?;
    let output = Command::new("taskset")
        .args(["-c", "1", program, "load", &contender.ports])
        .args([connections.to_string(), millis.to_string()])
        .output()?;
    let used = cpu()? - before;
    let said = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = said
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [requests, failures, p50_us, p99_us] = figures[..] else {
        anyhow::bail!(
            "the load generator failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    ensure!(failures == 0.0, "{} failed {failures} requests", contender.name);
    let seconds = millis as f64 / 1000.0;
    Ok(Round {
        cpu_us_per_request: used.as_secs_f64() * 1e6 / requests,
        busy: used.as_secs_f64() / seconds,
        requests_per_s: requests / seconds,
        p50_us,
        p99_us,
    })
}

fn table(contenders: &[Contender], rounds: &[Vec<Round>]) {
    let median = |rounds: &[Round], of: fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let haproxy = median(&rounds[0], |round| round.cpu_us_per_request);
    println!("| contender | CPU µs/request | vs HAProxy | core busy | requests/s | p50 µs | p99 µs |");
    println!("|---|---|---|---|---|---|---|");
    for (contender, rounds) in contenders.iter().zip(rounds) {
        let cpu = median(rounds, |round| round.cpu_us_per_request);
        println!(
            "| {} | {cpu:.1} | {:.2} | {:.0} % | {:.0} | {:.0} | {:.0} |",
            contender.name,
            cpu / haproxy,
            median(rounds, |round| round.busy) * 100.0,
            median(rounds, |round| round.requests_per_s),
            median(rounds, |round| round.p50_us),
            median(rounds, |round| round.p99_us),
        );
    }
    let rate = |rounds: &[Round]| median(rounds, |round| round.requests_per_s);
    let (direct, proxied) = rounds.split_last().expect("direct is the last contender");
    let fastest = proxied.iter().map(|rounds| rate(rounds)).fold(0.0, f64::max);
    if rate(direct) < fastest * 1.1 {
        println!(
            "\nThe load generator is the limit here: requests/s and latencies compare nothing; CPU per request does."
        );
    }
}

/// Memory before and with a thousand busy connections. What was idle has served the rounds above.
fn memory(contenders: &[Contender], program: &str) -> anyhow::Result<()> {
    println!("| contender | MiB before | MiB after |");
    println!("|---|---|---|");
    for contender in contenders {
        if let Some(process) = &contender.process {
            let before = process.memory_mib()?;
            round(contender, program, 1_000, ROUND_MS)?;
            println!(
                "| {} | {before:.0} | {:.0} |",
                contender.name,
                process.memory_mib()?
            );
        }
    }
    Ok(())
}
