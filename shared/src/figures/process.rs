//! What the process is, and what it takes from its machine, under the names that every dashboard for processes knows.
//!
//! The latter is read from `/proc` when the figures are; where that is not, the figures stay away.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::Counter;

use super::description::Label;
use super::{Figures, Sometimes, memory_limit};

/// In what `/proc` counts processor time and moments: Linux shows programs a hundredth of a second on every machine.
const TICKS_PER_SECOND: f64 = 100.0;
/// When they are there.
const ON_LINUX: &str = "the system is Linux";

/// The figures of this process.
struct Process {
    cpu: Counter,
    resident: Sometimes,
    open: Sometimes,
    open_max: Sometimes,
    started: Sometimes,
    limit: Sometimes,
}

/// What is built: all parts share the workspace's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Registers the figures of this process. They are read each time that somebody looks.
pub fn register(figures: &Figures) {
    let build = figures.gauges(
        "byodc_build_info",
        "1, with the build in its labels",
        [Label::built_in("version", VERSION, "the version of this build")],
    );
    build.of([VERSION]).set(1);
    let process = Process {
        cpu: figures.sum(
            "process_cpu_seconds_total",
            "Processor time of the process, in seconds",
        ),
        resident: figures.sometimes(
            "process_resident_memory_bytes",
            "Memory of the process that is in the machine's memory",
            ON_LINUX,
        ),
        open: figures.sometimes(
            "process_open_fds",
            "Files and connections that the process holds open",
            ON_LINUX,
        ),
        open_max: figures.sometimes(
            "process_max_fds",
            "Files and connections that the process may hold open",
            "the system is Linux and sets a limit",
        ),
        started: figures.sometimes(
            "process_start_time_seconds",
            "When the process started, in seconds of the Unix epoch",
            ON_LINUX,
        ),
        limit: figures.sometimes(
            "byodc_memory_limit_bytes",
            "Memory that the process's control group may have",
            "the process runs under a memory limit",
        ),
    };
    process.limit.set(memory_limit::bytes().and_then(whole));
    figures.before_reading(move || process.read());
}

impl Process {
    fn read(&self) {
        let of_self = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
        let times = of_self("stat").and_then(|text| Times::of(&text));
        if let Some(times) = times {
            // A counter takes no step back, and rounding could make one.
            self.cpu.inc_by((times.cpu_seconds - self.cpu.get()).max(0.0));
        }
        let booted = std::fs::read_to_string("/proc/stat").ok();
        let booted = booted.and_then(|text| number_after(&text, "btime "));
        let started = booted.zip(times);
        let started = started.map(|(booted, times)| booted + times.started_after_boot_seconds as i64);
        self.started.set(started.filter(is_past));
        let kibibytes = of_self("status").and_then(|text| number_after(&text, "VmRSS:"));
        self.resident.set(kibibytes.map(|kibibytes| kibibytes * 1024));
        self.open.set(open_now());
        let open_max = of_self("limits").and_then(|text| number_after(&text, "Max open files"));
        self.open_max.set(open_max);
    }
}

/// What `/proc/self/stat` says of times.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Times {
    cpu_seconds: f64,
    started_after_boot_seconds: f64,
}

impl Times {
    fn of(stat: &str) -> Option<Self> {
        // The second field is the program's name in parentheses and may hold anything; behind it comes the third.
        let (_, behind_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = behind_name.split_whitespace().collect();
        let seconds = |field: usize| -> Option<f64> {
            Some(fields.get(field - 3)?.parse::<f64>().ok()? / TICKS_PER_SECOND)
        };
        Some(Self {
            cpu_seconds: seconds(14)? + seconds(15)?,
            started_after_boot_seconds: seconds(22)?,
        })
    }
}

/// The first number behind a word that a line begins with.
fn number_after(text: &str, word: &str) -> Option<i64> {
    let behind = text.lines().find_map(|line| line.strip_prefix(word))?;
    behind.split_whitespace().next()?.parse().ok()
}

/// The directory that is listed is open itself while it is.
fn open_now() -> Option<i64> {
    let listed = std::fs::read_dir("/proc/self/fd").ok()?;
    i64::try_from(listed.count().saturating_sub(1)).ok()
}

fn is_past(seconds: &i64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.is_ok_and(|now| *seconds <= now.as_secs() as i64)
}

fn whole(bytes: u64) -> Option<i64> {
    i64::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> f64 {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }

    #[test]
    fn times_are_found_behind_a_name_with_spaces_and_parentheses() {
        let stat = "7 (by) o (dc) S 1 7 7 0 -1 4 1 0 0 0 250 50 0 0 20 0 9 0 1234 1 1 1";
        let expected = Times {
            cpu_seconds: 3.0,
            started_after_boot_seconds: 12.34,
        };
        assert_eq!(Times::of(stat), Some(expected));
        assert_eq!(Times::of("7 (byodc) S 1"), None);
    }

    #[test]
    fn a_limit_that_is_not_set_is_no_number() {
        let limits = "Max open files            1024                 524288               files\n";
        assert_eq!(number_after(limits, "Max open files"), Some(1024));
        assert_eq!(number_after("Max open files  unlimited", "Max open files"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_figures_follow_what_the_process_does() {
        let figures = Figures::default();
        register(&figures);
        let before = figures.text();
        assert!(value(&before, "process_resident_memory_bytes") > 100_000.0);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        let started = value(&before, "process_start_time_seconds");
        assert!(
            started <= now && started > now - 86_400.0,
            "{started} before {now}"
        );
        let files: Vec<_> = (0..200)
            .map(|_| std::fs::File::open("/proc/self/stat").unwrap())
            .collect();
        let cpu = value(&before, "process_cpu_seconds_total");
        let mut after = figures.text();
        // Processor time is counted in hundredths: it takes work until it shows.
        while value(&after, "process_cpu_seconds_total") <= cpu {
            after = figures.text();
        }
        assert!(value(&after, "process_open_fds") >= files.len() as f64);
    }
}
